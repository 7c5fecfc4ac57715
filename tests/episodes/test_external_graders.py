"""A command that asks a grader beside the model of its shard."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pilotbench.asking.asker import KeyAllowance
from pilotbench.asking.bill import bill_of_journal
from pilotbench.build import preflight
from pilotbench.commands.estimate import report
from pilotbench.episodes.evaluate import ShardOwed, evaluate
from pilotbench.estimation.wording import cost_line
from pilotbench.ground.errors import ConfigError
from support.graded_lab import NAME, Graded
from support.scripted import PRICE, failed

Json = dict[str, Any]
COST = (100 * PRICE["input"] + 10 * PRICE["output"]) / 1e6


@pytest.fixture
def graded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Graded]:
    monkeypatch.setenv("SCRIPTED_SECRET", "sk-scripted-0123456789")
    made = Graded(tmp_path)
    with made.lab.service, made.grader:
        yield made


def test_a_grader_is_asked_paid_once_and_its_cost_stands_apart(graded: Graded) -> None:
    ((header, episodes),) = graded.evaluate()
    assert [one["success"] for one in episodes] == [True, True, False, True]
    assert [one["cost_usd"] for one in episodes] == pytest.approx([COST] * 4)
    assert [len(one["requests"]) for one in episodes] == [1, 1, 1, 1]
    other = {"requests": 4, "cost_usd": pytest.approx(4 * COST)}
    assert header["other_models"] == {NAME: other}
    assert {body["seed"] for body in graded.grader.requests} == {7}
    assert {body["model"] for body in graded.grader.requests} == {"g"}
    for allowed in (True, False):
        ((again, same),) = graded.evaluate(allowed)
        assert (again["other_models"], same) == (header["other_models"], episodes)
    graded.evaluate(shard_size=2)
    assert graded.paid == (4, 4)
    settings = graded.lab.experiment(**graded.config()).settings
    rows = bill_of_journal(settings, ["key"]).rows
    assert {key: row.requests for (key,), row in rows.items()} == {
        "scripted_key": 4,
        "grader_key": 4,
    }


def test_shards_at_once_keep_the_slots_of_the_grader(graded: Graded) -> None:
    found = graded.evaluate(shard_size=1)
    assert len(found) == 4
    assert graded.most == 1
    assert graded.paid == (4, 4)


def test_each_repeat_has_a_grader_of_its_own(graded: Graded) -> None:
    ((header, _),) = graded.evaluate(repeats=2)
    assert graded.paid == (8, 8)
    assert header["other_models"][NAME]["requests"] == 8


@pytest.mark.parametrize("code", [None, "content_filter"])
def test_what_a_grader_does_not_answer_is_owed_not_scored(graded: Graded, code: str) -> None:
    graded.lab.mode = "swallows"
    usual = graded.grader.reply

    def reply(body: Json, number: int) -> Any:
        if "What is 1 " in str(body):
            return failed(400, "no", code=code, type="invalid_request_error")
        return usual(body, number)

    graded.grader.reply = reply
    with pytest.raises(ShardOwed, match=r"of 4 episodes owed"):
        graded.evaluate()
    assert not list((graded.lab.folder / "results").rglob("*.jsonl.gz"))


def test_the_budget_counts_the_grader(graded: Graded) -> None:
    with pytest.raises(ShardOwed, match="BudgetSpent"):
        graded.evaluate(budget_usd=0.0022)
    assert 0 < sum(graded.paid) < 8


def test_a_model_that_is_not_listed_is_named_with_those_that_are(graded: Graded) -> None:
    graded.lab.task["environment"]["QUIZ_GRADER"] = "another"
    words = r"model another: is not in what this command may ask: m, grader \(more: `models`"
    for graded.lab.mode in ("", "swallows"):
        with pytest.raises(ShardOwed, match=words):
            graded.evaluate()


def test_a_changed_grader_runs_the_command_again_and_an_old_task_stays(graded: Graded) -> None:
    lab = graded.lab
    one = lab.experiment(**graded.config())
    (cell,) = one.plan.cells
    changed = graded.config()
    changed["model_catalog"][NAME]["parameters"] = {"seed": 8}
    assert lab.experiment(**changed).versions(cell) != one.versions(cell)
    lab.task["models"] = []
    without = lab.experiment(**graded.config()).versions(cell)
    del lab.task["models"]
    assert lab.experiment(**graded.config()).versions(cell) == without
    assert "models" not in without


def test_a_task_with_a_grader_is_checked_before_the_first_request(
    graded: Graded, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = graded.lab
    experiment = lab.experiment(**graded.config())
    shards = experiment.plan.shards
    words = "not included: what the command of quiz asks grader"
    assert words in report(experiment, {})
    assert words in cost_line(experiment, shards, {})
    remote = replace(KeyAllowance("scripted_key", 2, True, {}), borrow=False)
    with pytest.raises(ConfigError, match="run this task on the machine of the run"):
        evaluate(experiment, shards[0], lab.folder / "out", remote)
    messages = graded.config()
    messages["model_catalog"][NAME] |= {"api": "messages", "parameters": {}}
    with pytest.raises(ConfigError, match="models: grader has api: messages"):
        preflight.check_external(lab.experiment(**messages), shards)
    priceless = graded.config(budget_usd=1)
    del priceless["model_catalog"][NAME]["price"]
    with pytest.raises(ConfigError, match="grader has no price"):
        preflight.check_external(lab.experiment(**priceless), shards)
    monkeypatch.setenv("SCRIPTED_SECRET", "")
    with pytest.raises(ConfigError, match="models: no key for grader"):
        preflight.check_external(experiment, shards)
    for name, said_of in (("gradr", "did you mean grader"), ("oracle", "a reference player")):
        lab.task["models"] = [name]
        with pytest.raises(ConfigError, match=f"task quiz: models: {name} is.*{said_of}"):
            lab.experiment(**graded.config())
    assert graded.paid == (0, 0)
