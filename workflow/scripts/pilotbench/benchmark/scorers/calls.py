"""Calls: the calls of a message are those that are wanted, no more and no fewer.

An argument is wanted as it stands, or as one of `{"any": [values]}`; with `"optional": true` it may
be left out, and without `any` it may then have any value. Arguments that are not wanted are wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pilotbench.benchmark.scorers.scorer import IGNORE_CASE, Json, Scorer, Verdict
from pilotbench.ground.canonical_json import canonical
from pilotbench.ground.plurals import counted

ANY, OPTIONAL = "any", "optional"
CALL: Json = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "arguments": {"type": "object"},
    },
}


def judge(wanted: Any, given: Any, options: Json) -> Verdict:
    """Compare the calls of a message, which are none where it is text."""
    made = given if isinstance(given, list) else []
    why = _difference(wanted, made, options)
    return Verdict(why is None, None, written(made), "calls", why or "right")


def written(calls: Sequence[Json]) -> str:
    """Return calls as people write them."""
    return "; ".join(map(_written, calls)) or "no call"


def wanted_in_words(wanted: Sequence[Json]) -> str:
    """Return the calls that a question wants as people write them; `?` marks what may be absent."""
    return "; ".join(map(_wanted, wanted)) or "no call"


def _wanted(call: Json) -> str:
    given = ", ".join(_choices(name, value) for name, value in call["arguments"].items())
    return f"{call['name']}({given})"


def _choices(name: str, value: Any) -> str:
    if not _is_choice(value):
        return f"{name}={canonical(value)}"
    words = " | ".join(map(canonical, value.get("any", ()))) or "…"
    return f"{name}{'?' if value.get('optional') else ''}={words}"


def _written(call: Json) -> str:
    given = ", ".join(f"{name}={canonical(value)}" for name, value in call["arguments"].items())
    return f"{call['name']}({given})"


def example(wanted: Sequence[Json]) -> list[Json]:
    """Return calls that are right."""
    return [
        {
            "name": call["name"],
            "arguments": {
                key: value[ANY][0] if _is_choice(value) else value
                for key, value in call.get("arguments", {}).items()
                if not (_is_choice(value) and ANY not in value)
            },
        }
        for call in wanted
    ]


def problem(wanted: Any) -> str | None:
    """Refuse a choice of values that is none."""
    for place, call in enumerate(wanted):
        for key, value in call.get("arguments", {}).items():
            where = f"[{place}].arguments.{key}"
            if not _is_choice(value):
                continue
            if not isinstance(value.get(ANY, [None]), list) or not value.get(ANY, [None]):
                return f"{where}.any is not a list of accepted values"
            if not isinstance(value.get(OPTIONAL, False), bool):
                return f"{where}.optional is not true or false"
            if ANY not in value and not value[OPTIONAL]:
                return f"{where} has no accepted values: state any, or optional: true"
    return None


def _is_choice(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and value.keys() <= {ANY, OPTIONAL}


def _difference(wanted: Sequence[Json], made: Sequence[Json], options: Json) -> str | None:
    """Return why the calls are not those that are wanted, None if they are."""
    if len(wanted) != len(made):
        names = ", ".join(call["name"] for call in made)
        told = f"{counted(len(made), 'call')} ({names})" if made else "no call"
        return f"{told}; wanted: {len(wanted) or 'none'}"
    table = [[_wrong(one, call, options) for call in made] for one in wanted]
    if options["order"] == "same":
        return next((table[n][n] for n in range(len(wanted)) if table[n][n] is not None), None)
    taken = _assigned(table)
    for place, row in enumerate(table):
        if place not in taken.values():
            free = (why for n, why in enumerate(row) if n not in taken)
            named = wanted[place]["name"]
            reasons = [why for why in free if why is not None]
            return next((why for why in reasons if why.startswith(f"{named}: ")), reasons[0])
    return None


def _assigned(table: Sequence[Sequence[str | None]]) -> dict[int, int]:
    """Return which wanted call each made one is, for as many as possible."""
    taken: dict[int, int] = {}

    def place(wanted: int, seen: set[int]) -> bool:
        for made, why in enumerate(table[wanted]):
            if why is None and made not in seen:
                seen.add(made)
                if made not in taken or place(taken[made], seen):
                    taken[made] = wanted
                    return True
        return False

    for wanted in range(len(table)):
        place(wanted, set())
    return taken


def _wrong(wanted: Json, made: Json, options: Json) -> str | None:
    """Return why a call is not this one, None if it is."""
    name, expected, given = wanted["name"], wanted.get("arguments", {}), made["arguments"]
    if made["name"] != name:
        return f"{made['name']} is called, wanted: {name}"
    for key in given:
        if key not in expected:
            return f"{name}: {key} is not wanted"
    for key, value in expected.items():
        choice = value if _is_choice(value) else {ANY: [value]}
        if key not in given:
            if not choice.get(OPTIONAL):
                return f"{name}: {key} is missing"
        elif ANY in choice and not any(_same(one, given[key], options) for one in choice[ANY]):
            accepted = ", ".join(canonical(one) for one in choice[ANY])[:200]
            return f"{name}: {key} is {canonical(given[key])[:200]}, accepted: {accepted}"
    return None


def _same(wanted: Any, given: Any, options: Json) -> bool:
    return canonical(_plain(wanted, options)) == canonical(_plain(given, options))


def _plain(value: Any, options: Json) -> Any:
    """Return a value in which what counts as equal is written the same."""
    if isinstance(value, dict):
        return {key: _plain(inner, options) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner, options) for inner in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        return value.strip().casefold() if options["ignore_case"] else value
    return value


SCORER = Scorer(
    "The calls of a question's tools, a list of `{name, arguments}`; empty where no tool fits.",
    judge,
    answer={"type": "array", "items": CALL},
    goal="the calls are {}",
    options={
        "order": {
            "enum": ["any", "same"],
            "default": "any",
            "description": "Whether the calls may come in any order.",
        },
        "ignore_case": {
            **IGNORE_CASE,
            "default": False,
            "description": "Fold case in texts, and white space at their ends.",
        },
    },
    problem=problem,
    shown=None,
    calls="only",
)
