"""Bill every answer in the journal, to lay beside the invoices of the providers.

Every answer that was ever paid for counts once, also those that could not be used, and those of
models, prompts and tasks that the config no longer has. Days are in UTC.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path

from pilotbench.asking.bill import BY, TOKENS, Bill, BillRow, bill_of_journal
from pilotbench.asking.prices import DAY_S
from pilotbench.commands.options import add_config, experiment_of
from pilotbench.ground.errors import UserError, hint, of_system
from pilotbench.ground.terminal_tables import TextColumn, columns, table, terminal_width

Json = dict[str, object]
NONE = "-"
"""Stands for a tier that no service named, the key of an old record, and a cost without a sum."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `bill`."""
    add_config(parser)
    words = ",".join(BY)
    parser.add_argument(
        "--by",
        default=words,
        metavar="WORDS",
        help=f"what makes a row, separated by commas (default: {words})",
    )
    for name, which in (
        ("since", "only what came from this day or time on"),
        ("until", "only what came up to the end of this day, or before this time"),
    ):
        parser.add_argument(
            f"--{name}", metavar="DAY", help=f"{which}: 2026-11-26, or 2026-11-26T14:30, in UTC"
        )
    parser.add_argument("--csv", type=Path, metavar="FILE", help="also write the rows as CSV")


def run(args: argparse.Namespace) -> int:
    """Print the bill."""
    by = grouping(args.by)
    since = 0.0 if args.since is None else moment("--since", args.since)
    until = float("inf") if args.until is None else moment("--until", args.until, end=True)
    made = bill_of_journal(experiment_of(args).settings, by, since, until)
    if args.csv is not None:
        write_csv(made, args.csv)
    print(json.dumps(as_json(made), indent=1) if args.json else text(made, terminal_width()))
    return 0


def grouping(words: str) -> tuple[str, ...]:
    """Return what makes a row. Raises UserError for an unknown word."""
    found = tuple(dict.fromkeys(word.strip() for word in words.split(",") if word.strip()))
    for word in found:
        if word not in BY:
            raise UserError(f"--by {word}: is unknown{hint(word, BY)}")
    return found


def moment(option: str, text: str, *, end: bool = False) -> float:
    """Return a day or time in UTC as Unix time in s; with `end` the end of a day.

    Raises UserError for another form.
    """
    try:
        if len(text) == len("2026-11-26"):
            day = date.fromisoformat(text)
            begins = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
            return begins + DAY_S * end
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UserError(f"{option} {text}: must be 2026-11-26 or 2026-11-26T14:30") from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()


def as_json(made: Bill) -> Json:
    """Return plain JSON types."""
    rows = [dict(zip(made.by, group, strict=True)) | _fields(r) for group, r in made.rows.items()]
    total = _fields(made.total)
    rest = {"out": made.out, "damaged": list(made.damaged)}
    return {"by": list(made.by), "rows": rows, "total": total, **rest}


def _fields(row: BillRow) -> Json:
    return asdict(row) | {"usd": row.known_usd}


def write_csv(made: Bill, path: Path) -> None:
    """Write one line per row. Raises UserError where the file cannot be written."""
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file)
            out.writerow([*made.by, *_fields(made.total)])
            for group, row in made.rows.items():
                out.writerow([*group, *_fields(row).values()])
    except OSError as error:
        raise UserError(f"--csv {of_system(error)}") from None


def text(made: Bill, width: int | None = None) -> str:
    """Return the table, its total, and what is not in it or was paid twice."""
    if not made.total.requests and not made.total.unsure:
        return "\n".join(["the journal has no paid answers in this period", *_missing(made)])
    groups = [([word or NONE for word in group], row) for group, row in made.rows.items()]
    if made.by and len(groups) > 1:
        groups.append((["total", *[""] * (len(made.by) - 1)], made.total))
    found = _in_lines(made, groups)
    if width is not None and max(map(len, found.splitlines())) > width:
        found = _in_blocks(made, groups, width)
    return "\n".join([found, *_notes(made.total), *_missing(made)])


def _in_lines(made: Bill, groups: Sequence[tuple[list[str], BillRow]]) -> str:
    """Return a table with a line per row."""
    words = ("requests", *map(_word, TOKENS), "USD", "unknown")
    head = columns((*made.by, *words), right=words)
    return table(head, [(*group, *_cells(row)) for group, row in groups])


def _in_blocks(made: Bill, groups: Sequence[tuple[list[str], BillRow]], width: int) -> str:
    """Return a table with a few lines per row, for a narrow terminal."""
    titles = ["requests", *map(_word, TOKENS), "USD", "unknown"]
    several = [(list(made.by), titles), *((group, _cells(row)) for group, row in groups)]
    head, *rows = [_block(*one, written=made.total.cache_writes > 0) for one in several]
    names, *numbers = head
    return table(
        [TextColumn(names), *(TextColumn(one, right=True) for one in numbers)], rows, width
    )


def _block(group: Sequence[str], cells: Sequence[str], *, written: bool) -> list[str]:
    """Return a row in five columns of a few lines."""
    requests, given, cached, stored, made, reasoning, usd, unknown = cells
    lines = (
        (" ".join(group[:2]), " ".join(group[2:])),
        (requests,),
        (given, cached, *((stored,) if written else ())),
        (made, reasoning),
        (usd, unknown),
    )
    return ["\n".join(line for line in column if line.strip()) for column in lines]


def _word(name: str) -> str:
    return "written" if name == "cache_writes" else name


def _cells(row: BillRow) -> list[str]:
    usd = NONE if row.known_usd is None else f"{row.usd:,.6f}"
    counts = (f"{getattr(row, name):,}" for name in TOKENS)
    return [f"{row.requests:,}", *counts, usd, f"{row.unknown:,}" if row.unknown else ""]


def _notes(total: BillRow) -> Iterator[str]:
    if total.unknown:
        why = "no price for model or tier, or no token counts"
        yield f"requests of unknown cost, not in USD: {total.unknown:,} ({why})"
    if total.unusable:
        yield f"answers that could not be used, in the sums: {total.unusable:,}"
    if total.again:
        usd = f"{total.again_usd:,.6f} USD"
        yield f"answers to requests that had one, paid for twice: {total.again:,} ({usd})"
    if total.unsure:
        yield f"may have been charged, in no sum: {total.unsure:,} (broken streams, refusals)"


def _missing(made: Bill) -> Iterator[str]:
    """Yield what will be on the bill, and what cannot be."""
    if made.out:
        yield f"requests out in batches, on the bill once they are collected: {made.out:,}"
    if made.damaged:
        yield f"lines of the journal that cannot be read: {len(made.damaged)} ({made.damaged[0]})"
