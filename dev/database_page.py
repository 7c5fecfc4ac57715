"""Write the tables of docs/database.md from the schema: `python -m dev.database_page`.

The part above the mark is written by hand; a test keeps the rest up to date.
"""

from __future__ import annotations

from pathlib import Path

from pilotbench.results.database.checks import CHECKS
from pilotbench.results.database.schema import TABLES, Column
from pilotbench.results.database.views import VIEWS
from pilotbench.results.metrics import METRICS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "database.md"
MARK = "<!-- from here on written by: python -m dev.database_page -->\n"


def page(before: str) -> str:
    """Return the page: the part of `before` above the mark, and the tables."""
    return before.split(MARK)[0] + MARK + tables()


def tables() -> str:
    """Return checks, views and stored tables as Markdown."""
    lines = ["## What is checked", ""]
    lines += ["At the end of every update. If a check fails, the old database is kept.", ""]
    lines += [*(f"- {says}" for says in CHECKS), "", *_metrics(), "## Views", ""]
    for view in VIEWS.values():
        lines += _section(view.name, view.says, view.columns)
    lines += [
        "## Stored tables",
        "",
        "The views use these tables of the schema `store`.",
        "",
    ]
    for table in TABLES.values():
        says = f"{table.says} Key: {', '.join(table.key)}."
        if table.name in VIEWS:
            says += f" Columns as in the view{_beyond(table.name)}."
        lines += _section(f"store.{table.name}", says, () if table.name in VIEWS else table.columns)
    return "\n".join(lines)


def _metrics() -> list[str]:
    """Return the table of every metric with its formula."""
    rows = [f"| `{m.name}` | {m.unit} | {m.says} | `{m.sql}` |" for m in METRICS]
    return [
        "## Metrics",
        "",
        "Each number of the results is declared once, in `pilotbench/results/metrics.py`: SQL over "
        "the episodes of a group, or over other metrics and `owed`. Database, summary and "
        "`where-from` use the same SQL.",
        "",
        *("| metric | unit | | SQL |", "|---|---|---|---|"),
        *rows,
        "",
    ]


def _beyond(name: str) -> str:
    """Return the columns that the stored table has in addition to its view."""
    shown = {column.name for column in VIEWS[name].columns}
    more = [c for c in TABLES[name].columns if c.name not in shown]
    return "".join(f", and `{c.name}` ({c.type}): {c.says.rstrip('.')}" for c in more)


def _section(name: str, says: str, columns: tuple[Column, ...]) -> list[str]:
    rows = [f"| `{c.name}` | {c.type} | {c.says} |" for c in columns]
    head = ["| column | type | |", "|---|---|---|"] if rows else []
    return [f"### {name}", "", says, "", *head, *rows, *([""] if rows else [])]


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
