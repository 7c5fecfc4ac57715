"""The waves of the batch lane, against the simulator's batch endpoints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pilotbench.asking.asker import JournalOnly
from pilotbench.asking.batches import lane as lanes
from pilotbench.episodes.evaluate import play_shard
from pilotbench.episodes.waves import Standing, Unfinished, Waves
from pilotbench.matrix.experiment import Experiment
from pilotbench.providers.batches import openai
from support import Simulator
from support.batch_lab import Lab

pytestmark = pytest.mark.slow
LONG_S = 3600.0


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(tasks=["simple_task"], instances=10) as running:
        yield running


@pytest.fixture(scope="module")
def slow() -> Iterator[Simulator]:
    """A service whose batches run until a test ends them."""
    with Simulator(
        tasks=["simple_task"], instances=10, batches={"batch_s": LONG_S, "cancel_part": 0.5}
    ) as running:
        yield running


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCH_LAB_KEY", "sk-lab-key")
    monkeypatch.setattr(lanes, "FIRST_LOOK_S", 0.02)
    monkeypatch.setattr(openai, "_READY_PAUSE_S", 0.02)


def experiment_of(lab: Lab, lane: str = "batch", **chosen: Any) -> Experiment:
    made = lab.experiment(**chosen)
    model = replace(made.settings.catalog["oracle"], lane=lane)
    return replace(made, settings=replace(made.settings, catalog={"oracle": model}))


def ran(lab: Lab, experiment: Experiment) -> tuple[Standing, list[str]]:
    """Return how the waves of all shards have ended, and the lines for the user."""
    lines: list[str] = []
    seen: list[Standing] = []
    with lab.lane() as lane:
        waves = Waves(
            experiment,
            "oracle",
            experiment.plan.shards,
            lane,
            say=lines.append,
            watch=seen.append,
            stopped=lambda: False,
        )
        standing = waves.run()
    assert seen[-1] == replace(standing, is_over=False)
    return standing, lines


def owed(experiment: Experiment) -> int:
    """Return how many episodes the journal cannot finish."""
    shards = experiment.plan.shards
    return sum(
        len(play_shard(experiment, shard, JournalOnly(experiment, shard)).owed) for shard in shards
    )


def test_a_wave_has_one_request_of_each_unfinished_episode(
    tmp_path: Path, simulator: Simulator
) -> None:
    lab = Lab(tmp_path, simulator, repeats=2)
    experiment = experiment_of(lab)
    unfinished = Unfinished(experiment, experiment.plan.shards)
    first = unfinished.wave()
    places = [(request.instance.index, request.repeat) for _, request in first]
    assert sorted(places) == [(index, repeat) for index in range(4) for repeat in (0, 1)]
    assert {request.turn for _, request in first} == {0}
    assert unfinished.wave() == first
    turns: Sequence[int] = [0]
    while wave := unfinished.wave():
        turns = sorted({request.turn for _, request in wave})
        with lab.lane() as lane:
            lane.submit(wave)
            while lane.out():
                lane.collect(1.0)
    assert turns[-1] > 0
    assert owed(experiment) == 0
    assert Unfinished(experiment, experiment.plan.shards).wave() == []


def test_waves_go_on_until_every_episode_is_finished(tmp_path: Path, simulator: Simulator) -> None:
    lab = Lab(tmp_path, simulator)
    experiment = experiment_of(lab)
    standing, lines = ran(lab, experiment)
    assert standing.is_over
    assert standing.wave > 1
    assert owed(experiment) == 0
    assert lines[0] == "oracle: wave 1: 4 requests submitted in 1 batch"
    assert lines[1] == "oracle: 1 batch collected: 4 requests answered"
    again, silence = ran(lab, experiment)
    assert (again.is_over, again.wave, silence) == (True, 0, [])


def test_a_run_that_does_not_wait_leaves_its_batch_to_the_next(
    tmp_path: Path, slow: Simulator
) -> None:
    lab = Lab(tmp_path, slow)
    experiment = experiment_of(lab, batch_wait=0)
    standing, _ = ran(lab, experiment)
    assert not standing.is_over
    assert [batch.requests for batch in standing.out] == [4]
    for lane, wave in (("online", 0), ("batch", 0)):
        standing, lines = ran(lab, experiment_of(lab, lane, batch_wait=0))
        assert ([batch.requests for batch in standing.out], standing.wave) == ([4], wave)
        assert lines == []
    slow.end_batches()
    standing, lines = ran(lab, experiment_of(lab, "online", batch_wait=0))
    assert standing.is_over
    assert lines == ["oracle: 1 batch collected: 4 requests answered"]


def test_what_took_too_long_is_left_to_be_asked_online(tmp_path: Path, slow: Simulator) -> None:
    lab = Lab(tmp_path, slow)
    experiment = experiment_of(lab, batch_deadline=0, max_turns=1)
    standing, lines = ran(lab, experiment)
    assert standing.is_over
    text = "\n".join(lines)
    assert "is out for longer than batch_deadline: it is cancelled" in text
    assert "oracle: 1 batch collected: 2 requests answered, 2 not" in lines
    assert "oracle: 2 requests left to be asked online: batches do not answer: not" in text
    assert owed(experiment) == 2


def test_what_the_budget_has_no_room_for_does_not_wait(tmp_path: Path, slow: Simulator) -> None:
    lab = Lab(tmp_path, slow, budget_usd=1e-6)
    experiment = experiment_of(lab)
    standing, lines = ran(lab, experiment)
    assert standing.is_over
    assert (len(standing.later), lines) == (4, [])


def test_requests_that_wait_for_room_are_named_with_the_reason(tmp_path: Path) -> None:
    full = {"enqueued_requests": 0}
    with Simulator(tasks=["simple_task"], instances=10, batches=full) as crowded:
        lab = Lab(tmp_path, crowded, "anthropic")
        standing, lines = ran(lab, experiment_of(lab, batch_wait=0))
        assert not standing.is_over
        (line,) = lines
        assert line.startswith("oracle: 4 requests wait to be submitted: ")
        standing, lines = ran(lab, experiment_of(lab, batch_deadline=0))
        assert standing.is_over
        assert lines[-1].startswith("oracle: 4 requests left to be asked online: ")


def test_a_batch_that_was_not_run_is_not_called_collected(tmp_path: Path) -> None:
    full = {"enqueued_requests": 0}
    with Simulator(tasks=["simple_task"], instances=10, batches=full) as crowded:
        lab = Lab(tmp_path, crowded)
        for wave in ("4 requests", "2 requests"):
            standing, lines = ran(lab, experiment_of(lab, batch_wait=0))
            assert not standing.is_over
            assert lines == [f"oracle: wave 1: {wave} submitted in 1 batch"]
