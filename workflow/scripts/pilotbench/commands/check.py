"""Check that each key answers with the requested model and usable tool calls.

Each key gets the next unanswered message of the run for each model that would use it, and each
model plays its first instances, at most five messages. A run does not pay for any of them again. If
the service rejects the requests of a model, the other ways to ask it are tried, and the line to
write into the config is printed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from pilotbench.asking.keys.secrets import environment, notes
from pilotbench.commands.key_checks import KeyCheck, check
from pilotbench.commands.options import add_config, experiment_of
from pilotbench.estimation.wording import price_lines
from pilotbench.ground.terminal_tables import columns, table, terminal_width
from pilotbench.matrix.verdict_shards import own_families
from pilotbench.providers.rate_headers import MINUTE_S, limit_in_words

_HEAD = (
    "model", "provider", "key", "answers", "seconds", "answered as", "calls understood",
    "reasoning", "USD",
)  # fmt: skip
NOT_SET = "not set"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `check`."""
    add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Print the results; return 1 if a check fails."""
    experiment = experiment_of(args)
    asked = [model.name for model in experiment.models_asked]
    families = own_families(experiment.settings, experiment.tasks)
    for note in [*notes(experiment.settings, asked, environment()), *families]:
        print(f"note: {note}", file=sys.stderr)
    rows = check(experiment)
    print(json.dumps([asdict(row) for row in rows], indent=1) if args.json else text(rows))
    return int(any(row.problem for row in rows))


def text(rows: Sequence[KeyCheck]) -> str:
    """Return the table, the problems and how many checks passed."""
    lines = [table(columns(_HEAD, right=["seconds", "USD"]), map(_cells, rows), terminal_width())]
    bad = [row for row in rows if row.problem]
    unset = dict.fromkeys(row.key for row in rows if _answers(row) == NOT_SET)
    lines += ["", *(f"{row.model} on {row.key}: {row.problem}" for row in bad)]
    lines += [f"{alias} is not set: the other keys of its provider do its work" for alias in unset]
    lines += _prices(rows)
    lines += _limits(rows)
    lines.append(_cost(rows))
    lines.append(f"{len(rows) - len(bad)} of {len(rows)} checks passed")
    return "\n".join(lines)


def _prices(rows: Sequence[KeyCheck]) -> Iterator[str]:
    """Yield where prices are from, with their models, and the models without one."""
    yield from price_lines({row.model: row.price for row in rows if row.priced and row.price})
    for name, price in {row.model: row.price for row in rows if not row.priced}.items():
        yield f"{name}: price {price}; its costs are unknown, and budget_usd cannot be used"


def _answers(row: KeyCheck) -> str:
    if row.answers:
        return "yes"
    return "NO" if row.problem else NOT_SET


def _cells(row: KeyCheck) -> tuple[str, ...]:
    seconds = "" if row.latency_s is None else f"{row.latency_s:.2f}"
    calls = "" if row.messages is None else f"{row.calls} of {row.messages}"
    usd = "unknown" if row.usd is None else f"{row.usd:.4f}" if row.usd else ""
    reported, reasoning = row.reported or "", row.reasoning or ""
    return (
        row.model, row.provider, row.key, _answers(row), seconds, reported, calls, reasoning, usd,
    )  # fmt: skip


def _limits(rows: Sequence[KeyCheck]) -> Iterator[str]:
    """Yield what the services state about each key, and how it would be written in the config."""
    stated: dict[str, dict[str, str]] = {}
    lines: dict[str, set[str]] = {}
    for row in rows:
        if row.limits:
            words = (
                limit_in_words(name, limit, row.periods_s.get(name))
                for name, limit in row.limits.items()
            )
            stated.setdefault(row.key, {})[row.model] = ", ".join(words)
            lines.setdefault(row.key, set()).add(_config_line(row))
    for row in rows:
        if row.guessed_rpm:
            rate = f"{row.guessed_rpm:,} requests a minute"
            yield f"{row.key}: 429s of earlier runs taught about {rate} ({row.model})"
    for alias, by_model in stated.items():
        if len(set(by_model.values())) == 1:
            yield f"{alias}: the service states limits of {next(iter(by_model.values()))}"
        else:
            for model, text_of in by_model.items():
                yield f"{alias}, {model}: the service states limits of {text_of}"
        if len(lines[alias]) == 1 and (line := next(iter(lines[alias]))):
            yield f"{alias}: runs keep to them; in the config they are `{line}` of the key"


def _config_line(row: KeyCheck) -> str:
    """Return what the stated limits are in the config, as far as they are per minute."""
    words = {"requests": "rpm", "tokens": "tpm"}
    found = [
        f"{words[counts]}: {most}"
        for name, most in row.limits.items()
        if (counts := name.partition(" a ")[0]) in words and row.periods_s.get(name) == MINUTE_S
    ]
    return ", ".join(found)


def _cost(rows: Sequence[KeyCheck]) -> str:
    """Return what the check has cost, as far as it is known."""
    known = sum(row.usd for row in rows if row.usd is not None)
    parts = [f"USD {known:.4f}"] if known or all(row.usd is not None for row in rows) else []
    parts += ["an unknown amount"] if any(row.usd is None for row in rows) else []
    return f"this check cost {' and '.join(parts)}"
