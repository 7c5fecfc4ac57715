"""One run asks one text: a file that is edited during the run stops the jobs that would read it.

Each job reads prompts, packs and config itself, so that shards of one cell could ask two texts. The
run therefore passes the hashes of what it has read to its jobs: as parameters of each job, and in
the environment, because a job on a cluster evaluates its parameters again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pilotbench.ground.errors import UserError
from pilotbench.matrix.cells import Cell
from pilotbench.matrix.experiment import Experiment

Texts = Mapping[str, Mapping[str, str]]
LENGTH = 16
"""Characters of a hash in the environment, where the size of a variable is limited."""


def read(experiment: Experiment, cells: Iterable[Cell], known: Texts | None = None) -> Texts:
    """Return what a run has read: the versions of each model, prompt and task of `cells`.

    `known` is what it has read already.
    """
    known = known or {}
    found = {kind: dict(known.get(kind, {})) for kind in ("request", "prompt", "task")}
    for cell in dict.fromkeys(cells):
        versions = experiment.versions(cell)
        for kind, name in _named(cell):
            found[kind][name] = str(versions[kind])[:LENGTH]
    return found


def check(
    experiment: Experiment,
    cell: Cell,
    versions: Mapping[str, Any],
    published: Texts,
) -> None:
    """Raise UserError where this job has read something else than the run."""
    now = experiment.versions(cell)
    changed = [kind for kind, value in now.items() if versions.get(kind, value) != value]
    for kind, name in _named(cell):
        was = published.get(kind, {}).get(name)
        if was is not None and was != str(now[kind])[:LENGTH]:
            changed.append(kind)
    if changed:
        where = ", ".join(_where(experiment, cell, kind) for kind in dict.fromkeys(changed))
        raise UserError(
            f"{where}: changed since this run began; one cell is not asked under two texts: "
            "run again; every answer received is kept"
        )


def _named(cell: Cell) -> tuple[tuple[str, str], ...]:
    return (("request", cell.model), ("prompt", cell.prompt), ("task", cell.task))


def _where(experiment: Experiment, cell: Cell, kind: str) -> str:
    if kind == "prompt":
        return str(experiment.prompts[cell.prompt].source)
    return {"request": f"model_catalog.{cell.model}", "task": f"task {cell.task}"}.get(kind, kind)
