"""The progress of models, keys and batches as tables."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence

from pilotbench.build.batches_out import BatchProgress, about, moment
from pilotbench.build.judge_progress import JudgeProgress
from pilotbench.build.progress import KeyProgress, ModelProgress, Watch
from pilotbench.ground.terminal_tables import TextColumn, columns, table, terminal_width
from pilotbench.matrix.experiment import Experiment

_MODELS = ("episodes", "begun", "owed", "shards", "running", "per min", "left", "USD")
_JUDGES = ("verdicts", "begun", "owed", "files", "running", "USD")
_KEYS = ("in flight", "slots", "answers per min")
_BATCHES = ("wave", "out", "answered", "failed")
_TIMES = ("since", "promised")
_SAVES = "saves USD"


def tables(
    models: Sequence[ModelProgress],
    keys: Sequence[KeyProgress],
    batches: Sequence[BatchProgress] = (),
    width: int | None = None,
    judges: Sequence[JudgeProgress] = (),
) -> str:
    """Return one row per model with their total, per judge, key, and model with batches out."""
    rows = [*models, total(models)] if len(models) != 1 else models
    found = [table(columns(("model", *_MODELS), right=_MODELS), map(_model, rows), width)]
    if judges:
        head = columns(("judge", *_JUDGES), right=_JUDGES)
        found.append(table(head, map(_judge, judges), width))
    if keys:
        head = columns(("key", *_KEYS, "state"), right=_KEYS)
        found.append(table(head, map(_key, keys), width))
    if batches:
        head, now = _batch_columns(), time.time()
        found.append(table(head, (_batch(row, now) for row in batches), width))
    return "\n\n".join(found)


def _batch_columns() -> list[TextColumn]:
    return columns(("batches of", *_BATCHES, *_TIMES, _SAVES), right=(*_BATCHES, _SAVES))


def live(experiment: Experiment) -> Callable[[], str]:
    """Return a function that gives the present tables, as wide as the terminal behind stderr."""
    watch = Watch(experiment)
    return lambda: of(watch, terminal_width(sys.stderr))


def of(watch: Watch, width: int | None) -> str:
    """Return the present tables of a watch."""
    rows = watch.model_rows(), watch.key_rows(), watch.batch_rows()
    return tables(*rows, width, watch.judge_rows())


def total(models: Sequence[ModelProgress]) -> ModelProgress:
    """Return the sum of all models."""
    found = ModelProgress("total")
    for row in models:
        for name, value in vars(row).items():
            if name == "recent_s":
                found.recent_s = max(found.recent_s, row.recent_s)
            elif name != "model":
                setattr(found, name, getattr(found, name) + value)
    return found


def _model(row: ModelProgress) -> tuple[str, ...]:
    return (
        row.model,
        f"{row.done}/{row.planned}",
        str(row.begun),
        str(row.owed),
        f"{row.shards_done}/{row.shards}",
        str(row.shards_running),
        f"{row.rate:.1f}",
        _duration(row),
        _usd(row),
    )


def _judge(row: JudgeProgress) -> tuple[str, ...]:
    return (
        row.judge,
        f"{row.done}/{row.planned}",
        str(row.begun),
        str(row.owed),
        f"{row.files_done}/{row.files}",
        str(row.running),
        _usd(row),
    )


def _key(key: KeyProgress) -> tuple[str, ...]:
    flight = "–" if key.in_flight is None else str(key.in_flight)
    return key.key, flight, str(key.slots), f"{key.rate:.1f}", key.state


def _batch(row: BatchProgress, now: float) -> tuple[str, ...]:
    counts = (row.batches, f"{row.done}/{row.requests}", row.failed)
    times = (moment(row.since, now), moment(row.expected, now))
    saves = "–" if row.saves_usd is None else f"~{about(row.saves_usd)}"
    return row.model, "–" if row.wave is None else str(row.wave), *map(str, counts), *times, saves


def _usd(row: ModelProgress | JudgeProgress) -> str:
    if not row.usd_unknown:
        return f"{row.usd:.4f}"
    return f"{row.usd:.4f} + {row.usd_unknown} unknown" if row.usd else "unknown"


def _duration(row: ModelProgress) -> str:
    if row.done >= row.planned:
        return "done"
    if row.left_s is None:
        return "–"
    minutes, seconds = divmod(int(row.left_s), 60)
    return f"{minutes // 60}h{minutes % 60:02d}" if minutes >= 60 else f"{minutes}:{seconds:02d}"
