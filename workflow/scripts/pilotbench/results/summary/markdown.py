"""The summary as Markdown: for a pull request, a terminal, or a diff between two runs."""

from __future__ import annotations

from pathlib import Path

from pilotbench.ground import (atomic_files)
from pilotbench.ground.untrusted_text import (markdown)
from pilotbench.results.summary.formatting import (Grid, grid)
from pilotbench.results.summary.figures.base import (Figure)
from pilotbench.results.summary.page import (environment)
from pilotbench.results.summary.model import (Report)

ROWS = 60
SKIPPED = ("ranking", "cells")


def write(report: Report, figures: list[Figure], path: Path) -> None:
    """Write the summary as Markdown."""
    grids = {
        name: grid(table.frame, report.data, ROWS)
        for name, table in report.tables.items()
        if name not in SKIPPED
    }
    text = (
        environment()
        .get_template("summary.md.j2")
        .render(
            report=report,
            facts=report.facts,
            ranking=report.ranking,
            figures=figures,
            grids={name: lines(found) for name, found in grids.items()},
        )
    )
    atomic_files.write_text(path, text)


def lines(found: Grid) -> str:
    """Return a grid as a Markdown table."""
    rows = [found.titles, *([cell.text for cell in row.cells] for row in found.rows)]
    numeric = [cell.numeric for cell in found.rows[0].cells] if found.rows else []
    rule = "|".join(" ---: " if n else " --- " for n in numeric)
    head, *body = ("| " + " | ".join(markdown(word) for word in row) + " |" for row in rows)
    more = [f"\n{found.more:,} more rows in the CSV file."] if found.more else []
    return "\n".join([head, f"|{rule}|", *body, *more])
