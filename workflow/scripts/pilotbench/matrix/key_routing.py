"""Choose the key of each shard: a pure function of config and wildcards."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate

from pilotbench.ground.canonical_json import unit_interval
from pilotbench.matrix.axes import AXES
from pilotbench.matrix.cells import Cell
from pilotbench.matrix.config import Settings
from pilotbench.matrix.verdict_shards import Asked
from pilotbench.providers.settings import Key

_GOLDEN = 0.6180339887498949


def home_key(settings: Settings, shard: Asked) -> str:
    """Return the alias of the key that a shard takes its slots from.

    `by_prompt`: the n-th prompt of the config goes to the n-th key, strictly. `balanced`: shards
    are spread over the keys in proportion to their slots, in steps of the golden ratio, so that no
    key is tied to a prompt or a task.
    """
    keys = settings.provider_of(shard.asked).keys
    if settings.routing == "by_prompt":
        names = settings.prompts
        prompt = shard.cell.prompt
        position = names.index(prompt) if prompt in names else int(unit_interval(prompt) * 1e6)
        return list(keys)[position % len(keys)]
    return _by_share(keys, (_ordinal(settings, shard) * _GOLDEN) % 1.0)


def usable_keys(settings: Settings, model: str, home: str, borrow: bool) -> tuple[str, ...]:
    """Return the aliases that requests of a shard may use, home first."""
    if settings.routing == "by_prompt" or not borrow:
        return (home,)
    return (home, *(alias for alias in settings.provider_of(model).keys if alias != home))


def _by_share(keys: Mapping[str, Key], point: float) -> str:
    bounds = list(accumulate(key.slots for key in keys.values()))
    return next(a for a, bound in zip(keys, bounds, strict=True) if point * bounds[-1] < bound)


def _ordinal(settings: Settings, shard: Asked) -> int:
    """Return the approximate position of a shard in the plan, which is enough to spread shards."""
    count = -(-(settings.instances or shard.first + 1) // settings.shard_size)
    return _cell_ordinal(settings, shard.cell) * count + shard.first // settings.shard_size


def _cell_ordinal(settings: Settings, cell: Cell) -> int:
    ordinal = 0
    for names, word in zip(map(settings.words, AXES), cell.words, strict=True):
        ordinal = ordinal * max(1, len(names)) + (names.index(word) if word in names else 0)
    return ordinal
