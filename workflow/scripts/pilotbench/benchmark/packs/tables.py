"""The tables that a pack's `source` names: CSV, TSV, JSONL, JSON, Parquet, Excel.

Cells of CSV, TSV and Excel are text exactly as they are written: `007`, `1.50`, `NA` and `TRUE`
stay what they are. Every problem is a TaskError of one line that says where it is and how to mend
it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from pilotbench.benchmark.packs.pack_files import json_object, json_value
from pilotbench.ground.errors import TaskError
from pilotbench.ground.shipped import how_to_install

Json = dict[str, Any]
Row = tuple[int, Json]
DELIMITERS = {"\t": "tab", ",": "comma", ";": "semicolon"}
LONGEST_CELL = 1 << 24
_SAVE = {
    "Excel": "File > Save As > CSV UTF-8",
    "LibreOffice": "Save As > Text CSV > Edit filter settings > Unicode (UTF-8)",
}
UTF8 = "; save it as UTF-8 (" + "; ".join(f"{app}: {how}" for app, how in _SAVE.items()) + ")"
_OTHER_MARKS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_OLD = (".xls", ".ods", ".numbers", ".xlsb")


@dataclass(frozen=True)
class Table:
    """Rows by column. `word` is what numbers count: lines of a text file, else rows.

    `written` says that cells are text as people wrote it, not JSON values; `made` are columns
    that templates have added.
    """

    name: str
    word: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    written: bool
    made: frozenset[str] = frozenset()

    def at(self, number: int) -> str:
        """Return the beginning of an error about one row."""
        return f"{self.name}: {self.word} {number}"


def read(path: Path, sheet: str | None = None) -> Table:
    """Return the questions of a file. Raises TaskError, one line, also where there are none."""
    table = of_file(path, sheet)
    if not table.rows:
        raise TaskError(f"{path}: no questions")
    return table


def of_file(path: Path, sheet: str | None = None) -> Table:
    """Return the table of a file. Raises TaskError, one line."""
    ending = path.suffix.lower()
    if ending in _OLD:
        raise TaskError(f"{path}: {ending} files cannot be read; save it as .xlsx or as CSV UTF-8")
    if ending not in READERS:
        raise TaskError(f"{path}: unknown kind of file {ending!r}; allowed: {', '.join(READERS)}")
    if sheet is not None and READERS[ending] is not _excel:
        raise TaskError(f"{path}: sheet is for .xlsx files")
    if not path.is_file():
        raise TaskError(f"{path}: no such file")
    try:
        return READERS[ending](path) if sheet is None else _excel(path, sheet)
    except OSError as error:
        raise TaskError(f"{path}: cannot be read: {error.strerror or error}") from None


def utf8(path: Path) -> str:
    """Return the text of a file, without a byte order mark. Raises TaskError with the line."""
    content = path.read_bytes()
    if content.startswith(b"PK\x03\x04"):
        raise TaskError(f"{path}: not text but an archive; if Excel opens it, name it .xlsx")
    for mark, encoding in _OTHER_MARKS.items():
        if content.startswith(mark):
            raise TaskError(f"{path}: line 1: this is {encoding}, not UTF-8{UTF8}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise TaskError(
            f"{path}: line {line}: byte 0x{content[error.start]:02x} is not UTF-8{UTF8}"
        ) from None


def _separated(path: Path, delimiters: Iterable[str] = DELIMITERS) -> Table:
    text = utf8(path)
    stated = text[:6].rstrip("\r\n")
    start = 0
    if stated.startswith("sep=") and stated[4:] in DELIMITERS:
        delimiters, start = [stated[4:]], 1
    delimiter = _delimiter(path, text, list(delimiters), start)
    return _of_cells(path, _lines(path, text, delimiter, start), "line")


def _delimiter(path: Path, text: str, allowed: list[str], start: int) -> str:
    """Return the delimiter that parts the header and that most rows agree with."""
    if len(allowed) == 1:
        return allowed[0]
    widths = {one: _width(path, text, one, start) for one in allowed}
    parting = [one for one in allowed if widths[one] > 1]
    if not parting:
        words = ", ".join(DELIMITERS[one] for one in allowed)
        raise TaskError(
            f"{path}: line {start + 1}: only one column; the first line has the names of the "
            f"columns, separated by one of: {words}"
        )
    return max(parting, key=lambda one: (_fitting(path, text, one, start), widths[one]))


def _width(path: Path, text: str, delimiter: str, start: int) -> int:
    """Return how many names the header has; 0 where its quotes do not fit."""
    try:
        return len(next(_lines(path, text, delimiter, start), (0, []))[1])
    except TaskError:
        return 0


def _fitting(path: Path, text: str, delimiter: str, start: int) -> int:
    """Return how many rows are as long as the header; -1 where quotes do not fit."""
    try:
        rows = [len(row) for _, row in islice(_lines(path, text, delimiter, start), 1000)]
    except TaskError:
        return -1
    return rows.count(rows[0])


def _lines(path: Path, text: str, delimiter: str, start: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank, each with the number of its first line."""
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise TaskError(
                f"{path}: line {line}: {error}; put a cell that contains quotes, line breaks or "
                "the separator in quotes, and double the quotes within it"
            ) from None
        if line > start and any(cell.strip() for cell in row):
            yield line, row


def _of_cells(path: Path, lines: Iterable[tuple[int, list[Any]]], word: str) -> Table:
    """Return the table whose first line has the names of the columns."""
    numbered = iter(lines)
    number, first = next(numbered, (1, []))
    names = [str(cell).strip() for cell in first]
    while names and not names[-1]:
        names.pop()
    for place, name in enumerate(names):
        if name and name in names[:place]:
            raise TaskError(f"{path}: {word} {number}: the column {name!r} appears twice")
    rows = [(n, _row(f"{path}: {word} {n}", names, cells)) for n, cells in numbered]
    return Table(str(path), word, tuple(name for name in names if name), tuple(rows), True)


def _row(where: str, names: list[str], cells: list[Any]) -> Json:
    for place, cell in enumerate(cells):
        named = place < len(names) and names[place]
        if not named and str(cell).strip():
            raise TaskError(
                f"{where}: column {place + 1} has no name in the first row but the content "
                f"{str(cell)[:40]!r}; name the column, or put a cell that contains the separator "
                "in quotes"
            )
    found = dict.fromkeys(filter(None, names), "")
    return found | {name: cell for name, cell in zip(names, cells, strict=False) if name}


def _json_lines(path: Path) -> Table:
    lines = enumerate(utf8(path).split("\n"), start=1)
    rows = [(n, json_object(f"{path}: line {n}", line)) for n, line in lines if line.strip()]
    return _of_objects(path, rows, "line")


def _json(path: Path) -> Table:
    value = json_value(str(path), utf8(path))
    if not isinstance(value, list):
        raise TaskError(f"{path}: not a list of objects; one object per question is expected")
    for number, item in enumerate(value, start=1):
        if not isinstance(item, dict):
            raise TaskError(f"{path}: row {number}: not an object; one per question is expected")
    return _of_objects(path, list(enumerate(value, start=1)), "row")


def _of_objects(name: Path | str, rows: list[Row], word: str) -> Table:
    columns = tuple(dict.fromkeys(key for _, row in rows for key in row))
    return Table(str(name), word, columns, tuple(rows), False)


def _parquet(path: Path) -> Table:
    import pyarrow
    from pyarrow import parquet

    try:
        rows = parquet.ParquetFile(path).read().to_pylist()
    except (pyarrow.ArrowException, UnicodeDecodeError) as error:
        raise TaskError(f"{path}: not a Parquet file: {str(error).splitlines()[0][:120]}") from None
    return of_values(str(path), rows)


def of_values(name: str, rows: Iterable[Json]) -> Table:
    """Return the table of rows with values of any type; what JSON has no type for becomes text."""
    plain = [json.loads(json.dumps(row, default=_as_text)) for row in rows]
    return _of_objects(name, list(enumerate(plain, start=1)), "row")


def _as_text(value: Any) -> str:
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def _excel(path: Path, sheet: str | None = None) -> Table:
    """Return the table of a sheet, the first one unless it is named."""
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise TaskError(
            f"{path}: Excel files need the extra tables: {how_to_install('tables')}; "
            "or save the sheet as CSV UTF-8"
        ) from None
    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except OSError:
        raise
    except Exception as error:  # whatever a broken archive makes of openpyxl
        raise TaskError(f"{path}: not an Excel file (.xlsx): {str(error)[:120]}") from None
    try:
        if sheet is not None and sheet not in book.sheetnames:
            raise TaskError(f"{path}: no sheet {sheet!r}; it has: {', '.join(book.sheetnames)}")
        wanted = book[sheet] if sheet is not None else book.worksheets[0]
        return _of_cells(path, list(_sheet_rows(path, wanted)), "row")
    finally:
        book.close()


def _sheet_rows(path: Path, sheet: Any) -> Iterator[tuple[int, list[str]]]:
    for number, row in enumerate(sheet.iter_rows(), start=1):
        cells = [_shown(f"{path}: row {number}: cell {place}", c) for place, c in _placed(row)]
        if any(cell.strip() for cell in cells):
            yield number, cells


def _placed(row: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    return ((getattr(cell, "coordinate", ""), cell) for cell in row)


def _shown(where: str, cell: Any) -> str:
    """Return a cell as text: whole numbers without a point, dates as YYYY-MM-DD."""
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "e":
        raise TaskError(f"{where} is the error {value}; mend its formula")
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime) and not any((value.hour, value.minute, value.second)):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


READERS: dict[str, Callable[[Path], Table]] = {
    ".csv": _separated,
    ".tsv": partial(_separated, delimiters=("\t",)),
    ".jsonl": _json_lines,
    ".json": _json,
    ".parquet": _parquet,
    ".xlsx": _excel,
}
"""How a file is read, by how its name ends."""
