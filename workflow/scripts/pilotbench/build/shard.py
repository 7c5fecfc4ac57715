"""The job of one shard, from what the build tool tells its script to the result file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pilotbench.asking.asker import KeyAllowance
from pilotbench.build import texts
from pilotbench.build.job import Halt, logged, stop_on_signal
from pilotbench.episodes.evaluate import evaluate
from pilotbench.ground import job_context, notices
from pilotbench.matrix.cells import shard_of
from pilotbench.matrix.experiment import load_experiment
from pilotbench.matrix.key_routing import home_key


def main(
    config: Mapping[str, Any],
    out: str,
    log: str,
    tokens: Mapping[str, int],
    local: bool,
    versions: Mapping[str, Any],
) -> None:
    """Evaluate the shard whose file is `out`; `tokens` are the job's slots by key alias.

    `local` says that the job runs on the machine of the run, as its descendant. `versions` are
    those of its cell, as the build has read them.
    """
    file = Path(out)
    results = file.parents[6]
    with logged(Path(log), results):
        loaded, shard = load_experiment(config).at(results), shard_of(file)
        key, told = home_key(loaded.settings, shard), job_context.read()
        texts.check(loaded, shard.cell, versions, told.texts)
        if told.notices is not None:
            notices.begin(Path(told.notices))
        stop = Halt(stop_on_signal(), Path(told.asking) if told.asking else None)
        allowance = KeyAllowance(
            key=key,
            tokens=tokens[key],
            borrow=local,
            slots=told.slots,
            parent=told.parent() if local else None,
            stop=stop,
            proven=told.proven,
            halt=stop.halt,
        )
        evaluate(loaded, shard, file, allowance if told.may_ask else None)
