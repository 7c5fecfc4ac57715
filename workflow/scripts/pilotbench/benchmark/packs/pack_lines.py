"""The lines of a pack: those of instances.jsonl, or the rows of the table that `source` names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pilotbench.benchmark.packs import column_templates, columns, sources
from pilotbench.benchmark.packs.pack_files import json_object, numbered_lines
from pilotbench.benchmark.packs.scorer_choice import chosen
from pilotbench.ground.errors import TaskError

Json = dict[str, Any]
FOUND = ("image", "tools", "scorer")
"""Fields that a line may have under their own name though `fields` does not name them."""


@dataclass(frozen=True)
class PackLines:
    """The lines of a pack, each a JSON object as text with its number in the file.

    `word` is what numbers count (lines or rows), `fields` the name of each field in the file,
    `keys` the field of each key of a line.
    """

    file: str
    word: str
    lines: tuple[tuple[int, str], ...]
    fields: dict[str, str]
    keys: dict[str, str]

    def place(self, index: int) -> str:
        """Return the beginning of an error about one line."""
        return f"{self.file}: {self.word} {self.lines[index][0]}"

    def row(self, index: int) -> Json:
        """Return a line as it is written, or the row of `source`."""
        row = json_object(self.place(index), self.lines[index][1])
        return {**row.pop("metadata", {}), **row} if "metadata" in self.keys else row


def lines_of(folder: Path, settings: Json) -> PackLines:
    """Return the lines of the pack with these settings. Raises TaskError, one line."""
    found = _sourced(folder, settings) if "source" in settings else _written(folder, settings)
    if not found.lines:
        raise TaskError(f"{found.file}: no instances")
    return found


def _written(folder: Path, settings: Json) -> PackLines:
    path, fields = folder / "instances.jsonl", settings["fields"]
    keys = {key: field for field, key in fields.items()}
    for field in FOUND:
        if field not in fields and field not in settings["ignore"]:
            keys.setdefault(field, field)
    return PackLines(str(path), "line", tuple(numbered_lines(path)), fields, keys)


def _sourced(folder: Path, settings: Json) -> PackLines:
    where, ignore = str(folder / "task.yaml"), settings["ignore"]
    scorer = chosen(f"{where}: scorer", settings["scorer"])
    table = sources.read(where, folder, settings["source"], settings.get("sheet"))
    table, made = column_templates.with_fields(where, table, settings.get("templates", {}))
    given, tools = {**settings["fields"], **made}, bool(settings["tools"])
    fields = columns.fields_of(where, table, given, ignore, tools, kind=scorer.kind)
    lines = columns.lines_of(table, fields, ignore, scorer)
    keys = {field: field for field in (*fields, "metadata")}
    return PackLines(table.name, table.word, tuple(lines), fields, keys)
