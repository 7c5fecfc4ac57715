"""The job of one shard, from the values that its script receives to the result file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pilotbench.build import job_allowance, texts
from pilotbench.build.job import logged
from pilotbench.episodes.evaluate import evaluate
from pilotbench.ground import job_context
from pilotbench.matrix.cells import shard_of
from pilotbench.matrix.experiment import load_experiment


def main(
    config: Mapping[str, Any],
    out: str,
    log: str,
    tokens: Mapping[str, int],
    local: bool,
    versions: Mapping[str, Any],
) -> None:
    """Evaluate the shard whose file is `out`; `tokens` are the job's slots by key alias.

    `local`: the job runs on the machine of the run, as its descendant. `versions` are those of the
    cell, as the run has read them.
    """
    file = Path(out)
    results = file.parents[6]
    with logged(Path(log), results):
        loaded, shard = load_experiment(config).at(results), shard_of(file)
        texts.check(loaded, shard.cell, versions, job_context.read().texts)
        evaluate(loaded, shard, file, job_allowance.begin(loaded, shard, tokens, local))
