"""Read the results of a script: records of JSON, or a CSV file, through a field map."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

from pilotbench.benchmark.packs.external_task import Reading
from pilotbench.benchmark.packs.tables import LONGEST_CELL
from pilotbench.episodes.external.json_files import records
from pilotbench.episodes.external.sample import Found, Sample, number_of, simple
from pilotbench.ground.errors import CommandFailed, hint

Json = dict[str, Any]
FIELDS = ("index", "id", "score", "success", "prompt", "reply", "target", "error")


def read_json(found: Found, reading: Reading) -> Iterator[Sample]:
    """Yield the samples of JSON files. Raises CommandFailed."""
    return _read(found, reading, [record for path in found.files for record in records(path)])


def read_csv(found: Found, reading: Reading) -> Iterator[Sample]:
    """Yield the samples of CSV files; an empty cell is missing. Raises CommandFailed."""
    return _read(found, reading, [row for path in found.files for row in _rows(path)])


def _rows(path: Path) -> Iterator[Json]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandFailed(f"{path.name}: cannot be read as UTF-8: {error}") from None
    csv.field_size_limit(LONGEST_CELL)
    rows = csv.DictReader(StringIO(text, newline=""), strict=True)
    try:
        twice = [name for name, count in Counter(rows.fieldnames or ()).items() if count > 1]
        if twice:
            raise CommandFailed(f"{path.name}: the column {twice[0]!r} appears twice")
        for row in rows:
            if None in row or None in row.values():
                raise CommandFailed(f"{path.name}: a row has not as many cells as the header")
            yield {name: cell for name, cell in row.items() if cell != ""}
    except csv.Error as error:
        raise CommandFailed(f"{path.name}: line {rows.line_num}: {error}") from None


def _read(found: Found, reading: Reading, rows: list[Json]) -> Iterator[Sample]:
    there = dict.fromkeys(name for row in rows for name in row)
    for field, name in reading.fields.items():
        if rows and name not in there and field != "error":
            raise CommandFailed(
                f"{found.names}: reader.fields.{field}: no {name}{hint(name, there)}"
            )
    for place, row in enumerate(rows):
        names = {field: reading.fields.get(field, field) for field in FIELDS}
        values = {field: row.get(name) for field, name in names.items()}
        others = {name: value for name, value in row.items() if name not in names.values()}
        yield replace(_sample(found, place, len(rows), values, reading), others=simple(others))


def _sample(found: Found, place: int, count: int, values: Json, reading: Reading) -> Sample:
    has_index = values["index"] is not None
    index = _whole(found, values["index"]) if has_index else found.nth(place, count)
    texts = {name: _text(values[name]) for name in ("id", "prompt", "reply", "error")}
    success = None
    if values["success"] is not None:
        number = number_of(values["success"])
        if number not in (0, 1):
            raise CommandFailed(
                f"sample {index}: success {values['success']!r} is not true or false"
            )
        success = bool(number)
    if values["score"] is None and success is None and texts["error"] is None:
        raise CommandFailed(f"{found.names}: sample {index} has no score and no success")
    return Sample(
        index,
        value=values["score"],
        success=success,
        name=texts["id"],
        prompt=texts["prompt"] or "",
        reply=texts["reply"],
        target=values["target"],
        rule=reading.kind,
        error=texts["error"],
    )


def _whole(found: Found, value: Any) -> int:
    number = number_of(value)
    if number is None or number != int(number):
        raise CommandFailed(f"{found.names}: the number {value!r} of a sample is not whole")
    return int(number)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
