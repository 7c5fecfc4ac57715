"""The commands that recreate result files and show an episode, and what has changed since."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

from pilotbench.ground import shipped
from pilotbench.ground.job_context import file_digest
from pilotbench.results.database.schema import CELL

Json = dict[str, Any]


def commands(files: list[Json], results: Path) -> list[str]:
    """Return the shell commands that recreate `files`: per commit, one for each command line.

    They have the `--configfile` and `--config` of the runs that wrote the files. They replay the
    journal and do not pay for answers in it.
    """
    groups: dict[tuple[str, ...], list[Json]] = {}
    for file in files:
        words = shlex.join([*_configfile(file), *_config(file, results)])
        groups.setdefault((file["commit"] or "", words), []).append(file)
    found, here = [], ""
    for (commit, words), members in sorted(groups.items()):
        if commit and commit != here:
            found.append(f"git checkout {commit}")
            here = commit
        targets = shlex.join(str(results / "shards" / file["path"]) for file in members)
        found.append(f"{shipped.BUILD} {targets} --force {words}".rstrip())
    return found


def to_read(episode: Json, files: list[Json], results: Path) -> str:
    """Return the command that shows an episode, with the config of the run that wrote its file."""
    file = next(file for file in files if file["path"] == episode["shard"])
    cell = "/".join(str(episode[word]) for word in CELL)
    repeat = ["--repeat", str(episode["repeat"])] if episode["repeat"] else []
    words = _with_results(json.loads(file["config"] or "[]"), results)
    config = [*_configfile(file), *(["--config", *words] if words else [])]
    command = [*shipped.COMMAND.split(), "show", cell, question_word(episode)]
    return shlex.join([*command, *repeat, *config])


def question_word(episode: Json) -> str:
    """Return how `show` finds the question of an episode: by its id, otherwise by its index."""
    name = episode.get("question_id")
    if name is None:
        return str(episode["index"])
    return f"id={name}" if name.isdecimal() else str(name)


def notes(files: list[Json]) -> list[str]:
    """Return a line for each thing that has changed since `files` were written."""
    found = []
    if any(file["dirty"] for file in files):
        found.append("written with uncommitted changes: the commit does not determine the code")
    overlays = {tuple(pair) for file in files for pair in json.loads(file["configfiles"] or "[]")}
    found += [
        f"{path} has changed: its SHA-256 was {digest}"
        for path, digest in sorted(overlays)
        if file_digest(Path(path)) != digest
    ]
    return found


def _configfile(file: Json) -> list[str]:
    paths = [path for path, _ in json.loads(file["configfiles"] or "[]")]
    return ["--configfile", *paths] if paths else []


def _config(file: Json, results: Path) -> list[str]:
    """Return the --config arguments of the run that wrote a file, or its shape if unknown."""
    words = json.loads(file["config"] or "null")
    words = _with_results(_shape(file) if words is None else words, results)
    return ["--config", *words] if words else []


def _with_results(words: list[str], results: Path) -> list[str]:
    """Return words of `--config` that name the folder of the results where it is another one."""
    known = results == Path("results") or any(word.startswith("results_dir=") for word in words)
    return words if known else [*words, f"results_dir={results}"]


def _shape(file: Json) -> list[str]:
    config = {
        "repeats": file["repeats"],
        "max_turns": file["max_turns"] or "auto",
    }
    return [f"{key}={value}" for key, value in config.items()]
