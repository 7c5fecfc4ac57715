"""What a request asks for, read by patterns."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pilotbench.benchmark.players.template_program import names
from pilotbench.benchmark.players.template_program.amending import is_turned
from pilotbench.benchmark.players.template_program.deciding import is_over, limit_in
from pilotbench.benchmark.players.template_program.placing import Target, targets
from pilotbench.benchmark.players.template_program.text import AMOUNTS, Request

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
_TURNS_ANSWER = re.compile(
    r"opposite|other end|other extreme|contrary|come last|of the last\b|at the back|at the end\?"
    r"|stands at the end|strike out|discard|throw out|take away always|until (?:a|one|is only)"
    r"|另一头|正相反|排在末尾|去掉|till there's one",
    re.IGNORECASE,
)
_CONVERSE_MOST = re.compile(
    r"(?:no other|nobody else|none of the others)[^.]*(?:exceeds|beats)|looks? (?:small|tiny)"
    r"|(?:has|with|got|have|had) (?:a )?more `\w+`(?: than it)?[.,]?|too low|a tiny"
    r"|(?:all|without one|but one|but that)[^.;]*have (?:got )?less|got less|whenever[^.]*higher"
    r"|a higher `|higher `\w+`[;.]|没有谁的`\w+`比它更大|都比它小|更大的就换|显得小|is higher"
    r"|with higher|look small|more `\w+` than it",
    re.IGNORECASE,
)
_CONVERSE_LEAST = re.compile(
    r"(?:no other|nobody else|none of the others)[^.]*(?:undercuts|gets under)|looks? (?:large|huge"
    r"|big)|(?:has|with|got|have) (?:a )?less `\w+`(?: than it)?[.,]?|too high|a huge"
    r"|(?:all|without one|but one|but that)[^.;]*have (?:got )?more|got more|whenever[^.]*lower"
    r"|a lower `|lower `\w+`[;.]|没有谁的`\w+`比它更小|都比它大|更小的就换|显得大|is lower"
    r"|with lower|look big|less `\w+` than it",
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
_RANKS = re.compile(
    f"{_MOST.pattern}|{_LEAST.pattern}|{_CONVERSE_MOST.pattern}|{_CONVERSE_LEAST.pattern}",
    re.IGNORECASE,
)
_NOT_ASKED = re.compile(
    r"[^.,;:]*\b(?:nor|neither|not the sum|not after the sum)[^,:]*,(?= (?:nor|not))"
)
_HOLDS = re.compile(
    r"keep hold|in mind|手里|you keep one|sort what|排队|if one sorted", re.IGNORECASE
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
    act, rest = targets(request, roles[names.PUSHED])
    if rest and is_turned(request, "places"):
        act, rest = rest, act
    note = roles[names.NOTE]
    database, credential = roles[names.DATABASE], request.named("credential")
    return Order(
        listing=_listing(request, roles),
        credential=(database[0], credential[0]) if database and credential else None,
        record=_record(request),
        amount=amount,
        key=AMOUNTS[amount],
        over=is_over(request) != is_turned(request, "side"),
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


def _answer(request: Request) -> str:
    asked = _asked(request)
    if asked:
        said = _extreme(asked)
        return _reverse(said) if is_turned(request, "rank") else said
    if "quote" not in request.named("word"):
        return "sum"
    return "sum" if _is_summed(request) and not _LAST.search(request.text) else "receipt"


def _extreme(asked: str) -> str:
    """Return which end of the ranking a sentence asks for."""
    text = _NOT_ASKED.sub("", asked)
    most, least = _CONVERSE_MOST.search(text), _CONVERSE_LEAST.search(text)
    if most and least:
        return "largest" if most.start() < least.start() else "smallest"
    if most or least:
        return "largest" if most else "smallest"
    found = [(one.start(), "smallest") for one in _LEAST.finditer(text)]
    found += [(one.start(), "largest") for one in _MOST.finditer(text)]
    said = min(found, default=(0, "largest"))[1]
    return _reverse(said) if _TURNS_ANSWER.search(text) else said


def _reverse(said: str) -> str:
    return "largest" if said == "smallest" else "smallest"


def _asked(request: Request) -> str:
    """Return the sentences that ask for the key of an item, an empty text if none does."""
    keys = {request.sentence(one.start) for one in request.tokens if one.form == "key"}
    for sentence in sorted(keys, reverse=True):
        near = request.text[request.before(sentence)[0] : sentence[1]]
        own = request.text[slice(*sentence)]
        if _ASKS.search(own) and _RANKS.search(near):
            return own if _RANKS.search(own) else near
        after = request.text[sentence[0] : request.after(sentence)[1]]
        if _HOLDS.search(after) and _RANKS.search(after):
            return after
    return ""


def _is_summed(request: Request) -> bool:
    """Return whether a sentence about the amount speaks of a sum."""
    amounts = [one for one in request.tokens if one.form == "amount"]
    pieces = {request.sentence(one.start) for one in amounts}
    return any(_SUM.search(request.text[start:end].replace("`total`", "")) for start, end in pieces)
