"""The job of one shard, from the values that its script receives to the result file."""

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

    `local`: the job runs on the machine of the run, as its descendant. `versions` are those of the
    cell, as the run has read them.
    """
    file = Path(out)
    results = file.parents[6]
    with logged(Path(log), results):
        loaded, shard = load_experiment(config).at(results), shard_of(file)
        key, context = home_key(loaded.settings, shard), job_context.read()
        texts.check(loaded, shard.cell, versions, context.texts)
        if context.notices is not None:
            notices.begin(Path(context.notices))
        stop = Halt(stop_on_signal(), Path(context.asking) if context.asking else None)
        allowance = KeyAllowance(
            key=key,
            tokens=tokens[key],
            borrow=local,
            slots=context.slots,
            parent=context.parent() if local else None,
            stop=stop,
            proven=context.proven,
            halt=stop.halt,
        )
        evaluate(loaded, shard, file, allowance if context.may_ask else None)
