"""Which requests go into which batch, with which key, and how many at once."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pilotbench.asking.batches import lane
from pilotbench.asking.batches.room import FIRST_PAUSE_S, Room
from pilotbench.asking.batches.submission import custom_id
from pilotbench.asking.journal import Journal, journal_folder
from pilotbench.ground.errors import KeyDead
from support import Simulator
from support.batch_lab import Lab


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(tasks=["simple_task"], instances=10, keys={"one": {}, "two": {}}) as running:
        yield running


@pytest.fixture
def lab(tmp_path: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """Return a matrix of two keys: the service knows neither the first nor the third of these."""
    for name in ("one", "two", "wrong"):
        monkeypatch.setenv(f"BATCH_LAB_{name.upper()}", f"sk-{name}")
    monkeypatch.setattr(lane, "FIRST_LOOK_S", 0.02)
    simulator.reset()
    return Lab(tmp_path, simulator)


def keys(*names: str) -> dict[str, dict[str, str]]:
    return {f"{name}_key": {"env": f"BATCH_LAB_{name.upper()}"} for name in names}


def test_a_key_that_the_service_refuses_is_replaced_by_another_one(lab: Lab) -> None:
    lab.keys = keys("wrong", "two")
    with lab.lane(home="wrong_key") as opened:
        (batch,) = opened.submit(lab.wave()).batches
        assert (batch.key, batch.requests) == ("two_key", 4)
        lab.collect_all(opened)
    assert {answer["asked"]["key"] for answer in lab.answers()} == {"two_key"}
    lab.keys = keys("wrong")
    with lab.lane(home="wrong_key") as opened, pytest.raises(KeyDead):
        opened.submit(lab.wave())
    with lab.lane(home="wrong_key") as opened:
        assert opened.out() == []


def test_each_prompt_keeps_its_key_where_routing_says_so(lab: Lab) -> None:
    lab.keys = keys("one", "two")
    lab.chosen |= {"prompts": ["baseline", "cot"], "routing": "by_prompt"}
    with lab.lane(home="one_key") as opened:
        batches = opened.submit(lab.wave()).batches
        assert [(batch.key, batch.requests) for batch in batches] == [
            ("one_key", 4),
            ("two_key", 4),
        ]
        lab.collect_all(opened)
    asked = {(answer["asked"]["key"], answer["prompt"]) for answer in lab.answers()}
    assert asked == {("one_key", "baseline"), ("two_key", "cot")}


def test_a_shard_that_another_process_holds_is_neither_submitted_nor_collected(lab: Lab) -> None:
    lab.keys = keys("one")
    experiment = lab.experiment()
    shard = experiment.plan.shards[0]
    folder = journal_folder(experiment.settings.catalog["oracle"], shard.cell)
    journal = Journal(experiment.settings.journal_dir, folder)
    with lab.lane(home="one_key") as opened:
        with journal.open(shard.first, shard.last):
            submitted = opened.submit(lab.wave())
            assert submitted.requests == 2
            assert {left.shard for left in submitted.later} == {shard}
        submitted = opened.submit(lab.wave())
        assert submitted.requests == 2
        with journal.open(shard.first, shard.last):
            found = [opened.collect(2.0), opened.collect(0.0)]
            assert sum(one.answered for one in found) == 2
            (held,) = opened.out()
            assert held.tag == submitted.batches[0].tag
        (rest,) = lab.collect_all(opened)
        assert rest.answered == 2
    assert lab.stats()["total"]["paid_again"] == 0


def test_room_halves_with_each_refusal_and_a_single_request_is_tried_again_after_a_while() -> None:
    now = [100.0]
    room = Room(lambda: now[0])
    assert room.left(10) == math.inf
    room.full(9)
    assert [room.left(out) for out in (0, 3, 4, 5)] == [4, 1, 0, 0]
    room.full(2)
    assert room.left(0) == 1
    for pause in (FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S):
        room.full(1)
        assert room.left(0) == 0
        now[0] += pause
        assert room.left(0) == 1
    room.never_fits(900, "too large")
    assert [room.why_never(size) for size in (899, 900)] == [None, "too large"]
    assert room.left(0) == math.inf


def test_a_custom_id_is_one_that_every_service_accepts() -> None:
    found = custom_id("0123456789abcdef", "f" * 64)
    assert re.fullmatch("[a-zA-Z0-9_-]{1,64}", found)
    assert found != custom_id("0123456789abcdef", "e" * 64)
