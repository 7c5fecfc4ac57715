"""Values as JSON, between a program that is not trusted and its tests.

What is decoded is made of exact built-in types only, never of classes that the other side defines:
an object that claims to be equal to everything does not arrive as one.
"""

from __future__ import annotations

import datetime
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

DEEPEST = 200
_SAFE = 1 << 53
_DATES = {c.__name__: c for c in (datetime.datetime, datetime.date, datetime.time)}
_SEQUENCES: dict[str, Any] = {c.__name__: c for c in (list, tuple, set, frozenset, deque)}
_MAPPINGS: dict[str, Any] = {c.__name__: c for c in (dict, Counter, OrderedDict)}
_FACTORIES: dict[str, Any] = {c.__name__: c for c in (int, float, str, list, dict, set, tuple)}
_NUMBERS: dict[str, Any] = {
    "int": lambda text: int(text, 16),
    "float": float,
    "complex": complex,
    "Fraction": Fraction,
    "Decimal": Decimal,
}


class NotPlain(ValueError):
    """A value that cannot be sent, or was not sent by our own code."""


Keep = Callable[[Any], Any]
"""Return the JSON that stands for an object which is no plain value. Raises NotPlain."""
Find = Callable[[Any], Any]
"""Return the object that such JSON stands for. Raises NotPlain."""


def encoded(value: Any, keep: Keep, depth: int = 0) -> Any:
    """Return a value as JSON. Raises NotPlain."""
    if depth > DEEPEST:
        raise NotPlain("a value nests too deeply")
    if value is None or value is True or value is False:
        return value
    if getattr(type(value), "__module__", "") == "numpy" and getattr(value, "shape", None) == ():
        value = value.item()
    kind = _kind(value)
    if isinstance(value, bool):
        return bool(value)
    if kind is str:
        return str.__str__(value)
    if kind is int:
        return int(value) if -_SAFE < value < _SAFE else ["int", hex(value)]
    if kind in (float, complex, Fraction, Decimal):
        return [kind.__name__, repr(kind(value)) if kind in (float, complex) else str(value)]
    if kind in (bytes, bytearray):
        return [kind.__name__, bytes(value).hex()]
    if kind.__name__ in _SEQUENCES:
        return [kind.__name__, [encoded(one, keep, depth + 1) for one in value]]
    if kind.__name__ in _MAPPINGS or kind is defaultdict:
        pairs = [[encoded(part, keep, depth + 1) for part in pair] for pair in value.items()]
        factory = value.default_factory if kind is defaultdict else None
        return [kind.__name__, pairs, getattr(factory, "__name__", None)]
    if kind is range:
        return ["range", [value.start, value.stop, value.step]]
    if kind is datetime.timedelta:
        return ["timedelta", [value.days, value.seconds, value.microseconds]]
    if kind.__name__ in _DATES:
        return [kind.__name__, value.isoformat()]
    return ["kept", keep(value)]


def _kind(value: Any) -> Any:
    """Return the plain type that a value is sent as, its own type if it is sent by reference."""
    own = type(value)
    for kind in (str, int, float, complex, tuple):
        if issubclass(own, kind):
            return kind
    if own is defaultdict and value.default_factory not in (None, *_FACTORIES.values()):
        return dict
    known = (*_SEQUENCES.values(), *_MAPPINGS.values(), defaultdict, bytes, bytearray, range)
    dates = (*_DATES.values(), datetime.timedelta)
    return own if own in (*known, *dates, Fraction, Decimal) else object


def decoded(value: Any, find: Find) -> Any:
    """Return the value of a JSON. Raises NotPlain for what `encoded` does not write."""
    try:
        return _decoded(value, find)
    except NotPlain:
        raise
    except (TypeError, ValueError, ArithmeticError, RecursionError, LookupError) as error:
        raise NotPlain(f"not a plain value: {type(error).__name__}") from None


def _decoded(value: Any, find: Find) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    kind, content, *more = value
    if kind == "kept":
        return find(content)
    if kind in _NUMBERS:
        return _NUMBERS[kind](content)
    if kind in ("bytes", "bytearray"):
        return (bytes if kind == "bytes" else bytearray).fromhex(content)
    if kind in _SEQUENCES:
        return _SEQUENCES[kind](_decoded(one, find) for one in content)
    if kind in _MAPPINGS or kind == "defaultdict":
        pairs = {_decoded(key, find): _decoded(one, find) for key, one in content}
        if kind == "defaultdict":
            return defaultdict(_FACTORIES.get(more[0]), pairs)
        return _MAPPINGS[kind](pairs)
    if kind == "range":
        return range(*map(int, content))
    if kind == "timedelta":
        return datetime.timedelta(*map(int, content))
    return _DATES[kind].fromisoformat(content)


def written_back(old: Any, new: Any) -> None:
    """Make `old` what `new` is, in place where both are containers of one type."""
    if type(old) is not type(new):
        return
    if isinstance(old, list | deque):
        for place, one in enumerate(list(old)):
            if place < len(new) and _is_container(one) and type(one) is type(new[place]):
                written_back(one, new[place])
                new[place] = one
        old.clear()
        old.extend(new)
    elif isinstance(old, dict):
        for key, one in old.items():
            if key in new and _is_container(one) and type(one) is type(new[key]):
                written_back(one, new[key])
                new[key] = one
        old.clear()
        old.update(new)
    elif isinstance(old, set):
        old.clear()
        old.update(new)
    elif isinstance(old, bytearray):
        old[:] = new


def _is_container(value: Any) -> bool:
    return isinstance(value, list | deque | dict | set | bytearray)
