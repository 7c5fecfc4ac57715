"""Build the summary: read the database once, count once, then write every file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pilotbench.benchmark.tasks.task import Task
from pilotbench.results.analysis import reference
from pilotbench.results.analysis.load import SummaryData
from pilotbench.results.analysis.model import Report, report
from pilotbench.results.database import store
from pilotbench.results.summary import (
    answer_pages,
    export_files,
    figures,
    page,
    render_figures,
    transcripts,
)
from pilotbench.results.summary.figures.base import Drawings, Source
from pilotbench.results.summary.judged import judged


def build(
    loaded: SummaryData,
    out: Path,
    batches: Sequence[Mapping[str, Any]] = (),
    tasks: Mapping[str, Task] | None = None,
) -> None:
    """Write the summary of a database to `out`."""
    results, db_path = loaded.results, loaded.results / store.NAME
    data = reference.completed(loaded, results / reference.NAME)
    write(replace(data, batches=batches), out)
    names = [] if data.verdicts.empty else [str(path) for path in data.shards["path"]]
    said = judged(db_path, names) if names else {}
    transcripts.write(data.shards, db_path, results, out, said)
    answer_pages.write(data, tasks or {}, db_path, results, out)


def draw(loaded: SummaryData, folder: Path) -> None:
    """Write the figures as SVG and PNG files; remove those of an earlier selection."""
    data = reference.completed(loaded, loaded.results / reference.NAME)
    render_figures.write(_drawn(data)[1], folder)


def write(data: SummaryData, out: Path) -> None:
    """Write everything but transcripts and answers; the page comes last, so that its links work."""
    out.mkdir(parents=True, exist_ok=True)
    with render_figures.javascript() as script:
        made, drawn = _drawn(data)
        export_files.write_csv(made, out / "tables")
        export_files.write_json(made, drawn, out / "summary.json")
        export_files.write_markdown(made, out / "summary.md")
        page.write(made, drawn, script(), out / "index.html")


def _drawn(data: SummaryData) -> tuple[Report, Drawings]:
    made = report(data)
    source = Source(data, made.tables, made.episodes, made.uses, made.costs)
    return made, figures.drawings(source)
