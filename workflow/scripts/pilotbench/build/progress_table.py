"""The progress of a run as a view: a bar, why it waits, and tables of models, keys and batches."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pilotbench.build import waiting
from pilotbench.build.batches_out import BatchProgress, about, moment
from pilotbench.build.judge_progress import JudgeProgress
from pilotbench.build.progress import KeyProgress, ModelProgress, Watch
from pilotbench.build.progress_bar import Overview, overview, span
from pilotbench.build.waiting import Reason
from pilotbench.ground.terminal_tables import TextColumn, columns, table, terminal_width

_MODELS = ("episodes", "begun", "owed", "shards", "running", "per min", "left", "USD")
_JUDGES = ("verdicts", "begun", "owed", "files", "running", "USD")
_SPARE = ("USD", "owed", "per min", "shards", "files", "begun", "running")
_KEYS = ("in flight", "slots", "per min")
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
    rows = [_model(row) for row in models]
    rows += [_model(total(models), left="")] if len(models) != 1 else []
    found = [table(_named(columns(("model", *_MODELS), _MODELS, _SPARE)), rows, width)]
    if judges:
        head = _named(columns(("judge", *_JUDGES), _JUDGES, _SPARE))
        found.append(table(head, map(_judge, judges), width))
    if keys:
        head = _named(columns(("key", *_KEYS), _KEYS, ("per min", "slots")))
        found.append(table(head, map(_key, keys), width))
    if batches:
        head, now = _batch_columns(), time.time()
        found.append(table(head, (_batch(row, now) for row in batches), width))
    return "\n\n".join(found)


def _batch_columns() -> list[TextColumn]:
    spare = ("out", "promised", "failed", _SAVES, "since", "wave")
    return _named(columns(("batches of", *_BATCHES, *_TIMES, _SAVES), (*_BATCHES, _SAVES), spare))


def _named(head: list[TextColumn]) -> list[TextColumn]:
    """Return the columns; the first one holds names."""
    return [replace(head[0], names=True), *head[1:]]


def live(watch: Watch) -> Callable[[], str]:
    """Return a function that gives the present view, as wide as the terminal behind stderr."""
    return lambda: of(watch, terminal_width(sys.stderr))


def of(watch: Watch, width: int | None) -> str:
    """Return the present view of a watch: the bar, why the run waits, and the tables."""
    return Look.at(watch).text(width)


@dataclass(frozen=True)
class Look:
    """What a watch sees at one time."""

    models: list[ModelProgress]
    keys: list[KeyProgress]
    judges: list[JudgeProgress]
    batches: list[BatchProgress]
    overview: Overview
    reasons: list[Reason]

    @classmethod
    def at(cls, watch: Watch) -> Look:
        """Look now."""
        with watch.looking():
            models, judges, keys = watch.model_rows(), watch.judge_rows(), watch.key_rows()
            batches, owed = watch.batch_rows(), watch.owed()
        catalog = watch.experiment.settings.catalog
        seen = overview(models, judges, [catalog[row.model].provider for row in models])
        is_over = seen.share >= 1
        why = waiting.reasons(keys, owed, batches, time.time(), is_over)
        return cls(models, keys, judges, batches, seen, why)

    def text(self, width: int | None) -> str:
        """Return the view; where there is a `width`, no line is longer."""
        lines = [*self.overview.lines(width), *waiting.lines(self.reasons, width)]
        shown = tables(self.models, self.keys, self.batches, width, self.judges)
        return "\n".join([*lines, "", shown])

    def line(self) -> str:
        """Return the look as one line for a log."""
        return "; ".join([self.overview.line(), *waiting.lines(self.reasons)])


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


def _model(row: ModelProgress, left: str | None = None) -> tuple[str, ...]:
    return (
        row.model,
        f"{row.done}/{row.planned}",
        str(row.begun),
        str(row.owed),
        f"{row.shards_done}/{row.shards}",
        str(row.shards_running),
        f"{row.answer_rate:.1f}",
        _duration(row) if left is None else left,
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
    return key.key, flight, str(key.slots), f"{key.rate:.1f}"


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
    return span(row.left_s)
