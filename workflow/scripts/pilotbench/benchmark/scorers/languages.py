"""The words by which replies say their answer, one declaration per language.

The marks before an answer, the verbs of a sentence that states one, and the words that deny, offer
an alternative or leave open. Extraction, units and docs/benchmark_3.md read them from here; a new
language is one entry of `LANGUAGES`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Language:
    """What replies in one language say around an answer.

    `answer` are patterns of the noun (`final answer`) and `states` of the verbs (`is`). `denies`
    are the words that leave a sentence without one answer (not, or, maybe, at least), `retracts`
    patterns of what takes back an answer given before, `reasons` of what begins an explanation and
    `courtesy` of a closing sentence that is not a part of the answer.
    """

    name: str
    example: str
    answer: str
    states: str
    denies: str
    retracts: str
    reasons: str
    courtesy: str
    spaced: bool = True


LANGUAGES: dict[str, Language] = {
    "en": Language(
        "English",
        "Final answer: 42",
        r"(?:(?:so|thus|hence|therefore),?\s+)?(?:(?:the|my|our)\s+)?"
        r"(?:(?:final|correct|right|overall)\s+)?(?:answer|result|solution)",
        r"is|are|it['’]s|that['’]s|equals|is equal to|comes to|amounts to|totals|makes|gives"
        r"|has|have|costs",
        "doubt doubtful disagree wonder suppose assume hardly "
        "not no nor neither never none cannot cant isnt wont dont or either maybe perhaps possibly "
        "might may could would should if whether unless unlikely unsure uncertain guess think "
        "believe believes say says said claim claims some someone many most others least "
        "more less fewer under over between wrong incorrect false except without instead "
        "alternatively was were used previously formerly question asks asked too",
        r"\bwait\b|\bactually\b|\bhmm+\b|\bcorrection\b|scratch that|on second thought|\bsorry\b"
        r"|\bi made an? (?:mistake|error)|let me (?:re|double)"
        r"|\bthat(?:'s| is) (?:wrong|not|incorrect)"
        r"|\bis (?:wrong|incorrect|not (?:right|correct))|\bnot sure\b|\bunsure\b|\bjust a guess"
        r"|\bcould also\b|\balternatively\b|\bshould be\b"
        r"|\b(?:just )?(?:kidding|joking)\b|\boops\b|\bi mean\b",
        r"because|since|as|which|so that|given that",
        r"let me know|hope (?:this|that|it)|feel free|happy to|any (?:other|further) questions"
        r"|if you (?:have|need|want|would)|is there anything|you(?:'re| are) welcome",
    ),
    "zh": Language(
        "Chinese",
        "最终答案：42",
        r"(?:因此|所以|综上|故)?[,，]?(?:我的)?(?:最终|最后|最終|最後|正确|正確)?的?"
        r"(?:答案|答|结果|結果|结论)",
        r"是|为|為|等于|等於|总共|一共|共|有|即|剩下|剩|得到|得",
        "怀疑 不 没 沒 非 无 無 或 可能 也许 如果 未 吗 吧 至少 至多 最多 超过 以上 以下 之间 "
        "认为 听说 曾 以前 之前 原来 原先 过去 错 大于 小于 高于 低于 多于 少于 的一半",
        r"等等|不对|不對|更正|抱歉|其实|其實|实际上|算错|有误|错了|不确定",
        r"因为|因為|由于|由於",
        r"希望|如果您|如有|欢迎|请告诉我|祝",
        spaced=False,
    ),
    "fr": Language(
        "French",
        "Réponse : 42",
        r"(?:(?:donc|ainsi|par conséquent|en conclusion),?\s+)?(?:(?:la|ma)\s+)?"
        r"(?:(?:bonne)\s+)?(?:réponse|reponse|résultat|solution)(?:\s+(?:finale?|correcte))?",
        r"est|sont|est de|est égale? à|égale|vaut|fait|font|donne|il y a|reste|coûte",
        "doute "
        "ne pas non ni jamais aucun aucune ou peut-être peut possible possiblement probablement si "
        "sinon pense crois croit dit disent certains moins plus entre sauf sans faux fausse "
        "était serait pourrait aurait",
        r"\battendez\b|\ben fait\b|\bcorrection\b|\berreur\b|\bdésolée?\b|je me suis trompé"
        r"|\bpas sûre?\b|\bplutôt\b",
        r"car|parce qu[e']|puisqu[e']|étant donné",
        r"n['’]hésitez|j['’]espère|bonne journée|si vous|à votre disposition",
    ),
    "de": Language(
        "German",
        "Antwort: 42",
        r"(?:(?:also|daher|somit|folglich),?\s+)?(?:(?:die|das|meine)\s+)?"
        r"(?:(?:endgültige|finale|richtige|korrekte)s?\s+)?"
        r"(?:antwort|endantwort|ergebnis|endergebnis|lösung)",
        r"ist|sind|bleiben|bleibt|beträgt|betragen|ergibt|ergeben|lautet|macht|hat|haben|kostet|gleich",
        "bezweifle zweifle "
        "nicht nein kein keine keiner keinen weder nie oder vielleicht möglicherweise eventuell "
        "wahrscheinlich vermutlich wenn falls ob könnte würde wäre war waren glaube denke sagt "
        "sagen manche mindestens höchstens mehr weniger zwischen außer ohne falsch statt",
        r"\bmoment\b|\beigentlich\b|\bkorrektur\b|\bfehler\b|\bverrechnet\b|doch nicht|\bsondern\b"
        r"|nicht sicher|\bentschuldigung\b",
        r"weil|da|denn",
        r"ich hoffe|falls sie|wenn sie|gerne|weitere fragen|lassen sie",
    ),
    "es": Language(
        "Spanish",
        "Respuesta: 42",
        r"(?:(?:así que|entonces|por (?:lo )?tanto|en conclusión),?\s+)?(?:(?:la|el|mi)\s+)?"
        r"(?:respuesta|resultado|solución)(?:\s+(?:final|correct[ao]))?",
        r"es|son|es de|es igual a|equivale a|tiene|hay|queda|quedan|cuesta",
        "dudo "
        "no ni nunca ningún ninguno ninguna o u quizás quizá tal vez posiblemente probablemente "
        "tampoco antes serían eran puede podría sería si creo cree dicen dice algunos menos más "
        "entre salvo sin falso incorrecto era",
        r"\bespera\b|\ben realidad\b|\bcorrección\b|\berror\b|\bperdón\b|me equivoqué"
        r"|\bno estoy segur",
        r"porque|ya que|pues|dado que",
        r"espero que|no dud|si (?:tiene|necesita|quiere)|avísame|déjame saber",
    ),
    "ja": Language(
        "Japanese",
        "答え：42",
        r"(?:したがって|よって|だから|ゆえに)?[、,，]?(?:最終的?な?|最終|正しい)?"
        r"(?:答え|回答|解答|結果|答)(?:は(?=[:：、\s]))?",
        r"は",
        "疑 ない ません か(?=[?？。]|$) または もしくは あるいは たぶん おそらく かもしれ でしょう "
        "以上 以下 未満 と思 違 いいえ ではな じゃな もし "
        "以前 かつて 昔 より大 より小 より多 より少 の半分 の倍 でない",
        r"待って|訂正|実は|すみません|間違え|間違い",
        r"なぜなら|というのも",
        r"お役に立て|ご質問|お知らせください|何か",
        spaced=False,
    ),
    "ru": Language(
        "Russian",
        "Ответ: 42",
        r"(?:(?:итак|поэтому|следовательно|таким образом),?\s+)?(?:мой\s+)?"
        r"(?:(?:окончательный|итоговый|правильный|верный)\s+)?(?:ответ|результат|итог)",
        r"это|всего|получается|получаем|равно|равен|равна|равны|составляет|составляют"
        r"|будет|есть|у него|у неё|осталось",
        "сомневаюсь "
        "не нет ни или либо может возможно вероятно наверное если ли думаю считаю говорят менее "
        "более меньше больше между кроме без неверно неправильно был была было бы",
        r"подождите|на самом деле|исправл|ошиб|извините|не уверен",
        r"потому что|так как|поскольку|ведь",
        r"надеюсь|если у вас|обращайтесь|дайте знать",
    ),
    "ar": Language(
        "Arabic",
        "الإجابة: 42",
        r"(?:(?:إذن|لذلك|لذا)،?\s+)?(?:ال[إا]جابة|الجواب|النتيجة|جواب|إجابة)"
        r"(?:\s+(?:النهائية|النهائي|الصحيحة|الصحيح))?",
        r"هي|هو|يساوي|تساوي|يبلغ|تبلغ|لديه|لديها|هناك|يوجد",
        "أشك "
        "ليس ليست لا لم لن غير أو ام أم ربما قد إذا لو أعتقد اعتقد يقول بعض أقل أكثر بين خطأ كان "
        "كانت لست",
        r"انتظر|في الواقع|تصحيح|خطأ|عذرا|لست متأكد",
        r"لأن|لان|بسبب|حيث",
        r"آمل|أتمنى|إذا كان لديك|لا تتردد",
    ),
    "pt": Language(
        "Portuguese",
        "Resposta: 42",
        r"(?:(?:portanto|logo),?\s+)?(?:(?:a|o|minha)\s+)?(?:resposta|resultado)"
        r"(?:\s+(?:final|corret[ao]))?",
        r"é|são|é igual a|tem",
        "não nem nunca nenhum nenhuma ou talvez possivelmente provavelmente pode poderia seria se "
        "acho menos mais entre errado sem",
        r"\bespere\b|na verdade|\bcorreção\b|\berro\b|\bdesculpe\b",
        r"porque|pois|já que",
        r"espero que|se precisar|à disposição",
    ),
    "it": Language(
        "Italian",
        "Risposta: 42",
        r"(?:(?:quindi|dunque|perciò),?\s+)?(?:(?:la|il|mia)\s+)?(?:risposta|risultato)"
        r"(?:\s+(?:finale|corrett[ao]))?",
        r"è|sono|è uguale a|ha",
        "non né mai nessun nessuno o oppure forse possibilmente probabilmente può potrebbe sarebbe "
        "se penso credo meno più tra sbagliato senza",
        r"\baspetta\b|in realtà|\bcorrezione\b|\berrore\b|\bscusa",
        r"perché|poiché",
        r"spero che|se hai bisogno|fammi sapere",
    ),
    "ko": Language(
        "Korean",
        "정답: 42",
        r"(?:따라서|그러므로)?,?\s*(?:최종\s*)?(?:정답|답변|답)(?:은|는)?",
        r"은|는",
        "아니 아닙 아닌 않 못 또는 혹은 아마 이상 이하 미만 초과 보다 절반 만약 예전 전에는",
        r"잠깐|사실은|정정|죄송",
        r"왜냐하면",
        r"도움이|궁금",
        spaced=False,
    ),
}

ANSWER = "|".join(language.answer for language in LANGUAGES.values())
LINKS = "|".join(sorted({"is", "est", "ist", "lautet", "es", "é", "è", "هي", "هو"}))
"""Verbs that may stand between the word answer and the answer itself, without a colon."""
REASONS = "|".join(one.reasons for one in LANGUAGES.values() if one.spaced)
HEDGES = (
    "about|approximately|approx\\.?|roughly|around|大约|大概|约|約|およそ|environ|à peu près|etwa"
    "|ungefähr|circa|ca\\.|rund|unos|unas|aproximadamente|cerca de|около|примерно|приблизительно"
    "|حوالي|تقريبا"
)
"""What says that a number is rounded; it counts as the number."""
COURTESY = re.compile("|".join(one.courtesy for one in LANGUAGES.values()), re.IGNORECASE)
RETRACTS = re.compile("|".join(one.retracts for one in LANGUAGES.values()), re.IGNORECASE)
DENYING = frozenset(word for one in LANGUAGES.values() if one.spaced for word in one.denies.split())
_DENYING_PARTS = "|".join(
    part for one in LANGUAGES.values() if not one.spaced for part in one.denies.split()
)
_WORDS = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_DENIAL = re.compile(rf"{_DENYING_PARTS}|n['’]t\b|[?？؟≠><≥≤±]|\\(?:neq?|pm|leq?|geq?)\b")


def denied(text: str) -> bool:
    """Return whether a sentence denies, asks, bounds, offers an alternative or leaves open."""
    words = (word.casefold() for word in _WORDS.findall(text))
    return any(word in DENYING for word in words) or _DENIAL.search(text) is not None
