"""What a request mentions only as history: limits and places that no longer hold."""

from __future__ import annotations

import re

_PAST = re.compile(
    r"no longer|\bformer|previous (?:limit|year|place|system|owner)|obsolete|\bold\b|earlier"
    r"|used to"
    r"|\bwas\b|\bwere\b|\bhad\b|history|gave up|decided against|abolish|withdrawn|predecessor"
    r"|out of force|out of date|do not use|don't use|\bmistake|wrong|wrongly|received|in the past"
    r"|until (?:last|the)|last (?:year|month|quarter)|at that time|not any ?more|closed|replaced"
    r"|superseded|expired|void|forget|ignore|instead of|still (?:names?|says?|lists?|believe)"
    r"|anymore|any more|draft|nothing goes|stopped|has been dropped|gone\b|before the move"
    r"|not any longer|don't send|do not send|don't pass|do not pass|discarded|retired|relic"
    r"|not valid"
    r"|until (?:spring|we|our)|up to last|not been true|took (?:that|it) away|these times|still was"
    r"|scrapped|still quote|like last|expired|missed the change|leave it alone"
    r"|nothing whatsoever|is over\b|finished|once upon|would have been|搞错|误传|有人以为"
    r"|不再|以前|从前|过去|原来|原先|旧|前任|停用|没有采用|作废|废止|去年|上个|关了|不要用|别往"
    r"|别用"
    r"|曾|当年|之前|失效|取消|早先|早就|搬家|已经不|改掉|不行了|过时|老",
    re.IGNORECASE,
)
_PRESENT = re.compile(
    r"nobody has|not obsolete|still in use|anything old|it applies|still (?:applies|holds"
    r"|valid)|is (?:still )?(?:valid|in force)"
    r"|wasn't|never|remains|现行|仍|依然|还是|没变|不变|照旧|有效|没有作废",
    re.IGNORECASE,
)


def pastness(text: str) -> int:
    """Return how much a sentence speaks of what no longer holds, above 0 if it does."""
    return len(_PAST.findall(text)) - 2 * len(_PRESENT.findall(text))
