"""The job of one model's batch lane: it ends when its shards can be evaluated, or to be continued.

It ends with success where nothing more can be batched, and with an exit code of its own where
batches are out: the shards of the model then wait for the next run. What it does is in a file
beside its log, for the views of this run and for `status`.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pilotbench.asking.asker import KeyAllowance, prove
from pilotbench.asking.batches.lane import BatchLane
from pilotbench.build import batches_out, texts
from pilotbench.build.batch_lanes import Ranges, unpacked
from pilotbench.build.batches_out import EXIT_CODE, FAILED, OUT, OVER, StateFile
from pilotbench.build.job import Halt, logged, stop_on_signal
from pilotbench.build.progress import Watch
from pilotbench.episodes.spending import spent
from pilotbench.episodes.waves import Standing, Waves
from pilotbench.ground import job_context, notices
from pilotbench.ground.job_context import JobContext
from pilotbench.matrix.cells import Shard
from pilotbench.matrix.experiment import Experiment, load_experiment
from pilotbench.matrix.key_routing import home_key


def main(config: Mapping[str, Any], over: str, log: str, model: str, shards: Ranges) -> None:
    """Ask what `shards` of a model need in batches; write the file `over` if nothing is left."""
    results = Path(log).parents[2]  # with object storage, the copies on this machine
    with logged(Path(log), results):
        loaded, context = load_experiment(config).at(results), job_context.read()
        wanted = list(unpacked(shards))
        for cell in dict.fromkeys(shard.cell for shard in wanted):
            texts.check(loaded, cell, {}, context.texts)
        if context.notices is not None:
            notices.begin(Path(context.notices))
        _discard_marks(Path(over))
        standing = _run(loaded, model, wanted, context) if wanted else Standing(is_over=True)
        if not standing.is_over:
            if not context.proven:  # a workflow that imports this one says nothing at its end
                print(_out_line(loaded, model, context.command.to_finish()), file=sys.stderr)
            sys.exit(EXIT_CODE)
        Path(over).parent.mkdir(parents=True, exist_ok=True)
        Path(over).touch()


def _out_line(loaded: Experiment, model: str, command: str) -> str:
    """Return the line about the batches of a model that are out."""
    out = [row for row in Watch(loaded).batch_rows() if row.model == model]
    return batches_out.line([model], loaded.settings.results_dir, out, command)


def _run(loaded: Experiment, model: str, shards: Sequence[Shard], context: JobContext) -> Standing:
    halt = Halt(stop_on_signal(), Path(context.asking) if context.asking else None)
    stop, pay = _Stop(halt, context.parent()), partial(spent, loaded)
    allowance = KeyAllowance(
        key=home_key(loaded.settings, shards[0]),
        tokens=1,
        borrow=True,
        slots=context.slots,
        parent=stop.parent,
        stop=stop,
        proven=context.proven,
        halt=halt.halt,
    )
    state = StateFile(loaded.settings.results_dir, model, context.run)

    def watch(standing: Standing) -> None:
        state.update(wave=standing.wave, later=len(standing.later))

    try:
        if not context.proven:
            prove(loaded, shards, pay)
        with BatchLane(loaded, model, allowance, pay) as lane:
            waves = Waves(loaded, model, shards, lane, say=_say, watch=watch, stopped=stop.is_set)
            standing = waves.run()
    except BaseException:
        state.update(ended=FAILED)
        raise
    state.update(ended=OVER if standing.is_over else OUT)
    return standing


class _Stop:
    """Whether the job has to stop: by a signal, with its run, or since its parent is gone."""

    def __init__(self, halt: Halt, parent: int) -> None:
        self._halt, self.parent = halt, parent

    def is_set(self) -> bool:
        return self._halt.is_set() or os.getppid() != self.parent


def _say(line: str) -> None:
    notices.say(f"{line} {time.time()}", line)


def _discard_marks(over: Path) -> None:
    """Remove the marks of this model that earlier runs have left."""
    for mark in over.parent.glob("*"):
        if mark.stem == over.stem:
            mark.unlink(missing_ok=True)
