"""Format frames for the page: few columns, joined intervals, readable numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pilotbench.benchmark.scenarios.levels import LEVELS
from pilotbench.ground.untrusted_text import visible
from pilotbench.matrix.axes import NAMES
from pilotbench.results.analysis.load import SummaryData
from pilotbench.results.metrics import METRICS, shown_in

RATES = {
    *(metric.name for metric in METRICS if metric.unit == "share"),
    *(
        "oracle_ceiling",
        "random_floor",
        "utilisation",
        "harmful",
        "followed",
        "corrected",
        "not_reached",
        "same_under_optimal",
    ),
    *("same_under_baseline", "share_between"),
    *("verdict_rate", "sensitivity", "specificity", "same", "consistent", "prefers_first_shown"),
    "rating",
    *(task for task in LEVELS if task not in ("horizon", "workflow")),
    *("injections_followed", "fitted"),
}
USD = {*(metric.name for metric in METRICS if metric.unit == "USD"), "unusable_usd", "paid_usd"}
POINTS = {"difference", "excess_over_optimal"}
PLAIN = {"mean", "change", "alpha", "ratio"}
"""Numbers on a scale of their own, with their interval."""
HIDDEN = {
    *(metric.name for metric in shown_in("tables") if "page" not in metric.shown),
    *("low", "high", "at_ceiling", "at_floor", "repeats", "told_apart"),
    *("completed", "refused", "owed", "not_applicable"),
    *("horizon", "horizon_kind", "horizon_cores", "horizon_owed"),
}
BESIDE = (
    "_low",
    "_high",
    "_lower",
    "_upper",
    "_difference",
    "_p_holm",
)  # shown in the column that they belong to
TITLES = {
    **{metric.name: metric.heading for metric in METRICS},
    "tool_success_rate": "tool rate",
    "planned": "finished",
    "horizon_says": "horizon (N)",
    "unusable": "unusable answers",
    "unusable_usd": "USD for them",
    "paid_usd": "USD paid",
    "oracle_ceiling": "oracle",
    "random_floor": "random",
    "p_holm": "p (Holm)",
    "p_models_alike": "p (models alike)",
    "verdict_rate": "by verdicts",
    "needed": "more labels",
    "same": "agreement",
    "right_right": "both right",
    "right_wrong": "judge right, people wrong",
    "wrong_right": "judge wrong, people right",
    "wrong_wrong": "both wrong",
    "n": "instances",
    "differ": "differ",
    "detectable": "detectable",
}


@dataclass(frozen=True)
class ShownCell:
    """One cell of a table on a page: its text, its sort key and its alignment."""

    text: str
    sort: Any
    numeric: bool = False


@dataclass(frozen=True)
class ShownRow:
    """One row: cells, and the words that the page filters by."""

    cells: list[ShownCell]
    words: dict[str, str]


@dataclass(frozen=True)
class ShownTable:
    """A table for a page: titles, rows, and the number of further rows in the CSV file."""

    titles: list[str]
    rows: list[ShownRow]
    more: int = 0


def grid(frame: pd.DataFrame, data: SummaryData, limit: int = 400) -> ShownTable:
    """Return the frame as a page shows it, at most `limit` rows."""
    names = [n for n in frame.columns if not hidden(n, frame, data)]
    rows = [
        ShownRow([shown(name, row, data) for name in names], _words(row))
        for row in frame.head(limit).to_dict("records")
    ]
    return ShownTable([title(n) for n in names], rows, max(0, len(frame) - limit))


def title(name: str) -> str:
    """Return a column's heading."""
    return TITLES.get(name, name.replace("_", " "))


def hidden(name: str, frame: pd.DataFrame, data: SummaryData | None = None) -> bool:
    """Return whether a page omits a column; bounds are shown in the column of their score."""
    if data is not None and name in data.meaningless:
        return True
    if name in HIDDEN or name.endswith(BESIDE):
        return True
    if name in ("success_rate_all", "difference") and "lower" in frame:
        return bool(frame["lower"].isna().all())
    return bool(frame[name].isna().all() or (frame[name] == "").all())


def _words(row: dict[Any, Any]) -> dict[str, str]:
    return {word: str(row[word]) for word in NAMES if row.get(word) not in (None, "")}


def shown(name: str, row: dict[Any, Any], data: SummaryData | None) -> ShownCell:
    """Return one cell; rates include their interval, finished episodes the planned ones."""
    value = row[name]
    if name == "planned" and "completed" in row:
        return ShownCell(finished(row), row["planned"], numeric=True)
    if name == "prompt" and data is not None:
        return ShownCell(data.label(str(value)), str(value))
    if value is None or value is pd.NA or value != value:
        bounds = _worst_cases(name, row)
        sort = short(float(row["lower"])) if bounds and "lower" in row else ""
        return ShownCell(bounds or "–", sort, numeric=name not in NAMES)
    if isinstance(value, str):
        return ShownCell(visible(value), visible(value))
    if isinstance(value, bool):
        return ShownCell("yes" if value else "no", int(value))
    limits = _limits(name, row)
    return ShownCell(number(name, float(value)) + limits, short(float(value)), numeric=True)


def short(value: float) -> float:
    """Return a number to seven digits, to keep the page small."""
    return float(f"{value:.7g}")


def _limits(name: str, row: dict[Any, Any]) -> str:
    low: Any
    high: Any
    low, high = (
        (row.get("low"), row.get("high"))
        if name == "difference"
        else (row.get(f"{name}_low"), row.get(f"{name}_high"))
    )
    if name in USD and low is not None and low == low:
        bounded = high is not None and high == high
        return f" [{usd(low)}, {usd(high)}]" if bounded else f" [{usd(low)} or more]"
    if low is None or high is None or low != low or high != high:
        return ""
    if name in PLAIN:
        return f" [{number(name, float(low))}, {number(name, float(high))}]"
    return f" [{100 * low:.1f}, {100 * high:.1f}]"


def finished(row: Any) -> str:
    """Return completed / planned, with the refused, owed and not applicable ones."""
    more = [
        f"{int(row[key]):,} {word}"
        for key, word in (("refused", "refused"), ("owed", "owed"), ("not_applicable", "n/a"))
        if row.get(key) and row[key] == row[key]
    ]
    words = f"{int(row['completed']):,}/{int(row['planned']):,}"
    return f"{words} ({', '.join(more)})" if more else words


def number(name: str, value: float) -> str:
    """Return a number as text, by the kind of its column."""
    if name in RATES or name.startswith(("pass@", "pass^")):
        return f"{100 * value:.1f} %"
    if name in POINTS:
        return f"{100 * value:+.1f}"
    if name == "detectable":
        return f"{100 * value:.1f}"
    if name == "alpha":
        return f"{value:.2f}"
    if name in ("p", "p_holm", "p_models_alike"):
        return "< 0.001" if value < 0.001 else f"{value:.3f}"
    if name in USD:
        return usd(value)
    if name == "change":
        return f"{value:+,.0f}" if abs(value) >= 1000 else f"{value:+,.3g}"
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.3g}"


def usd(value: float) -> str:
    """Return an amount in USD with its significant digits."""
    if value == 0:
        return "$0"
    return (
        f"${value:,.2f}" if value >= 0.1 else f"${value:.2g}" if value >= 1e-4 else f"${value:.1e}"
    )


def rate(row: Any, name: str = "success_rate_all") -> str:
    """Return a rate with its interval, its bounds if episodes are owed, or a dash."""
    value = row.get(name)
    if value is None or value != value:
        return _worst_cases(name, dict(row)) or "–"
    return f"{100 * value:.1f} %{_limits(name, dict(row))}"


def _worst_cases(name: str, row: dict[Any, Any]) -> str:
    """Return what replaces a missing score or difference: its bounds, "" without them."""
    low, high = row.get(f"{name}_lower"), row.get(f"{name}_upper")
    if name in ("success_rate_all", "difference"):
        low, high = row.get("lower"), row.get("upper")
    if low is None or high is None or low != low or high != high:
        return ""
    if name in PLAIN:
        return f"{number(name, float(low))} to {number(name, float(high))}"
    if name in POINTS:
        return f"{100 * low:+.1f} to {100 * high:+.1f}"
    return f"{100 * low:.1f} to {100 * high:.1f} %"


def joined(words: Iterable[str]) -> str:
    """Return words joined as in a sentence."""
    *rest, last = list(words) or [""]
    return f"{', '.join(rest)} and {last}" if rest else last
