"""A run's budget from start to end: what the matrix has cost, and what to do when it is spent.

The bound itself is held by budget.py: every request reserves its part before it is sent.
"""

from __future__ import annotations

from collections.abc import Iterable

from pilotbench.asking.journal import Journal, journal_folder
from pilotbench.asking.journal.unusable import Unusable
from pilotbench.asking.keys.budget import Budget, check_bounded, cost
from pilotbench.asking.keys.key_client import budget_of
from pilotbench.episodes.shard_file import read_header
from pilotbench.ground import job_context
from pilotbench.ground.canonical_json import digest
from pilotbench.ground.errors import RecordError
from pilotbench.matrix.cells import Shard
from pilotbench.matrix.experiment import Experiment
from pilotbench.providers.provider import Tokens

_begun: list[Budget] = []
"""The budget of this process's run: open as long as the process lives."""


def begin(experiment: Experiment, shards: Iterable[Shard]) -> None:
    """Start the ledger of `budget_usd` from what the matrix has cost so far.

    The first job of a run does so for all of them: it reads every shard of the plan.
    `shards` are those that are about to be evaluated. Raises ConfigError where a bound in USD
    cannot hold for one of their models.
    """
    if experiment.settings.budget_usd is None:
        return
    for model in dict.fromkeys(shard.cell.model for shard in shards):
        check_bounded(experiment.settings.catalog[model])
    budget = budget_of(experiment.settings)
    while _begun:
        _begun.pop().close()
    _begun.append(budget)
    budget.begin(
        lambda: sum(spent(experiment, shard) for shard in experiment.plan.shards),
        afresh=not experiment.settings.journal_dir.exists(),
        run=_run(),
    )


def _run() -> str | None:
    """Return what tells the run of this process from all others; None where no run is told."""
    began = job_context.told().began
    return None if began is None else digest(dict(began))[:32]


def spent(experiment: Experiment, shard: Shard) -> float:
    """Return what the answers of a shard cost, in USD at the prices of the config.

    Those that could not be used count too, as far as their tokens are known.
    """
    model = experiment.settings.catalog[shard.cell.model]
    path = experiment.settings.results_dir / "shards" / shard.path
    try:
        header = read_header(path) if path.exists() else None
        tokens = header and Tokens(**header["tokens"]) + Unusable.in_header(header).tokens
    except RecordError:
        tokens = None
    return cost(model.price, tokens or _journaled(experiment, shard))


def _journaled(experiment: Experiment, shard: Shard) -> Tokens:
    model = experiment.settings.catalog[shard.cell.model]
    journal = Journal(experiment.settings.journal_dir, journal_folder(model, shard.cell))
    answers = journal.read(shard.first, shard.last)
    counts = (
        Tokens.from_json(record["asked"]["completion"]["tokens"])
        for record in answers.records()
        if record.get("index") in shard.indices
    )
    unusable = Unusable.of(answers.failures).tokens
    return sum((known for known in counts if known is not None), unusable)


def reached(experiment: Experiment) -> str | None:
    """Return how to go on where `budget_usd` has ended a run, None where it has not."""
    limit = experiment.settings.budget_usd
    if limit is None:
        return None
    from pilotbench.results.database import queries

    owed = queries.owed(experiment.settings.results_dir / "master.duckdb")
    waiting = int((owed["kind"] == "BudgetSpent").sum())
    if not waiting:
        return None
    budget = budget_of(experiment.settings)
    book = budget.book
    budget.close()
    lost = f" ({book.lost:.4f} of it for requests whose cost is unknown)" if book.lost else ""
    return (
        f"budget_usd: {book.total:.4f} of {limit:g} USD are used{lost}; {waiting} episodes are "
        "unfinished because their next request may cost more than is left; what was answered is "
        f"kept. To go on, allow more, such as --config budget_usd={2 * limit:g}; to see what "
        "remains: python -m pilotbench estimate"
    )
