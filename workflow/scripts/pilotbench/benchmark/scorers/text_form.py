"""The form in which texts are compared."""

from __future__ import annotations

import re

from pilotbench.benchmark.scorers.wrapping import LONGEST_WRAPPED, WRAPPING, unwrapped
from pilotbench.benchmark.world.folding import folded

_SPACES = re.compile(r"\s+")
_END = ".。!！;；,，、"
_CHOICE = re.compile(r"\(?([A-Za-z0-9])[).:]|\(([A-Za-z0-9])\)")


def normalised(text: str, ignore_case: bool = True) -> str:
    """Return text in one form: characters, white space, quotes, a final mark, a choice's brackets.

    Raised and lowered digits behind a digit stay what they are: `10⁵` is not `105`.
    """
    plain = _SPACES.sub(" ", folded(text)).strip(WRAPPING)
    if len(plain) < LONGEST_WRAPPED:
        plain = unwrapped(plain)
    shorter = plain.rstrip(_END).strip(WRAPPING)
    plain = shorter if len(plain) - len(shorter) <= 1 else plain[:-1].strip(WRAPPING)
    choice = _CHOICE.fullmatch(plain)
    plain = (choice[1] or choice[2]) if choice else plain
    return plain.casefold() if ignore_case else plain
