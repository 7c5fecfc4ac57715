"""Estimate what a run costs: requests, tokens, USD and hours."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict

from pilotbench.commands.options import add_config, experiment_of
from pilotbench.episodes.spending import spent
from pilotbench.estimation.needs import begun
from pilotbench.estimation.ranges import Range
from pilotbench.estimation.totals import Estimate, Row, estimate
from pilotbench.matrix.cells import Shard
from pilotbench.matrix.experiment import Experiment

Json = dict[str, object]
QUICK_SHARDS, QUICK_BEGUN = 2000, 200
"""Shards, and episodes to play from the journal, that an estimate of about a second may have."""
_HEAD = ("model", "shards", "episodes", "requests", "input tokens", "output tokens", "USD", "hours")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `estimate`."""
    add_config(parser)
    parser.add_argument("--shards", action="store_true", help="say of each shard why it runs")


def run(args: argparse.Namespace) -> int:
    """Print the estimate."""
    experiment = experiment_of(args)
    made = estimate(experiment)
    print(json.dumps(as_json(made), indent=1) if args.json else text(experiment, made, args.shards))
    return 0


def report(experiment: Experiment, slots: Mapping[str, int]) -> str:
    """Return the estimate as text, under the slots in force."""
    return text(experiment, estimate(experiment, slots))


def line(experiment: Experiment, shards: Sequence[Shard], slots: Mapping[str, int]) -> str:
    """Return what `shards` cost in one line, for the end of a dry run, which must stay quick.

    Where it would take seconds (many shards, or much in the journal to play) it names the command.
    """
    if len(shards) > QUICK_SHARDS or begun(experiment, shards) > QUICK_BEGUN:
        return "what this costs: python -m pilotbench estimate, with the same configuration"
    made = estimate(experiment, slots, shards)
    if not any(need.asks for need in made.needs):
        return "what this costs: nothing, the journal has every answer"
    usd = _usd(made.usd) + (
        " and more (price unknown: " + ", ".join(made.unpriced) + ")" if made.unpriced else ""
    )
    return (
        f"what this costs, low / middle / high: {_whole(made.load.requests)} requests; "
        f"USD {usd}; {_hours(made.hours)} hours"
    )


def text(experiment: Experiment, made: Estimate, shards: bool = False) -> str:
    """Return the estimate as text: a table, what it rests on, why shards run."""
    lines = [*_table(made), "", *_notes(experiment, made), "", *_reasons(made)]
    if shards:
        lines += ["", *(f"{need.shard.path}: {need.reason}" for need in made.needs)]
    return "\n".join(lines)


def as_json(made: Estimate) -> Json:
    """Return plain JSON types."""
    return {
        "models": [asdict(row) for row in made.rows],
        "load": made.load.as_json(),
        "usd": asdict(made.usd),
        "unpriced": made.unpriced,
        "hours": asdict(made.hours),
        "reasons": made.reasons,
        "shards": [
            {"path": str(need.shard.path), "reason": need.reason, "episodes_to_ask": need.asks}
            for need in made.needs
        ],
    }


def _table(made: Estimate) -> Iterator[str]:
    rows = [_HEAD, *(_cells(row) for row in made.rows)]
    if len(made.rows) > 1:
        rows.append(_total(made))
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    yield "what is left to ask: low / middle / high"
    for row in rows:
        first, *rest = (word.ljust(width) for word, width in zip(row, widths, strict=True))
        yield "  ".join((first, *rest)).rstrip()


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.model,
        f"{row.runs} of {row.shards}",
        f"{row.episodes:,}",
        _whole(row.load.requests),
        _whole(row.load.input),
        _whole(row.load.output),
        "price unknown" if row.usd is None else _usd(row.usd),
        _hours(row.hours),
    )


def _total(made: Estimate) -> tuple[str, ...]:
    load, rows = made.load, made.rows
    return (
        "in all",
        f"{sum(row.runs for row in rows)} of {sum(row.shards for row in rows)}",
        f"{sum(row.episodes for row in rows):,}",
        _whole(load.requests),
        _whole(load.input),
        _whole(load.output),
        _usd(made.usd) + (" and more" if made.unpriced else ""),
        _hours(made.hours),
    )


def _notes(experiment: Experiment, made: Estimate) -> Iterator[str]:
    for row in made.rows:
        yield f"{row.model}: {row.basis}"
    if made.unpriced:
        yield f"not in USD, their price is not known: {', '.join(made.unpriced)}"
    limit = experiment.settings.budget_usd
    if limit is not None:
        paid = sum(spent(experiment, shard) for shard in experiment.plan.shards)
        verdict = "enough" if limit - paid >= made.usd.middle else "NOT enough"
        yield f"budget_usd: {limit:g}, of it {paid:.4f} spent: {verdict} for the middle"


def _reasons(made: Estimate) -> Iterator[str]:
    yield "shards, and why they run:"
    for reason, count in made.reasons.items():
        yield f"{count:>7}  {reason}"


def _whole(value: Range) -> str:
    return _three(_rounded(one) for one in _ends(value))


def _rounded(count: float) -> str:
    """Return a count with three digits that count: 9,300, 633k, 6.67M."""
    if count < 10_000:
        return f"{round(count):,}"
    scale, letter = (1e3, "k") if count < 1e6 else (1e6, "M") if count < 1e9 else (1e9, "G")
    return (
        f"{count / scale:.3g}{letter}" if count / scale < 999.5 else f"{count / scale:.0f}{letter}"
    )


def _usd(value: Range) -> str:
    return _three(f"{one:.4f}" if one < 1 else f"{one:,.2f}" for one in _ends(value))


def _hours(value: Range) -> str:
    return _three(f"{one:.3f}" if one < 1 else f"{one:,.1f}" for one in _ends(value))


def _ends(value: Range) -> tuple[float, float, float]:
    return value.low, value.middle, value.high


def _three(words: Iterator[str]) -> str:
    found = list(words)
    return found[0] if len(set(found)) == 1 else " / ".join(found)
