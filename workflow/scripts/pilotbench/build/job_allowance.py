"""What a job may use of the keys, and the notices that it writes to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pilotbench.asking.asker import KeyAllowance
from pilotbench.build.job import Halt, stop_on_signal
from pilotbench.ground import job_context, notices
from pilotbench.matrix.experiment import Experiment
from pilotbench.matrix.key_routing import home_key
from pilotbench.matrix.verdict_shards import Asked


def begin(
    experiment: Experiment, asked: Asked, tokens: Mapping[str, int], local: bool
) -> KeyAllowance | None:
    """Return what the job of `asked` may use, None where nothing may be requested.

    `tokens` are the job's slots by key alias. `local`: the job runs on the machine of the run, as
    its descendant.
    """
    context, key = job_context.read(), home_key(experiment.settings, asked)
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
    return allowance if context.may_ask else None
