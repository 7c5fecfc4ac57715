"""What becomes of the results of a batch that are not plain answers."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pilotbench.asking.batches import lane
from pilotbench.asking.journal import Journal, journal_folder
from pilotbench.ground.errors import Stopping
from support import Simulator
from support.batch_lab import Lab

Json = dict[str, Any]
UNUSABLE = {"choices": [], "usage": {"prompt_tokens": 1000, "completion_tokens": 500}}


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(tasks=["simple_task"], instances=10) as running:
        yield running


@pytest.fixture
def lab(tmp_path: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.setenv("BATCH_LAB_KEY", "sk-lab-key")
    monkeypatch.setattr(lane, "FIRST_LOOK_S", 0.02)
    simulator.reset()
    return Lab(tmp_path, simulator, instances=2)


def collected(lab: Lab, change: Any, **chosen: Any) -> lane.Collected:
    """Submit a wave and collect it; `change` is called with each line of the results before."""
    experiment = lab.experiment()
    (shard,) = experiment.plan.shards
    folder = journal_folder(experiment.settings.catalog["oracle"], shard.cell)
    journal = Journal(experiment.settings.journal_dir, folder)
    with lab.lane(**chosen) as opened:
        opened.submit(lab.wave())
        with journal.open(shard.first, shard.last):  # so that the results stay in their file
            while not list(lab.folder.rglob("*.results")):
                opened.collect(0.05)
        (path,) = lab.folder.rglob("*.results")
        lines = [json.loads(line) for line in path.read_text().splitlines() if line]
        kept = [found for n, line in enumerate(lines) if (found := change(n, line)) is not None]
        path.write_text("".join(json.dumps(line) + "\n" for line in kept))
        (found,) = lab.collect_all(opened)
    return found


def unusable(number: int, line: Json) -> Json:
    """Make the first answer one without a choice."""
    return line if number else {**line, "response": {**line["response"], "body": UNUSABLE}}


def test_a_paid_answer_without_use_is_kept_and_sent_again_twice(lab: Lab) -> None:
    found = collected(lab, unusable, budget_usd=1.0)
    assert (found.answered, found.unanswered) == (1, 1)
    (failure,) = lab.failures()
    assert failure["failure"]["kind"] == "UnusableAnswer"
    assert failure["failure"]["message"].endswith(")")
    assert failure["tokens"]["output"] == 500
    assert json.loads(failure["raw"]) == UNUSABLE
    assert lab.spent() >= (1000 * 1 + 500 * 2) / 2 / 1e6
    bad = failure["identity"][:40]

    def again(number: int, line: Json) -> Json:
        return unusable(0 if line["custom_id"].endswith(bad) else 1, line)

    for times in (2, 3):
        collected(lab, again)
        assert len(lab.failures()) == times
    with lab.lane() as opened:
        done = opened.submit(lab.wave())
        (left,) = done.online
        assert left.why.startswith("batches do not answer: ")
        lab.collect_all(opened)


def test_lines_of_others_and_lines_twice_change_nothing(lab: Lab) -> None:
    def strange(number: int, line: Json) -> Json:
        return line if number else {**line, "custom_id": "of-another"}

    found = collected(lab, strange)
    assert (found.answered, found.unanswered) == (1, 1)
    found = collected(lab, lambda n, line: line)
    assert (found.answered, found.unanswered) == (2, 0)
    assert len(lab.answers()) == 3
    assert lab.failures() == []


def test_results_stay_until_the_disk_has_room_for_all_of_them(
    lab: Lab, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with lab.lane() as opened:
        opened.submit(lab.wave())
        with monkeypatch.context() as patched:
            patched.setattr(os, "fdatasync", full)
            with pytest.raises(Stopping, match="the journal cannot be written"):
                lab.collect_all(opened)
        assert len(opened.out()) == 1
        assert list(lab.folder.rglob("*.results"))
        (found,) = lab.collect_all(opened)
    assert (found.answered, found.unanswered) == (2, 0)
    assert len({answer["identity"] for answer in lab.answers()}) == 2
    lab.run()
    assert len(lab.episodes()) == 2
    assert lab.stats()["total"]["paid_again"] == 0


def test_answers_of_a_batch_are_flushed_once_for_each_shard(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[int] = []
    real = os.fdatasync

    def counted(file: int) -> None:
        flushed.append(file)
        real(file)

    lab.chosen |= {"instances": 8, "shard_size": 4}
    with lab.lane() as opened:
        opened.submit(lab.wave())
        monkeypatch.setattr(os, "fdatasync", counted)
        (found,) = [one for one in lab.collect_all(opened) if one.batches]
    assert found.answered == 8
    assert len(flushed) == 2
