"""A rule: from a request to what a service refuses in it, None where it accepts it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pilotbench.simulator.apis.api import Incoming, Problem

Json = dict[str, Any]
Rule = Callable[[Incoming], Problem | None]


def first(problems: Iterable[Problem]) -> Problem | None:
    """Return the first problem."""
    return next(iter(problems), None)


def refused(message: str, param: str | None = None, code: str = "") -> Problem:
    """Return a refusal with the words of a service; `code` is that of OpenAI's form."""
    return Problem(message, param=param, own=code)


def names(text: str) -> list[str]:
    """Return the names in a text."""
    return text.split()


def unknown(body: Mapping[str, Any], allowed: Iterable[str]) -> Iterator[str]:
    """Yield the names that an API does not know."""
    known = set(allowed)
    return (name for name in body if name not in known)


def repeated(names: Iterable[str]) -> Iterator[str]:
    """Yield each name that came before."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield name
        seen.add(name)


def schemas_in(schema: Any) -> Iterator[Json]:
    """Yield a JSON Schema and every schema inside it."""
    if not isinstance(schema, dict):
        return
    yield schema
    for name, value in schema.items():
        if name in ("properties", "$defs", "definitions", "patternProperties"):
            inner = list(value.values()) if isinstance(value, dict) else []
        elif name in ("items", "additionalProperties", "not"):
            inner = [value]
        else:
            inner = value if name in ("anyOf", "oneOf", "allOf") else []
        for one in inner:
            yield from schemas_in(one)
