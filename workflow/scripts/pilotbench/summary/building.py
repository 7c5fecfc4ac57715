"""Build the summary: read the database once, count once, then write every file."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pilotbench.summary import figures, files, markdown, page, reference, rendering, transcripts
from pilotbench.summary.data import Data, load
from pilotbench.summary.figures.base import Source
from pilotbench.summary.report import report


def build(db_path: Path, results: Path, out: Path, settings: Any) -> None:
    """Write the summary of a database to `out`."""
    data = reference.completed(load(db_path, settings), settings, out / reference.CACHE)
    write(data, out)
    transcripts.write(data.shards, db_path, results, out)


def write(data: Data, out: Path) -> None:
    """Write everything but the transcripts; the page last, so that its links lead somewhere."""
    out.mkdir(parents=True, exist_ok=True)
    with rendering.javascript() as script:
        with _frozen():
            told = report(data)
        drawn = figures.figures(Source(data, told.tables, told.episodes, told.uses))
        files.write_csv(told, out / "tables")
        rendering.write(drawn, out / "figures")
        files.write_json(told, drawn, out / "summary.json")
        markdown.write(told, drawn, out / "summary.md")
        page.write(told, drawn, script(), out / "index.html")


@contextmanager
def _frozen() -> Iterator[None]:
    """Spare the frames from the garbage collection that statsmodels runs at every correction."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
