"""Which items count: the limit, and the side of it.

A sentence that compares says a side, perhaps the wrong way round: it may speak of the items that do
not count, of the limit in comparison with the field, or by negation. Each of these turns it.
"""

from __future__ import annotations

import re

from pilotbench.benchmark.players.template_program.amending import TOPICS
from pilotbench.benchmark.players.template_program.past import pastness, successor
from pilotbench.benchmark.players.template_program.text import Request

_UP = (
    r"\b(?:higher|above|over|more|exceed\w*|beyond|larger|greater|bigger|big|large|past|beats?"
    r"|beaten|surpass\w*|passed|upwards|reach\w*|arrives?|up to the limit|up until the limit"
    r"|up until|up|excess)\b|` >|高于|大于|超过|超出|越过|逾越|高出|以上|更高|更大|多于|压过"
    r"|比[^，。；]{1,14}[大高多]|达到|一到限值|到了限值|大的"
)
_DOWN = (
    r"\b(?:lower|below|less|under|smaller|small|little|short of|falls? short|beneath|until"
    r"|downwards|within|at most|down to the limit|down)\b|` <|低于|小于|不足|不到|没到|未到|未达"
    r"|以下|更低|更小|少于|够不着|比[^，。；]{1,14}[小低少]|小的"
)
_DIRECTION = re.compile(f"(?P<up>{_UP})|(?P<down>{_DOWN})", re.IGNORECASE)
_NEGATED = re.compile(
    r"(?:\bnot(?: go| be| get| come| make it)?|n't(?: go| get| come| make it| be)?|fail(?:s|ed)? to"
    r"|\bno|不|未|没有?|不得|不能)\s*$",
    re.IGNORECASE,
)
_IDLE = re.compile(
    r"not (?:any )?more|no more than a|over (?:here|there|again)|above all|more time|sum\w* up"
    r"|adds? (?:\S+ )?up|add\w* `\w+` up|end up|ends up|what `\w+` (?:adds|comes) [^.;]*"
    r"|not the largest[^.;]*|neither the largest[^.;]*|it's not the largest[^.;]*|不问谁最大"
    r"|(?:state )?`?up`|(?:over|across) (?:the|those|each|what|all) (?:that|which|those|ones|many)"
    r"|made it up|put together|look it up|no other reason[^.;]*|pick\w* up|the sum of `\w+` over"
    r"|what counts|on the other side[^.;]*|落在限值另一边[^。；]*|equal is not[^.,;]*"
    r"|(?:just|only|merely) (?:reaching|reaches|equals)[^,.;]*|or (?:right |exactly )?(?:at|on) it"
    r"|\bover (?:those|the others|everything)\b|under `limit`|under field",
    re.IGNORECASE,
)
_CORRECTED = re.compile(
    r".*(?:更正|that's wrong|correction|not right)[^,，:：]*[,，:：]", re.IGNORECASE
)
_AGAINST = re.compile(
    r"(?:unless|except\w*|apart from|other than|save|only not|but not|one reason|none of that|除非"
    r"|除了|理由)[^.;。；]*$",
    re.IGNORECASE,
)
_OUT = re.compile(
    r"(?:exempt|free|out|prevents? [^.;]{0,40}|keeps? [^.;]{0,40}|becomes free) (?:from"
    r"|of) counting"
    r"|loses its claim to count|for not to count|reason not to count|too (?:small|large) to count"
    r"|no reason not to count"
    r"|(?:does|do|did|would|is|are|was|were|should|can|that|which|who|what)?\s*(?:not|n't)\b"
    r"(?: be| to be| among those that)? (?:count\w*|qualif\w*|interested|want|go skipping)"
    r"|\bno \w+(?: \w+)? counts|nobody with|not counted|not counting|fail\w* to (?:count|qualify)"
    r"|exempt\w*|skip\w*|leave (?:out|away)|left (?:out|away)|leav\w+ out|\bdrop|keep(?:s)? out"
    r"|to keep|no interest|let off|free from|becomes free|ruled out|disqualif\w*|forget|\bout\b"
    r"|somebody else's|other department|against too"
    r"|out of counting|but these|don't see|don't want|not interested|excluded|is out"
    r"|不符合|略过|挡|除外|免|没兴趣|不用管|不行|不够格|落选|排除|不算",
    re.IGNORECASE,
)
_IN = re.compile(
    r"(?:does|is|do) nothing to keep [^.;]{0,20} from counting|nothing wrong|all good|are safe"
    r"|\bcounts?\b|\bcounted\b|\bcounting\b|qualif\w+|criterion|只要|没关系|符合|够格|入选",
    re.IGNORECASE,
)
_GOES_ON = re.compile(r"\?$|exempt from counting|forget the|unless its `\w+`$", re.IGNORECASE)
_OF_LIMIT = re.compile(
    r"(?:limit|number|\d)(?:, [^,;.]{0,60},| \(limit\))?\s*(?:is|'s|has to be|must be"
    r"|must not be|must not|is not allowed to be|not be|being|does not|doesn't|and must not)?"
    r"\s*(?:the|always)?\s*$|限值[^，。；]{0,8}(?:若|不得|要|得|是|它若)?[^，。；]{0,2}$|它若$",
    re.IGNORECASE,
)
_VERB = re.compile(r"exceed|falls? short|beats|stays under|reach|压过|够不着", re.IGNORECASE)
_REQUIRED = re.compile(r"must not|not allowed|不得", re.IGNORECASE)
_REPORTED = re.compile(r"written by me|I was told|I had it down|上次说", re.IGNORECASE)
_LIMIT = re.compile(r"limit|cut-off|threshold|\bline\b|of the two|限值|门槛|界线", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![A-Za-z0-9_`.-])\d{2,}(?![A-Za-z0-9_`-])")


def limit_in(request: Request) -> int | None:
    """Return the limit as a number: the one that is mentioned least as history."""
    names = {place for one in request.tokens for place in range(one.start, one.end)}
    found = [one for one in _NUMBER.finditer(request.text) if one.start() not in names]
    ages = {one: _past(request, one, found) for one in found}
    return int(min(found, key=lambda one: ages[one])[0]) if found else None


def _past(request: Request, one: re.Match[str], found: list[re.Match[str]]) -> int:
    start, end = request.sentence(one.start())
    beside = [each for each in found if start <= each.start() < end]
    if len(beside) == 2:
        holds = successor(request.text[start:end], *_spans(beside, start))
        return -6 if beside[holds] is one else 6
    return pastness(request.text[start:end])


def _spans(pair: list[re.Match[str]], start: int) -> list[tuple[int, int]]:
    return [(one.start() - start, one.end() - start) for one in pair]


def is_over(request: Request) -> bool:
    """Return whether items over the limit count; those under it do otherwise."""
    return sum(_vote(request, *piece) for piece in request.sentences) > 0


def _vote(request: Request, start: int, end: int) -> float:
    """Return how much a sentence says for over (above 0) or under (below 0)."""
    own = request.text[start:end]
    if re.search(TOPICS["side"], own):
        return 0
    if _GOES_ON.search(own.rstrip()):
        own = request.text[start : request.after((start, end))[1]]
    text = _IDLE.sub("_", _CORRECTED.sub("", own))
    decides = bool(_LIMIT.search(text) or _NUMBER.search(text) or re.search("unless its `", text))
    compares = any(f"`{name}`" in text for name in request.named("amount"))
    counts = bool(_IN.search(text) or _OUT.search(text))
    if not (decides and counts):
        return 0
    found = list(_DIRECTION.finditer(text))
    return (2 * decides + compares) * sum(_side(text, one) for one in found[:1])


def _side(text: str, found: re.Match[str]) -> int:
    side = 1 if found["up"] else -1
    before = text[: found.start()]
    if _NEGATED.search(before[-16:]) and not _REPORTED.search(before):
        side = -side
    if _is_of_limit(text, found):
        side = -side
    return side * _polarity(text, found)


def _is_of_limit(text: str, found: re.Match[str]) -> bool:
    """Return whether it is the limit that is compared with the field."""
    if found[0] in ("以上", "以下"):
        return False
    if re.match(r"(?:on|at|in|is|of)\b", found[0]):
        return False
    return bool(_OF_LIMIT.search(text[: found.start()]))


def _polarity(text: str, found: re.Match[str]) -> int:
    """Return 1 if what is compared counts, -1 if it does not."""
    before = text[: found.start()]
    if _REPORTED.search(before):
        return -1
    if _REQUIRED.search(before):
        return 1
    if _AGAINST.search(before):
        return -1
    outs = [one.span() for one in _OUT.finditer(text)]
    ins = [
        one.span()
        for one in _IN.finditer(text)
        if not any(start <= one.start() < end for start, end in outs)
    ]
    if re.search(r"\bonly\b|只有", before) and any(end <= found.start() for _, end in ins):
        return 1
    cues = [(_gap(span, found), -1) for span in outs] + [(_gap(span, found), 1) for span in ins]
    return min(cues, default=(0, 1))[1]


def _gap(span: tuple[int, int], found: re.Match[str]) -> int:
    return max(span[0] - found.end(), found.start() - span[1], 0)
