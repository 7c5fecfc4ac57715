"""The Chinese of the sentences from which pages are generated, in chinese.yaml.

A page is generated with `say=str` in English, and with `say=chinese` in Chinese.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

from pilotbench.ground import yaml_files

FILE = Path(__file__).with_name("chinese.yaml")
Say = Callable[[str], str]
"""Returns an English sentence in the language of a page."""


@cache
def sentences() -> dict[str, str]:
    """Return the Chinese of every sentence by its English."""
    return dict(yaml_files.load(FILE.read_text(encoding="utf-8")))


def chinese(sentence: str) -> str:
    """Return the Chinese of an English sentence. Raises LookupError if it has none."""
    try:
        return sentences()[sentence]
    except KeyError:
        raise LookupError(f"dev/chinese.yaml has no Chinese for: {sentence}") from None
