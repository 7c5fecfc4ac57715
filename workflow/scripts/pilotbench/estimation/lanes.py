"""Estimate hours: those of the busiest lane, since lanes do not wait for each other.

A lane is all keys of a provider or, with routing by_prompt, one key. It takes the sum of its
latencies divided by its slots, but at least its longest episode and what rpm, tpm and the limits
that earlier runs learned allow.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pilotbench.asking.keys.key_status import learned_rates
from pilotbench.asking.keys.secrets import environment, missing
from pilotbench.estimation.history import History
from pilotbench.estimation.needs import Need
from pilotbench.estimation.ranges import Range, Workload
from pilotbench.matrix.cells import Cell
from pilotbench.matrix.experiment import Experiment
from pilotbench.matrix.key_routing import home_key
from pilotbench.providers.kinds import KINDS
from pilotbench.providers.settings import Key

FROM_HISTORY = Range(0.5, 1.0, 2.0)
"""Factors on the mean latency if there is history: services are slower at some hours."""
SHARD_S = Range(0.2, 1.0, 5.0)
"""CPU seconds of a shard besides its requests: starting a process, writing the file."""
CORES = os.cpu_count() or 1


@dataclass
class _Lane:
    """The requests that go through some keys.

    `models` has what is sent to each model, by what its limits count; `rates` what a minute allows.
    """

    keys: dict[str, Key]
    models: dict[str, dict[str, Range]] = field(default_factory=dict)
    rates: dict[str, dict[str, float]] = field(default_factory=dict)
    seconds: Range = field(default_factory=Range)
    requests: Range = field(default_factory=Range)
    tokens: Range = field(default_factory=Range)
    longest_s: float = 0.0

    def add(self, model: str, load: Workload) -> None:
        """Add what is sent to a model."""
        sent = self.models.setdefault(model, {})
        for name, amount in (
            ("requests", load.requests),
            ("tokens", load.input + load.output),
            ("input tokens", load.input),
            ("output tokens", load.output),
        ):
            sent[name] = sent.get(name, Range()) + amount

    def hours(self, slots: Mapping[str, int]) -> Range:
        width = sum(slots.get(alias, key.slots) for alias, key in self.keys.items())
        spread = self.seconds.times(1 / width)
        bounds = [spread, Range(0.0, self.longest_s, self.longest_s)]
        for amount, limits in (
            (self.requests, [key.rpm for key in self.keys.values()]),
            (self.tokens, [key.tpm for key in self.keys.values()]),
        ):
            if all(limits):
                bounds.append(amount.times(60 / sum(limit or 0 for limit in limits)))
        for model, rates in self.rates.items():
            bounds += [self.models[model][name].times(60 / rate) for name, rate in rates.items()]
        # with a late long episode a lane takes up to its share and its longest one, not the larger
        most = max(bound.high for bound in bounds) + self.longest_s
        return Range(
            max(bound.low for bound in bounds), max(bound.middle for bound in bounds), most
        ).times(1 / 3600)


def hours(
    experiment: Experiment,
    past: History,
    some: Sequence[Need],
    loads: Mapping[Cell, Workload],
    slots: Mapping[str, int],
) -> Range:
    """Return the hours that the shards `some` take if nothing else uses their keys."""
    lanes: dict[tuple[str, ...], _Lane] = {}
    known, aliases = environment(), experiment.settings.keys
    unset = {alias for alias in aliases if missing(experiment.settings, [alias], known)}
    asks: dict[Cell, int] = defaultdict(int)
    for need in some:
        asks[need.shard.cell] += need.asks
    for need in some:
        if not need.asks:
            continue
        cell = need.shard.cell
        keys = _keys(experiment, need, unset)
        lane = lanes.setdefault(tuple(keys), _Lane(keys))
        load = loads[cell].times(need.asks / asks[cell])
        latency = _latency(experiment, past, cell.model)
        lane.requests += load.requests
        lane.tokens += load.input + load.output
        lane.add(cell.model, load)
        lane.seconds += Range(
            load.requests.low * latency.low,
            load.requests.middle * latency.middle,
            load.requests.high * latency.high,
        )
        lane.longest_s = max(lane.longest_s, load.requests.middle / need.asks * latency.middle)
    starting = SHARD_S.times(len([need for need in some if need.asks]) / CORES / 3600)
    for lane in lanes.values():
        lane.rates = {model: _rates(experiment, model, lane.keys, unset) for model in lane.models}
    return _longest(lane.hours(slots) for lane in lanes.values()) + starting


def _rates(
    experiment: Experiment, model: str, keys: Mapping[str, Key], unset: set[str]
) -> dict[str, float]:
    """Return what a minute allows over `keys`, for limits that were learned on all of them."""
    if unset.intersection(keys):
        return {}
    learned = [learned_rates(experiment.settings, model, alias) for alias in keys]
    names = set[str].intersection(*map(set, learned)) if learned else set()
    return {name: sum(rates[name] for rates in learned) for name in sorted(names)}


def _keys(experiment: Experiment, need: Need, unset: set[str]) -> dict[str, Key]:
    """Return the keys that a shard's requests go to: all that may be used, where none is set."""
    keys = experiment.settings.provider_of(need.shard.cell.model).keys
    if experiment.settings.routing == "by_prompt":
        alias = home_key(experiment.settings, need.shard)
        return {alias: keys[alias]}
    return {alias: key for alias, key in keys.items() if alias not in unset} or keys


def _latency(experiment: Experiment, past: History, model: str) -> Range:
    known = past.latency_s(model)
    if known is None:
        return Range(*KINDS[experiment.settings.provider_of(model).kind].latency_s)
    return FROM_HISTORY.times(known)


def _longest(found: Iterable[Range]) -> Range:
    ranges = list(found)
    if not ranges:
        return Range()
    return Range(
        max(one.low for one in ranges),
        max(one.middle for one in ranges),
        max(one.high for one in ranges),
    )
