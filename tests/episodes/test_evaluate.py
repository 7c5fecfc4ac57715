"""A shard is evaluated: played, owed, replayed, refused, interrupted, and counted in its header."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from pilotbench.asking.asker import Asker, JournalOnly, KeyAllowance, NotAnswered
from pilotbench.benchmark.packs.question_pack import QuestionPack
from pilotbench.episodes.evaluate import ShardOutcome, ShardOwed, evaluate, play_shard, replay
from pilotbench.episodes.shard_file import read_shard
from pilotbench.ground.errors import BudgetSpent, ConfigError, Stopping
from pilotbench.matrix.cells import Shard
from pilotbench.matrix.experiment import Experiment
from pilotbench.providers.answer import Answer, Completion, Tokens
from pilotbench.providers.request import Request
from support.http_service import Reply
from support.scripted import PRICE, Scripted, failed, question_of, said, shard_of

Json = dict[str, Any]
RIGHT = {"What is 6 times 7?": "42", "What is 3 plus 5?": "8"}
COST = (100 * PRICE["input"] + 10 * PRICE["output"]) / 1e6
"""What one answer of the service costs."""
FIRST, SECOND = RIGHT
Answering = Callable[[Json], Reply | Json | bytes]


def right(body: Json) -> Json:
    return said(RIGHT[question_of(body)])


class Lab:
    """A shard of two questions, and the service that answers them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.special: dict[str, Answering] = {}
        self.service = Scripted(lambda body, _: self.special.get(question_of(body), right)(body))

    def experiment(self, **chosen: Any) -> Experiment:
        return shard_of(self.folder, self.service.address, tools=False, **chosen)

    def shard(self) -> Shard:
        (shard,) = self.experiment().plan.shards
        return shard

    @property
    def out(self) -> Path:
        return self.folder / "results/shards" / self.shard().path

    def evaluate(self, allowed: bool = True, stop: Event | None = None, **chosen: Any) -> Json:
        """Evaluate the shard, one question at a time, and return the header of its file."""
        allowance = KeyAllowance("scripted_key", 1, False, {}, stop=stop or Event())
        experiment = self.experiment(**chosen)
        evaluate(experiment, self.shard(), self.out, allowance if allowed else None)
        return read_shard(self.out)[0]


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    monkeypatch.setenv("SCRIPTED_SECRET", "sk-scripted-0123456789")
    made = Lab(tmp_path)
    with made.service:
        yield made


def statuses(outcome: ShardOutcome) -> list[tuple[int, str]]:
    return [(record["index"], record["status"]) for record in outcome.episodes]


def test_a_shard_that_was_played_counts_what_it_did(lab: Lab) -> None:
    header = lab.evaluate()
    counts = {name: header[name] for name in ("planned", "completed", "refused", "not_applicable")}
    assert counts == {"planned": 2, "completed": 2, "refused": 0, "not_applicable": 0}
    assert (header["successes"], header["asked"], header["replayed"]) == (2, 2, 0)
    assert header["tokens"] == {"input": 200, "output": 20, "reasoning": 0, "cached": 0}
    assert header["cost_usd"] == pytest.approx(2 * COST)
    assert (header["unknown_tokens"], header["unusable"]["answers"]) == (0, 0)
    assert header["provenance"]["keys"] == {"scripted_key": 2}
    assert len(list((lab.folder / "results/instances").rglob("*.json"))) == 2


def test_a_wrong_answer_is_completed_without_success(lab: Lab) -> None:
    lab.special[FIRST] = lambda _: said("41")
    header = lab.evaluate()
    assert (header["completed"], header["successes"]) == (2, 1)


def test_what_was_answered_is_replayed_without_a_request(lab: Lab) -> None:
    lab.evaluate()
    played = read_shard(lab.out)[1]
    lab.out.unlink()
    header = lab.evaluate()
    assert (header["asked"], header["replayed"]) == (0, 2)
    assert header["cost_usd"] == pytest.approx(2 * COST)
    assert read_shard(lab.out)[1] == played
    assert replay(lab.experiment(), lab.shard()).episodes == played
    assert len(lab.service.requests) == 2


def test_an_owed_episode_leaves_no_file_and_only_it_is_asked_again(lab: Lab) -> None:
    lab.special[FIRST] = lambda _: failed(400, "too hard")
    with pytest.raises(ShardOwed, match=r"1 of 2 episodes owed: 1 Rejected: .*too hard") as error:
        lab.evaluate()
    assert "\n" not in str(error.value)
    assert not lab.out.exists()
    outcome = replay(lab.experiment(), lab.shard())
    assert statuses(outcome) == [(1, "completed")]
    assert [(one.index, one.kind) for one in outcome.owed] == [(0, "Rejected")]
    lab.special.clear()
    header = lab.evaluate()
    assert (header["completed"], header["asked"], header["replayed"]) == (2, 1, 1)
    assert lab.service.asked(1) == 1


def test_a_refused_episode_is_finished_and_has_no_score(lab: Lab) -> None:
    lab.special[FIRST] = lambda _: said("", "content_filter")
    header = lab.evaluate()
    assert (header["planned"], header["completed"], header["refused"]) == (2, 1, 1)
    assert header["cost_usd"] == pytest.approx(2 * COST)
    record = read_shard(lab.out)[1][0]
    assert (record["status"], record["success"]) == ("refused", None)
    lab.evaluate()
    assert len(lab.service.requests) == 2


def test_an_interrupted_shard_keeps_what_was_answered_and_is_finished_later(lab: Lab) -> None:
    stop = Event()

    def interrupts(body: Json) -> Json:
        stop.set()
        return right(body)

    lab.special[FIRST] = interrupts
    with pytest.raises(ShardOwed, match="1 of 2 episodes owed: 1 Stopping: asked to stop"):
        lab.evaluate(stop=stop)
    assert not lab.out.exists()
    assert statuses(replay(lab.experiment(), lab.shard())) == [(0, "completed")]
    header = lab.evaluate()
    assert (header["asked"], header["replayed"]) == (1, 1)


def test_the_cost_of_answers_without_token_counts_is_unknown(lab: Lab) -> None:
    lab.special[FIRST] = lambda body: said(RIGHT[question_of(body)], usage=None)
    header = lab.evaluate()
    assert (header["unknown_tokens"], header["cost_usd"]) == (1, None)
    assert header["tokens"]["input"] == 100


def test_unusable_answers_are_counted_with_their_cost(lab: Lab) -> None:
    broken = iter([Reply({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 1}})])
    lab.special[FIRST] = lambda body: next(broken, None) or right(body)
    header = lab.evaluate(retry_for_s=60)
    assert (header["completed"], header["unusable"]["answers"]) == (2, 1)
    assert header["unusable"]["tokens"]["input"] == 7


@pytest.mark.parametrize(("allowed", "chosen"), [(False, {}), (True, {"rescore": True})])
def test_without_permission_nothing_is_requested_or_written(
    lab: Lab, allowed: bool, chosen: Json
) -> None:
    with pytest.raises(ShardOwed, match="2 of 2 episodes owed: 2 NotAnswered"):
        lab.evaluate(allowed, **chosen)
    assert not lab.service.requests
    assert not (lab.folder / "journal").exists()
    lab.evaluate()
    assert lab.evaluate(allowed, **chosen)["replayed"] == 2
    assert len(lab.service.requests) == 2


def test_the_budget_holds_however_a_shard_is_evaluated(lab: Lab) -> None:
    model = {"provider": "scripted", "deployment": "m", "protocol": "native", "price": PRICE}
    bounded = {"m": {**model, "parameters": {"max_tokens": 10}}}
    with pytest.raises(ConfigError, match=r"budget_usd: .*max_tokens"):
        lab.evaluate(budget_usd=1.0)
    with pytest.raises(ShardOwed, match=f"2 of 2 episodes owed: 2 {BudgetSpent.__name__}"):
        lab.evaluate(budget_usd=1e-9, model_catalog=bounded)
    assert not lab.service.requests
    assert lab.evaluate(budget_usd=1.0, model_catalog=bounded)["asked"] == 2


def test_one_process_at_a_time_asks_for_a_shard(lab: Lab) -> None:
    allowance = KeyAllowance("scripted_key", 1, False, {})
    mine, other = (
        Asker(lab.experiment(), lab.shard(), allowance, lambda _: 0.0, wait=False) for _ in range(2)
    )
    with mine, pytest.raises(Stopping), other:
        pass
    with other:
        assert not JournalOnly(lab.experiment(), lab.shard()).answers.failures


def test_the_journal_alone_lists_the_requests_that_it_cannot_answer(lab: Lab) -> None:
    ask = JournalOnly(lab.experiment(), lab.shard())
    outcome = play_shard(lab.experiment(), lab.shard(), ask)
    assert [question_of(request.body) for request in ask.unanswered] == [FIRST, SECOND]
    assert {one.kind for one in outcome.owed} == {NotAnswered.__name__}
    lab.evaluate()
    empty = JournalOnly.empty(lab.experiment(), lab.shard())
    play_shard(lab.experiment(), lab.shard(), empty)
    assert len(empty.unanswered) == 2


def test_the_log_names_an_owed_question_by_its_id(
    lab: Lab, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = QuestionPack.instance

    def named(pack: QuestionPack, difficulty: str, index: int) -> Any:
        found = real(pack, difficulty, index)
        return replace(found, extra={**found.extra, "id": f"sum-{index}"})

    monkeypatch.setattr(QuestionPack, "instance", named)
    lab.special[SECOND] = lambda _: failed(400)
    with caplog.at_level(logging.WARNING), pytest.raises(ShardOwed):
        lab.evaluate()
    assert any(
        line.startswith("owed: question sum-1 (index 1), repeat 0: Rejected: ")
        for line in caplog.messages
    )


def test_a_fault_in_playing_is_owed_and_takes_no_other_episode_with_it(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    def ask(request: Request) -> Answer:
        if question_of(request.body) == FIRST:
            raise RecursionError("too\ndeep")
        completion = Completion({"content": "8"}, "stop", "m", Tokens(1, 1))
        return Answer(completion, "k", 0.0, 0.0, 0.0, 1)

    with caplog.at_level(logging.ERROR):
        outcome = play_shard(lab.experiment(), lab.shard(), ask, in_flight=2)
    assert statuses(outcome) == [(1, "completed")]
    assert [(one.kind, one.message) for one in outcome.owed] == [("RecursionError", "too deep")]
    assert "Traceback" in caplog.text
