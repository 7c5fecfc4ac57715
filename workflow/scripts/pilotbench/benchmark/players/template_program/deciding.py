"""Which items count: the limit, and the side of it.

The class that has the limit itself in it never counts, and the class without it always does. So a
comparison that includes the limit speaks for the other side, whatever is said of it.
"""

from __future__ import annotations

import re

from pilotbench.benchmark.players.template_program.past import pastness
from pilotbench.benchmark.players.template_program.text import Request

_UP = (
    r"\b(?:higher|above|over|more|exceed\w*|beyond|larger|greater|bigger|past|beats?|surpass\w*"
    r"|pass(?:es)?|upwards|reach\w*|arrives?|as high as)\b"
    r"|(?:\d|limit) up\b|` >|高于|大于|超过|超出|越过|高出|更高|多于|比[^，。]{1,12}[大高]|达到"
    r"|一到限值|到了限值"
)
_DOWN = (
    r"\b(?:lower|below|less|under|smaller|short of|beneath|until|downwards|as low as|within"
    r"|up to and including|at most)\b"
    r"|` <|低于|小于|不足|没到|未到|未达|更低|少于|比[^，。]{1,12}[小低]"
)
_DIRECTION = re.compile(f"(?P<up>{_UP})|(?P<down>{_DOWN})", re.IGNORECASE)
_INCLUSIVE_BEFORE = re.compile(
    r"(?:\bor(?: is| it's| anything| even| stays| goes)?|\balready|\bat and|\bequal and|\bfrom"
    r"|\bleast|等于或|等于和|或者?)[\s,]*$",
    re.IGNORECASE,
)
_INCLUSIVE_AFTER = re.compile(
    r"[\w\s`']{0,25}?,?(?:\bor (?:equal|exactly|at|on|it's just|it is just)\b|included)"
    r"|[^，。]{0,6}?(?:或等于|或相等|（含相等|及等于|和等于)",
    re.IGNORECASE,
)
_ALWAYS_INCLUSIVE = re.compile(
    r"reach|arrive|upwards|downwards|until|within|up to|at most|\d up|limit up|as |达到|一到|到了",
    re.IGNORECASE,
)
_NEGATED = re.compile(r"(?:\bnot(?: go| be| get)?|n't(?: go| get)?|fails? to|不|未|没有?)\s*$")
_IDLE = re.compile(
    r"\b(?:below|above) all\b|than any other|(?:all|the) (?:the )?others exceed|\b(?:under|in"
    r"|by|over) `limit`|note over|over (?:here|there|again)|above all"
    r"|(?:just|only|merely|not only|mere) (?:reaching|reaches|arrives?|arriving)[^,.;]*"
    r"|arrive exactly[^.;]*|includes? reaching|(?:低于|高于|超过|更高|更低)的也[不没][^，。；]*"
    r"|not (?:any )?more|no more|(?:lower|higher|bigger|smaller)(?: is)? no\b"
    r"|(?:over|across) (?:the|those|each|every|only|them|these|exactly|that|which"
    r"|all)\b(?! limit| cut| thresh|,| and)"
    r"|(?:exceeds|surpass\w*|beats|高于|大于|超过)(?: all)?(?: the)?\s*(?:other|其他|其余|别的"
    r"|所有)s?"
    r"|none of them surpasses|more `\w+` than all other|more time|sum\w* up|adds? (?:\S+ )?up"
    r"|add\w* `\w+` up|end up|passes? (?:a|one|the|on)\b[^,.;]*record|(?:state )?`?up`"
    r"|一样大|同样大|(?:exactly|same|equal)[\w\s]{0,30}(?:is|does) not (?:any more )?\w+",
    re.IGNORECASE,
)
_CORRECTED = re.compile(
    r".*(?:更正|that's wrong|correction|not right)[^,，:：]*[,，:：]", re.IGNORECASE
)
_TURNED = re.compile(
    r"limit (?:must|has to|needs to|should|is to) be|limit's the \w+ number|two sorts of"
    r"|only two kinds"
    r"|(?:more|less|higher|lower|above|below)(?: than)? the limit (?:doesn't"
    r"|does not) count, exactly"
    r"|不符合条件的\w{1,6}只有|排除|\bnot the [\w ]+ (?:above|below|over|under) the"
    r"|限值(?:必须|要|得)?(?:大于|高于|小于|低于|比`)"
    r"|(?:低于|高于|没到|超过|大于|小于)限值的?(?:和正好|不符合|都不|先)",
    re.IGNORECASE,
)
_LIMIT = re.compile(r"limit|cut-off|threshold|\bline\b|of the two|限值|门槛|界线", re.IGNORECASE)
_NUMBER = re.compile(r"(?<![A-Za-z0-9_`.-])\d{2,}(?![A-Za-z0-9_`-])")


def limit_in(request: Request) -> int | None:
    """Return the limit as a number: the one that is mentioned least as history."""
    names = {place for one in request.tokens for place in range(one.start, one.end)}
    found = [one for one in _NUMBER.finditer(request.text) if one.start() not in names]
    return int(min(found, key=lambda one: _past(request, one.start()))[0]) if found else None


def _past(request: Request, place: int) -> int:
    start, end = request.sentence(place)
    return pastness(request.text[start:end])


def is_over(request: Request) -> bool:
    """Return whether items over the limit count; those under it do otherwise."""
    return sum(_vote(request, *piece) for piece in request.sentences) > 0


def _vote(request: Request, start: int, end: int) -> float:
    """Return how much a sentence says for over (above 0) or under (below 0)."""
    text = _IDLE.sub("_", _CORRECTED.sub("", request.text[start:end]))
    decides = bool(_LIMIT.search(text) or _NUMBER.search(text))
    compares = any(f"`{name}`" in text for name in request.named("amount"))
    weight = 2 * decides + compares
    side = sum(_side(text, found) for found in _DIRECTION.finditer(text)) if weight else 0
    return -weight * side if _TURNED.search(text) else weight * side


def _side(text: str, found: re.Match[str]) -> int:
    side = 1 if found["up"] else -1
    before = text[: found.start()]
    if _ALWAYS_INCLUSIVE.match(found[0]):
        return -side
    if _NEGATED.search(before[-12:]):
        return side
    includes = _INCLUSIVE_BEFORE.search(before[-16:]) or _INCLUSIVE_AFTER.match(text, found.end())
    return -side if includes else side
