"""Names from config are converted to path components and back in one place.

A name that is too long for a file system, such as a Chinese one of over 28 characters, becomes its
beginning, a `~` and a hash. It is converted back only if this process has seen the name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote

from pilotbench.ground.errors import ConfigError

LONGEST = 255
"""Bytes of a path component."""
_UNSAFE = re.compile(r"[^A-Za-z0-9._+-]|^\.|%")
_DIGITS = 16
_SHORTENED = re.compile(rf"[A-Za-z0-9._+%-]*~[0-9a-f]{{{_DIGITS}}}")
_ROOM = 60
"""A shortened component is at most this much shorter than the longest one allowed, so that no name
that fits looks like one."""
_seen: dict[str, str] = {}


def to_path(name: str, longest: int = LONGEST) -> str:
    """Return `name` with every character unfit for a path component percent-encoded in UTF-8.

    A name that does not fit in `longest` bytes is shortened.
    """
    if longest - _ROOM <= len(name) <= longest and _SHORTENED.fullmatch(name):
        return name  # it came from a path, and its name is unknown here
    whole = _UNSAFE.sub(lambda m: "".join(f"%{byte:02X}" for byte in m[0].encode()), name)
    if len(whole) <= longest:
        return whole
    short = _cut(whole, longest - _DIGITS - 1)
    component = f"{short}~{sha256(name.encode()).hexdigest()[:_DIGITS]}"
    _seen[component] = name
    return component


def from_path(component: str) -> str:
    """Return the name that `to_path` made `component` from; a shortened one only if seen."""
    if _SHORTENED.fullmatch(component):
        return _seen.get(component, component)
    return unquote(component)


def remember(names: Iterable[str]) -> None:
    """Remember names, so that the long ones among them can be converted back."""
    for name in names:
        to_path(name)


def _cut(whole: str, size: int) -> str:
    """Return the longest beginning of at most `size` bytes that ends with a whole character."""
    short = re.sub(r"%.?$", "", whole[:size])
    while unquote(short).endswith("\ufffd") and not unquote(whole).startswith(unquote(short)):
        short = short[:-3]
    return short


def expanded(key: str, text: str) -> Path:
    """Return the path that a config writes under `key`. Raises ConfigError for an unknown user."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise ConfigError(f"{key}: no such user as in {text}") from None
