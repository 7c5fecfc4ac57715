"""Logs for Inspect's viewer: every episode is a sample, the scores are those of the database."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pilotbench.results.database import inspect_logs
from pilotbench.results.database.inspect_logs import Outcome, sample
from support.database_lab import Lab, filled

Json = dict[str, Any]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A lab with its database and its logs in `logs`."""
    found = filled(tmp_path_factory.mktemp("results"))
    found.update()
    inspect_logs.write(found.database, found.results, found.results / "logs")
    return found


def members(path: Path) -> dict[str, Json]:
    with zipfile.ZipFile(path) as archive:
        return {name: json.loads(archive.read(name)) for name in archive.namelist()}


def logs(lab: Lab) -> dict[str, dict[str, Json]]:
    folder = lab.results / "logs"
    found = {str(path.relative_to(folder)): path for path in folder.rglob("*.eval")}
    return {name: members(path) for name, path in found.items()}


def test_each_cell_has_a_log_with_the_score_of_the_database(lab: Lab) -> None:
    rates = {
        "/".join(map(str, cell)) + ".eval": (rate, count)
        for *cell, rate, count in lab.rows(
            "SELECT model, prompt, task, difficulty, tool_success_rate, success_rate_all, "
            "completed + refused FROM cells"
        )
    }
    found = logs(lab)
    assert found.keys() == rates.keys()
    for name, log in found.items():
        rate, count = rates[name]
        scores = log["header.json"]["results"]["scores"][0]
        assert scores["metrics"]["accuracy"]["value"] == pytest.approx(rate, abs=1e-12)
        assert log["header.json"]["results"]["completed_samples"] == count
        samples = [one for part, one in log.items() if part.startswith("samples/")]
        assert len(samples) == len(log["summaries.json"]) == count
        values = [one["scores"]["pilotbench"]["value"] for one in samples]
        assert values.count("C") / count == pytest.approx(rate, abs=1e-12)


def test_a_sample_is_found_under_its_id_and_epoch(lab: Lab) -> None:
    for log in logs(lab).values():
        for name, one in log.items():
            if name.startswith("samples/"):
                assert name == f"samples/{one['id']}_epoch_{one['epoch']}.json"


def test_the_same_results_give_the_same_bytes(lab: Lab) -> None:
    again = lab.results / "again"
    inspect_logs.write(lab.database, lab.results, again)
    for path in again.rglob("*.eval"):
        assert path.read_bytes() == (lab.results / "logs" / path.relative_to(again)).read_bytes()


def record(**others: Any) -> Json:
    """Return the record of a question answered by `42`."""
    turn = {"turn": 0, "content": "It is 42.", "call": None, "reply": None, "finish_reason": "stop"}
    known = {
        **{"episode": "e" * 64, "index": 3, "repeat": 1, "provider": "p", "deployment": "d"},
        **{"user": "6 * 7?", "transcript": [turn], "requests": [], "goals": [], "answer": "42"},
        **{"status": "completed", "end_reason": "finish", "reason": None, "level": None},
        **{"cost_usd": None, "model_reported": None, "instance": "i" * 64},
    }
    return known | others


CALL = {"tool": "add", "arguments": {"a": 1}}


@pytest.mark.parametrize(
    ("turns", "roles"),
    [
        ([{"content": "42", "call": None, "reply": None}], ["assistant"]),
        ([{"content": None, "call": CALL, "reply": {"ok": True}}], ["assistant", "tool"]),
        ([{"content": "?", "call": None, "reply": {"note": "go on"}}], ["assistant", "user"]),
        (
            [
                {"content": "", "call": CALL, "reply": {"ok": 1}, "further": [CALL | {"reply": 2}]},
                {"content": "done", "call": None, "reply": None, "user": "And now?"},
            ],
            ["assistant", "tool", "tool", "assistant", "user"],
        ),
        ([{"content": "", "call": CALL, "reply": None}], ["assistant"]),
    ],
    ids=["a reply", "a call", "a neutral reply", "a conversation", "a call at the end"],
)
def test_messages_are_in_the_order_of_the_conversation(turns: list[Json], roles: list[str]) -> None:
    transcript = [{"turn": n, "finish_reason": "stop", **turn} for n, turn in enumerate(turns)]
    found = sample(record(transcript=transcript), Outcome(True, 1.0), "Be brief.")["messages"]
    assert [one["role"] for one in found] == ["system", "user", *roles]
    made = [call["id"] for one in found for call in one.get("tool_calls", [])]
    answered = [one["tool_call_id"] for one in found if one["role"] == "tool"]
    assert answered == made[: len(answered)]


def test_the_earlier_messages_of_a_question_come_before_it() -> None:
    earlier = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    found = sample(record(messages=earlier), Outcome(True, 1.0), None)["messages"]
    assert [one["content"] for one in found] == ["Hi", "Hello", "6 * 7?", "It is 42."]


@pytest.mark.parametrize(
    ("success", "value"), [(True, "C"), (False, "I"), (None, None)], ids=["right", "wrong", "open"]
)
def test_an_episode_without_a_verdict_has_no_score(success: bool | None, value: Any) -> None:
    scores = sample(record(), Outcome(success, None), None)["scores"]
    assert (scores.get("pilotbench") or {}).get("value") == value


def test_a_question_has_its_name_its_target_and_what_was_read() -> None:
    verdict = {"wanted": 42, "read": "42", "why": "right", "rule": "last line", "in_form": True}
    named = record(question_id="q7", metadata={"topic": "sums"}, verdict=verdict)
    found = sample(named, Outcome(True, 1.0), None)
    assert (found["id"], found["epoch"], found["target"]) == ("q7", 2, "42")
    assert found["metadata"]["topic"] == "sums"
    score = found["scores"]["pilotbench"]
    assert (score["answer"], score["explanation"]) == ("42", "right")


@pytest.mark.parametrize(
    ("reason", "stop"),
    [("stop", "stop"), ("length", "max_tokens"), ("content_filter", "content_filter")],
)
def test_the_reason_of_the_end_is_in_the_words_of_inspect(reason: str, stop: str) -> None:
    turn = {"turn": 0, "content": "x", "call": None, "reply": None, "finish_reason": reason}
    found = sample(record(transcript=[turn]), Outcome(False, 0.0), None)
    assert found["output"]["choices"][0]["stop_reason"] == stop
