"""One figure of a speed table."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]


def at_least(name: str, value: float, unit: str, bar: float, **more: Any) -> Row:
    """Return a row that holds where `value` is `bar` or more; `more` is said beside it."""
    return _row(name, value, unit, bar, value >= bar, "at least", more)


def at_most(name: str, value: float, unit: str, bar: float, **more: Any) -> Row:
    """Return a row that holds where `value` is `bar` or less."""
    return _row(name, value, unit, bar, value <= bar, "at most", more)


def told(name: str, value: float, unit: str, **more: Any) -> Row:
    """Return a row without a bar: a figure that others are read against."""
    return _row(name, value, unit, None, True, "", more)


def _row(
    name: str, value: float, unit: str, bar: float | None, holds: bool, sense: str, more: Row
) -> Row:
    rounded = round(value, 3)
    row = {"name": name, "value": rounded, "unit": unit, "bar": bar, "holds": bool(holds)}
    return {**row, "sense": sense, **more}
