"""The load of the keys and the latency of requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
PAUSE_S = 60.0
PERCENTILES = (50, 90, 95, 99)


def percentiles(values: Any, of: Sequence[float] = PERCENTILES) -> dict[str, float]:
    """Return percentiles as {"p50": …}; linear interpolation (Hyndman-Fan type 7)."""
    values = np.asarray(values, float)
    if values.size == 0:
        return {}
    return {f"p{p:g}": float(v) for p, v in zip(of, np.percentile(values, of), strict=True)}


def active_spans(started: Any, ended: Any, pause_s: float = PAUSE_S) -> list[tuple[float, float]]:
    """Return the spans (Unix s) of activity.

    A span ends if nothing was in flight for more than `pause_s`: nights between two runs
    do not count as idle time.
    """
    started, ended = np.asarray(started, float), np.asarray(ended, float)
    order = np.argsort(started)
    spans: list[tuple[float, float]] = []
    for start, end in zip(started[order], ended[order], strict=True):
        if spans and start - spans[-1][1] <= pause_s:
            spans[-1] = (spans[-1][0], max(spans[-1][1], float(end)))
        else:
            spans.append((float(start), float(end)))
    return spans


@dataclass(frozen=True)
class KeyLoad:
    """Mean number of requests in flight in bins that cover the active time of one key.

    `at` is the active time in s at the middle of each bin: pauses are cut out. `slots` are those in
    force in each bin, None if they are unknown.
    """

    at: Floats
    in_flight: Floats
    slots: Floats | None
    active_s: float
    busy_s: float

    @property
    def mean_slots(self) -> float | None:
        """Slots in force, averaged over the active time."""
        return None if self.slots is None else float(self.slots.mean())

    @property
    def utilisation(self) -> float | None:
        """Busy slot-seconds over available slot-seconds, between 0 and 1."""
        slots = self.mean_slots
        return self.busy_s / (self.active_s * slots) if self.active_s and slots else None


def load(
    started: Any,
    ended: Any,
    spans: Sequence[tuple[float, float]],
    slots: Any = None,
    bins: int = 200,
) -> KeyLoad:
    """Return the load of one key during `spans`, from its requests' start and end (Unix s).

    `slots` are those in force when each request started (one number: at all times). They hold until
    the next request, and the first ones from the beginning.
    """
    cuts = (
        _active_clock(np.asarray(started, float), spans),
        _active_clock(np.asarray(ended, float), spans),
    )
    total = sum(end - start for start, end in spans)
    edges = np.linspace(0, total, bins + 1)
    done = _busy_until(edges, *cuts)
    width = total / bins if total else 1.0
    allowed = None
    if slots is not None and total:
        levels = np.broadcast_to(np.asarray(slots, float), cuts[0].shape)
        allowed = np.diff(_steps_until(edges, cuts[0], levels)) / width
    return KeyLoad(
        (edges[:-1] + edges[1:]) / 2, np.diff(done) / width, allowed, total, float(done[-1])
    )


def _steps_until(edges: Floats, starts: Floats, levels: Floats) -> Floats:
    """Return the integral up to each edge of the level that the last start before it has set."""
    order = np.argsort(starts, kind="stable")
    begins, levels = np.concatenate([[0.0], starts[order][1:]]), levels[order]
    before = np.concatenate([[0.0], np.cumsum(levels[:-1] * np.diff(begins))])
    at = np.searchsorted(begins, edges, side="right") - 1
    until: Floats = before[at] + levels[at] * (edges - begins[at])
    return until


def _active_clock(times: Floats, spans: Sequence[tuple[float, float]]) -> Floats:
    """Return active seconds elapsed at each Unix time."""
    clock = np.zeros_like(times)
    for start, end in spans:
        clock += np.clip(times, start, end) - start
    return clock


def _busy_until(edges: Floats, started: Floats, ended: Floats) -> Floats:
    """Return request-seconds spent up to each edge: sum of min(edge, end) - min(edge, start)."""
    return _sum_of_min(edges, ended) - _sum_of_min(edges, started)


def _sum_of_min(edges: Floats, times: Floats) -> Floats:
    times = np.sort(times)
    before = np.searchsorted(times, edges)
    sums = np.concatenate([[0.0], np.cumsum(times)])
    return sums[before] + edges * (times.size - before)
