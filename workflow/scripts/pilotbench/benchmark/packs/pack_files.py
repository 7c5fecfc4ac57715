"""The files of a question pack, task.yaml and instances.jsonl: read and checked.

Every problem is a TaskError of one line that names file and key, or file and line.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from pilotbench.benchmark.packs.pack_schema import check_schema
from pilotbench.benchmark.packs.pack_session import known_tools
from pilotbench.benchmark.packs.scorer_choice import chosen
from pilotbench.benchmark.scorers import SCORERS
from pilotbench.benchmark.scorers.scorer import depth_within
from pilotbench.ground import schemas, yaml_files
from pilotbench.ground.canonical_json import digest
from pilotbench.ground.errors import TaskError, hint

Json = dict[str, Any]
DEEPEST = 40


def yaml_of(path: Path) -> Any:
    """Return the content of task.yaml, not checked. Raises TaskError for what is not YAML."""
    try:
        return yaml_files.load(_read(path))
    except yaml.YAMLError as error:
        raise TaskError(f"{path}: not YAML: {_line(error)}") from None


def settings_of(path: Path) -> Json:
    """Return task.yaml, checked, with defaults filled in."""
    settings = yaml_of(path)
    schema = schemas.load("task_folder", scorers=SCORERS)
    check_schema(str(path), schema, settings)
    scorer = chosen(f"{path}: scorer", settings["scorer"])
    _check_tools(path, settings)
    _check_templates(path, settings)
    has_source = "source" in settings
    names = {} if has_source else schemas.defaults(schema["properties"]["fields"])
    return {
        **schemas.defaults(schema),
        **settings,
        "fields": {**names, **settings.get("fields", {})},
        "scorer": scorer.as_json(),
    }


@lru_cache(maxsize=1)
def world_schema() -> Json:
    """Return the schema of `world`."""
    return schemas.load("world")


def _check_tools(path: Path, settings: Json) -> None:
    tools = settings.get("tools", [])
    known = known_tools()
    for name in tools:
        if name not in known:
            raise TaskError(f"{path}: tools: unknown tool {name!r}{hint(name, known)}")
    scorer = settings["scorer"]
    kind = scorer["kind"] if isinstance(scorer, dict) else scorer
    if tools and SCORERS[kind].calls == "only":
        raise TaskError(f"{path}: scorer {kind} is for tools of the questions, not of the pack")
    for key in ("max_turns",) if not tools else ("system",):
        if key in settings:
            raise TaskError(f"{path}: {key} is for packs {'without' if tools else 'with'} tools")


def _check_templates(path: Path, settings: Json) -> None:
    templates, fields = settings.get("templates", {}), settings.get("fields", {})
    if templates and "source" not in settings:
        raise TaskError(f"{path}: templates is for packs with a source")
    for field in templates:
        if field in fields:
            raise TaskError(f"{path}: {field} is both in fields and in templates")


def numbered_lines(path: Path) -> list[tuple[int, str]]:
    """Return the lines that are not blank, each with its number. Raises TaskError."""
    lines = _read(path).split("\n")
    return [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]


def json_object(where: str, text: str) -> Json:
    """Return the JSON object of a line. Raises TaskError, one line that begins with `where`."""
    value = json_value(where, text)
    if not isinstance(value, dict):
        raise TaskError(f"{where}: not a JSON object")
    return value


def json_value(where: str, text: str) -> Any:
    """Return the value of a JSON text. Raises TaskError, one line that begins with `where`."""
    try:
        value = json.loads(text, parse_constant=_no_number, object_pairs_hook=_once)
        text.encode("utf-8")
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise TaskError(f"{where}: not JSON: {_line(error)}") from None
    if not depth_within(value, DEEPEST):
        raise TaskError(f"{where}: nests more than {DEEPEST} levels")
    return value


def _once(pairs: list[tuple[str, Any]]) -> Json:
    """Return an object. Raises ValueError for a repeated key."""
    value = dict(pairs)
    if len(value) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r} appears twice")
    return value


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is not a JSON number")


def file_hash(settings: Json, lines: Iterable[tuple[int, str]]) -> str:
    """Return a short hash of everything that determines a pack's requests and scores."""
    about = {k: v for k, v in settings.items() if k not in ("description", "labels")}
    words = json.dumps(about, sort_keys=True)
    whole = hashlib.sha256(words.encode())
    for chunk in _encoded(lines):
        whole.update(chunk)
    return whole.hexdigest()[:16]


def rules_hash(settings: Json) -> str:
    """Return a short hash of what task.yaml determines about requests and scores."""
    other = ("description", "labels", "source", "sheet", "fields", "templates", "ignore")
    return digest({key: value for key, value in settings.items() if key not in other})[:16]


def _encoded(lines: Iterable[tuple[int, str]]) -> Iterator[bytes]:
    return (line.encode("utf-8") + b"\n" for _, line in lines)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise TaskError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise TaskError(f"{path}: cannot be read as UTF-8: {_line(error)}") from None


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
