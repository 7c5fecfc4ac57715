"""Where the records go of the items that count and of the others."""

from __future__ import annotations

import re

from pilotbench.benchmark.players.template_program.past import pastness, successor
from pilotbench.benchmark.players.template_program.text import Request, Token

Target = tuple[str, str]
"""The form of a target and its text."""
Span = tuple[int, int]

_OTHERS = re.compile(
    r"(?:does|do|did|is|are|was|were|that|which|what|who|to)?\s*(?:not|n't)\b(?: be| to be)?"
    r" (?:count\w*|qualif\w*|make|meet)|fail\w*(?: to)?(?: count| qualify| the crit\w+)?"
    r"|(?<!no )\bother(?:s|wise)?\b(?! (?:way|list|idea|place|team|office))|\brest\b|remain\w*"
    r"|left ?over|not counting|not counted|any different|fall short|if it doesn't|if not\b(?! its)"
    r"|其余|不符合|没达到|未达到|没入选|未入选|不合|不够格|没选上|落选|剩下那些|否则",
    re.IGNORECASE,
)
_COUNTING = re.compile(
    r"\bcount\w*|qualif\w*|mak\w+ the cut|(?:meet|pass)\w* the|in which case|符合|入选|够格"
    r"|达到条件",
    re.IGNORECASE,
)
_EXCLUDES = re.compile(
    r"unless|except|apart from|isn't one of|is not one of|other than|besides|belong not|only not"
    r"|just not|\bno record|must not be|(?:record|it|to) (?:is )?not (?:to be )?(?:be )?"
    r"(?:posted|sent|pushed|put|written|scheduled)|not to be (?:posted|sent|pushed|written|sched)"
    r"|ruled out|take away|taken away|set aside|\bskip\b|free from|exempt from being|leave it\b"
    r"|its record is not|don't have a record|never have|reason|forbidden|nothing of this"
    r"|goes without"
    r"|so nothing of|if not its|除了|除非|不属于|只要不是|不在此列|理由|拿掉|就算了|免了|排除"
    r"|绝不能"
    r"|(?:counts?|count): record not",
    re.IGNORECASE,
)
_DEFAULT = re.compile(
    r"unless|save where|only when|only if|exception|were it not|by default|normally|otherwise, but"
    r"|when .* not,? then|as it would be otherwise|一般|一律|除非",
    re.IGNORECASE,
)
_BOTH = re.compile(
    r"(?:1|2)\. |unless|former|latter|one way or the other|two (?:things|ways)|\\(1\\)"
    r"|other .*? the (?:first|second)"
    r"|要么|两种|两路|whichever|either|or else|exactly reverse|正好反过来|Never:|you find"
    r"|I don't want"
    r"|by default|normally|save where|(?:was|is) no longer|only when|no other may be"
    r"|which record is"
    r"|if it is so|if it is not so|once the \w+|一般|一律",
    re.IGNORECASE,
)
_FOLLOWS = re.compile(
    r"what is not skipped|opposite case|to be [a-z]+ (?:to|onto|in)[^.]*: all other|^\W*decision"
    r"|^\W*exception|where this is|when it (?:counts|fails)|correct: the|and all the rest|^\W*其余"
    r"|when it counts, it is",
    re.IGNORECASE,
)
_INCLUDES = re.compile(
    r"nothing that|cannot be left|not leave a|forget any \w+(?: \w+)? that|一个也不能漏|gets off",
    re.IGNORECASE,
)
_SET_ASIDE = re.compile(r"what was before|以前怎么做|never mind", re.IGNORECASE)
_SUCCEEDS = re.compile(
    r"correct: the|taken over|handed over|replac|instead of|sister|neighbour|chosen the"
    r"|was chosen|forget the other|was a mistake|cross out|where (?:you read|the old)"
    r"|以[前后]者为准|取代"
    r"|接替|明年|隔壁|改|没成|requested|given up|next (?:year|quarter)|liked|first idea"
    r"|not being taken"
    r"|come in for|gone out|used to get|team two|used before|given way|scrap|before\b.*each"
    r"|like before|not taken|别的单子|不必理会|不去|leave .* in peace|don't listen|done with"
    r"|neither a copy"
    r"|another list|typing|was wished|came after|different list|one day|wouldn't you|we're off"
    r"|in place of|moved|moves from|preferred|successor|predecessor|here that it is|had to go"
    r"|has changed from",
    re.IGNORECASE,
)
_ORDINAL = re.compile(
    r"latter|former|second|first|last one|后一种|前一种|走[一二]|counts: [12]|counts\W+[12]\b",
    re.IGNORECASE,
)
_LATER = re.compile(r"latter|second|last|后|二|2", re.IGNORECASE)
_SAID_BEFORE = re.compile(
    r"meet with|so, the|, the (?:latter|former)|走|counts\W+[12]|decides which", re.IGNORECASE
)
_DENIED = re.compile(r"\bnot\b|n't|not allowed|不得|no longer|no record|never", re.IGNORECASE)
_GOES_ON = re.compile(r"^\W*(?:decision|exception|and all the rest)", re.IGNORECASE)
_ASKED_BEFORE = re.compile(
    r"\?$|two things can|either .* or |2\) |seen for|which record", re.IGNORECASE
)
_PLACE_FORMS = ("url", "person", "new_file", "job")


def targets(request: Request, pushed: list[str]) -> tuple[Target | None, Target | None]:
    """Return where records go of the items that count and of the rest."""
    votes: dict[Target, float] = {}
    dead: set[Target] = set()
    for sentence, found in _by_sentence(request, pushed).items():
        own = _context(request, sentence)
        if len(found) == 2:
            first, second = found
            if _is_split(own) and not _decides(request, sentence):
                side = _first_side(own, first, second)
                _add(votes, first, side)
                _add(votes, second, -side)
            else:
                spans = [(own.find(one.text), own.find(one.text) + len(one.text)) for one in found]
                live, gone = (second, first) if successor(own, *spans) else (first, second)
                _add(votes, live, 1.0)
                dead.add(_target(gone))
        elif len(found) == 1:
            side = 1.0 if _decides(request, sentence) else _single(own)
            if side == 0:
                dead.add(_target(found[0]))
            else:
                _add(votes, found[0], side)
    kept = {one: vote for one, vote in votes.items() if one not in dead}
    acts = sorted((one for one in kept if kept[one] > 0), key=lambda one: -kept[one])
    rests = sorted((one for one in kept if kept[one] <= 0), key=lambda one: kept[one])
    return (acts[0] if acts else None, rests[0] if rests else None)


def _decides(request: Request, sentence: Span) -> bool:
    """Return whether a sentence also says which items count: then its place is theirs."""
    own = request.text[slice(*sentence)]
    compares = re.search(r"limit|限值", own) and _COUNTING.search(own)
    return bool(compares and any(f"`{name}`" in own for name in request.named("amount")))


def _by_sentence(request: Request, pushed: list[str]) -> dict[Span, list[Token]]:
    found: dict[Span, dict[str, Token]] = {}
    for one in request.tokens:
        if one.form in _PLACE_FORMS or one.text in pushed:
            found.setdefault(request.sentence(one.start), {})[one.text] = one
    joined: dict[Span, list[Token]] = {}
    for sentence, tokens in found.items():
        before = request.before(sentence)
        if before in joined and _GOES_ON.search(request.text[slice(*sentence)]):
            joined[before] += [
                one
                for one in tokens.values()
                if one.text not in {each.text for each in joined[before]}
            ]
        else:
            joined[sentence] = list(tokens.values())
    return joined


def _target(token: Token) -> Target:
    return token.form, token.text


def _add(votes: dict[Target, float], token: Token, side: float) -> None:
    votes[_target(token)] = votes.get(_target(token), 0) + side


def _context(request: Request, sentence: Span) -> str:
    """Return a sentence with the one before or after it where it goes on."""
    own = request.text[slice(*sentence)]
    start, end = sentence
    before, after = request.before(sentence), request.after(sentence)
    if _FOLLOWS.search(own) or (not _has_group(own) and pastness(own) <= 0):
        start = before[0]
    if re.search(
        r"\?$|two things can|either .* or |2\) |seen for|which record", own.strip(), re.I
    ) or _FOLLOWS.search(request.text[slice(*after)]):
        end = max(end, after[1])
    return request.text[start:end]


def _has_group(text: str) -> bool:
    return bool(_OTHERS.search(text) or _COUNTING.search(text))


def _groups(text: str) -> list[tuple[int, int]]:
    """Return where a text speaks of items: place, and 1 for those that count or -1 for others."""
    others = [one.span() for one in _OTHERS.finditer(text)]
    found = [(start, -1) for start, _ in others]
    found += [
        (one.start(), 1)
        for one in _COUNTING.finditer(text)
        if not any(start <= one.start() < end for start, end in others)
    ]
    return sorted(found)


def _single(text: str) -> float:
    """Return 1 if the place of a sentence gets what counts, -1 if the rest, 0 if nothing."""
    groups = _groups(re.sub(r"counts? (?:cannot|is exempt)|all others? keep", "count ", text))
    if not groups:
        return 0 if pastness(text) > 0 or not re.search("that is it|其余", text) else -1
    if not _SET_ASIDE.search(text) and pastness(re.sub(r"old|out\b", "", text)) > 1:
        return 0
    side = groups[0][1]
    return -side if _EXCLUDES.search(text) and not _INCLUDES.search(text) else side


def _is_split(text: str) -> bool:
    """Return whether a sentence with two places shares the records out between them."""
    if _SUCCEEDS.search(text):
        return False
    return len({side for _, side in _groups(text)}) == 2 or bool(_BOTH.search(text))


def _first_side(text: str, first: Token, second: Token) -> float:
    """Return 1 if the first place of two gets what counts, else -1."""
    one, two = text.find(f"`{first.text}`"), text.find(f"`{second.text}`")
    tail = text[two + len(second.text) + 2 :]
    ordinal = _ORDINAL.search(tail)
    if ordinal:
        return _side_by_ordinal(tail, ordinal)
    groups = _groups(text)
    if not groups:
        return 1
    place, side = groups[0]
    before = [each for at, each in groups if at < one]
    if "Never:" in text:
        return -side
    if before and _DENIED.search(text[max(0, one - 50) : one]):
        return -before[-1]
    if (_DEFAULT.search(text) and place > one) or "no longer" in text[max(0, one - 60) : one]:
        return -side
    if before:
        return before[-1]
    between = [each for at, each in groups if one < at < two]
    return between[0] if between else side


def _side_by_ordinal(tail: str, ordinal: re.Match[str]) -> float:
    """Return what the first place gets where one of the two is named by its number."""
    before, after = tail[: ordinal.start()], tail[ordinal.end() :]
    is_before = _SAID_BEFORE.search(tail[: ordinal.end() + 2]) and _groups(before)
    if is_before or "一种" in ordinal[0]:
        groups = _groups(before) or _groups(tail)
        side = groups[-1][1] if groups else 1
    else:
        groups = _groups(after) or _groups(tail)
        side = groups[0][1] if groups else 1
    return -side if _LATER.search(ordinal[0]) else side
