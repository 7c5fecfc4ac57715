"""What was paid for is found again: over kills, damage, threads, and changes of the matrix."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilotbench.asking.journal import Journal, journal_folder
from pilotbench.ground.errors import ContextOverflow, Refused, Rejected, TimedOut, UserError
from pilotbench.matrix.cells import Cell
from pilotbench.providers.settings import Model, Weights
from support.journals import CELL, asked, name, parts, segments, wanted, write


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal", CELL)


def test_a_response_is_read_back_unchanged(journal: Journal) -> None:
    text = 'tags <|im_end|>, "quotes", \u2028, ünï, lone \ud800, nul \x00'
    with journal.open(0, 19) as segment:
        assert segment.answers.find(name(1)) is None
        write(segment, 1, text)
        assert segment.answers.find(name(1)) == asked(text)
    with journal.open(0, 19) as segment:
        assert segment.answers.find(name(1)) == asked(text)


def test_a_line_is_json_that_begins_with_its_identity(journal: Journal) -> None:
    with journal.open(0, 19) as segment:
        segment.write(wanted(1, 7, turn=3), asked(), commit="abc")
    (line,) = segments(journal)[0].read_bytes().splitlines()
    assert line.startswith(f'{{"identity": "{wanted(1, turn=3).identity}"'.encode())
    record = json.loads(line)
    assert (record["index"], record["commit"], record["asked"]["key"]) == (7, "abc", "key1")
    assert record["components"] == parts(1, turn=3)
    assert record["host"]


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [
        (0, 19, {0, 1}),
        (0, 9, {0, 1}),
        (10, 29, {0, 1, 2}),
        (0, 399, {0, 1, 2}),
        (20, 20, {2}),
        (40, 59, set()),
    ],
)
def test_another_shard_size_finds_what_was_answered(
    journal: Journal, first: int, last: int, found: set[int]
) -> None:
    with journal.open(0, 19) as segment:
        write(segment, 0)
        write(segment, 1)
    with journal.open(20, 39) as segment:
        write(segment, 2)
    with journal.open(first, last) as segment:
        assert {number for number in range(3) if segment.answers.find(name(number))} == found


def test_the_whole_cell_is_searched_when_questions_move(journal: Journal) -> None:
    with journal.open(0, 19) as segment:
        write(segment, "question")
    with journal.open(20, 39) as segment:
        assert segment.answers.find(name("question")) is None
    with Journal(journal.root, CELL, whole=True).open(20, 39) as segment:
        assert segment.answers.find(name("question")) == asked()


def test_the_first_of_two_paid_answers_counts(journal: Journal) -> None:
    for text in ("first", "second", "third"):
        with journal.open(0, 19) as segment:
            write(segment, 1, text)
    assert journal.read(0, 19).find(name(1)) == asked("first")


def test_a_run_that_asks_nothing_leaves_no_file(journal: Journal) -> None:
    with journal.open(0, 19) as segment:
        write(segment, 1)
    before = segments(journal)
    for _ in range(3):
        with journal.open(0, 19) as segment:
            assert segment.answers.find(name(1))
    assert segments(journal) == before


def test_a_segment_added_by_hand_is_read(journal: Journal) -> None:
    with journal.open(40, 59) as segment:
        write(segment, 1)
    segments(journal)[0].rename(journal.folder / "from-another-machine.jsonl")
    assert journal.read(0, 19).find(name(1)) == asked()
    with journal.open(0, 19) as segment:
        assert segment.answers.find(name(1)) == asked()


def test_reading_creates_no_file(journal: Journal) -> None:
    assert len(journal.read(0, 19)) == 0
    assert not journal.root.exists()


def test_read_gives_whole_records_while_another_process_writes(journal: Journal) -> None:
    with journal.open(0, 19) as segment:
        write(segment, 1)
        answers = journal.read(0, 19)
        assert [record["identity"] for record in answers.records()] == [name(1)]
        assert name(1) in answers
        assert name(2) not in answers


def test_threads_write_whole_lines(journal: Journal) -> None:
    with journal.open(0, 19) as segment:

        def work(thread: int) -> None:
            for number in range(40):
                write(segment, (thread, number), "x" * (thread * 500))

        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(segment.answers.find(name((t, n))) for t in range(8) for n in range(40))
    answers = journal.read(0, 19)
    assert len(answers) == 320
    assert len(list(answers.records())) == 320
    assert not answers.damaged


def test_the_last_failure_of_an_episode_says_why_it_is_owed(journal: Journal) -> None:
    with journal.open(0, 19) as segment:
        segment.write_failure(wanted(1, 3), TimedOut("no answer\nin 120 s"))
        segment.write_failure(wanted(2, 3, turn=1), Rejected("bad request"))
        segment.write_failure(wanted(3, 4, repeat=1), Rejected("x" * 9999))
    owed = journal.read(0, 19).owed()
    assert {key: (one.kind, one.turn) for key, one in owed.items()} == {
        (3, 0): ("Rejected", 1),
        (4, 1): ("Rejected", 0),
    }
    assert len(owed[4, 1].message) <= 500
    assert journal.read(0, 19).failures[0].message == "no answer in 120 s"


def test_an_episode_that_is_answered_later_is_no_longer_owed(journal: Journal) -> None:
    with journal.open(0, 19) as segment:
        segment.write_failure(wanted(1, 3), TimedOut("no answer"))
    with journal.open(0, 19) as segment:
        assert segment.answers.find(name(1)) is None
        write(segment, 1)
        assert not segment.answers.owed()
    assert not journal.read(0, 19).owed()


@pytest.mark.parametrize("verdict", [ContextOverflow, Refused])
def test_a_final_rejection_is_found_and_not_owed(
    journal: Journal, verdict: type[Exception]
) -> None:
    with journal.open(0, 19) as segment:
        segment.write_failure(wanted(1, 3), verdict("no more of this"))
        with pytest.raises(verdict, match="no more of this"):
            segment.answers.find(name(1))
    answers = Journal(journal.root, CELL, whole=True).read(20, 39)
    assert name(1) in answers
    assert not journal.read(0, 19).owed()
    with pytest.raises(verdict, match="no more of this"):
        answers.find(name(1))


def test_failures_of_other_indices_are_not_reported(journal: Journal) -> None:
    with journal.open(0, 19) as segment:
        segment.write_failure(wanted(1, 15), TimedOut("no answer"))
    assert not journal.read(0, 9).owed()
    assert journal.read(10, 19).owed()


def test_a_line_truncated_anywhere_is_ignored(journal: Journal) -> None:
    with journal.open(0, 19) as segment:
        write(segment, 1)
        write(segment, 2)
    path = segments(journal)[0]
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for end in range(first, len(whole), 3):
        path.write_bytes(whole[:end])
        answers = journal.read(0, 19)
        assert answers.find(name(1)) == asked()
        assert answers.find(name(2)) is None
        assert not answers.damaged


def test_a_segment_truncated_at_its_start_is_empty(journal: Journal) -> None:
    with journal.open(0, 19) as segment:
        write(segment, 1)
    path = segments(journal)[0]
    path.write_bytes(path.read_bytes()[:30])
    with journal.open(0, 19) as segment:
        assert segment.answers.find(name(1)) is None
        write(segment, 1)
    assert journal.read(0, 19).find(name(1)) == asked()


@pytest.mark.parametrize(
    "damage",
    [
        b"garbage\n",
        b"\x00\xff\xfe\n",
        b"{}\n",
        b'{"failure": 3}\n',
        b'{"identity": "short"}\n',
        b'{"identity": "' + name(2).encode() + b'", "asked"\n',
        b'{"identity": "' + name(2).encode() + b'", "asked": {}}\n',
        b'{"identity": "' + name(2).encode() + b'", "components": {}, "asked": 5}\n',
    ],
)
def test_a_damaged_line_is_reported_and_hides_no_other(
    journal: Journal, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with journal.open(0, 19) as segment:
        write(segment, 1)
        write(segment, 3)
    path = segments(journal)[0]
    one, three = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(one + damage + three)
    with journal.open(0, 19) as segment:
        assert segment.answers.find(name(1)) == asked()
        assert segment.answers.find(name(2)) is None
        assert segment.answers.find(name(3)) == asked()
        list(segment.answers.records())
        (found,) = segment.answers.damaged
    assert (found.path, found.line) == (path, 2)
    assert f"{path}: line 2 is damaged" in caplog.text


def test_a_damaged_copy_does_not_hide_a_good_one(journal: Journal) -> None:
    for text in ("first", "second"):
        with journal.open(0, 19) as segment:
            write(segment, 1, text)
    path = segments(journal)[0]
    path.write_bytes(path.read_bytes().replace(b'"asked"', b'"akeds"'))
    assert journal.read(0, 19).find(name(1)) == asked("second")


def test_a_journal_that_cannot_be_created_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "journal").write_text("a file where a folder should be")
    with (
        pytest.raises(UserError, match=r"journal_dir: .* must be writable"),
        Journal(tmp_path / "journal", CELL).open(0, 19),
    ):
        pass


MODEL = Model("a", "idealab", "org/model:7b", "json", {"temperature": 0})
WEIGHTS = Weights(path="m.gguf", sha256="ab", context=8192)


def folder(model: Model, **cell: str) -> Path:
    words = {"prompt": "baseline", "task": "t", "difficulty": "easy", "tool_success_rate": "0.8"}
    return journal_folder(model, Cell(model=model.name, **{**words, **cell}))


def test_a_folder_is_named_by_what_is_asked() -> None:
    assert folder(MODEL).parts[0] == "idealab"
    assert folder(MODEL).parts[1].startswith("org%2Fmodel%3A7b-")
    assert folder(MODEL).parts[2:] == ("baseline", "t", "easy", "0.8")


@pytest.mark.parametrize(
    "other",
    [
        replace(MODEL, name="renamed"),
        replace(MODEL, reports="org/model"),
        replace(MODEL, parameters=dict(MODEL.parameters)),
    ],
)
def test_entries_that_ask_the_same_share_a_folder(other: Model) -> None:
    assert folder(other) == folder(MODEL)


@pytest.mark.parametrize(
    "other",
    [
        replace(MODEL, provider="azure"),
        replace(MODEL, deployment="org/model:8b"),
        replace(MODEL, protocol="text"),
        replace(MODEL, parameters={"temperature": 1}),
        replace(MODEL, weights=WEIGHTS),
        replace(MODEL, weights=replace(WEIGHTS, sha256="cd")),
        replace(MODEL, weights=replace(WEIGHTS, context=4096)),
    ],
)
def test_entries_that_ask_something_else_do_not(other: Model) -> None:
    assert folder(other) != folder(MODEL)
    assert folder(other) != folder(replace(MODEL, weights=replace(WEIGHTS, context=1)))


def test_weights_that_moved_are_the_same_weights() -> None:
    moved = replace(WEIGHTS, path="elsewhere/m.gguf")
    assert folder(replace(MODEL, weights=moved)) == folder(replace(MODEL, weights=WEIGHTS))


RANGES = st.tuples(st.integers(0, 40), st.integers(0, 20)).map(lambda pair: (pair[0], sum(pair)))
RUNS = st.lists(st.tuples(RANGES, st.lists(st.integers(0, 30), max_size=4)), max_size=6)


@settings(max_examples=30, deadline=None)
@given(runs=RUNS, cut=st.integers(0, 2000), wanted=RANGES)
def test_every_run_finds_all_answers_in_its_range_for_any_earlier_runs(
    tmp_path_factory: pytest.TempPathFactory,
    runs: list[tuple[tuple[int, int], list[int]]],
    cut: int,
    wanted: tuple[int, int],
) -> None:
    journal = Journal(tmp_path_factory.mktemp("journal"), CELL)
    written: list[tuple[tuple[int, int], int]] = []
    for (first, last), numbers in runs:
        with journal.open(first, last) as segment:
            for number in numbers:
                if segment.answers.find(name(number)) is None:
                    write(segment, number)
                    written.append(((first, last), number))
    if written:  # the last run was killed while it wrote
        path = segments(journal)[-1]
        path.write_bytes(path.read_bytes() + b'{"identity": "' + b"0" * cut)
    touched = {n for (first, last), n in written if first <= wanted[1] and wanted[0] <= last}
    answers = journal.read(*wanted)
    assert {number for number in range(31) if answers.find(name(number))} == touched
    assert not answers.damaged
    assert len(written) == len(set(written))
