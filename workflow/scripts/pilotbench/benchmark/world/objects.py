"""Data that flows between tools: typed values with a handle and a lineage."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any

from pilotbench.ground.canonical_json import canonical

Json = dict[str, Any]
Rows = list[Json]

PREVIEW_ROWS = 2
PREVIEW_CHARACTERS = 80
INLINE_ROOT = "inline"


@dataclass(frozen=True)
class DataObject:
    """One value with its lineage.

    `kind` is text, table (a list of flat records), record (one of them), number or archive. `roots`
    are the objects of the world that it comes from (`file:…`, `table:…`, or `inline` for typed
    text), `ops` the operations applied on the way, both sorted.
    """

    kind: str
    value: Any
    roots: tuple[str, ...]
    ops: tuple[str, ...]
    handle: str

    @cached_property
    def content(self) -> str:
        """Return 16 hex digits that identify kind and value."""
        return content_of(self.kind, self.value)


def content_of(kind: str, value: Any) -> str:
    """Return 16 hex digits that identify kind and value."""
    return _hex([kind, value], 16)


def _hex(value: Any, digits: int) -> str:
    return sha256(canonical(value).encode("utf-8", "surrogatepass")).hexdigest()[:digits]


def derived(
    op: str, kind: str, value: Any, sources: Sequence[DataObject], *params: Any
) -> DataObject:
    """Return the result of one operation on `sources`; the handle depends only on these.

    The same operation on the same data has the same handle whenever it is done, so that all
    players meet the same tool failures.
    """
    handle = f"{kind}_{_hex([op, params, [source.handle for source in sources]], 6)}"
    return DataObject(kind, value, *lineage(op, sources), handle)


def lineage(op: str, sources: Sequence[DataObject]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return roots and operations of what `op` makes of `sources`; of nothing it is typed."""
    roots = sorted({root for source in sources for root in source.roots})
    ops = sorted({op, *(known for source in sources for known in source.ops)})
    return tuple(roots) or (INLINE_ROOT,), tuple(ops)


def from_entry(entry: Json, identity: str) -> DataObject:
    """Return the data stored in a world entry; what was there at the start is its own root."""
    kind, value = entry["kind"], entry["value"]
    roots = tuple(entry.get("roots", (identity,)))
    handle = f"{kind}_{_hex([identity, value, roots], 6)}"
    return DataObject(kind, value, roots, tuple(entry.get("ops", ())), handle)


def to_entry(data: DataObject) -> Json:
    """Return `data` as it is stored in the world."""
    return {
        "kind": data.kind,
        "value": data.value,
        "roots": list(data.roots),
        "ops": list(data.ops),
    }


def typed(text: str) -> DataObject:
    """Return text that a player typed; its lineage is `inline`."""
    return DataObject("text", text, (INLINE_ROOT,), (), f"text_{_hex([INLINE_ROOT, text], 6)}")


def number(value: float) -> int | float:
    """Return `value` rounded to two decimals, as int when whole."""
    rounded = round(value + 0.0, 2)
    return int(rounded) if rounded == int(rounded) else rounded


def shown(data: DataObject) -> Json:
    """Return what a tool tells about `data`: its handle and a short preview."""
    if data.kind == "number":
        return {"handle": data.handle, "value": data.value}
    if data.kind == "table":
        columns = list(data.value[0]) if data.value else []
        preview = data.value[:PREVIEW_ROWS]
        return {
            "handle": data.handle,
            "rows": len(data.value),
            "columns": columns,
            "preview": preview,
        }
    if data.kind == "archive":
        return {"handle": data.handle, "method": data.value["method"]}
    return {"handle": data.handle, "preview": data.value[:PREVIEW_CHARACTERS]}


def as_csv(rows: Rows) -> str:
    """Return records as CSV with a header line."""
    out = io.StringIO()
    columns = list(rows[0]) if rows else []
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([row.get(column, "") for column in columns] for row in rows)
    return out.getvalue()


def as_json(value: Any) -> str:
    """Return a value as one line of JSON."""
    return json.dumps(value, ensure_ascii=False)


def as_yaml(rows: Rows) -> str:
    """Return flat records as YAML."""
    lines = []
    for row in rows:
        for place, (column, value) in enumerate(row.items()):
            lines.append(f"{'  ' if place else '- '}{column}: {value}")
    return "\n".join(lines) + "\n"


def as_xml(rows: Rows) -> str:
    """Return flat records as XML, one `row` element per record with a child per column."""
    body = "".join(
        "<row>" + "".join(f"<{name}>{value}</{name}>" for name, value in row.items()) + "</row>"
        for row in rows
    )
    return f"<rows>{body}</rows>"


def from_csv(text: str) -> Rows | None:
    """Return the records of CSV text with a header line, None if it is not such a text."""
    try:
        lines = list(csv.reader(io.StringIO(text)))
    except csv.Error:
        return None
    if len(lines) < 2 or any(len(line) != len(lines[0]) for line in lines):
        return None
    return [dict(zip(lines[0], map(_scalar, line), strict=True)) for line in lines[1:]]


def from_json(text: str) -> Rows | None:
    """Return the records of a JSON list of flat objects, None if it is not such a text."""
    try:
        rows = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    if not isinstance(rows, list) or not rows:
        return None
    return rows if all(isinstance(row, dict) and _flat(row) for row in rows) else None


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no number")


def _flat(row: Json) -> bool:
    """Return whether a record contains only words and finite numbers."""
    return all(
        isinstance(value, str)
        or (isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e15)
        for value in row.values()
    )


def _scalar(word: str) -> int | float | str:
    if word.isdigit() and word.isascii() and len(word) < 16:
        return int(word)
    try:
        value = float(word)
        return number(value) if abs(value) < 1e15 else word
    except ValueError:  # NaN too, which has no whole part
        return word
