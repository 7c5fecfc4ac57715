"""The five difficulties as views of one built problem: the texts and the distractors."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pilotbench.benchmark.generation import vocabulary
from pilotbench.benchmark.generation.builder import Fact, Part, PlanBuilder
from pilotbench.benchmark.generation.seeded_random import SeededRandom
from pilotbench.benchmark.world.objects import as_csv

Json = dict[str, Any]
RandomFor = Callable[[], SeededRandom]

_DIGIT = re.compile(r"\d")
_NUMBER = re.compile(r"\d{4,}")

BY_HANDLE = (
    "Pass tables, texts and figures on by their handles (`data` takes a handle or the name of a "
    "table): typed in they do not count. Names and looked-up values are typed in."
)
NOTHING_ELSE = "Change nothing else."


@dataclass(frozen=True)
class Question:
    """What `finish` must be called with: in words, and the answer predicate."""

    text: str
    predicate: Json
    source: Any


def _typed(fact: Fact) -> str:
    if fact.type == "token":
        return "exactly as shown"
    return "a number, rounded to 2 decimals" if fact.decimals else "an integer"


def _predicate(type_: str, value: Any, decimals: int) -> Json:
    predicate: Json = {"kind": "answer", "type": type_, "value": value}
    if type_ == "number":
        predicate["tolerance"] = 0.005 if decimals else 0
    return {**predicate, "says": f"the answer is {value}"}


def question(b: PlanBuilder, draw: SeededRandom) -> Question:
    """Choose what is asked: after one step its fact, else the last figure or the last receipt.

    A bound that was looked up comes first: only it distinguishes looking it up from guessing.
    """
    last = {fact.role: fact for fact in b.facts}
    roles = ("bound",) if "bound" in last else ("figure", "receipt")
    asked = [last[role] for role in roles if role in last] or b.facts[-1:]
    fact = draw.pick(asked) if len(b.steps) > 1 else asked[-1]
    if not b.hardest:
        text = f"Finish with {fact.words} as the answer ({_typed(fact)})."
        return Question(text, _predicate(fact.type, fact.value, fact.decimals), fact.source)
    return _computed(fact, last, draw)


def _number(fact: Fact) -> float:
    if fact.type == "token":
        return int(re.findall(r"\d+", str(fact.value))[-1])
    return float(fact.value) if fact.decimals else int(fact.value)


def _computed(fact: Fact, last: dict[str, Fact], draw: SeededRandom) -> Question:
    """Ask for a number that must be computed from what was found."""
    found = last.get("bound") or last.get("figure") or last.get("row") or last.get("look")
    decimals = fact.decimals
    if found is not None and found.type == "number" and "receipt" in last:
        receipt, decimals = last["receipt"], found.decimals
        value = round(_number(found) + _number(receipt), 2)
        what = f"the sum of {found.words} and {receipt.words}"
        source: Any = {"$sum": [found.source, receipt.source]}
    else:
        times, less = draw.whole(3, 9), draw.whole(1_000, 9_999)
        value = round(times * _number(fact) - less, 2)
        of = (fact.digits or fact.words).removesuffix(",")
        what = f"{times} times {of}, minus {less},"
        source = {"times": times, "less": less, "of": fact.source}
    typed = "a number, rounded to 2 decimals" if decimals else "an integer"
    whole = int(value) if value == int(value) else value
    text = f"Finish with {what} as the answer ({typed})."
    return Question(text, _predicate("number", whole, decimals), source)


def closing(b: PlanBuilder) -> str:
    """Return the last sentences: how data is passed on, where any is, and what may change."""
    flows = any(_takes_data(step.arguments) for step in b.steps)
    return f"{BY_HANDLE} {NOTHING_ELSE}" if flows else NOTHING_ELSE


def _takes_data(arguments: Json) -> bool:
    """Return whether a step takes data by handle or by the name of a table."""
    return any(
        name == "data"
        or (isinstance(value, dict) and (value.get("path") == "handle" or _takes_data(value)))
        for name, value in arguments.items()
    )


def very_easy(b: PlanBuilder, asked: Question, draw: RandomFor) -> str:
    """Name the tools and their arguments, in another order than that of the plan."""
    lines = [f"- `{step.tool}` with {_arguments(b, step.arguments)}" for step in b.steps]
    mixed = draw().mixed(lines)
    if mixed == lines:
        mixed = [*lines[1:], lines[0]]
    head = "Use these tools, each once, in the order that works (it is not the order shown):"
    alone = "Use this tool once:"
    given = [part.easy for part in b.parts if part.group == "given"]
    start = alone if len(lines) == 1 else head
    return "\n".join([*given, start, *mixed, asked.text, closing(b)])


def _arguments(b: PlanBuilder, arguments: Json) -> str:
    return ", ".join(f"{name} = {_worded(b, value)}" for name, value in arguments.items())


def _worded(b: PlanBuilder, value: Any) -> str:
    if isinstance(value, dict):
        if "$step" in value:
            return b.gives[value["$step"], value["path"]]
        if "$sum" in value:
            return " plus ".join(_worded(b, part) for part in value["$sum"])
        return (
            "{" + ", ".join(f"{name}: {_worded(b, inner)}" for name, inner in value.items()) + "}"
        )
    return vocabulary.shown(value)


def easy(b: PlanBuilder, asked: Question, draw: RandomFor) -> str:
    """Name the operations, in an order that works."""
    return " ".join([*(part.easy for part in b.parts), asked.text, closing(b)])


def medium(b: PlanBuilder, asked: Question, draw: RandomFor) -> str:
    """State only the outcome: what must hold at the end, then what it is made from."""
    sinks, rest = _segments(b.parts)
    if len(b.steps) == 1 and b.parts[0].group == "given":
        # Not in the order of the one tool's arguments: copying from left to right must fail.
        sinks, rest = (rest + sinks, []) if sinks else ([], rest[1:] + rest[:1])
    facts = [part.fact for part in sinks]
    # Lookups first, so that «after that» follows the operation that it means.
    facts += [part.fact for part in rest if part.group == "lookup"]
    facts += [part.fact for part in rest if part.group not in ("lookup", "format")]
    formats = [part for part in rest if part.group == "format"]
    if (sinks or formats) and b.product is not None:
        facts.append(f"The outcome {b.outcome.format(noun=b.theme.noun)}.")
    facts += [part.fact for part in formats]
    return " ".join([*facts, *b.constraints, asked.text, closing(b)])


def _segments(parts: list[Part]) -> tuple[list[Part], list[Part]]:
    """Split texts into what concerns the sinks, with their lookups, and the rest."""
    sinks: list[Part] = []
    rest: list[Part] = []
    waiting: list[Part] = []
    for part in parts:
        waiting.append(part)
        if part.group != "lookup":
            (sinks if part.group == "sink" else rest).extend(waiting)
            waiting = []
    return sinks, rest + waiting


TEXTS: dict[str, Callable[[PlanBuilder, Question, RandomFor], str]] = {
    "very_easy": very_easy,
    "easy": easy,
    "medium": medium,
    "hard": medium,
    "very_hard": medium,
}

# What fills the sections of a world in addition to the objects of the problem.
EMPTY: dict[str, Callable[[SeededRandom], Any]] = {
    "files": lambda draw: {"kind": "text", "value": as_csv(_few(draw))},
    "tables": lambda draw: {"kind": "table", "value": _few(draw)},
    "endpoints": lambda draw: {"posts": [], "body": {"kind": "table", "value": _few(draw)}},
    "queues": lambda draw: [],
    "inboxes": lambda draw: [],
    "cache": lambda draw: {"kind": "table", "value": _few(draw)},
    "notes": lambda draw: {"room": draw.whole(10_000, 99_999), "limit": draw.whole(600, 8_000)},
    "references": lambda draw: {"status": "closed", "shelf": draw.whole(10_000, 99_999)},
    "services": lambda draw: {"credential": vocabulary.credential(draw)},
    "models": lambda draw: {"factor": draw.whole(101, 119) / 100, "inflow": draw.whole(100, 999)},
    "backends": lambda draw: [
        {
            "backend": f"node-{vocabulary.digits(draw)}",
            "state": "up",
            "latency_ms": draw.whole(20, 400),
            "requests": draw.whole(10_000, 99_999),
            "url": vocabulary.url(draw, vocabulary.name(draw)),
        }
    ],
    "databases": lambda draw: {
        "tables": {f"stock_{vocabulary.digits(draw)}": {"kind": "table", "value": _few(draw)}}
    },
    "mappings": lambda draw: {"code": f"code_{vocabulary.digits(draw)}"},
}


def _few(draw: SeededRandom) -> list[Json]:
    theme = draw.pick(vocabulary.THEMES)
    return vocabulary.rows(draw, theme, most=3)


def likeness(name: str) -> Callable[[SeededRandom], str]:
    """Return what draws names like `name`: other numbers or, for a person, another first name."""
    if not _DIGIT.search(name):
        last = name.rpartition(".")[2]
        return lambda draw: f"{draw.pick(vocabulary.FIRST)}.{last}"
    first, *pieces = _NUMBER.split(name)
    ends = [(10 ** len(number) // 10, 10 ** len(number) - 1) for number in _NUMBER.findall(name)]

    def similar(draw: SeededRandom) -> str:
        similar_name = first
        for (low, high), piece in zip(ends, pieces, strict=True):
            similar_name += f"{draw.whole(low, high)}{piece}"
        return similar_name

    return similar


def with_others(world: Json, draw: SeededRandom, count: int) -> Json:
    """Return `world` with `count` more objects in each section, names in sorted order."""
    made: Json = {}
    for section, objects in world.items():
        if section == "salt":
            made[section] = objects
            continue
        held = dict(objects)
        if section in EMPTY:
            similar = [likeness(name) for name in sorted(objects)]
            make = EMPTY[section]
            for _ in range(count):
                held.setdefault(draw.pick(similar)(draw), make(draw))
        made[section] = {name: held[name] for name in sorted(held)}
    return made
