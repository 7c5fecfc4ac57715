"""The forms of a call that are not one JSON object: those that families of models were trained on.

Each function reads the text after a tag and returns calls as values that `reading.call_of` takes.
None means that the text does not have this form; NotACallError that it has, but is no call. The
table of families is in docs/benchmark_3.md.
"""

from __future__ import annotations

import ast
import json
import re
from typing import Any

from pilotbench.providers.protocols.reading import (
    ANSWER,
    FINISH,
    Json,
    NotACallError,
    Tools,
    decoded,
    decoded_at,
    tool_name,
)

LONGEST_PYTHON = 20_000
NAME = r"[A-Za-z_][\w.\-]{0,99}"

_BETWEEN = (
    r"(?:\s|```\w*|\(|\[CALL_ID\]\w{1,40}|\[ARGS\]|<\|tool_call_argument_begin\|>"
    r"|<[|｜]tool[▁_]sep[|｜]>|<\|constrain\|>\w*|<\|channel\|>\w*|<\|message\|>|json\b)"
)
NAMED = re.compile(
    rf"\s*(?:function<[|｜]tool[▁_]sep[|｜]>)?(?P<name>(?:functions\.)?{NAME})(?::\d+)?{_BETWEEN}*+"
    r"(?=\{)"
)
"""A name, what stands between name and arguments, and then an object (Mistral, Kimi, DeepSeek)."""

ELEMENT = rf"<(?:[|｜]?\w{{1,20}}[:|｜])?(?:function|invoke)(?:=|\s+name=)[\"']?{NAME}[\"']?\s*>"
"""The opening tag of a call as an XML element (Qwen3-Coder, Llama, MiniMax, DeepSeek 3.2)."""
_LAST_NAME = re.compile(rf"[=\"']({NAME})[\"']?\s*>\Z")
_PARAMETER = re.compile(
    r"<(?:[|｜]?\w{1,20}[:|｜])?parameter(?:=|\s+name=)[\"']?(?P<key>[^\"'>\n]{1,100})[\"']?"
    r"(?P<rest>[^>\n]{0,40})>(?P<value>.*?)"
    r"(?:</(?:[|｜]?\w{1,20}[:|｜])?parameter>|(?=<(?:[|｜]?\w{1,20}[:|｜])?parameter[=\s])|\Z)",
    re.DOTALL,
)
_PAIRS = re.compile(rf"\s*(?P<name>{NAME})\s*(?=<arg_key>|\Z)")
_PAIR = re.compile(
    r"\s*<arg_key>(?P<key>.*?)</arg_key>\s*"
    r"<arg_value>(?P<value>.*?)(?:</arg_value>|(?=<arg_key>)|\Z)\s*",
    re.DOTALL,
)
PYTHON = re.compile(rf"\s*+\[?\s*+{NAME}\s*+\(")
_BRACES = re.compile(rf"\s*call:\s*(?P<name>{NAME})\s*(?=\{{)")
_QUOTE = re.compile(r'<\|"\|>|<escape>')
_BARE_KEY = re.compile(r"([{,]\s*)([A-Za-z_]\w*)\s*:")


def element_name(opening: str) -> str:
    """Return the tool that `<function=name>` or `<invoke name="name">` calls."""
    found = _LAST_NAME.search(opening)
    return tool_name(found[1]) if found else ""


def element(opening: str, inside: str, tools: Tools) -> list[Json]:
    """Read `<function=name>` or `<invoke name="name">` with its parameters."""
    name = element_name(opening)
    if _PARAMETER.sub("", inside).strip():
        raise NotACallError(f"the call of {name} has text instead of parameters"[:200])
    return [_named(name, _parameters(name, inside, tools))]


def _parameters(name: str, inside: str, tools: Tools) -> Json:
    found: Json = {}
    for one in _PARAMETER.finditer(inside):
        value = one["value"].removeprefix("\n").removesuffix("\n")
        is_text = 'string="true"' in one["rest"]
        found[one["key"].strip()] = value if is_text else typed(value, name, one["key"], tools)
    return found


def pairs(inside: str, tools: Tools) -> list[Json] | None:
    """Read a name followed by pairs of `<arg_key>` and `<arg_value>` (GLM)."""
    head = _PAIRS.match(inside)
    if head is None:
        return None
    name, at = tool_name(head["name"]), head.end()
    found: Json = {}
    while at < len(inside):
        one = _PAIR.match(inside, at)
        if one is None or one.end() == at:
            raise NotACallError(f"the call of {name} has an argument without a value"[:200])
        found[one["key"].strip()] = typed(one["value"], name, one["key"], tools)
        at = one.end()
    return [_named(name, found)] if found or name in tools else None


def typed(text: str, tool: str, key: str, tools: Tools) -> Any:
    """Return a value written without quotes: JSON of a type that the tool takes, or text."""
    schema = (tools.get(tool) or {}).get("properties", {}).get(key.strip(), {})
    kinds = _kinds(schema)
    if kinds == {"string"}:
        return text
    try:
        value = _WORDS[text.strip()] if text.strip() in _WORDS else decoded(text)
    except NotACallError:
        return text
    return value if not kinds or _kind(value) & kinds else text


_WORDS = {"True": True, "False": False, "None": None}


def _kinds(schema: Json) -> set[str]:
    """Return the JSON types that a schema takes; empty where it does not say."""
    kinds = schema.get("type")
    if kinds is None:
        return set().union(*(_kind(value) for value in schema.get("enum") or ()))
    return {kinds} if isinstance(kinds, str) else set(kinds)


def _kind(value: Any) -> set[str]:
    """Return the JSON types that a value has."""
    if isinstance(value, bool):
        return {"boolean"}
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return {"integer", "number"}
    names = {str: "string", float: "number", list: "array", dict: "object"}
    return {names.get(type(value), "null")}


def braces(inside: str) -> list[Json] | None:
    """Read `call:name{key:<|"|>text<|"|>,n:1}` (Gemma 4, FunctionGemma)."""
    head = _BRACES.match(inside)
    if head is None:
        return None
    try:
        value, _ = decoded_at(inside, head.end())
    except NotACallError:
        value, _ = decoded_at(_quoted(inside[head.end() :]), 0)
    return [_named(head["name"], value)]


def _quoted(text: str) -> str:
    """Return as JSON: texts between marks get quotes, and so do keys."""
    parts = _QUOTE.split(text)
    return "".join(
        json.dumps(part) if place % 2 else _BARE_KEY.sub(r'\1"\2":', part)
        for place, part in enumerate(parts)
    )


def python(inside: str, tools: Tools, alone: bool) -> list[Json] | None:
    """Read calls as Python writes them: `[name(key=1)]` (Llama, Gemma, Olmo, LFM).

    Where they are not marked but `alone`, the first must be of an offered tool.
    """
    try:
        calls = _python_calls(inside.strip())
    except NotACallError:
        if alone:
            return None
        raise
    return None if alone and calls[0]["name"] not in tools else calls


def _python_calls(text: str) -> list[Json]:
    if len(text) > LONGEST_PYTHON:
        raise NotACallError("Python of more than 20,000 characters")
    try:
        statements = ast.parse(_ESCAPE.sub(_escaped, text)).body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise NotACallError("not a Python call") from None
    return [_python_call(node) for statement in statements for node in _calls(statement)]


_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)


def _escaped(found: re.Match[str]) -> str:
    """Return an escape that Python knows, or two backslashes: it warns of unknown ones."""
    return found[0] if found[1] and found[1] in "\\'\"nrtbfuUx\n" else "\\\\" + found[1]


def _calls(statement: ast.stmt) -> list[ast.Call]:
    """Return the calls of a line: one, a list of them, or those that are printed."""
    value = statement.value if isinstance(statement, ast.Expr) else None
    if isinstance(value, ast.Call) and _function(value) == "print":
        nodes: list[ast.expr] = value.args
    else:
        nodes = value.elts if isinstance(value, ast.List | ast.Tuple) else [value] if value else []
    found = [node for node in nodes if isinstance(node, ast.Call)]
    if not nodes or len(found) < len(nodes):
        raise NotACallError("Python that is more than calls")
    return found


def _function(node: ast.Call) -> str:
    """Return the name of the function; a namespace before it and `.call` after it do not count."""
    function = node.func
    if isinstance(function, ast.Attribute) and function.attr == "call":
        function = function.value
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _python_call(node: ast.Call) -> Json:
    name = _function(node)
    if name == FINISH and len(node.args) == 1 and not node.keywords:
        return _named(name, {ANSWER: _value(node.args[0])})
    if node.args or not all(keyword.arg for keyword in node.keywords):
        raise NotACallError(f"the call of {name} has arguments without names"[:200])
    return _named(name, {str(keyword.arg): _value(keyword.value) for keyword in node.keywords})


_CONSTANTS = {"true": True, "false": False, "null": None}


def _value(node: ast.expr) -> Any:
    """Return the JSON value of a literal. Raises NotACallError."""
    match node:
        case ast.Constant(value=str() | bool() | int() | float() | None as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_value(item) for item in items]
        case ast.Dict(keys=keys, values=values) if all(
            isinstance(key, ast.Constant) and isinstance(key.value, str) for key in keys
        ):
            names = [key.value for key in keys if isinstance(key, ast.Constant)]
            return dict(zip(map(str, names), map(_value, values), strict=True))
        case ast.Name(id=word) if word in _CONSTANTS:
            return _CONSTANTS[word]
    raise NotACallError("an argument is no literal")


def _named(name: str, arguments: Any) -> Json:
    return {"name": name, "arguments": arguments}
