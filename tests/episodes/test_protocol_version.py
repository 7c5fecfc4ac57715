"""A new way to read messages replays what was answered, and asks only what it has never asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pilotbench.matrix import experiment as experiments
from pilotbench.matrix.experiment import Experiment
from pilotbench.providers.protocols import written
from support.scripted import QUESTIONS, Scripted, play, question_of, said, shard_of

Json = dict[str, Any]
FIRST, SECOND = QUESTIONS
WHOLE = '{"tool": "utility_helper", "arguments": {"topic": "sums"}}'
BROKEN = WHOLE.replace('"', "'")


def answers(first: str) -> Any:
    """Return the script of a model that makes `first` as its first call, then answers."""

    def script(body: Json, number: int) -> Json:
        asked = question_of(body)
        begun = sum(message["role"] == "assistant" for message in body["messages"])
        if asked == FIRST and not begun:
            return said(first)
        answer = {"answer": QUESTIONS[asked]}
        return said(json.dumps({"tool": "finish", "arguments": answer}))

    return script


def at(folder: Path, address: str, protocol: str) -> Experiment:
    """Return the shard of both questions under a protocol."""
    entry = {"provider": "scripted", "deployment": "m", "protocol": protocol}
    return shard_of(folder, address, tools=True, model_catalog={"m": entry})


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRIPTED_SECRET", "sk-scripted")


@pytest.mark.parametrize("protocol", ["native", "json", "text"])
def test_answers_that_are_read_as_before_are_replayed_without_a_request(
    protocol: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Scripted(answers(WHOLE)) as scripted:
        with monkeypatch.context() as earlier:
            earlier.setattr(experiments, "PROTOCOL_VERSION", "2")
            asked = at(tmp_path, scripted.address, protocol)
            (cell,) = asked.plan.cells
            before, first = asked.fingerprint(cell), play(asked)
        count = len(scripted.requests)
        now = at(tmp_path, scripted.address, protocol)
        again = play(now)
        assert len(scripted.requests) == count == 3
    assert now.fingerprint(cell) != before
    assert again.outcome(0) == again.outcome(1) == "right"
    assert [record["transcript"] for record in again.records.values()] == [
        record["transcript"] for record in first.records.values()
    ]


@pytest.mark.parametrize("protocol", ["native", "json", "text"])
def test_a_message_that_is_read_in_another_way_asks_its_next_turn(
    protocol: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Scripted(answers(BROKEN)) as scripted:
        with monkeypatch.context() as earlier:
            earlier.setattr(experiments, "PROTOCOL_VERSION", "2")
            earlier.setattr(written, "MOST_REPAIRS", 0)
            play(at(tmp_path, scripted.address, protocol))
        asked = scripted.asked(0), scripted.asked(1)
        again = play(at(tmp_path, scripted.address, protocol))
        assert asked == (2, 1)
        assert (scripted.asked(0), scripted.asked(1)) == (3, 1)
    record = again.records[0]
    assert (again.outcome(0), record["parsed_turns"], record["repaired"]) == ("right", 2, 1)


@pytest.mark.parametrize("reason", ["stop", "length"])
def test_a_call_that_was_cut_off_is_not_repaired(reason: str, tmp_path: Path) -> None:
    def script(body: Json, number: int) -> Json:
        text = f'{{"tool": "finish", "arguments": {{"answer": {QUESTIONS[question_of(body)]}}}'
        return said(text, reason)

    with Scripted(script) as scripted:
        records = play(at(tmp_path, scripted.address, "json")).records
    ends = [(one["end_reason"], one["repaired"], one["success"]) for one in records.values()]
    assert ends == [("finish", 1, True) if reason == "stop" else ("length", 0, False)] * 2
