"""What a request mentions only as history: limits and places that do not hold."""

from __future__ import annotations

import re

Span = tuple[int, int]

_PAST = re.compile(
    r"no longer|\bformer|previous (?:limit|year|place|system|owner)|obsolete|\bold\b|earlier"
    r"|used to|relieved"
    r"|\bwas\b|\bwere\b|\bhad\b|history|gave up|decided against|abolish|withdrawn|predecessor"
    r"|out of force|out of date|do not use|don't use|\bmistake|wrong|wrongly|received|in the past"
    r"|until (?:last|the)|last (?:year|month|quarter)|at that time|not any ?more|closed|replaced"
    r"|superseded|expired|void|forget|ignore|instead of|still (?:names?|says?|lists?|believe)"
    r"|anymore|any more|draft|nothing goes|stopped|has been dropped|gone\b|before the move"
    r"|not any longer|don't send|do not send|don't pass|do not pass|discarded|retired|relic"
    r"|not valid|next year|not yet|other team|not ours|undecided|refused|different list"
    r"|another list|different department|none of our|if the reform|would be|upstairs|typing error"
    r"|sister company|under discussion|up to our|last year in mind|one day|served us well"
    r"|not now|other office|only talk|my way|bound to tell|can't|night shift|at the meeting"
    r"|neighbour firm|discussing|after me|be friendly|from abroad|not so far|does not concern"
    r"|until (?:spring|we|our)|up to last|not been true|took (?:that|it) away|these times|still was"
    r"|scrapped|still quote|like last|expired|missed the change|leave it alone"
    r"|nothing whatsoever|is over\b|finished|once upon|would have been|搞错|误传|有人以为"
    r"|不再|以前|从前|过去|原来|原先|旧|前任|停用|没有采用|作废|废止|去年|上个|关了|不要用|别往"
    r"|别用|明年|隔壁|还在讨论|轮不到|别的单子|会有人|夜班|可惜|国外|先别"
    r"|曾|当年|之前|失效|取消|早先|早就|搬家|已经不|改掉|不行了|过时|老",
    re.IGNORECASE,
)
_PRESENT = re.compile(
    r"nobody has|not obsolete|still in use|anything old|it applies|still (?:applies|holds"
    r"|valid)|is (?:still )?(?:valid|in force)|still the one|dismissed|prolonged|adopted at last"
    r"|was and is|are false|is the limit now|does apply|it's what we use|this year,? too|use it"
    r"|and now it's|and now .* is the limit|is still|did not succeed|not right when|we have it"
    r"|take this for|nobody has changed|that's it|I may tell|was wrong to|agreed on"
    r"|wasn't|never|remains|现行|仍|依然|还是|没变|不变|照旧|有效|没有作废|如今就是|没动|没废成"
    r"|谣传|平息|其实没有|照用",
    re.IGNORECASE,
)
_FIRST_HOLDS = re.compile(
    r"formerly|in favour of#|replaces|has replaced|preferred to|successor of|correct: the first"
    r"|kept|taken over from|and not|, not|\bnot `|as against|rather than|first that holds|go with"
    r" the first|replaced was|come in for|in place of|instead of|but is|, i was going|chosen the"
    r" first|better liked|which came after|came after|stayed|stays|is the limit that replaced"
    r"|like in the last year|is to replace"
    r"|is to receive the record of each \w+(?: \w+)? that counts"
    r", and the second|in the end\b.*didn|取代了|前者|，不是|维持在|接替|and the first's|preferred",
    re.IGNORECASE,
)
_SECOND_HOLDS = re.compile(
    r"not (?:`[^`]*`|\d+) but|changed from|changed the limit|from (?:`[^`]*`|\d+)|replaced as|"
    r"has been replaced by|is replaced by|replaced by|given way|handed over|where (?:it says|older|"
    r"the old|you read)|read\b|withdrawn in favour|predecessor of|correct: the second|next year"
    r"|team two|requested|second that holds|if we had not|one year too early|has replaced was"
    r"|should be corrected|should be|make that|gone out|go with the second|till then|other office"
    r"|they went for|cross out|nobody asked|wouldn't you|had to go|chosen the second|neighbour firm"
    r"|was wished|after which came|是[^，]*，没|改为|已由|请读作|后者|明年|隔壁|没成|记成|而是"
    r"|被[^接]*接替",
    re.IGNORECASE,
)


def pastness(text: str) -> int:
    """Return how much a sentence speaks of what no longer holds, above 0 if it does."""
    return len(_PAST.findall(text)) - 2 * len(_PRESENT.findall(text))


_OLD_FIRST = re.compile(
    r"^\W*(?:instead of being|not `|so i said|cross out|where (?:you read|the old|older|it says)"
    r"|we're off"
    r"|(?:our |the )?(?:sister|neighbour|other) (?:office|firm)|team two|from next|until the dec"
    r"|what `[^`]*` used"
    r"|写着|我说成|明年|隔壁|有人想|接替|凡写着|`[^`]*` (?:given up|has given way|has handed"
    r"|has been replaced"
    r"|replaced by|is replaced|is for next|had to go|is chosen|has gone out)|predecessor"
    r"|so `[^`]*` has gone"
    r"|the `[^`]*` (?:had to go|is chosen))"
    r"|given up;|requested, refused|called the limit, it is the second|correct: the second"
    r"|go with the second"
    r"|second's the one|the second is to receive|chosen the second|后者|moved from|moves from"
    r"|changed from"
    r"|has changed from|改成把|, and put down|had to go|from `|handed over|has been replaced by"
    r"|was replaced by"
    r"|is replaced by|已由|是给别的单子用的|had been|was the first idea|was wished|they're on about"
    r"|you'd think|and here that it is|likes before|没成，",
    re.IGNORECASE,
)
_OLD_SECOND = re.compile(
    r"correct: the first|go with the first|first's the one|the first is to receive"
    r"|chosen the first|前者"
    r"|has taken over|has replaced `|replaces|取代了|被[^，。]*接替|what came after"
    r"|where `[^`]*` was used"
    r"|successor of|used to get, and|preferred to|better liked|has come in for",
    re.IGNORECASE,
)


def successor(text: str, first: Span, second: Span) -> int:
    """Return which of two names in a sentence holds: 0 for the first, 1 for the second."""
    if re.search(r"被[^，。]*接替|the limit that \S+ has replaced was|is who came after", text):
        return 0
    if _OLD_SECOND.search(text):
        return 0
    if _OLD_FIRST.search(text) or _SECOND_HOLDS.search(text):
        return 1
    return 0 if _FIRST_HOLDS.search(text) else int(pastness(text[: first[1] + 30]) > 0)
