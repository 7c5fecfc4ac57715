"""What is derived for free: database, exports and summary, each from the one before.

The rules call one function each; after a failed run `refresh` calls all three, so that what was
finished is in the tables too.
"""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

from pilotbench.fingerprint import Now
from pilotbench.matrix import Matrix

log = logging.getLogger(__name__)


def update_database(matrix: Matrix) -> Path:
    """Bring `master.duckdb` up to date from shard files and, where there is none, the journal."""
    from pilotbench import database
    from pilotbench.evaluate import replay

    results = matrix.settings.results_dir
    database.update(
        results,
        matrix.plan,
        matrix.settings,
        replay=lambda shard: replay(matrix, shard),
        now=Now(matrix),
        log=log.info,
    )
    return results / "master.duckdb"


def write_exports(matrix: Matrix) -> None:
    """Write `master_database.json` and `exports/` from the database."""
    import pilotbench.database.export as export
    import pilotbench.database.master_json as master_json

    results = matrix.settings.results_dir
    master_json.write(results / "master.duckdb", results / "master_database.json")
    export.write(results / "master.duckdb", results / "exports")


def write_summary(matrix: Matrix) -> None:
    """Write `summary/` from the database; `summary.txt` is the table for the terminal."""
    from pilotbench import summary

    results = matrix.settings.results_dir
    out = results / "summary"
    out.mkdir(parents=True, exist_ok=True)
    summary.build(results / "master.duckdb", results, out, matrix.settings)
    width = shutil.get_terminal_size((110, 24)).columns
    (out / "summary.txt").write_text(summary.terminal(results / "master.duckdb", width=width))


def refresh(matrix: Matrix) -> None:
    """Bring database, exports and summary up to date, whatever is finished."""
    update_database(matrix)
    write_exports(matrix)
    write_summary(matrix)
