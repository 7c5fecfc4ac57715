"""Explain where a number of the summary comes from.

    python -m pilotbench where-from success_rate model=oracle prompt=baseline

An axis that is not named includes every value of the current selection. Reference players count
only if one of them is named.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pilotbench.commands.options import add_results
from pilotbench.ground.errors import UserError
from pilotbench.ground.untrusted_text import visible
from pilotbench.results.analysis.where_from import Origin, where_from
from pilotbench.results.database import store
from pilotbench.results.database.schema import CELL

Json = Mapping[str, Any]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `where-from`."""
    parser.add_argument("column", help="a column of a table: success_rate, cost_usd, …")
    parser.add_argument(
        "words", nargs="*", metavar="NAME=VALUE", help=f"select cells by {', '.join(CELL)}"
    )
    add_results(parser)


def run(args: argparse.Namespace) -> int:
    """Print where a number comes from."""
    words = chosen(args.words)
    origin = where_from(args.results / store.NAME, args.column, words, args.results)
    print(json.dumps(asdict(origin), indent=1) if args.json else text(origin))
    return 0


def chosen(words: Sequence[str]) -> dict[str, str]:
    """Return `NAME=VALUE …` as a dict. Raises UserError for another form."""
    pairs = [word.partition("=") for word in words]
    for word, (_, sign, _) in zip(words, pairs, strict=True):
        if not sign:
            raise UserError(f"where-from: {word}: must be NAME=VALUE")
    return {key: value for key, _, value in pairs}


def text(origin: Origin) -> str:
    """Return the answer in lines for a terminal."""
    words = " ".join(f"{word}={value}" for word, value in origin.words.items())
    value = "none" if origin.value is None else f"{origin.value:g}"
    lines = [
        f"{origin.column} {words} = {value}{_unit(origin)}, from {_episodes(origin.episodes)}:"
    ]
    lines += [f"  {_episode(episode)}" for episode in origin.episodes]
    if origin.meaning:
        formula = f" ({origin.formula})" if origin.formula else ""
        lines.insert(0, f"{origin.column}: {origin.meaning}{formula}")
    if origin.read:
        lines.append(f"to read the first: {origin.read}")
    if origin.owed:
        lines.append(f"and {len(origin.owed)} owed:")
        lines += [f"  {_episode(owed | {'level': owed['kind']})}" for owed in origin.owed]
    if origin.files:
        lines.append(f"in {len(origin.files)} file{'s' * (len(origin.files) > 1)}:")
        lines += [f"  {_file(file)}" for file in origin.files]
    lines += origin.notes
    if origin.commands:
        lines += ["to reproduce it, without paying for what the journal holds:", *origin.commands]
    lines += [f"owed: {words}" for words in origin.helps]
    if origin.finish:
        lines += ["to request what is owed and write the missing files:", origin.finish]
    return "\n".join(lines)


def _unit(origin: Origin) -> str:
    """Return the unit after a space; a share and a count of episodes have none."""
    named = origin.unit not in (None, "share", "episodes") and origin.value is not None
    return f" {origin.unit}" if named else ""


def _episodes(episodes: Sequence[Json]) -> str:
    return f"{len(episodes)} episode{'s' * (len(episodes) != 1)}"


def _episode(episode: Json) -> str:
    cell = "/".join(str(episode[word]) for word in CELL)
    outcome = episode["level"] or episode["status"]
    name = episode.get("question_id")
    question = "" if name is None else f"question={visible(name, 60)} "
    return f"{cell} {question}index={episode['index']} repeat={episode['repeat']} {outcome}"


def _file(file: Json) -> str:
    if file["state"] == "provisional":
        return f"{file['path']} ({file['episodes']} episodes) from the journal, no file yet"
    commit = f"commit {file['commit'][:12]}" if file["commit"] else "no commit"
    commit += " with uncommitted changes" if file["dirty"] else ""
    run = file["run"] or "unknown run"
    if file["cluster_job"]:
        run = f"cluster job {file['cluster_job']} of {run}"
    return (
        f"{file['path']} ({file['episodes']} episodes): {commit}, written {file['ended']} on "
        f"{file['host']} by {run}, scoring version {file['scoring_version']}, "
        f"SHA-256 {file['sha256'][:12]}"
    )
