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
from pilotbench.results.analysis.model import report
from pilotbench.results.summary import (
    answer_pages,
    export_files,
    figures,
    page,
    render_figures,
    transcripts,
)
from pilotbench.results.summary.figures.base import Source
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


def write(data: SummaryData, out: Path) -> None:
    """Write everything but transcripts and answers; the page comes last, so that its links work."""
    out.mkdir(parents=True, exist_ok=True)
    with render_figures.javascript() as script:
        with _frozen():
            made = report(data)
        drawn = figures.drawings(Source(data, made.tables, made.episodes, made.uses, made.costs))
        export_files.write_csv(made, out / "tables")
        render_figures.write(drawn, out / "figures")
        export_files.write_json(made, drawn, out / "summary.json")
        export_files.write_markdown(made, drawn, out / "summary.md")
        page.write(made, drawn, script(), out / "index.html")


@contextmanager
def _frozen() -> Iterator[None]:
    """Exclude the frames from the garbage collection that statsmodels runs at every correction."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
