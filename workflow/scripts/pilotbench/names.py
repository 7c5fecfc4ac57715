"""Names from config become path-safe in one place, and come back the same."""

from __future__ import annotations

import re
from urllib.parse import unquote

_UNSAFE = re.compile(r"[^A-Za-z0-9._+-]|^\.|%")


def to_path(name: str) -> str:
    """Return `name` with every character unfit for a path component percent-encoded in UTF-8."""
    return _UNSAFE.sub(lambda m: "".join(f"%{byte:02X}" for byte in m[0].encode()), name)


def from_path(component: str) -> str:
    """Return the name that `to_path` made `component` from."""
    return unquote(component)
