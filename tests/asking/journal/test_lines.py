"""A journal is JSON, so any tool may rewrite it. A line that was changed is not used."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pilotbench.asking.journal import Journal, bounded
from pilotbench.asking.journal.lines import checksum
from pilotbench.asking.journal.records import answer_to_json
from pilotbench.ground.errors import Refused, UnusableAnswer
from pilotbench.providers.answer import Answer, Completion, Tokens
from support.journals import CELL, asked, name, segments, wanted, write

Rewrite = Callable[[list[Any]], str]


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal", CELL)


def rewrite(journal: Journal, how: Rewrite) -> None:
    """Write the journal's one segment anew, as a tool would."""
    (path,) = segments(journal)
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    path.write_bytes(how(lines).encode("utf-8", "surrogatepass"))


def each(**form: Any) -> Rewrite:
    return lambda lines: "".join(json.dumps(line, **form) + "\n" for line in lines)


def whole_numbers(value: Any) -> Any:
    """Return a value as a tool writes it that knows no float but where one is needed."""
    if isinstance(value, dict):
        return {key: whole_numbers(inner) for key, inner in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value


REWRITTEN: dict[str, Rewrite] = {
    "sorted keys": each(sort_keys=True),
    "compact": each(separators=(",", ":")),
    "other spacing": each(separators=(" , ", " : ")),
    "unicode": each(ensure_ascii=False),
    "indented": each(indent=2),
    "indented with tabs": each(indent="\t", sort_keys=True),
    "CRLF": lambda lines: "".join(json.dumps(line) + "\r\n" for line in lines),
    "indented CRLF": lambda lines: each(indent=2)(lines).replace("\n", "\r\n"),
    "blank lines": lambda lines: "\n \n" + "\n\n".join(map(json.dumps, lines)) + "\n\n",
    "leading space": lambda lines: "".join("  " + json.dumps(line) + " \n" for line in lines),
    "no last line end": lambda lines: "\n".join(map(json.dumps, lines)),
    "byte order mark": lambda lines: "\ufeff" + each()(lines),
    "other order": lambda lines: each()(lines[::-1]),
    "whole numbers": lambda lines: each()([whole_numbers(line) for line in lines]),
}


def test_what_came_beside_a_message_is_stored(journal: Journal) -> None:
    deep: Any = 1
    for _ in range(300):
        deep = [deep]
    received = {"id": "c1", "usage": {"prompt_tokens": 9, "deep": deep}, "request_id": "req_1"}
    found = replace(whole("4").completion, tier="flex", received=received)
    unusable = UnusableAnswer("no message", "{}")
    unusable.tier, unusable.received = "flex", received
    with journal.open(0, 19) as segment:
        segment.write(wanted(0), bounded(replace(whole("4"), completion=found, batch="b1")))
        segment.write(wanted(1), whole("4"))
        segment.write_failure(wanted(2), unusable)
        segment.write_failure(wanted(3), Refused("no"))
    answer = journal.read(0, 19).answer(wanted(0))
    assert answer is not None
    assert (answer.tier, answer.completion.tier, answer.batch) == ("batch", "flex", "b1")
    stored = answer.completion.received
    assert {**stored, "usage": None} == {**received, "usage": None}
    assert stored["usage"]["prompt_tokens"] == 9
    (path,) = segments(journal)
    with_it, without, failed, refused = map(json.loads, path.read_bytes().splitlines())
    assert failed["received"] == with_it["asked"]["completion"]["received"]
    assert failed["tier"] == "flex"
    for empty in (without["asked"], without["asked"]["completion"], refused):
        assert not {"tier", "received", "batch"} & empty.keys()


@pytest.mark.parametrize("how", REWRITTEN.values(), ids=REWRITTEN)
def test_a_journal_that_a_tool_has_rewritten_holds_the_same_answers(
    journal: Journal, how: Rewrite, caplog: pytest.LogCaptureFixture
) -> None:
    texts = ["one", 'ünï \u2028 "{}" \\ \x00', "{\n}\n"]
    with journal.open(0, 19) as segment:
        for number, text in enumerate(texts):
            segment.write(wanted(number), whole(text))
        segment.write_failure(wanted(7, 3), Refused("no"))
    rewrite(journal, how)
    answers = journal.read(0, 19)
    for number, text in enumerate(texts):
        assert answers.answer(wanted(number)) == whole(text)
    with pytest.raises(Refused):
        answers.answer(wanted(7))
    assert len(answers) == len(texts)
    assert not answers.damaged
    assert not caplog.records


def whole(text: str) -> Answer:
    """Return an answer with numbers of all kinds."""
    message = {"role": "assistant", "content": text, "x": [1e22, 0.1, 1.0, -0.0, 2**60, 12]}
    return Answer(Completion(message, "stop", "m", Tokens(10, 5)), "k", 1.0, 3.0, 0.0, 1)


def test_a_large_integer_rounded_by_a_tool_is_the_same_number(journal: Journal) -> None:
    """`jq` writes 2**60 as 1152921504606847000, which is the same double."""
    with journal.open(0, 19) as segment:
        segment.write(wanted(1), whole("one"))
    (path,) = segments(journal)
    assert str(2**60) in path.read_text()
    path.write_text(path.read_text().replace(str(2**60), "1152921504606847000"))
    assert journal.read(0, 19).answer(wanted(1)) is not None


@pytest.mark.parametrize("end", range(1, 40))
def test_a_truncated_last_line_of_a_rewritten_journal_is_ignored(
    journal: Journal, end: int
) -> None:
    with journal.open(0, 19) as segment:
        write(segment, 1)
        write(segment, 2)
    rewrite(journal, each(indent=2))
    (path,) = segments(journal)
    path.write_bytes(path.read_bytes()[:-end])
    answers = journal.read(0, 19)
    assert answers.answer(wanted(1)) == asked()
    assert (answers.answer(wanted(2)) is None) == (end > 1)
    assert not answers.damaged


CHANGED = {
    "a digit of the answer": ("forty-1", "forty-2"),
    "a count of tokens": ('"input": 10', '"input": 11'),
    "the finish reason": ('"stop"', '"length"'),
    "the price's key": ('"key1"', '"key2"'),
    "the index": ('"index": 0', '"index": 1'),
    "a turn": ('"turn": 0', '"turn": 1'),
    "the checksum": ('"checksum": "', '"checksum": "0'),
}


@pytest.mark.parametrize(("old", "new"), CHANGED.values(), ids=CHANGED)
def test_a_changed_line_is_reported_once_kept_and_not_used(
    journal: Journal, old: str, new: str, caplog: pytest.LogCaptureFixture
) -> None:
    with journal.open(0, 19) as segment:
        write(segment, 1, "forty-1")
        write(segment, 2, "fine")
    (path,) = segments(journal)
    one, two = path.read_text().splitlines()
    assert old in one
    path.write_text(one.replace(old, new) + "\n" + two + "\n")
    caplog.set_level(logging.WARNING)
    with journal.open(0, 19) as segment:
        for _ in range(3):
            assert segment.answers.answer(wanted(1)) is None
        assert segment.answers.answer(wanted(2)) == asked("fine")
        write(segment, 1, "again")
        assert segment.answers.answer(wanted(1)) == asked("again")
    assert caplog.text.count("is damaged") == 1
    assert f"{path}: line 1 is damaged (its checksum does not fit)" in caplog.text
    assert path.read_text().splitlines()[0] == one.replace(old, new)
    assert journal.read(0, 19).answer(wanted(1)) == asked("again")


def test_a_changed_failure_is_not_used(journal: Journal) -> None:
    with journal.open(0, 19) as segment:
        segment.write_failure(wanted(1), Refused("no"))
    (path,) = segments(journal)
    path.write_text(path.read_text().replace('"Refused"', '"ContextOverflow"'))
    answers = journal.read(0, 19)
    assert answers.answer(wanted(1)) is None
    assert len(answers.damaged) == 1


def test_lines_of_earlier_releases_without_checksum_are_checked_by_identity(
    journal: Journal,
) -> None:
    def old(number: int, **more: Any) -> str:
        of = wanted(number)
        line = {"identity": of.identity, "components": of.components}
        return json.dumps({**line, "asked": answer_to_json(asked()), "index": 0, **more}) + "\n"

    journal.folder.mkdir(parents=True)
    path = journal.folder / "00000-00019_1_1_host.jsonl"
    path.write_text(old(1) + old(2, components=wanted(3).components))
    answers = journal.read(0, 19)
    assert answers.answer(wanted(1)) == asked()
    assert answers.answer(wanted(2)) is None
    assert "line 2" in str(answers.damaged[0])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1.0}, {"a": 1}, True),
        ({"a": -0.0}, {"a": 0}, True),
        ({"a": 2**60}, {"a": float(2**60)}, True),
        ({"a": math.nan}, {"a": None}, True),
        ({"a": math.inf}, {"a": 1.7976931348623157e308}, True),
        ({"a": 10**400}, {"a": 1.7976931348623157e308}, True),
        ({"a": "\ud800"}, {"a": "\ufffd"}, True),
        ({"a": 1}, {"a": "1"}, False),
        ({"a": True}, {"a": 1}, False),
        ({"a": 0.1}, {"a": 0.10000000000000002}, False),
        ({"a": None}, {}, False),
        ({"a": [1, 2]}, {"a": [2, 1]}, False),
    ],
)
def test_a_checksum_covers_values_and_not_their_notation(one: Any, other: Any, same: bool) -> None:
    assert (checksum(one) == checksum(other)) is same


def test_every_line_has_a_checksum(journal: Journal) -> None:
    with journal.open(0, 19) as segment:
        write(segment, 1)
        segment.write_failure(wanted(2), Refused("no"))
    for line in segments(journal)[0].read_text().splitlines():
        record = json.loads(line)
        assert record["checksum"] == checksum(record)
    assert name(1) in journal.read(0, 19)
