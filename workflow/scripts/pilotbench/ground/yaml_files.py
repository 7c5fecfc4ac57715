"""YAML as people expect it: the core schema of YAML 1.2, without duplicate keys.

PyYAML reads YAML 1.1, where `1e-5` is text, `010` is 8, `1:30` is 90 and a date is not text. Words
that YAML 1.1 reads as true or false (yes, no, on, off) mean different things to different people:
they are an error unless they are quoted. The C parser is used if available; it is ten times as
fast.
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

import yaml

_BASE: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
_WORDS = ("yes", "no", "on", "off")
REFUSED = yaml.constructor.ConstructorError
"""Valid YAML that is refused all the same."""


class _Loader(_BASE):  # type: ignore[misc]  # one of two classes, chosen above
    """PyYAML's safe loader with the scalars of YAML 1.2."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


def load(text: str) -> Any:
    """Return the value of a YAML text. Raises yaml.YAMLError with the line of the problem."""
    return yaml.load(text, Loader=_Loader)


def load_old(text: str) -> Any:
    """Return the value of a YAML text under YAML 1.1, as the build tool reads it."""
    return yaml.load(text, Loader=_BASE)


def word(text: str) -> Any:
    """Return the value of a word of the command line; what is not YAML is text."""
    try:
        return load(text)
    except (yaml.YAMLError, ValueError, RecursionError):
        return text


def where(error: Exception) -> str:
    """Return the problem of a YAML text as one line that begins with its place."""
    mark = getattr(error, "problem_mark", None)
    problem = str(getattr(error, "problem", None) or error)
    place = f"line {mark.line + 1}: " if mark is not None else ""
    return " ".join(f"{place}{problem}".split())


def _mapping(loader: Any, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
    seen: dict[Any, int] = {}
    for key_node, _ in node.value:
        if not isinstance(key_node, yaml.ScalarNode) or key_node.tag == f"{_TAG}merge":
            continue
        key = loader.construct_object(key_node)
        if key in seen:
            raise _problem(key_node, f"the key {key} is already in line {seen[key]}")
        seen[key] = key_node.start_mark.line + 1
    found: dict[Any, Any] = _BASE.construct_mapping(loader, node, deep=deep)
    return found


def _map(loader: Any, node: yaml.MappingNode) -> Any:
    found: dict[Any, Any] = {}
    yield found
    found.update(_mapping(loader, node))


def _bool(loader: Any, node: yaml.ScalarNode) -> bool:
    text = node.value.lower()
    if text in _WORDS:
        raise _problem(node, f'{node.value}: write true or false, or "{node.value}" in quotes')
    return bool(text == "true")


def _int(loader: Any, node: yaml.ScalarNode) -> int:
    text = node.value.replace("_", "")
    return int(text, 0) if text[:2].lower() in ("0x", "0o") else int(text)


def _float(loader: Any, node: yaml.ScalarNode) -> float:
    text = node.value.lower().replace("_", "")
    return float(text.replace(".inf", "inf").replace(".nan", "nan"))


def _problem(node: yaml.Node, text: str) -> yaml.YAMLError:
    return yaml.constructor.ConstructorError(None, None, text, node.start_mark)


_SCALARS = (
    ("bool", r"true|True|TRUE|false|False|FALSE|(?i:yes|no|on|off)", "tTfFyYnNoO", _bool),
    ("int", r"[-+]?[0-9][0-9_]*|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789", _int),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?"
        r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+.0123456789",
        _float,
    ),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""], None),
    ("merge", r"<<", "<", None),
)

for _name, _pattern, _first, _construct in _SCALARS:
    _Loader.add_implicit_resolver(f"{_TAG}{_name}", re.compile(rf"^(?:{_pattern})$"), list(_first))
    if _construct is not None:
        _Loader.add_constructor(f"{_TAG}{_name}", _construct)
_Loader.add_constructor(f"{_TAG}map", _map)
