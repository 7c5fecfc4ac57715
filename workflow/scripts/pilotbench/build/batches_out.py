"""What the batch lanes are doing: the batches that are out, and how the last job of a lane ended.

The first is in the journal, since it outlives runs; the second in a file of each model beside its
log, which the job of the lane writes and every view reads.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pilotbench.asking.batches.lane import OutBatch, batches_out
from pilotbench.ground import atomic_files, job_context
from pilotbench.ground.path_names import from_path, to_path
from pilotbench.ground.plurals import counted
from pilotbench.matrix.config import Settings
from pilotbench.matrix.experiment import Experiment

EXIT_CODE = os.EX_TEMPFAIL
"""The exit code of a job, and of a run, that only waits for batches: 75."""
FOLDER = "logs/batches"
"""Below the results folder: the logs and states of the batch lanes."""
WEEK_S = 6 * 86_400.0
FAILED, OUT, OVER = "failed", "out", "over"


@dataclass(frozen=True)
class LaneState:
    """What the last job of a model's batch lane was doing.

    `run` is the process id of its run, `wave` the number of waves that it has submitted, `later`
    the requests that there is no room for now. `ended` is empty while it works, or if it was
    killed.
    """

    run: int | None
    wave: int = 0
    later: int = 0
    ended: str = ""


class StateFile:
    """The file with the state of a lane. A state that cannot be written stops nothing."""

    def __init__(self, results: Path, model: str, run: int | None) -> None:
        self._file = results / FOLDER / f"{to_path(model)}.json"
        self._state: LaneState | None = None
        self._run = run
        self.update()

    def update(self, **changes: int | str) -> None:
        """Change some fields."""
        state = replace(self._state or LaneState(self._run), **changes)  # type: ignore[arg-type]
        if state != self._state:
            self._state = state
            with suppress(OSError):
                self._file.parent.mkdir(parents=True, exist_ok=True)
                atomic_files.write_text(self._file, json.dumps(asdict(state)))


@dataclass
class BatchProgress:
    """The batches of one model that are out, as the service counted their requests last.

    `wave` is None unless a job of this machine works on them now. `since` and `expected` are Unix
    times in s: when the oldest was submitted, and when the service ends the last at the latest.
    `saves_usd` is about what they cost less than online, None if that is unknown.
    """

    model: str
    wave: int | None
    batches: int
    requests: int
    done: int
    failed: int
    since: float
    expected: float
    saves_usd: float | None = None


def rows(experiment: Experiment) -> list[BatchProgress]:
    """Return a row for each model with batches in the journal, whether it is selected or not.

    A batch belongs to the entry of model_catalog that collects it: one with its provider and
    deployment, preferably a selected one, and of these the one that has submitted it. One that no
    entry collects has the name of these two.
    """
    known, found = states(experiment.settings.results_dir), dict[str, list[OutBatch]]()
    for batch in batches_out(experiment.settings.journal_dir):
        found.setdefault(_collector(batch, experiment.settings), []).append(batch)
    return [_row(model, out, known.get(model)) for model, out in found.items()]


def states(results: Path) -> dict[str, LaneState]:
    """Return what the last job of each batch lane was doing, by model."""
    found = {}
    for file in sorted((results / FOLDER).glob("*.json")):
        with suppress(OSError, ValueError, TypeError):
            found[from_path(file.stem)] = LaneState(**json.loads(file.read_text()))
    return found


def only_wait(results: Path, run: int | None) -> bool:
    """Return whether each batch lane of a run has ended well or waits for batches."""
    ended = [state.ended for state in states(results).values() if state.run == run]
    return bool(ended) and set(ended) <= {OUT, OVER}


def line(models: Collection[str], results: Path, out: Sequence[BatchProgress], command: str) -> str:
    """Return a line about what is `out` and when to run again; empty if nothing is.

    `models` are those of the run, with the states of their lanes in `results`: it collects no
    batches of others.
    """
    out = [row for row in out if row.model in models]
    waiting = {
        name: state.later
        for name, state in states(results).items()
        if name in models and state.ended == OUT and state.later
    }
    if out:
        return f"{_out(out, time.time())}: {command}"
    if waiting:
        count, names = counted(sum(waiting.values()), "request"), ", ".join(waiting)
        return (
            f"{count} of {names} wait until there is room for their batches; run again: {command}"
        )
    return ""


def uncollected(experiment: Experiment) -> list[str]:
    """Return notes about batches that are out and that no entry of model_catalog collects."""
    catalog = experiment.settings.catalog
    return [
        f"{counted(row.batches, 'batch')} out at {row.model} (provider/deployment) with "
        f"{counted(row.requests, 'request')}: no entry of model_catalog has these two, so nothing "
        "collects what is paid for"
        for row in rows(experiment)
        if row.model not in catalog
    ]


def _collector(batch: OutBatch, settings: Settings) -> str:
    lane = (batch.provider, batch.deployment)
    for entries in (settings.models, settings.catalog):
        names = [name for name, one in entries.items() if (one.provider, one.deployment) == lane]
        if names:
            return batch.model if batch.model in names else names[0]
    return "/".join(lane)


def _row(model: str, out: Sequence[OutBatch], state: LaneState | None) -> BatchProgress:
    works = state is not None and not state.ended and job_context.alive(state.run or 0)
    return BatchProgress(
        model=model,
        wave=state.wave if works and state is not None else None,
        batches=len(out),
        requests=sum(batch.requests for batch in out),
        done=sum(batch.done for batch in out),
        failed=sum(batch.failed for batch in out),
        since=min(batch.since for batch in out),
        expected=max(batch.expected for batch in out),
    )


def _out(out: Sequence[BatchProgress], now: float) -> str:
    batches, requests = (sum(getattr(row, n) for row in out) for n in ("batches", "requests"))
    answered = sum(row.done + row.failed for row in out)
    are = "is" if batches == 1 else "are"
    again = max(now, *(_estimate(row, now) or row.expected for row in out))
    since, promised = min(row.since for row in out), max(row.expected for row in out)
    return (
        f"{counted(batches, 'batch')} {are} out, run again after {moment(again, now)} "
        f"({counted(requests, 'request')} to {', '.join(row.model for row in out)}, {answered} "
        f"answered so far; submitted {moment(since, now)}, promised by {moment(promised, now)}"
        f"{_saving(out)})"
    )


def _saving(out: Sequence[BatchProgress]) -> str:
    """Return about what batches save, as far as it is known."""
    known = [row.saves_usd for row in out if row.saves_usd is not None]
    return f"; they save about {about(sum(known))} USD" if known else ""


def about(usd: float) -> str:
    """Return an estimate in USD with as many digits as it deserves."""
    return f"{usd:,.0f}" if usd >= 100 else f"{usd:.2g}"


def _estimate(row: BatchProgress, now: float) -> float | None:
    """Return when a model's batches end at their pace so far, None if there is none."""
    over = row.done + row.failed
    if not over:
        return None
    return min(row.expected, row.since + (now - row.since) * row.requests / over)


def moment(at: float, now: float) -> str:
    """Return the time of day, with its day unless it is today."""
    day = "%a " if abs(at - now) < WEEK_S else "%d %b "
    form = "%H:%M" if time.localtime(at)[:3] == time.localtime(now)[:3] else f"{day}%H:%M"
    return time.strftime(form, time.localtime(at))
