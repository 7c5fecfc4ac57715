"""The record of batches: what a process finds that was killed at any byte of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pilotbench.asking.journal.batch_book import Book, batches_out
from pilotbench.asking.journal.batch_file import BookedRequest, Entry
from pilotbench.ground.errors import RecordError
from pilotbench.providers.settings import Model

Json = dict[str, Any]
MODEL = Model("m", "service", "m-1")
NAMES = [f"{number:064x}" for number in range(3)]


def booked(name: str) -> BookedRequest:
    return BookedRequest(f"tag-{name}", name, {"turn": 1}, "service/m/cell", 0, 1, 0, 0.5)


def written(book: Book, tag: str = "ab") -> Entry:
    book.folder.mkdir(parents=True, exist_ok=True)
    head = {
        **{"tag": tag, "provider": "service", "model": "m", "deployment": "m-1"},
        **{"key": "k", "key_folder": "f", "count": 3, "reserved_usd": 1.5},
    }
    return book.write(head, map(booked, NAMES))


def test_a_batch_is_out_from_its_record_to_its_end(tmp_path: Path) -> None:
    book = Book(tmp_path, MODEL)
    assert book.entries() == batches_out(tmp_path) == []
    assert book.out_since(NAMES[0]) is None
    entry = written(book)
    assert book.out_since(NAMES[2]) == entry.created
    assert batches_out(tmp_path) == []  # nothing was sent yet
    entry.note("withdrawn", ids=[f"tag-{NAMES[1]}"])
    entry.note("sending")
    assert [book.out_since(name) is None for name in NAMES] == [False, True, False]
    entry.note("named", name="batch_1")
    entry.note("seen", done=1, failed=1)
    (out,) = batches_out(tmp_path)
    assert (out.name, out.requests, out.done, out.reserved_usd) == ("batch_1", 2, 1, 1.5)
    assert out.expected == out.since + 86_400
    (again,) = Book(tmp_path, MODEL).entries()
    assert [one.identity for one in again.requests()] == [NAMES[0], NAMES[2]]
    assert next(again.requests()) == booked(NAMES[0])
    entry.results.write_text("results")
    entry.close("collected")
    assert book.entries() == batches_out(tmp_path) == []
    assert book.out_since(NAMES[0]) is None
    assert not entry.results.exists()


def test_a_process_killed_while_it_closed_a_batch_left_it_closed(tmp_path: Path) -> None:
    book = Book(tmp_path, MODEL)
    entry = written(book)
    entry.note("sending")
    entry.note("closed", why="collected")
    assert batches_out(tmp_path) == []
    assert book.out_since(NAMES[0]) is None
    (found,) = book.entries()
    found.close("")
    assert book.entries() == []


@pytest.mark.parametrize("final", [False, True])
def test_a_request_is_given_up_after_three_batches_or_one_that_is_final(
    tmp_path: Path, final: bool
) -> None:
    book = Book(tmp_path, MODEL)
    entry = written(book)
    for _ in range(2):  # a killed process did it before
        book.note_unanswered(entry, {NAMES[0]: ("server error", final)})
    assert book.given_up() == ({NAMES[0]: "server error"} if final else {})
    for tag in ("cd", "ef"):
        book.note_unanswered(written(book, tag), {NAMES[0]: ("expired", False)})
    assert book.given_up() == {NAMES[0]: "expired"}


@pytest.mark.parametrize("start", ['{"batch"', '{"request"', '{"event": "sending"'])
def test_a_damaged_line_is_named_and_its_batch_counts_as_out(tmp_path: Path, start: str) -> None:
    book = Book(tmp_path, MODEL)
    entry = written(book)
    for event in ("sending", "named"):
        entry.note(event, name="batch_1")
    text = entry.path.read_text().splitlines(keepends=True)
    number = next(n for n, line in enumerate(text) if line.startswith(start))
    text[number] = text[number].replace('": ', '": 1', 1) if number else '{"batch": {}}\n'
    entry.path.write_text("".join(text))
    with pytest.raises(RecordError, match=rf"{entry.path.name}: line {number + 1} is damaged: "):
        [list(one.requests()) for one in book.entries()]
    assert book.out_since(NAMES[2]) == pytest.approx(entry.created)
    assert len(batches_out(tmp_path)) == (start == '{"request"')
