"""One figure of a speed table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

from dev.bench.job import BenchJob, Measured

Row = dict[str, Any]


def at_least(name: str, value: float, unit: str, bar: float, **more: Any) -> Row:
    """Return a row that holds where `value` is `bar` or more; `more` is said beside it."""
    return _row(name, value, unit, bar, value >= bar, "at least", more)


def at_most(name: str, value: float, unit: str, bar: float, **more: Any) -> Row:
    """Return a row that holds where `value` is `bar` or less."""
    return _row(name, value, unit, bar, value <= bar, "at most", more)


def utilised(
    name: str, found: Sequence[Measured], job: BenchJob, whole: float, window: float
) -> Iterator[Row]:
    """Yield a job's two figures against their bars, medians of its runs, and what its draws allow.

    Both are at most 1; the first counts start and end of the command, the second does not.
    """
    more = {"shard_size": job.shard_size, "runs": len(found)}
    first, second = (median(one.utilisation for one in found), median(one.of_list for one in found))
    yield at_least(f"{name}: utilisation with start-up", first, "", whole, **more)
    yield at_least(f"{name}: of the list schedule", second, "", window, **more)
    allowed = median(one.ceiling for one in found)
    yield without_bar(f"{name}: utilisation of the list schedule itself", allowed, "", **more)


def without_bar(name: str, value: float, unit: str, **more: Any) -> Row:
    """Return a row without a bar: a figure that others are read against."""
    return _row(name, value, unit, None, True, "", more)


def number(value: float) -> str:
    """Return a number with three digits that count."""
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:.3g}"


def _row(
    name: str, value: float, unit: str, bar: float | None, holds: bool, sense: str, more: Row
) -> Row:
    rounded = round(value, 3)
    row = {"name": name, "value": rounded, "unit": unit, "bar": bar, "holds": bool(holds)}
    return {**row, "sense": sense, **more}
