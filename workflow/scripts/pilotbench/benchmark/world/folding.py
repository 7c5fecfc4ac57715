"""Normalise characters that mean the same, without changing the value of a number.

NFKC alone makes `105` of `10⁵` and `12` of `1₂`. Here what is raised or lowered behind a digit
keeps its mark (`10^5`, `1_2`), a fraction keeps its distance (`2½` is `2 1/2`), and a circled digit
beside another digit stays as it is.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

HARD_SPACE = "\u00a0"
"""What a space that does not break, or a thin one, becomes: it may group thousands."""

_HARD = "\u00a0\u202f\u2007\u2009\u200a\u2006\u2005\u2008"
_SAME = {
    **dict.fromkeys("‘’‚‛ʼ＇´", "'"),
    **dict.fromkeys("“”„‟＂", '"'),
    **dict.fromkeys("‐‑−﹣－", "-"),
    **dict.fromkeys(_HARD, HARD_SPACE),
    "⁄": "/",
    "٫": ".",
    "٬": ",",
}
_MARKS = {"<super>": "^", "<sub>": "_"}


def folded(text: str) -> str:
    """Return `text` with equal characters written the same and invisible ones left out."""
    if text.isascii():
        return text
    seen = "".join(char for char in text if unicodedata.category(char) != "Cf")
    return "".join(_pieces(seen))


def _pieces(text: str) -> Iterator[str]:
    before, raised = "", ""
    for place, char in enumerate(text):
        kind = unicodedata.decomposition(char).partition(" ")[0]
        mark = _MARKS.get(kind, "")
        piece = _folded(char, kind, before, text[place + 1 : place + 2])
        if mark and mark != raised and before.isdigit():
            piece = mark + piece
        elif mark != raised:
            mark = ""
        raised = mark
        yield piece
        before = piece[-1:] or before


def _folded(char: str, kind: str, before: str, after: str) -> str:
    """Return one character in the common form; `before` and `after` are its neighbours."""
    if char in _SAME:
        return _SAME[char]
    if unicodedata.category(char) == "Nd":
        return str(unicodedata.decimal(char))
    plain = unicodedata.normalize("NFKC", char)
    if kind == "<fraction>":
        return (" " if before.isdigit() else "") + plain.replace("⁄", "/")
    stands_apart = not (before.isdigit() or after.isdigit())
    if unicodedata.category(char) == "No" and kind not in _MARKS and not stands_apart:
        return char
    return "".join(_SAME.get(one, one) for one in plain)
