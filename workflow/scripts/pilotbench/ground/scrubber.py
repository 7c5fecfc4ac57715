"""Secrets are removed from text of others: known ones in any form, and whatever looks like one."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from html import escape
from itertools import pairwise
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "***"
_SHORTEST = 4  # a shorter "secret" is a placeholder, and masking it would garble every text
_DISTINCT, _LONG = 8, 16
"""From these lengths a secret is not a word: one with mixed case or digits, and any."""
_PATTERNS = (
    re.compile(r"(?<=://)[^/\s@]+(?=@)"),
    re.compile(r"(?i)(?<=bearer )[^\s\"',]+"),
    re.compile(r"(?<=[Bb]asic )(?=\S*[A-Z0-9=])[A-Za-z0-9+/=]{8,}"),
    re.compile(r"\bsk-[A-Za-z0-9_-]{8,}"),
)


_KNOWN = re.compile(r"(?<![A-Za-z0-9])(?:sk-|gsk_|xai-|nvapi-|hf_|r8_|AIza)([A-Za-z0-9_-]{16,})")
_RUN = re.compile(r"[A-Za-z0-9]{16,}")
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_LONG_HEX = 20
_CHANGES = 0.45
"""Changes between small letters, capitals and digits, by character: 0.4 in a name such as
OpenaiApiKeyForTesting, 0.65 in a key."""


def looks_secret(text: str, known: bool = False) -> bool:
    """Return whether `text` looks like an API key, so that it must not be shown.

    A key has a long run of letters and digits that no name has. With `known` True it also has to
    begin as the keys of a well-known service do.
    """
    if known:
        return any(_is_random(rest) for rest in _KNOWN.findall(text))
    return bool(_KNOWN.search(text)) or any(map(_is_random, _RUN.findall(text)))


def _is_random(text: str) -> bool:
    """Return whether letters and digits alternate as in no name: mixed classes, or long hex."""
    kinds = ["d" if sign.isdigit() else "u" if sign.isupper() else "l" for sign in text]
    changes = sum(one != next_one for one, next_one in pairwise(kinds))
    is_hex = len(text) >= _LONG_HEX and _HEX.fullmatch(text) is not None and len(set(kinds)) > 1
    return is_hex or changes >= _CHANGES * len(text)


class Scrubber:
    """Removes known secrets, and whatever looks like one, from texts that others wrote."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = [secret for secret in secrets if len(secret) >= _SHORTEST]
        self._forms = _forms(known)
        # An answer of a model is changed for a secret alone, never for a placeholder ("EMPTY").
        own = [secret for secret in known if _is_distinct(secret)]
        self._own = _forms(own)
        self._escaped = [_escaped(secret) for secret in own]

    def __repr__(self) -> str:
        return f"Scrubber({len(self._forms)} forms)"

    def scrub(self, text: str) -> str:
        """Return `text` with every secret masked, and what looks like one."""
        for form in self._forms:
            text = text.replace(form, MASK)
        text = self._without_escapes(text)
        for pattern in _PATTERNS:
            text = pattern.sub(MASK, text)
        return text

    def line(self, text: str, limit: int = 300) -> str:
        """Return `text` scrubbed, as one line of at most `limit` characters."""
        flat = " ".join(self.scrub(text).split())
        return flat if len(flat) <= limit else f"{flat[: limit - 3]}..."

    def answer(self, value: Any) -> Any:
        """Return the JSON of an answer with the known secrets masked and nothing else changed."""
        if not self._own:
            return value
        whole: list[Any] = [value]
        todo: list[tuple[Any, Any]] = [(whole, 0)]
        while todo:  # no recursion: an answer may be nested as deeply as a service likes
            holder, key = todo.pop()
            part = holder[key]
            if isinstance(part, str):
                holder[key] = self._masked(part)
            elif isinstance(part, dict):
                holder[key] = {self._masked(str(name)): inner for name, inner in part.items()}
                todo += [(holder[key], name) for name in holder[key]]
            elif isinstance(part, list):
                holder[key] = list(part)
                todo += [(holder[key], place) for place in range(len(part))]
        return whole[0]

    def _masked(self, text: str) -> str:
        for form in self._own:
            text = text.replace(form, MASK)
        return self._without_escapes(text)

    def _without_escapes(self, text: str) -> str:
        if "\\" in text:  # JSON within text may write each character as an escape
            for pattern in self._escaped:
                text = pattern.sub(MASK, text)
        return text


def _is_distinct(secret: str) -> bool:
    mixed = any(sign.isdigit() for sign in secret) or secret.lower() != secret != secret.upper()
    return len(secret) >= _LONG or (len(secret) >= _DISTINCT and mixed)


def _forms(secrets: Iterable[str]) -> list[str]:
    """Return the forms in which a service may repeat a secret, the longest first."""
    forms: set[str] = set()
    for secret in secrets:
        forms |= {secret, quote(secret, safe=""), quote(secret), quote_plus(secret)}
        forms |= {escape(secret), json.dumps(secret)[1:-1], secret.encode().hex()}
        forms |= set(_in_base64(secret.encode()))
    return sorted((form for form in forms if len(form) >= _SHORTEST), key=len, reverse=True)


def _in_base64(secret: bytes) -> Iterator[str]:
    """Yield what base64 of any text that holds `secret` has in common, by its place in the text."""
    for offset in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            whole = encode(b"\0" * offset + secret).decode()
            first, last = -(-offset * 4 // 3), (offset + len(secret)) * 4 // 3
            if last - first >= _DISTINCT:
                yield whole[first:last]


def _escaped(secret: str) -> re.Pattern[str]:
    """Return a pattern of `secret` with any of its characters written as an escape of JSON."""
    signs = (rf"(?:\\{{0,4}}{re.escape(sign)}|\\{{1,4}}u00{ord(sign):02x})" for sign in secret)
    return re.compile("".join(signs), re.IGNORECASE)
