"""The replies of a table, read from the shards: some questions per file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from pilotbench.episodes.shard_file import read_shard
from pilotbench.ground.canonical_json import digest
from pilotbench.ground.errors import RecordError
from pilotbench.results.replies import sha256_of, text_of
from pilotbench.results.summary import page_data
from pilotbench.results.summary.answer_table import AnswerTable, Entry, Row, shown
from pilotbench.results.summary.opinions import Opinion, opinions
from pilotbench.results.summary.transcripts import link, show_command

Json = dict[str, Any]
FORMAT = 1
REPLIES = 1200
"""Replies in one file, about."""
REPLY_LIMIT = 20_000
"""Characters of a reply that the page has; the transcript has it all."""


class Shards:
    """The shards of a results folder, their records, and the opinions on their episodes."""

    def __init__(self, frame: pd.DataFrame, db_path: Path, results: Path, kept: int) -> None:
        """`frame` is that of `queries.shards`; `kept` shards stay in memory once they are read."""
        self.opinions = opinions(db_path)
        self._db_path = db_path
        self._results = results
        self._known = {str(row["path"]): row for row in frame.to_dict("records")}
        self.records = lru_cache(maxsize=kept)(self._records)

    def state(self, path: str) -> str:
        """Return what changes when the shard does."""
        row = self._known.get(path, {})
        if row.get("state") == "provisional":
            return f"journal {row.get('journal')} {row.get('completed')} {row.get('ended')}"
        try:
            found = (self._results / "shards" / path).stat()
        except OSError:
            return "missing"
        journal = f" {row['journal']}" if self._is_mixed(path) else ""
        return f"{found.st_size} {found.st_mtime_ns}{journal}"

    def place(self, path: str) -> list[str]:
        """Return the link to the transcripts of a shard, and the command that shows one of them."""
        state = self._known.get(path, {}).get("state")
        provisional = state == "provisional" or self._is_mixed(path)
        return [link(path), show_command(path, self._results, provisional=provisional)]

    def _is_mixed(self, path: str) -> bool:
        """Return whether episodes of the journal supersede some of the file."""
        return isinstance(self._known.get(path, {}).get("journal"), str)

    def _records(self, path: str) -> dict[tuple[int, int], Json]:
        """Return the records of a shard by index and repeat; none of a damaged one."""
        from pilotbench.results.database import queries

        try:
            file = self._results / "shards" / path
            if file.is_file() and not self._is_mixed(path):
                _, records = read_shard(file)
            elif self._db_path.exists():
                _, records = queries.shard_records(self._db_path, self._results, path)
            else:
                records = []
        except RecordError:
            records = []
        return {(record["index"], record["repeat"]): record for record in records}


def per_file(table: AnswerTable) -> int:
    """Return how many questions have their replies in one file."""
    return max(10, REPLIES // max(1, len(table.columns) * table.repeats))


def write(table: AnswerTable, shards: Shards, folder: Path) -> tuple[set[str], int]:
    """Write the files of replies that have changed; return the names of all, and how many."""
    names, written = set(), 0
    size = per_file(table)
    for number, first in enumerate(range(0, len(table.rows), size)):
        name = f"replies-{number}"
        written += _write(table, table.rows[first : first + size], shards, folder / f"{name}.js")
        names.add(f"{name}.js")
    return names, written


def _write(table: AnswerTable, rows: Sequence[Row], shards: Shards, file: Path) -> int:
    used = {path: number for number, path in enumerate(dict.fromkeys(_paths(rows)))}
    stamp = digest(
        [
            FORMAT,
            [vars(column) for column in table.columns],
            [[path, shards.state(path)] for path in used],
            [[row.place, _asked(row), repr(row.question.target)] for row in rows],
            [
                [[_source(entry, shards) for entry in cell or ()] for cell in row.cells]
                for row in rows
            ],
        ]
    )
    if page_data.stamp_of(file) == stamp:
        return 0
    content = {
        "shards": [shards.place(path) for path in used],
        "rows": [[_asked(row), row.question.target, _cells(row, shards, used)] for row in rows],
    }
    return page_data.write(file, page_data.packed(file.stem, content, stamp))


def _source(entry: Entry, shards: Shards) -> list[Any]:
    return [entry.shard, shards.opinions.get(entry.episode or "", ())]


def _asked(row: Row) -> str:
    question = row.question
    return f"{question.earlier}\n\nuser: {question.text}" if question.earlier else question.text


def _paths(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        for cell in row.cells:
            yield from (entry.shard for entry in cell or () if entry.shard)


def _cells(row: Row, shards: Shards, used: dict[str, int]) -> list[list[Json | None]]:
    """Return the replies to a question by column and repeat; None without a record."""

    def reply(entry: Entry, repeat: int) -> Json | None:
        if entry.shard is None:
            return None
        record = shards.records(entry.shard).get((row.index, repeat))
        said = shards.opinions.get(entry.episode or "")
        return None if record is None else _reply(record, used[entry.shard], said)

    return [[reply(entry, repeat) for repeat, entry in enumerate(cell or ())] for cell in row.cells]


def _reply(record: Json, shard: int, said: list[Opinion] | None) -> Json:
    """Return what the page shows of an episode beside its place in the table."""
    text = text_of(record.get("answer"))
    verdict = record.get("verdict") or {}
    known = {
        "shard": shard,
        "reply": text[:REPLY_LIMIT],
        **({} if len(text) <= REPLY_LIMIT else {"length": len(text), "sha256": sha256_of(text)}),
        "read": None if verdict.get("read") is None else shown(verdict["read"], REPLY_LIMIT),
        "rule": verdict.get("rule"),
        "why": verdict.get("why"),
        "reason": record.get("reason"),
        "opinions": said,
        "thought": _thought(record)[:REPLY_LIMIT],
        "end": record.get("end_reason"),
    }
    return {name: value for name, value in known.items() if value not in (None, "")}


def _thought(record: Json) -> str:
    """Return what the model thought before its reply, of an episode of one turn."""
    turns = list(record.get("transcript") or [])
    return str(turns[0].get("thought") or "") if len(turns) == 1 else ""
