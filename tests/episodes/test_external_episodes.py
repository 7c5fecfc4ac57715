"""A shard of an external task: its command is run, paid for once, read, and never half scored."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Timer
from typing import Any

import pytest

from pilotbench.episodes.evaluate import ShardOwed, replay
from support.external_lab import ExternalLab, right
from support.scripted import PRICE, failed, said

Json = dict[str, Any]
COST = (100 * PRICE["input"] + 10 * PRICE["output"]) / 1e6


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ExternalLab]:
    monkeypatch.setenv("SCRIPTED_SECRET", "sk-scripted-0123456789")
    made = ExternalLab(tmp_path)
    with made.service:
        yield made


def test_the_samples_of_a_command_become_episodes(lab: ExternalLab) -> None:
    ((header, episodes),) = lab.evaluate()
    assert [one["success"] for one in episodes] == [True, True, False, True]
    assert [one["question_id"] for one in episodes] == ["q0", "q1", "q2", "q3"]
    third = episodes[2]
    assert (third["user"], third["answer"], third["progress"]) == ("What is 2 plus 2?", "5", 0.0)
    assert third["metadata"] == {"question": "What is 2 plus 2?", "target": "4"}
    assert (third["verdict"]["wanted"], third["verdict"]["right"]) == ("4", False)
    assert [len(one["requests"]) for one in episodes] == [1, 1, 1, 1]
    assert [one["cost_usd"] for one in episodes] == pytest.approx([COST] * 4)
    assert {one["key"] for each in episodes for one in each["requests"]} == {"scripted_key"}
    assert (header["asked"], header["replayed"], header["unattributed_requests"]) == (4, 0, 0)
    assert header["cost_usd"] == pytest.approx(4 * COST)


def test_a_second_run_asks_nothing_with_or_without_permission(lab: ExternalLab) -> None:
    ((_, first),) = lab.evaluate()
    for allowed in (True, False):
        ((header, again),) = lab.evaluate(allowed)
        assert again == first
        assert (header["asked"], header["replayed"]) == (0, 4)
    assert lab.paid == 4


def test_other_shards_and_more_samples_ask_only_what_is_new(lab: ExternalLab) -> None:
    lab.evaluate(shard_size=2)
    assert lab.paid == 4
    lab.evaluate()
    assert lab.paid == 4
    lab.evaluate(shard_size=1)
    assert lab.paid == 4
    lab.task["samples"] = 6
    lab.evaluate()
    assert lab.paid == 6


def test_each_repeat_is_asked_on_its_own(lab: ExternalLab) -> None:
    ((_, episodes),) = lab.evaluate(repeats=2)
    assert [(one["index"], one["repeat"]) for one in episodes][:3] == [(0, 0), (0, 1), (1, 0)]
    assert lab.paid == 8
    identities = {one["identity"] for each in episodes for one in each["requests"]}
    assert len(identities) == 8


def test_parameters_of_the_entry_are_sent_where_the_command_sets_none(lab: ExternalLab) -> None:
    entry = lab.config()["model_catalog"]["m"]
    lab.evaluate(model_catalog={"m": {**entry, "parameters": {"temperature": 0.3}}})
    assert {body["temperature"] for body in lab.service.requests} == {0.3}


@pytest.mark.parametrize(
    ("mode", "words", "owed"),
    [
        ("fails", "exit code 3: the data set is not there", 4),
        ("loses one", "sample 3 is not in the results", 1),
    ],
)
def test_what_the_command_does_not_deliver_is_owed(
    lab: ExternalLab, mode: str, words: str, owed: int
) -> None:
    lab.mode = mode
    with pytest.raises(ShardOwed, match=words) as caught:
        lab.evaluate()
    assert f"{owed} of 4 episodes owed: {owed} CommandFailed" in str(caught.value)
    assert not list((lab.folder / "results").rglob("*.jsonl.gz"))
    paid, lab.mode = lab.paid, ""
    lab.evaluate()
    assert lab.paid == max(paid, 4)


def test_a_failure_that_the_command_scores_as_wrong_is_owed(lab: ExternalLab) -> None:
    lab.mode = "swallows"

    def reply(body: Json, number: int) -> Any:
        return failed(400, "bad") if "What is 1 " in str(body) else right(body, number)

    lab.service.reply = reply
    with pytest.raises(ShardOwed, match=r"1 of 4 episodes owed: 1 Rejected"):
        lab.evaluate()
    lab.service.reply = right
    paid = lab.paid
    ((_, episodes),) = lab.evaluate()
    assert lab.paid == paid + 1
    assert episodes[1]["success"] is True


def test_a_failure_that_belongs_to_no_sample_leaves_all_owed(lab: ExternalLab) -> None:
    lab.mode = "swallows"
    lab.task["reader"] = {"kind": "csv", "fields": {"prompt": "target"}}  # does not find requests
    lab.service.reply = lambda body, number: failed(400, "bad")
    with pytest.raises(ShardOwed, match=r"4 of 4 episodes owed: 4 Rejected.*spoiled is unknown"):
        lab.evaluate()


def test_a_refusal_counts_as_the_command_counts_it(lab: ExternalLab) -> None:
    lab.mode = "swallows"

    def reply(body: Json, number: int) -> Any:
        if "What is 1 " in str(body):
            return failed(400, "no", code="content_filter", type="invalid_request_error")
        return right(body, number)

    lab.service.reply = reply
    ((_, episodes),) = lab.evaluate()
    assert [one["success"] for one in episodes] == [True, False, False, True]
    paid = lab.paid
    lab.evaluate()
    assert lab.paid == paid


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("swallows another", "did not pass on a request of the command: model other"),
        ("asks nothing", "asked nothing through the gateway: does it use"),
    ],
)
def test_results_that_are_not_of_the_model_are_owed(
    lab: ExternalLab, mode: str, words: str
) -> None:
    lab.mode = mode
    with pytest.raises(ShardOwed, match=words) as caught:
        lab.evaluate()
    assert "4 CommandFailed" in str(caught.value)
    assert lab.paid == 0


def test_a_request_without_a_bound_is_owed_under_a_budget(lab: ExternalLab) -> None:
    lab.mode = "swallows"
    entry = {n: v for n, v in lab.config()["model_catalog"]["m"].items() if n != "max_output"}
    with pytest.raises(ShardOwed, match="4 CommandFailed: budget_usd"):
        lab.evaluate(budget_usd=5, model_catalog={"m": entry})
    assert lab.paid == 0


def test_requests_of_no_sample_are_counted_once(lab: ExternalLab) -> None:
    lab.mode = "warms up"
    ((header, episodes),) = lab.evaluate()
    assert header["unattributed_requests"] == 1
    assert [len(one["requests"]) for one in episodes] == [2, 1, 1, 1]
    assert header["cost_usd"] == pytest.approx(5 * COST)


def test_the_budget_stops_a_command(lab: ExternalLab) -> None:
    with pytest.raises(ShardOwed, match="4 BudgetSpent"):
        lab.evaluate(budget_usd=0.0012)
    assert 0 < lab.paid < 4


def test_a_command_ends_with_its_job_and_so_do_its_children(lab: ExternalLab) -> None:
    lab.mode, stop = "sleeps", Event()
    Timer(2.0, stop.set).start()
    since = time.monotonic()
    with pytest.raises(ShardOwed, match="4 Stopping"):
        lab.evaluate(stop=stop)
    assert time.monotonic() - since < 30
    assert not _running_below(lab.folder)


def _running_below(folder: Path) -> list[str]:
    """Return the command lines of processes whose working directory is below a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink().is_relative_to(folder):
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def test_a_command_that_takes_too_long_is_ended(lab: ExternalLab) -> None:
    lab.mode, lab.task["timeout_s"] = "sleeps", 0.5
    with pytest.raises(ShardOwed, match=r"longer than timeout_s: 0\.5"):
        lab.evaluate()


def test_the_command_does_not_see_the_keys_of_services(lab: ExternalLab) -> None:
    lab.task["command"] = ["sh", "-c", "env > {out}/env.txt; exit 4"]
    with pytest.raises(ShardOwed, match="exit code 4"):
        lab.evaluate()
    (file,) = (lab.folder / "results").rglob("env.txt")
    assert "sk-scripted" not in file.read_text()
    assert "OPENAI_API_KEY=pb-" in file.read_text()


def test_an_unfinished_shard_is_not_played_without_its_command(lab: ExternalLab) -> None:
    experiment = lab.experiment()
    (shard,) = experiment.plan.shards
    assert [one.kind for one in replay(experiment, shard).owed] == ["NotAnswered"] * 4
    lab.service.reply = lambda body, number: said(None, "stop")
