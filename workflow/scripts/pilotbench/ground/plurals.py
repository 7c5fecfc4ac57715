"""A number with its word in the singular or the plural."""

from __future__ import annotations


def counted(number: int, word: str) -> str:
    """Return `1 batch`, `2 batches`, `1,000 requests`."""
    ending = "" if number == 1 else "es" if word.endswith("ch") else "s"
    return f"{number:,} {word}{ending}"
