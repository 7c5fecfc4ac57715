"""The short result table for a terminal; plain lines where the output is not a terminal."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

TITLES = (
    "model",
    "prompt",
    "protocol",
    "finished",
    "success [95 %]",
    "oracle",
    "tokens",
    "USD",
    "owed",
)
LEFT = 3  # columns of words
Row = tuple[str, ...]


def terminal(db_path: Path, settings: Any = None) -> str:
    """Return the table of every model under every prompt.

    It is read from summary/summary.json where that is newer than the database, else counted.
    """
    said = _written(db_path) or _counted(db_path, settings)
    return rendered(_rows(said), said["verdict"], _owed(said))


def _written(db_path: Path) -> dict[str, Any] | None:
    path = db_path.parent / "summary" / "summary.json"
    try:
        if path.stat().st_mtime_ns < db_path.stat().st_mtime_ns:
            return None
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found


def _counted(db_path: Path, settings: Any) -> dict[str, Any]:
    from pilotbench.summary.data import load
    from pilotbench.summary.files import as_json
    from pilotbench.summary.report import report

    return as_json(report(load(db_path, settings)))


def _rows(said: dict[str, Any]) -> list[Row]:
    table = said["tables"].get("model_prompt")
    if table is None:
        return []
    return [_row(dict(zip(table["columns"], row, strict=True))) for row in table["rows"]]


def _row(row: dict[str, Any]) -> Row:
    tokens, done = row.get("tokens_per_episode"), row["completed"] + row["refused"]
    return (
        str(row["model"]),
        str(row["prompt"]),
        str(row["protocol"]),
        f"{row['planned'] - row['owed']:,}/{row['planned']:,}",
        _rate(row),
        _percent(row.get("oracle_ceiling")),
        "–" if tokens is None else f"{tokens * done:,.0f}",
        "–" if row.get("cost_usd") is None else _usd(row["cost_usd"]),
        f"{row['owed']:,}" if row["owed"] else "",
    )


def _rate(row: dict[str, Any]) -> str:
    if row.get("success_rate_all") is None:
        return "–"
    if row["owed"]:
        return f"{100 * row['lower']:.1f} to {100 * row['upper']:.1f} %"
    low, high = row["success_rate_all_low"], row["success_rate_all_high"]
    return f"{100 * row['success_rate_all']:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


def _usd(value: float) -> str:
    from pilotbench.summary.display import usd

    return usd(value)


def _owed(said: dict[str, Any]) -> str:
    owed = said["facts"]["counts"]["owed"]
    return f"{owed:,} episodes are owed; to pay them: {said['facts']['pays']}" if owed else ""


def rendered(rows: list[Row], *lines: str) -> str:
    """Return the table with lines below it; in colour where standard output is a terminal."""
    body = _rich(rows) if sys.stdout.isatty() and "NO_COLOR" not in os.environ else _plain(rows)
    return "\n".join([body, *(line for line in lines if line)])


def _plain(rows: list[Row]) -> str:
    table = [TITLES, *rows]
    widths = [max(len(row[i]) for row in table) for i in range(len(TITLES))]
    return "\n".join(
        "  ".join(
            word.ljust(width) if i < LEFT else word.rjust(width)
            for i, (word, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    )


def _rich(rows: list[Row]) -> str:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(box=None, header_style="dim", pad_edge=False)
    for i, title in enumerate(TITLES):
        table.add_column(escape(title), justify="left" if i < LEFT else "right", no_wrap=i >= LEFT)
    for row in rows:
        table.add_row(*map(escape, row), style="yellow" if row[-1] else "")
    console = Console(force_terminal=True, width=None)
    with console.capture() as capture:
        console.print(table)
    return capture.get().rstrip("\n")
