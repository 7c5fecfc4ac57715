"""Everything in a journal that was charged, or may have been, is read once."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pilotbench.asking.journal import Journal
from pilotbench.asking.journal.paid_answers import Kind, PaidAnswer, PaidAnswers
from pilotbench.ground.errors import (
    ConnectionFailed,
    ContextOverflow,
    ProviderError,
    Refused,
    TimedOut,
    UnusableAnswer,
)
from pilotbench.providers.answer import Answer, Tokens
from support.journals import CELL, asked, segments, wanted

TOKENS = Tokens(10, 5, 1, 2)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path, CELL)


def answer(started: float = 1.5, batch: str | None = None, **more: Any) -> Answer:
    found = asked()
    completion = replace(found.completion, **more)
    return replace(found, completion=completion, started=started, batch=batch)


def write(
    journal: Journal, number: int, *some: Answer | ProviderError, charged: bool = False
) -> None:
    """Write answers and failures to one request, each to a segment of its own."""
    for one in some:
        with journal.open(0, 19) as segment:
            if isinstance(one, Answer):
                segment.write(wanted(number), one)
            else:
                segment.write_failure(wanted(number), one, charged=charged)


def failed(error: ProviderError, **more: Any) -> ProviderError:
    for name, value in more.items():
        setattr(error, name, value)
    return error


def read(journal: Journal) -> list[PaidAnswer]:
    return list(PaidAnswers(journal.root))


def test_an_answer_is_read_with_everything_that_its_price_depends_on(journal: Journal) -> None:
    write(journal, 1, answer(tier="flex"))
    model = Path("idealab/m-0123")
    expected = PaidAnswer(model, "key1", Kind.ANSWER, 1.5, 1.75, "flex", TOKENS)
    assert read(journal) == [expected]


@pytest.mark.parametrize(
    ("some", "again"),
    [
        ([answer(), answer()], [False]),
        ([answer(1.5), answer(2.5)], [False, True]),
        ([answer(received={"id": "a"}), answer(received={"id": "b"})], [False, True]),
        ([answer(1.5, "b1"), answer(2.5, "b1")], [False]),
        ([answer(1.5, "b1"), answer(1.5, "b2")], [False, True]),
        ([answer(finish_reason="error"), answer(2.5)], [False, False]),
        ([UnusableAnswer("no"), answer()], [False, False]),
    ],
)
def test_the_same_answer_counts_once_and_two_answers_count_twice(
    journal: Journal, some: list[Any], again: list[bool]
) -> None:
    write(journal, 1, *some)
    assert [one.again for one in read(journal)] == again


def test_a_copy_of_a_segment_is_no_second_payment(journal: Journal) -> None:
    write(journal, 1, answer(), UnusableAnswer("no", "{}", TOKENS))
    other = Journal(journal.root, CELL.parents[3] / "renamed" / Path(*CELL.parts[3:]))
    other.folder.mkdir(parents=True)
    for path in segments(journal):
        shutil.copy(path, other.folder / path.name)
    assert len(read(journal)) == 2


@pytest.mark.parametrize(
    ("error", "charged", "kind"),
    [
        (UnusableAnswer("no", "{}", TOKENS), False, Kind.UNUSABLE),
        (failed(ConnectionFailed("cut off")), True, Kind.UNSURE),
        (ConnectionFailed("reset"), False, None),
        (TimedOut("no answer"), False, None),
        (Refused("no"), False, None),
        (failed(Refused("no"), received={"usage": {"promptTokenCount": 1}}), False, Kind.UNSURE),
        (ContextOverflow("too long"), False, None),
    ],
)
def test_a_failure_is_paid_for_or_not(
    journal: Journal, error: ProviderError, charged: bool, kind: Kind | None
) -> None:
    write(journal, 1, failed(error, key="key2", tier="flex"), charged=charged)
    found = read(journal)
    assert [one.kind for one in found] == ([] if kind is None else [kind])
    assert all((one.key, one.tier) == ("key2", "flex") for one in found)
    assert [one.tokens for one in found if one.kind is Kind.UNUSABLE] in ([], [TOKENS])


def test_an_unusable_answer_of_a_batch_is_in_its_tier_and_counts_once(journal: Journal) -> None:
    for _ in range(2):
        write(journal, 1, failed(UnusableAnswer("no", "{}", TOKENS), batch="b1", key="key2"))
    (found,) = read(journal)
    assert (found.tier, found.kind) == ("batch", Kind.UNUSABLE)


def test_a_damaged_line_is_named_and_hides_no_other(journal: Journal) -> None:
    write(journal, 1, answer())
    (path,) = segments(journal)
    path.write_bytes(b"garbage\n" + path.read_bytes() + b'{"identity": "00"}\n' + b'{"cut off')
    found = PaidAnswers(journal.root)
    assert len(list(found)) == 1
    assert [(one.path, one.line) for one in found.damaged] == [(path, 1), (path, 3)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"started": math.nan}, {"started": math.inf}, {"started": -1.0}, {"started": 1e12},
        {"latency_s": math.nan}, {"latency_s": 1e300}, {"latency_s": None},
        {"key": ["k"]}, {"key": 3}, {"completion": {"tier": 3}}, {"completion": {"tier": ["flex"]}},
        {"completion": {"finish_reason": 7}}, {"completion": None},
        {"failure": math.nan}, {"failure": 1e20}, {"failure": "soon"},
    ],
)  # fmt: skip
def test_a_line_with_an_impossible_value_is_damaged_and_hides_no_whole_copy(
    journal: Journal, wrong: dict[str, Any]
) -> None:
    write(journal, 1, UnusableAnswer("no", "{}", TOKENS) if "failure" in wrong else answer())
    (path,) = segments(journal)
    record = json.loads(path.read_text())
    if "failure" in wrong:
        record["failure"]["at"] = wrong["failure"]
    elif isinstance(wrong.get("completion"), dict):
        record["asked"]["completion"] |= wrong["completion"]
    else:
        record["asked"] |= wrong
    path.write_text(json.dumps(record) + "\n" + path.read_text())
    found = PaidAnswers(journal.root)
    assert len(list(found)) == 1
    assert [(one.path, one.line) for one in found.damaged] == [(path, 1)]


def test_without_a_journal_nothing_was_paid(tmp_path: Path) -> None:
    assert list(PaidAnswers(tmp_path / "none")) == []


def test_only_segments_of_cells_are_read(journal: Journal) -> None:
    write(journal, 1, answer())
    other = journal.root / "batches" / "idealab" / "m-0123"
    other.mkdir(parents=True)
    (other / "1-a.jsonl").write_text('{"batch": {}}\n')
    found = PaidAnswers(journal.root)
    assert (len(list(found)), found.damaged) == (1, [])
