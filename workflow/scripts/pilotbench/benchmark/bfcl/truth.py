"""The calls that the package accepts for a test: what the oracle plays.

An accepted answer gives the values that each argument may have, "" for one that may be left out;
the first is taken. Arguments of tests in Java and JavaScript are texts in these languages. Answers
of conversations are Python, some of it without the names of arguments.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Sequence
from typing import Any

from pilotbench.benchmark.instances import Script

Json = dict[str, Any]
MAY_BE_LEFT_OUT = ""
LEFT_OUT = object()


def calls_of(truth: Sequence[Json], functions: Sequence[Json], category: str) -> list[Json]:
    """Return one accepted answer to a test of one message."""
    write = {"simple_java": _java, "simple_javascript": _javascript}.get(category, _python)
    return [_call(name, given, functions, write) for one in truth for name, given in one.items()]


def _call(
    name: str, given: Json, functions: Sequence[Json], write: Callable[[Any, Json], Any]
) -> Json:
    schema = next(one["parameters"] for one in functions if one["name"] == name)
    chosen = {}
    for key, accepted in given.items():
        kind = schema["properties"].get(key)
        value = _first(accepted, key in schema["required"])
        if value is not LEFT_OUT and kind is not None:
            chosen[key] = write(_plain(value, kind), kind)
    return {"tool": offered_name(name), "arguments": chosen}


def offered_name(name: str) -> str:
    """Return the name under which a function is offered: services accept no dots."""
    return name.replace(".", "_")


def _first(accepted: Sequence[Any], required: bool) -> Any:
    """Return the first accepted value, or LEFT_OUT."""
    if not accepted or (accepted[0] == MAY_BE_LEFT_OUT and not required):
        return LEFT_OUT
    return next((value for value in accepted if value != MAY_BE_LEFT_OUT), MAY_BE_LEFT_OUT)


def _plain(value: Any, kind: Json) -> Any:
    """Return a value in which objects have one value for each key, not those accepted."""
    if isinstance(value, dict):
        found = {key: _first(accepted, False) for key, accepted in value.items() if accepted}
        return {key: one for key, one in found.items() if one is not LEFT_OUT}
    if isinstance(value, list) and kind.get("items", {}).get("type") == "dict":
        return [_plain(one, {}) for one in value]
    return value


def _python(value: Any, kind: Json) -> Any:
    return value


def _java(value: Any, kind: Json) -> str:
    """Return a value as Java writes it; a text for another type is the name of a variable."""
    name, items = kind.get("type"), kind.get("items", {}).get("type")
    if isinstance(value, str):
        return value
    if name == "ArrayList":
        texts = (_java_item(one, items) for one in value)
        return f"new ArrayList<>(Arrays.asList({', '.join(texts)}))"
    if name == "Array":
        texts = (one if isinstance(one, str) else _java_item(one, items) for one in value)
        return f"new Object[]{{{', '.join(texts)}}}"  # the package reads no quotes here
    if name == "HashMap":
        puts = (f"put({json.dumps(key)}, {_java_item(one, 'any')});" for key, one in value.items())
        return f"new HashMap<String, Object>() {{{{ {' '.join(puts)} }}}}"
    return _java_item(value, name)


def _java_item(value: Any, kind: str | None) -> str:
    if isinstance(value, str):
        return f"'{value}'" if kind == "char" else f'"{value}"'
    ending = {"long": "L", "float": "f"}.get(kind or "", "")
    return f"{json.dumps(value)}{ending}"


def _javascript(value: Any, kind: Json) -> str:
    """Return a value as JavaScript writes it; a text for another type is a variable's name."""
    if isinstance(value, str):
        return value
    ending = "n" if kind.get("type") == "Bigint" else ""
    return f"{json.dumps(value, ensure_ascii=False)}{ending}"


def script_of(truth: Sequence[Sequence[str]], functions: Sequence[Json]) -> Script:
    """Return the messages that solve a conversation: in each turn its calls, then words."""
    names = {one["name"]: [*one["parameters"]["properties"]] for one in functions}
    found: list[tuple[Json, ...]] = []
    for turn in truth:
        if turn:
            found.append(tuple(_parsed(text, names) for text in turn))
        found.append(())
    return tuple(found)


def _parsed(text: str, names: dict[str, list[str]]) -> Json:
    node = ast.parse(text, mode="eval").body
    assert isinstance(node, ast.Call)
    assert isinstance(node.func, ast.Name)
    given = [*zip(names[node.func.id], node.args, strict=False)]
    given += [(str(keyword.arg), keyword.value) for keyword in node.keywords]
    arguments = {key: ast.literal_eval(value) for key, value in given}
    return {"tool": node.func.id, "arguments": arguments}
