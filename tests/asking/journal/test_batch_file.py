"""The file of a batch: what a process finds that was killed at any byte of it."""

from __future__ import annotations

import os
from pathlib import Path

from pilotbench.asking.journal.batch_file import Entry, append_records, read_entry


def written(folder: Path) -> Entry:
    head = {
        **{"tag": "ab", "provider": "service", "model": "m", "deployment": "m-1", "key": "k"},
        **{"key_folder": "f", "created": 1.0, "count": 0},
    }
    append_records(folder / "batch.jsonl", [{"batch": head}])
    return read(folder)


def read(folder: Path) -> Entry:
    entry = read_entry(folder / "batch.jsonl")
    assert entry is not None
    return entry


def test_an_event_that_was_cut_off_did_not_happen_and_hides_no_later_one(tmp_path: Path) -> None:
    entry = written(tmp_path)
    entry.note("sending")
    size = entry.path.stat().st_size
    entry.note("named", name="batch_1")
    whole = entry.path.stat().st_size
    for end, name in ((whole - 1, "batch_1"), (whole - 2, None), (size + 1, None), (size, None)):
        os.truncate(entry.path, end)
        found = read(tmp_path)
        assert found.name == name
        assert found.sent is not None
    with entry.path.open("ab") as file:
        file.write(b'{"event": "na')
    found.note("named", name="batch_2")
    assert read(tmp_path).name == "batch_2"


def test_a_batch_that_another_process_has_closed_is_not_found(tmp_path: Path) -> None:
    entry = written(tmp_path)
    entry.close("collected")
    assert read_entry(entry.path) is None
    closed = read_entry(tmp_path / "closed/batch.jsonl")
    assert closed is not None
    assert closed.closed
