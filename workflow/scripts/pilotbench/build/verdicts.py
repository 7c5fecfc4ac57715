"""The job of one file of verdicts, from the values that its script receives to the file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pilotbench.build import job_allowance
from pilotbench.build.job import logged
from pilotbench.episodes.judging import judge
from pilotbench.episodes.judging.verdict_file import FOLDER
from pilotbench.ground.errors import UserError
from pilotbench.matrix.experiment import Experiment, load_experiment
from pilotbench.matrix.verdict_shards import SINGLES, VerdictShard, verdict_shard_of


def main(
    config: Mapping[str, Any],
    out: str,
    log: str,
    tokens: Mapping[str, int],
    local: bool,
    versions: Mapping[str, Any],
) -> None:
    """Judge what the file `out` is about; `tokens` are the job's slots by key alias.

    `local`: the job runs on the machine of the run, as its descendant. `versions` are those of the
    verdicts, as the run has read them.
    """
    file = Path(out)
    levels = 8 if file.parents[7].name == FOLDER and file.parents[6].name == SINGLES else 9
    results, path = file.parents[levels], file.relative_to(file.parents[levels - 1])
    with logged(Path(log), results):
        loaded, shard = load_experiment(config).at(results), verdict_shard_of(path)
        _check(loaded, shard, versions)
        judge.evaluate(loaded, shard, file, job_allowance.begin(loaded, shard, tokens, local))


def _check(experiment: Experiment, shard: VerdictShard, versions: Mapping[str, Any]) -> None:
    """Raise UserError where this job has read something else than the run."""
    if experiment.verdict_versions(shard) != versions:
        raise UserError(
            f"task {shard.cell.task}, judge {shard.judge}: changed since this run began; replies "
            "are not judged under two rubrics: run again; every answer received is kept"
        )
