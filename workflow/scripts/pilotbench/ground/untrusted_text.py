"""Text that models and providers wrote: shown, never executed, never trusted.

Control characters and marks that change the direction of writing become visible, long text is cut
with a mark. HTML is escaped when it is written (autoescape); CSV cells that a spreadsheet would
read as a formula get an apostrophe.
"""

from __future__ import annotations

import re
from typing import Any

LIMIT = 400
CELL_LIMIT = 30_000  # characters; spreadsheets hold 32,767 in a cell
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_DIRECTION = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_HIDDEN = re.compile(
    f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2028\u2029\ufeff{_DIRECTION}\ud800-\udfff]"
)
_PUNCTUATION = re.compile(r"([^\w\s]|_)")
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|#~$!])")


def visible(text: Any, limit: int = LIMIT) -> str:
    """Return text with invisible characters made visible, cut at `limit` characters."""
    words = str(text)
    cut = f"… ({len(words):,} characters)" if len(words) > limit else ""
    return _HIDDEN.sub(_picture, words[:limit]) + cut


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return f"⟨U+{code:04X}⟩"


def csv_safe(value: Any) -> Any:
    """Return a CSV cell that no spreadsheet executes and every one can hold; numbers are unchanged.

    A carriage return becomes the two characters `\\r`: unquoted it would start a new row.
    """
    if not isinstance(value, str):
        return value
    text = value if len(value) <= CELL_LIMIT else visible(value, CELL_LIMIT)
    is_formula = text.lstrip(" ").startswith(_FORMULA)
    return ("'" if is_formula else "") + text.replace("\r", "\\r")


def markdown(text: Any, limit: int = LIMIT) -> str:
    """Return text that Markdown shows as it is, on one line."""
    return _MARKDOWN.sub(r"\\\1", visible(text, limit).replace("\n", " "))


def restructured_text(text: Any, limit: int = LIMIT) -> str:
    """Return text that reStructuredText shows as it is, as one paragraph."""
    words = " ".join(visible(text, limit).split())
    return _PUNCTUATION.sub(r"\\\1", words)
