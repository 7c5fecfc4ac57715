"""A reply as text, and the hash by which labels name it."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def text_of(answer: Any) -> str:
    """Return a reply as text: JSON where it is no text, as the argument of `finish` may be."""
    if isinstance(answer, str):
        return answer
    return "" if answer is None else json.dumps(answer, ensure_ascii=False, sort_keys=True)


def sha256_of(text: str) -> str:
    """Return the SHA-256 of a reply as labels name it: of its UTF-8 bytes, in hex."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
