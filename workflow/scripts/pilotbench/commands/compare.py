"""Compare two result folders, prompts or models, episode by episode.

    python -m pilotbench compare results-before results-after
    python -m pilotbench compare results results --base-where prompt=baseline --arm-where prompt=cot
    python -m pilotbench compare results-before results --base-where commit=1f2e

Episodes are paired by model, prompt, task, difficulty, tool success rate, index and repeat, apart
from the properties that select the two sides. Results of two epochs or benchmark versions have no
instances in common: they are compared unpaired. An episode has one result, made by one commit: to
compare two commits, keep a copy of the results folder before the later run.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas

from pilotbench.ground.errors import UserError
from pilotbench.ground.terminal_tables import columns, table, terminal_width
from pilotbench.ground.untrusted_text import visible
from pilotbench.results.analysis import formatting
from pilotbench.results.summary.compare import (
    WHERE,
    Comparison,
    as_json,
    compare,
    database,
    episodes,
    write,
)

_HEAD = ("model and prompt", "difference in points [95 %]", "p (Holm)", "n", "note")
_METRICS = (
    *("model, prompt and task", "metric", "difference [95 %]", "p (Holm)", "n", "left out", "note"),
)
_FOLLOWED = ("flaw followed by", "side", "points over optimal [95 %]", *_HEAD[2:])
_UNPAIRED = ("on other instances", *_HEAD[1:])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `compare`."""
    parser.add_argument("base", type=Path, help="results folder to compare with")
    parser.add_argument("arm", type=Path, help="results folder that is compared")
    for side in ("base", "arm"):
        parser.add_argument(
            f"--{side}-where",
            default="",
            metavar="NAME=VALUE,…",
            help=f"select episodes of the {side} by {', '.join(WHERE)}",
        )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="page to write (default: ARM/summary/compare.html)"
    )


def run(args: argparse.Namespace) -> int:
    """Compare, write the page and its CSV files, print the result."""
    wheres = [where(args.base_where, "--base-where"), where(args.arm_where, "--arm-where")]
    folders = (args.base, args.arm)
    names = tuple(_name(folder, words) for folder, words in zip(folders, wheres, strict=True))
    chosen = {key for key in {*wheres[0], *wheres[1]} if wheres[0].get(key) != wheres[1].get(key)}
    if chosen == {"commit"} and len({database(folder).resolve() for folder in folders}) == 1:
        raise UserError(
            f"{args.arm}: an episode has one commit, so two commits of one folder have none in "
            "common; copy the results folder before the later run and compare the two folders"
        )
    frames = [episodes(folder, words) for folder, words in zip(folders, wheres, strict=True)]
    found = compare(frames[0], frames[1], (names[0], names[1]), chosen)
    out = args.out or _folder(args.arm) / "summary" / "compare.html"
    write(found, out, (_folder(args.base), _folder(args.arm)))
    print(json.dumps(as_json(found), indent=1) if args.json else text(found, out))
    return 0


def where(words: str, option: str) -> dict[str, str]:
    """Return `prompt=cot,model=x` as a dict. Raises UserError for an unknown word."""
    pairs = [word.partition("=") for word in words.split(",") if word.strip()]
    for key, sign, value in pairs:
        if key.strip() not in WHERE or not sign or not value.strip():
            raise UserError(
                f"{option}: {key.strip()}{sign}{value}: give NAME=VALUE with "
                f"one of {', '.join(WHERE)}"
            )
    return {key.strip(): value.strip() for key, _, value in pairs}


def _name(folder: Path, words: Mapping[str, str]) -> str:
    return " ".join([str(folder), *(f"{key}={value}" for key, value in words.items())])


def _folder(results: Path) -> Path:
    return results.parent if results.suffix == ".duckdb" else results


def text(found: Comparison, out: Path) -> str:
    """Return the comparison for a terminal."""
    lines = [f"base: {visible(found.base)}", f"arm:  {visible(found.arm)}", found.verdict]
    rows = [_cells(row) for row in found.contrasts.itertuples(index=False)]
    if rows:
        lines += ["", table(columns(_HEAD, right=("n",)), rows, terminal_width()), ""]
    numbers = [_metric(row) for row in found.metrics.to_dict("records")]
    if numbers:
        lines += [table(columns(_METRICS, right=("n", "left out")), numbers, terminal_width()), ""]
    followed = [_followed(row) for row in found.followed.itertuples(index=False)]
    if followed:
        lines += [table(columns(_FOLLOWED, right=("n",)), followed, terminal_width()), ""]
    others = [_unpaired(row) for row in found.unpaired.to_dict("records")]
    if others:
        lines += [table(columns(_UNPAIRED, right=("n",)), others, terminal_width()), ""]
    return "\n".join([*lines, f"page: {out}"])


def _followed(row: Any) -> tuple[str, ...]:
    name, *rest = _cells(row)
    return name, row.side, *rest


def _unpaired(row: dict[Any, Any]) -> tuple[str, ...]:
    words = ("model", "prompt", "task", "difficulty")
    name = visible(" ".join(row[word] for word in words if row.get(word)))
    n = f"{row['n_base']}, {row['n_arm']}"
    if row["p"] is None or pandas.isna(row["p"]):
        return name, "", "", n, row["note"]
    limits = f"[{100 * row['low']:+.1f}, {100 * row['high']:+.1f}]"
    p = formatting.number("p", row["p_holm"])
    return name, f"{100 * row['difference']:+.1f} {limits}", p, n, ""


def _metric(row: dict[Any, Any]) -> tuple[str, ...]:
    name = " ".join(str(row[word]) for word in ("model", "prompt", "task") if row[word])
    change = formatting.shown("change", row, None).text
    p = "" if pandas.isna(row["p_holm"]) else formatting.number("p", row["p_holm"])
    left_out = str(row["left_out"]) if row["left_out"] else ""
    words = (visible(name), visible(row["metric"], 40))
    return (*words, change, p, str(row["n"]), left_out, row["note"])


def _cells(row: Any) -> tuple[str, ...]:
    name = visible(" ".join(word for word in (row.model, row.prompt) if word))
    if row.owed:
        bounds = f"{100 * row.lower:+.1f} to {100 * row.upper:+.1f}"
        return name, bounds, "", str(row.n), row.note
    limits = f"[{100 * row.low:+.1f}, {100 * row.high:+.1f}]"
    difference = f"{100 * row.difference:+.1f} {limits}"
    return name, difference, formatting.number("p", row.p_holm), str(row.n), ""
