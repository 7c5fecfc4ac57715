"""Ranges in words, and the cost of some shards in one line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pilotbench.benchmark.packs.external_task import is_external
from pilotbench.estimation.needs import begun
from pilotbench.estimation.ranges import Range
from pilotbench.estimation.totals import estimate
from pilotbench.ground import shipped
from pilotbench.matrix.cells import Shard
from pilotbench.matrix.experiment import Experiment
from pilotbench.matrix.verdict_shards import Asked

QUICK_SHARDS, QUICK_BEGUN = 2000, 200
"""Shards, and episodes to replay from the journal, of an estimate that takes about a second."""


def cost_line(experiment: Experiment, shards: Sequence[Asked], slots: Mapping[str, int]) -> str:
    """Return what `shards` cost in one line, for the end of a dry run.

    A dry run must stay fast: where the estimate would take seconds (many shards, or many episodes
    to replay from the journal), the line names the command instead.
    """
    played = [shard for shard in shards if isinstance(shard, Shard)]
    if len(shards) > QUICK_SHARDS or begun(experiment, played) > QUICK_BEGUN:
        return f"estimated cost: run {shipped.COMMAND} estimate with the same configuration"
    made = estimate(experiment, slots, shards)
    others = unestimated(experiment, shards)
    if not any(need.asks for need in made.needs):
        nothing = "estimated cost: nothing, the journal has every answer"
        return "; ".join([nothing, *others])
    price = usd(made.usd) + (
        " and more (price unknown: " + ", ".join(made.unpriced) + ")" if made.unpriced else ""
    )
    return (
        f"estimated cost (low / likely / high): {whole(made.load.requests)} requests; "
        f"USD {price}; {hours(made.hours)} hours; {made.basis}"
        + "".join(f"; {line}" for line in others)
    )


def unestimated(experiment: Experiment, shards: Iterable[Asked]) -> list[str]:
    """Return a line for each task whose command asks further models, which no estimate counts."""
    tasks = (experiment.tasks[name] for name in dict.fromkeys(one.cell.task for one in shards))
    return [
        f"not included: what the command of {task.name} asks {', '.join(task.models)}"
        for task in tasks
        if is_external(task) and task.models
    ]


def whole(value: Range) -> str:
    """Return a range of counts."""
    return _three(rounded(one) for one in _ends(value))


def rounded(count: float) -> str:
    """Return a count with three significant digits: 9,300, 633k, 6.67M."""
    if count < 10_000:
        return f"{round(count):,}"
    scale, letter = (1e3, "k") if count < 1e6 else (1e6, "M") if count < 1e9 else (1e9, "G")
    return (
        f"{count / scale:.3g}{letter}" if count / scale < 999.5 else f"{count / scale:.0f}{letter}"
    )


def usd(value: Range) -> str:
    """Return a range of USD."""
    return _three(f"{one:.4f}" if one < 1 else f"{one:,.2f}" for one in _ends(value))


def hours(value: Range) -> str:
    """Return a range of hours."""
    return _three(f"{one:.3f}" if one < 1 else f"{one:,.1f}" for one in _ends(value))


def _ends(value: Range) -> tuple[float, float, float]:
    return value.low, value.middle, value.high


def _three(words: Iterator[str]) -> str:
    found = list(words)
    return found[0] if len(set(found)) == 1 else " / ".join(found)


def price_lines(origins: Mapping[str, str]) -> Iterator[str]:
    """Yield where the prices of models are from: one line per origin."""
    for origin in dict.fromkeys(origins.values()):
        names = [model for model, where in origins.items() if where == origin]
        yield f"price from {origin}: {', '.join(names)}"
