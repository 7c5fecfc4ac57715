"""One canonical JSON form and one hash, used wherever bytes decide an identity."""

from __future__ import annotations

import hashlib
import json
from typing import Any

# Made once: json.dumps makes an encoder a call, a third of the time for short values.
_encode = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
).encode


def canonical(value: Any) -> str:
    """Return `value` as JSON with sorted keys, no spaces and no NaN."""
    return _encode(value)


def digest(value: Any) -> str:
    """Return the SHA-256 hex digest of the canonical JSON of `value`."""
    return hashlib.sha256(canonical(value).encode("utf-8", "surrogatepass")).hexdigest()


def unit_interval(*words: Any) -> float:
    """Return a number in [0, 1) that depends on `words` alone (SHA-256, 53 bits)."""
    head = hashlib.sha256(canonical(list(words)).encode("utf-8", "surrogatepass")).digest()[:8]
    return (int.from_bytes(head, "big") >> 11) / (1 << 53)
