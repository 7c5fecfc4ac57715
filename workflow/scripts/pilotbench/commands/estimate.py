"""Estimate what a run costs: requests, tokens, USD and hours."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import partial

from pilotbench.commands.options import add_config, experiment_of
from pilotbench.episodes.spending import spent
from pilotbench.estimation.totals import Estimate, EstimateRow, estimate
from pilotbench.estimation.wording import hours, price_lines, unestimated, usd, whole
from pilotbench.ground.terminal_tables import columns, table, terminal_width
from pilotbench.matrix.experiment import Experiment
from pilotbench.matrix.verdict_shards import own_families

Json = dict[str, object]
_HEAD = ("model", "shards", "episodes", "requests", "input tokens", "output tokens", "USD", "hours")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `estimate`."""
    add_config(parser)
    parser.add_argument(
        "--shards", action="store_true", help="also list every shard and why it runs"
    )


def run(args: argparse.Namespace) -> int:
    """Print the estimate."""
    experiment = experiment_of(args)
    made = estimate(experiment)
    print(json.dumps(as_json(made), indent=1) if args.json else text(experiment, made, args.shards))
    return 0


def report(experiment: Experiment, slots: Mapping[str, int]) -> str:
    """Return the estimate as text, under the slots in force."""
    return text(experiment, estimate(experiment, slots))


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
    rows = [_cells(row) for row in made.rows]
    if len(made.rows) > 1:
        rows.append(_total(made))
    yield "remaining (low / likely / high)"
    text, width = table(columns(_HEAD), rows), terminal_width()
    if width is not None and max(map(len, text.splitlines())) > width:
        lines = [tuple(cell.replace(" / ", "\n") for cell in row) for row in rows]
        text = table(columns(_HEAD), lines, width)
    yield text


def _cells(row: EstimateRow) -> tuple[str, ...]:
    return (
        row.title,
        f"{row.runs} of {row.shards}",
        f"{row.episodes:,}",
        whole(row.load.requests),
        whole(row.load.input),
        whole(row.load.output),
        "price unknown" if row.usd is None else usd(row.usd),
        hours(row.hours),
    )


def _total(made: Estimate) -> tuple[str, ...]:
    load, rows = made.load, made.rows
    return (
        "total",
        f"{sum(row.runs for row in rows)} of {sum(row.shards for row in rows)}",
        f"{sum(row.episodes for row in rows):,}",
        whole(load.requests),
        whole(load.input),
        whole(load.output),
        usd(made.usd) + (" and more" if made.unpriced else ""),
        hours(made.hours),
    )


def _notes(experiment: Experiment, made: Estimate) -> Iterator[str]:
    for row in made.rows:
        yield f"{row.title}: {row.words}"
    yield from price_lines({row.title: row.price for row in made.rows if row.usd is not None})
    if made.unpriced:
        yield f"not included in USD, price unknown: {', '.join(made.unpriced)}"
        yield from (f"{row.model}: price {row.price}" for row in made.rows if row.usd is None)
    yield from unestimated(experiment, experiment.plan.shards)
    yield from own_families(experiment.settings, experiment.tasks)
    limit = experiment.settings.budget_usd
    if limit is not None:
        paid = experiment.total(partial(spent, experiment))
        verdict = "enough" if limit - paid >= made.usd.middle else "NOT enough"
        yield f"budget_usd: {limit:g}, {paid:.4f} of it spent: {verdict} for the likely cost"


def _reasons(made: Estimate) -> Iterator[str]:
    yield "shards by the reason why they run:"
    for reason, count in made.reasons.items():
        yield f"{count:>7}  {reason}"
