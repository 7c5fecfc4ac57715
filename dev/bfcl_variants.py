"""Answers to the tests of BFCL that are right, and answers that are wrong in one way each.

An answer is the list of a model's messages, as chat completions write them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pilotbench.benchmark.bfcl.instance import BfclInstance

Json = dict[str, Any]
Calls = list[Json]
WORDS = "I cannot do that."


def message(calls: Sequence[Json], text: str | None = None) -> Json:
    """Return a message with calls, each `{"tool", "arguments"}`; arguments may be a text."""
    made = [
        {
            "id": f"call_{place}",
            "type": "function",
            "function": {"name": call["tool"], "arguments": _text(call["arguments"])},
        }
        for place, call in enumerate(calls)
    ]
    return {"role": "assistant", "content": text, **({"tool_calls": made} if made else {})}


def _text(arguments: Any) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)


def variants(instance: BfclInstance) -> Iterator[tuple[str, list[Json]]]:
    """Yield (kind, messages) of a test, the accepted answer first."""
    if instance.category.startswith("multi_turn"):
        yield from _of_conversation(instance)
        return
    truth = list(instance.script[0])
    yield "truth", [message(truth, None if truth else WORDS)]
    tools = [tool.name for tool in instance.offered]
    calls = truth or [{"tool": name, "arguments": {"x": 1}} for name in tools[:1]]
    if calls and not truth:
        yield "a call where none is wanted", [message(calls)]
    yield "words", [message([], WORDS)]
    yield "nothing", [message([], None)]
    yield "a call in the text", [message([], f"```call\n{json.dumps(calls[:1])}\n```")]
    if not calls:
        return
    for kind, change in WHOLE.items():
        changed = change(calls, tools)
        if changed is not None:
            yield kind, [message(changed)]
    for kind, edit in EDITS.items():
        edited = edit(dict(calls[-1]["arguments"]))
        if edited is not None:
            yield kind, [message([*calls[:-1], {**calls[-1], "arguments": edited}])]


def _other(calls: Calls, tools: list[str]) -> Calls | None:
    others = [name for name in tools if name != calls[-1]["tool"]]
    return [*calls[:-1], {**calls[-1], "tool": others[0]}] if others else None


WHOLE: dict[str, Callable[[Calls, list[str]], Calls | None]] = {
    "another function": _other,
    "an unknown function": lambda c, _: [*c[:-1], {**c[-1], "tool": "no_such_function"}],
    "a namespace before the name": lambda c, _: [
        *c[:-1], {**c[-1], "tool": f"functions.{c[-1]['tool']}"}
    ],
    "dots in the name": lambda c, _: (
        [*c[:-1], {**c[-1], "tool": c[-1]["tool"].replace("_", ".")}]
        if "_" in c[-1]["tool"] else None
    ),
    "calls in reverse": lambda c, _: c[::-1] if len(c) > 1 else None,
    "a call twice": lambda c, _: [*c, c[-1]],
    "a call less": lambda c, _: c[:-1] if len(c) > 1 else None,
    "a surplus call": lambda c, tools: [*c, {"tool": tools[0], "arguments": {}}],
}  # fmt: skip


def _changed(change: Callable[[Any], Any]) -> Callable[[Json], Json | None]:
    """Return an edit that changes the first argument that it can change."""

    def edit(arguments: Json) -> Json | None:
        for key, value in arguments.items():
            changed = change(value)
            if changed is not None:
                return {**arguments, key: changed}
        return None

    return edit


def _another_value(value: Any) -> Any:
    match value:
        case bool():
            return not value
        case str():
            return f"{value}q"
        case int() | float():
            return value + 1
        case list():
            return [*value, *(value[-1:] or [1])]
        case dict():
            return {**value, "surplus": 1}
    return None


def _is(kind: type, make: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: make(value) if type(value) is kind else None


def _whole(value: float) -> Any:
    return int(value) if value.is_integer() else None


def _without_first(arguments: Json) -> Json | None:
    return {key: arguments[key] for key in [*arguments][1:]} if arguments else None


EDITS: dict[str, Callable[[Json], Any]] = {
    "another value": _changed(_another_value),
    "a text in capitals": _changed(_is(str, lambda value: value.upper())),
    "a text with spaces and marks": _changed(
        _is(str, lambda value: f" {value.replace(' ', '-')}.")
    ),
    "a number as text": _changed(lambda v: str(v) if type(v) in (int, float) else None),
    "a text as number": _changed(_is(str, lambda _: 7)),
    "a whole number as float": _changed(_is(int, float)),
    "a float as whole number": _changed(_is(float, _whole)),
    "a value in a list": _changed(lambda value: [value]),
    "a list as text": _changed(_is(list, json.dumps)),
    "a list in reverse": _changed(_is(list, lambda value: value[::-1] if len(value) > 1 else None)),
    "null": lambda arguments: {**arguments, **dict.fromkeys([*arguments][:1])} or None,
    "the first argument is missing": _without_first,
    "no arguments": lambda arguments: {},
    "a surplus argument": lambda arguments: {**arguments, "surplus_argument": 1},
    "arguments cut off": lambda arguments: json.dumps(arguments)[:-1],
    "arguments in Python's quotes": lambda arguments: str(arguments),
    "arguments encoded twice": lambda arguments: json.dumps(json.dumps(arguments)),
    "arguments in a list": lambda arguments: json.dumps([arguments]),
    "an empty text as arguments": lambda arguments: "",
}


def _of_conversation(instance: BfclInstance) -> Iterator[tuple[str, list[Json]]]:
    """Yield the accepted course of a conversation and others."""
    turns = _turns(instance)
    for kind, change in COURSES.items():
        changed = change([[list(step) for step in turn] for turn in turns])
        if changed is not None:
            messages = [message for turn in changed for message in _played(turn)]
            yield kind, [_numbered(one, place) for place, one in enumerate(messages)]


Turn = list[Calls]


def _turns(instance: BfclInstance) -> list[Turn]:
    """Return the calls of each message of each turn."""
    found: list[Turn] = [[]]
    for calls in instance.script:
        if calls:
            found[-1].append([dict(call) for call in calls])
        else:
            found.append([])
    return found[:-1]


def _played(turn: Turn) -> list[Json]:
    return [*(message(step) for step in turn), message([], WORDS)]


def _numbered(message: Json, place: int) -> Json:
    """Return a message whose calls have ids that no other message has."""
    calls = [{**call, "id": f"{call['id']}_{place}"} for call in message.get("tool_calls", ())]
    return {**message, **({"tool_calls": calls} if calls else {})}


def _busy(turns: list[Turn], place: int = 0) -> Turn | None:
    """Return the first turn with calls, or with `place` -1 the last."""
    busy = [turn for turn in turns if turn]
    return busy[place] if busy else None


def _each_alone(turns: list[Turn]) -> list[Turn]:
    return [[[call] for step in turn for call in step] for turn in turns]


def _edited(
    change: Callable[[Turn], None], place: int = 0
) -> Callable[[list[Turn]], list[Turn] | None]:
    def course(turns: list[Turn]) -> list[Turn] | None:
        turn = _busy(turns, place)
        if turn is None:
            return None
        change(turn)
        return turns

    return course


def _change_argument(turn: Turn) -> None:
    call = turn[-1][-1]
    changed = _changed(_another_value)(call["arguments"])
    turn[-1][-1] = {**call, "arguments": changed or {"surplus": 1}}


def _reverse(turn: Turn) -> None:
    turn[0].reverse()


def _drop(turn: Turn) -> None:
    turn[-1].pop()


def _unknown(turn: Turn) -> None:
    turn[-1].append({"tool": "open", "arguments": {"file": "/no/such/file"}})


def _hostile(turn: Turn) -> None:
    turn[-1].append({"tool": "cd", "arguments": {"x=__import__('os').getcwd(), y": "a"}})


def _call_where_none_is_wanted(turns: list[Turn]) -> list[Turn] | None:
    empty = next((place for place, turn in enumerate(turns) if not turn), None)
    busy = _busy(turns)
    if empty is None or busy is None:
        return None
    turns[empty] = [list(busy[0])]
    return turns


def _endless(turns: list[Turn]) -> list[Turn] | None:
    turn = _busy(turns)
    if turn is None:
        return None
    turn[:] = [list(turn[0]) for _ in range(25)]
    return turns


COURSES: dict[str, Callable[[list[Turn]], list[Turn] | None]] = {
    "truth": lambda turns: turns,
    "one call in each message": _each_alone,
    "another value": _edited(_change_argument),
    "another value in the last turn": _edited(_change_argument, -1),
    "the first turn in words": _edited(lambda turn: turn.clear()),
    "the last turn in words": _edited(lambda turn: turn.clear(), -1),
    "a call less": _edited(_drop),
    "a call twice": _edited(lambda turn: turn[-1].append(turn[-1][-1])),
    "calls in reverse": _edited(_reverse),
    "an unknown function": _edited(_unknown),
    "code as an argument's name": _edited(_hostile),
    "a call where none is wanted": _call_where_none_is_wanted,
    "25 messages with calls in a turn": _endless,
    "all turns in words": lambda turns: [[] for _ in turns],
}
