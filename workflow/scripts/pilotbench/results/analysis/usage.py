"""The use of each key, from its requests and its slots; who answered, and how fast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pilotbench.results.analysis.load import SummaryData, number
from pilotbench.results.statistics.usage import KeyLoad, active_spans, load, percentiles


@dataclass(frozen=True)
class KeyUse:
    """One key: its requests and its load over the active time."""

    key: str
    requests: int
    load: KeyLoad
    latency: dict[str, float]
    queued_s: float
    retried: int

    @property
    def utilisation(self) -> float | None:
        """Busy slot-seconds / available slot-seconds."""
        return self.load.utilisation

    @property
    def slots(self) -> float | None:
        """The slots in force, averaged over the active time."""
        return self.load.mean_slots


def key_use(data: SummaryData, bins: int = 160) -> list[KeyUse]:
    """Return the use of every key that paid for an answer to a model, busiest first.

    The active time is the same for all keys: the time with any request in flight, without pauses
    of more than a minute.
    """
    frame = data.requests
    frame = frame[frame["model"].isin(data.model_names)] if len(frame) else frame
    if frame.empty:
        return []
    started, latency = number(frame["started"]), number(frame["latency_s"])
    spans = active_spans(started, started + latency)
    keys = frame["key"].astype(str).to_numpy()
    found = []
    for key in dict.fromkeys(keys):
        mine = keys == key
        found.append(
            KeyUse(
                key=key,
                requests=int(mine.sum()),
                load=load(
                    started[mine],
                    (started + latency)[mine],
                    spans,
                    _slots(frame[mine], data.slots.get(key)),
                    bins,
                ),
                latency=percentiles(latency[mine]),
                queued_s=float(np.nanmean(number(frame["queued_s"])[mine])),
                retried=int((number(frame["attempts"])[mine] > 1).sum()),
            )
        )
    return sorted(found, key=lambda use: -use.load.busy_s)


def _slots(requests: pd.DataFrame, configured: int | None) -> Any:
    """Return the slots in force at each request; those of the config if they are not recorded."""
    said = number(requests["slots"])
    if np.isnan(said).any() and configured is None:
        return None
    return np.where(np.isnan(said), configured or 0, said)


def key_table(uses: list[KeyUse]) -> pd.DataFrame:
    """Return one row per key."""
    return pd.DataFrame(
        [
            {
                "key": use.key,
                "slots": use.slots,
                "requests": use.requests,
                "utilisation": use.utilisation,
                "mean_in_flight": use.load.busy_s / use.load.active_s,
                "most_in_flight": float(use.load.in_flight.max(initial=0.0)),
                "active_s": use.load.active_s,
                "mean_queued_s": use.queued_s,
                "retried_requests": use.retried,
                **{f"latency_{name}_s": value for name, value in use.latency.items()},
            }
            for use in uses
        ]
    )


def latency_table(data: SummaryData) -> pd.DataFrame:
    """Return latency percentiles of the requests of each model."""
    frame = data.requests
    rows = []
    for model in data.model_names:
        chosen = frame[frame["model"] == model] if len(frame) else frame
        if len(chosen):
            mine = number(chosen["latency_s"])
            rows.append({"model": model, "requests": len(mine), **percentiles(mine)})
    return pd.DataFrame(rows)


def served_table(data: SummaryData) -> pd.DataFrame:
    """Return how many episodes each reported name has answered, by model."""
    if data.scored.empty:
        return pd.DataFrame()
    named = data.scored.assign(answered_as=data.scored["model_reported"].fillna("not said"))
    counts = named.groupby(["model", "deployment", "answered_as"], sort=False).size()
    return counts.rename("episodes").reset_index()
