"""Boxes of a page, measured in the browser: what is cut, what is too wide, what overlaps.

An element may be wider than the page inside a container that scrolls and has the class
`more-right` or `more-left`. Texts of charts lie within their drawing, none on another.
"""

from __future__ import annotations

from pathlib import Path

from browser.conftest import Browser

_SCRIPT = Path(__file__).with_name("boxes.js").read_text(encoding="utf-8")


def cut(page: Browser) -> list[str]:
    """Return what is cut, too wide or overlapping on the page that is open, in words."""
    found: list[str] = page.driver.execute_script(_SCRIPT)
    return found
