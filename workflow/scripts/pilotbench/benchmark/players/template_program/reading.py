"""What a request asks for, read by patterns."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pilotbench.benchmark.players.template_program import names
from pilotbench.benchmark.players.template_program.deciding import is_over, limit_in
from pilotbench.benchmark.players.template_program.past import pastness
from pilotbench.benchmark.players.template_program.text import AMOUNTS, Request, Token

Target = tuple[str, str]
"""The form of a target and its text."""
_REST = re.compile(
    r"(?<!no )\bother(?:s|wise)?\b|\brest\b|remain|left ?over|\bleft\b|\bnot counting"
    r"|fail\w*(?: to \w+)?"
    r"|fall short|if not\b(?! its| the| it)"
    r"|(?:\bnot|n't|cannot|unable to) (?:be )?(?:count|qualif|make|meet|satisfy|fulfil|pass)"
    r"|(?:if|when) it doesn't|其余|剩|不符合|没达到|未达到|没入选|未入选|不合|不够格|没选上|落选",
    re.IGNORECASE,
)
_ACT = re.compile(
    r"count|qualif|(?:make|meet|pass)s? the|in which case|what does\b(?! not|n't)|if it does\b"
    r"|符合|入选|够格|达到条件",
    re.IGNORECASE,
)
_EXCEPT = re.compile(
    r"(?:unless|except|except of|apart from|isn't one of|is not one of|if not\b|other than"
    r"|besides|belong not"
    r"|除了?|不属于|除非|只要不是)[^,.;，。；]*$",
    re.IGNORECASE,
)
_MOST = re.compile(
    r"largest|biggest|highest|greatest|maximum|\bmost|\btop\b|leads|first (?:after|by|in)"
    r"|exceeds all"
    r"|ahead of|leader in|than any other|surpass|beats|tops|more `\w+` than all|最大|最高|最多"
    r"|居首|第一|高于其他|数值最高|top",
    re.IGNORECASE,
)
_LEAST = re.compile(
    r"smallest|lowest|minimum|\bleast|\bbottom|\blast (?:after|by|in)|falls? short of all"
    r"|below all|others exceed|others surpass|behind all|the rear|undercuts"
    r"|less `\w+` than all|最小|最低|最少|居末|末位|垫底|倒数|低于其他",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"answer|finish|which|report|tell|give|\bname me|naming|like to know|close with|`amount`"
    r"|want|\bneed"
    r"|答案|结束|收尾|写谁|报",
    re.IGNORECASE,
)
_LAST = re.compile(r"最后[^。；]{0,12}回执号|末次|答案是[^。；]*回执号")
_SUM = re.compile(
    r"\bsum|total|\badd|together|combined|overall|altogether|come to|as a whole|how much"
    r"|合计|总[数和计额]|加起来|加一加|相加|累加|求和|累计|[共总]计|合在一起|一共|算出来",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Order:
    """What is to be done."""

    listing: tuple[str, ...]
    """`table` with the database and the table, or `folder`, `queue`, `service` with a name."""
    credential: tuple[str, str] | None
    record: Target
    amount: str
    key: str
    over: bool
    limit: int | None
    note: str | None
    act: Target | None
    rest: Target | None
    chained: bool
    answer: str
    """`sum`, `largest`, `smallest` or `receipt`."""


def read(text: str) -> Order:
    """Return what a request asks for."""
    request = Request(text)
    roles = names.roles(request)
    amount = next(iter(request.named("amount")), "total")
    act, rest = _targets(request, roles)
    note = roles[names.NOTE]
    database, credential = roles[names.DATABASE], request.named("credential")
    return Order(
        listing=_listing(request, roles),
        credential=(database[0], credential[0]) if database and credential else None,
        record=_record(request),
        amount=amount,
        key=AMOUNTS[amount],
        over=is_over(request),
        limit=None if note else limit_in(request),
        note=note[0] if note else None,
        act=act,
        rest=rest,
        chained="quote" in request.named("word"),
        answer=_answer(request),
    )


def _listing(request: Request, roles: dict[str, list[str]]) -> tuple[str, ...]:
    tables, folders = request.named("table"), request.named("folder")
    if tables:
        return ("table", *roles[names.DATABASE][:1], tables[0])
    if folders:
        return ("folder", folders[0])
    if roles[names.SERVICE]:
        return ("service", roles[names.SERVICE][0])
    return ("queue", *roles[names.PULLED][:1])


def _record(request: Request) -> Target:
    kinds = ("record_url", "record_file", "cached")
    found = [one for one in request.tokens if one.form in kinds]
    return (found[0].form, found[0].text) if found else ("tracked", "reference")


def _targets(request: Request, roles: dict[str, list[str]]) -> tuple[Target | None, Target | None]:
    """Return where records go of the items that count and of the rest."""
    doubts: dict[Target, list[float]] = {}
    for token in request.tokens:
        if token.form in ("url", "person", "new_file", "job") or token.text in roles[names.PUSHED]:
            doubts.setdefault((token.form, token.text), []).append(_doubt(request, token))
    ranked = sorted(_living(request, doubts), key=lambda target: sum(doubts[target]))
    return (ranked[0] if ranked else None, ranked[1] if len(ranked) > 1 else None)


def _living(request: Request, doubts: dict[Target, list[float]]) -> list[Target]:
    """Return the targets without those that a request mentions only as history."""
    age = {
        target: _age(request, target) - 3 * any(map(_is_clear, doubts[target])) for target in doubts
    }
    kept = sorted(doubts, key=lambda target: age[target])[:2]
    return [target for target in kept if age[target] <= 0] or kept[:1]


def _is_clear(doubt: float) -> bool:
    return abs(doubt) >= 2


def _age(request: Request, target: Target) -> int:
    places = [one.start for one in request.tokens if one.text == target[1]]
    sentences = [request.sentence(place) for place in places]
    return max(pastness(request.text[start:end]) for start, end in sentences)


def _doubt(request: Request, token: Token) -> float:
    """Return how much speaks for the rest (above 0) or for what counts (below 0) around a token."""
    sentence = request.sentence(token.start)
    for weight, piece in (
        (4, request.segment(token.start)),
        (2, sentence),
        (1, request.before(sentence)),
    ):
        side = _nearest(request.text, piece, token)
        if side:
            return weight * side
    return 0


def _nearest(text: str, piece: tuple[int, int], token: Token) -> int:
    """Return 1 if the nearest cue speaks of the rest, -1 if of what counts, 0 without any."""
    part = text[piece[0] : piece[1]]
    rest = [found.span() for found in _REST.finditer(part)]
    act = [
        found.span()
        for found in _ACT.finditer(part)
        if not any(start <= found.start() < end for start, end in rest)
    ]
    cues = [*((span, 1) for span in rest), *((span, -1) for span in act)]
    turned = [
        (_distance(piece[0], span, token), -side if _EXCEPT.search(part[: span[0]]) else side)
        for span, side in cues
    ]
    return min(turned, default=(0, 0))[1]


def _distance(offset: int, span: tuple[int, int], token: Token) -> int:
    start, end = offset + span[0], offset + span[1]
    return start - token.end if start >= token.end else token.start - end


def _answer(request: Request) -> str:
    asked = _asked(request)
    if asked:
        return "smallest" if len(_LEAST.findall(asked)) > len(_MOST.findall(asked)) else "largest"
    if "quote" not in request.named("word"):
        return "sum"
    return "sum" if _is_summed(request) and not _LAST.search(request.text) else "receipt"


def _asked(request: Request) -> str:
    """Return the sentences that ask for the key of an item, an empty text if none does."""
    keys = {request.sentence(one.start) for one in request.tokens if one.form == "key"}
    for sentence in sorted(keys, reverse=True):
        near = request.text[request.before(sentence)[0] : sentence[1]]
        own = request.text[slice(*sentence)]
        if _ASKS.search(own) and (_MOST.search(near) or _LEAST.search(near)):
            return own if _MOST.search(own) or _LEAST.search(own) else near
    return ""


def _is_summed(request: Request) -> bool:
    """Return whether a sentence about the amount speaks of a sum."""
    amounts = [one for one in request.tokens if one.form == "amount"]
    pieces = {request.sentence(one.start) for one in amounts}
    return any(_SUM.search(request.text[start:end].replace("`total`", "")) for start, end in pieces)
