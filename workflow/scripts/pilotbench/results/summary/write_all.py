"""Build the summary: read the database once, count once, then write every file."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pilotbench.benchmark.tasks.task import Task
from pilotbench.results.analysis import reference
from pilotbench.results.analysis.load import SummaryData, load
from pilotbench.results.analysis.model import Report, report
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
    db_path: Path,
    results: Path,
    out: Path,
    settings: Any,
    batches: Sequence[Mapping[str, Any]] = (),
    tasks: Mapping[str, Task] | None = None,
) -> None:
    """Write the summary of a database to `out`."""
    data = reference.completed(load(db_path, settings), results / reference.NAME)
    write(replace(data, batches=batches), out)
    names = [] if data.verdicts.empty else [str(path) for path in data.shards["path"]]
    said = judged(db_path, names) if names else {}
    transcripts.write(data.shards, db_path, results, out, said)
    answer_pages.write(data, tasks or {}, db_path, results, out)


def draw(db_path: Path, results: Path, folder: Path, settings: Any) -> None:
    """Write the figures of a database as SVG and PNG files to `folder`."""
    write_figures(reference.completed(load(db_path, settings), results / reference.NAME), folder)


def write_figures(data: SummaryData, folder: Path) -> None:
    """Write the figures, and remove those of an earlier selection."""
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
    with _frozen():
        made = report(data)
    source = Source(data, made.tables, made.episodes, made.uses, made.costs)
    return made, figures.drawings(source)


@contextmanager
def _frozen() -> Iterator[None]:
    """Exclude the frames from the garbage collection that statsmodels runs at every correction."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
