"""What is derived at no cost: database, exports, reference players and summary.

The rules call one function each; after a failed run `refresh` calls all of them, so that finished
episodes are in the tables too.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from pilotbench.ground import atomic_files, job_context, links
from pilotbench.ground.errors import UserError
from pilotbench.matrix.experiment import Experiment
from pilotbench.matrix.fingerprint import Now

MADE = ".made"
REFRESHED = ".refreshed"
STEP_S = 1.0
"""How much newer than the database its mark is: file systems keep times in steps."""
FIGURES = "summary/figures"
"""Made on request, and kept up to date as long as the folder is there."""
INSPECT_LOGS = "inspect"
"""Below `exports/`."""
log = logging.getLogger(__name__)


@contextmanager
def database_errors(database: Path) -> Iterator[None]:
    """Report a disk that is full or not writable as a UserError or OSError about `database`."""
    from pilotbench.results.database import store

    try:
        yield
    except store.FILE_ERRORS as error:
        why = str(error).strip().splitlines()[0]
        raise UserError(f"{database}: cannot be written or read: {why}") from None
    except OSError as error:
        error.filename = error.filename or str(database)
        raise


@contextmanager
def _reading(database: Path) -> Iterator[Path]:
    """Keep a database open, so that everything which reads it shares one catalog of its views."""
    from pilotbench.results.database import queries

    with database_errors(database), queries.opened(database):
        yield database


def update_database(experiment: Experiment) -> Path:
    """Bring `master.duckdb` up to date from shard files and, where there is none, the journal."""
    from pilotbench.episodes.evaluate import replay
    from pilotbench.results import database

    results = experiment.settings.results_dir
    links.check(results, "shards", "verdicts")
    atomic_files.discard_old(results)
    with database_errors(results / "master.duckdb"):
        database.update(
            results,
            experiment.plan,
            experiment.settings,
            replay=lambda shard: replay(experiment, shard),
            now=Now(experiment),
            labels=experiment.labels,
            experiment=experiment,
            log=log.info,
        )
    return results / "master.duckdb"


def write_exports(experiment: Experiment) -> None:
    """Write `master_database.json` and `exports/` from the database."""
    import pilotbench.results.database.export as export
    import pilotbench.results.database.master_json as master_json

    results = experiment.settings.results_dir
    links.check(results, "exports")
    with _reading(results / "master.duckdb") as database:
        master_json.write(database, results / "master_database.json")
        export.write(database, results / "exports")


def write_inspect_logs(experiment: Experiment) -> None:
    """Write the logs for Inspect's viewer from the database and the shard files."""
    from pilotbench.results.database import inspect_logs

    results = experiment.settings.results_dir
    links.check(results, "exports")
    with database_errors(results / "master.duckdb"):
        folder = results / "exports" / INSPECT_LOGS
        folder.mkdir(parents=True, exist_ok=True)
        written = inspect_logs.write(results / "master.duckdb", results, folder)
    log.info("%d logs in %s", written, folder)


def write_summary(experiment: Experiment) -> None:
    """Write `summary/` from the database; `summary.txt` is for the terminal.

    Oracle and random player play those draws of the models that are not in `reference.json` yet.
    """
    from pilotbench.build.progress import Watch  # a command that makes nothing need not load it
    from pilotbench.results import summary
    from pilotbench.results.analysis import reference
    from pilotbench.results.analysis.load import load

    results = experiment.settings.results_dir
    out = results / "summary"
    links.check(results, "summary/tables")
    out.mkdir(parents=True, exist_ok=True)
    width = shutil.get_terminal_size((110, 24)).columns
    batches = [asdict(row) for row in Watch(experiment).batch_rows()]
    with _reading(results / "master.duckdb") as database:
        data = load(database, experiment.settings)
        reference.play_missing(data, experiment.settings, results / reference.NAME)
        summary.build(data, out, batches, experiment.tasks)
        table = summary.terminal(database, width=width)
    atomic_files.write_text(out / "summary.txt", table)


def write_figures(experiment: Experiment) -> None:
    """Write `summary/figures/`: the figures of the page as SVG and PNG files."""
    from pilotbench.results import summary
    from pilotbench.results.analysis.load import load

    results = experiment.settings.results_dir
    links.check(results, FIGURES)
    with _reading(results / "master.duckdb") as database:
        summary.draw(load(database, experiment.settings), results / FIGURES)


def refresh(experiment: Experiment, *, drawn: bool = False) -> None:
    """Bring database, exports, reference players and summary up to date, whatever is finished.

    Snakemake does not know about this. Its record of the last success is therefore invalidated
    first: however this ends, the next run rebuilds database, exports and summary.

    `drawn`: figures were among the results of the run, whose failed job has removed their folder.
    """
    figures = experiment.settings.results_dir / FIGURES
    invalidate(experiment.settings.results_dir)
    if drawn:
        links.check(experiment.settings.results_dir, FIGURES)
        figures.mkdir(parents=True, exist_ok=True)
    database = update_database(experiment)
    later = database.stat().st_mtime + STEP_S
    os.utime(experiment.settings.results_dir / REFRESHED, (later, later))
    write_exports(experiment)
    write_summary(experiment)
    if figures.is_dir():
        write_figures(experiment)


def invalidate(results: Path) -> None:
    """Make the next run rebuild database, exports and summary, whatever their times are.

    A missing output is rebuilt. Where only the database, or what is made from it, is asked for,
    `.refreshed` is a newer input. With outputs in a bucket, the parameter `refreshed` differs from
    the recorded one.
    """
    results.mkdir(parents=True, exist_ok=True)
    (results / MADE).unlink(missing_ok=True)
    atomic_files.write_text(results / REFRESHED, f"{time.time_ns()}\n")


def refreshed(results: Path) -> str | None:
    """Return when database and summary were last written outside of a rule, None if never."""
    try:
        return (results / REFRESHED).read_text().strip()
    except OSError:
        return None


def budget_reached(experiment: Experiment) -> str | None:
    """Return how to continue if `budget_usd` has ended a run, None if it has not."""
    limit = experiment.settings.budget_usd
    if limit is None:
        return None
    from pilotbench.asking.budget import budget_of
    from pilotbench.results.database import queries

    owed = queries.owed(experiment.settings.results_dir / "master.duckdb")
    waiting = int((owed["kind"] == "BudgetSpent").sum())
    if not waiting:
        return None
    budget = budget_of(experiment.settings)
    balance = budget.balance
    budget.close()
    estimate = job_context.read().command.line("python", "-m", "pilotbench", "estimate")
    lost = f" ({balance.lost:.4f} of it for requests whose cost is unknown)" if balance.lost else ""
    return (
        f"budget_usd: {balance.total:.4f} of {limit:g} USD are used{lost}; {waiting} episodes are "
        "unfinished because their next request may cost more than is left; every answer "
        f"received is kept. To continue, allow more, such as --config budget_usd={2 * limit:g}; to "
        f"see what remains: {estimate}"
    )
