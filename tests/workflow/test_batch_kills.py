"""Whole runs whose models ask in batches: each request is billed once, whatever is killed or fails.

The simulator runs the batches, and counts what it has answered in them and online. Episodes have
several turns, so that there are several waves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from support import Simulator
from support.batch_runs import EPISODES, SERVICES, run_of, simulator_of
from support.chaos import contents
from support.runs import Run, wait_until

Json = dict[str, Any]


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with simulator_of() as simulator:
        yield simulator


@pytest.fixture(scope="module")
def online(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Json]]:
    """The contents of an online run of every service."""
    with simulator_of() as simulator:
        lanes = dict.fromkeys(SERVICES, "online")
        run = run_of(tmp_path_factory.mktemp("online"), simulator, lanes)
        run.again("-j3", *run.targets())
        assert simulator.stats()["tiers"].keys() == {"standard"}
        return contents(run)


def check(run: Run, simulator: Simulator, online: dict[str, list[Json]]) -> Json:
    """Check that each request was billed once and answered as online; return the billed tiers."""
    found = contents(run)
    assert found == {episode: online[episode] for episode in found}
    assert len(found) == EPISODES * len(run.experiment["models"])
    stats = simulator.stats()
    requests = sum(len(record["requests"]) for record in run.records())
    assert sum(stats["tiers"].values()) == requests
    assert stats["paid_again"] == []
    tiers: Json = stats["tiers"]
    return tiers


def test_lanes_of_every_service_in_one_matrix(
    tmp_path: Path, simulator: Simulator, online: dict[str, list[Json]]
) -> None:
    lanes = {**dict.fromkeys(SERVICES, "batch"), "responses": "online"}
    run = run_of(tmp_path / "run", simulator, lanes)
    run.again("-j9", *run.targets())
    tiers = check(run, simulator, online)
    records = [record for record in run.records() if record["model"] == "responses"]
    assert tiers["standard"] == sum(len(record["requests"]) for record in records)
    jobs = simulator.stats()["batches"]["jobs"]
    assert {job["form"] for job in jobs} == set(SERVICES) - {"responses"}


@pytest.mark.parametrize(
    ("faults", "moment"),
    [
        ({"submit_late": 1}, lambda batches: batches["held"]),
        ({}, lambda batches: batches["submitted"]),
        ({"results_late": 1}, lambda batches: batches["held"]),
    ],
    ids=["before the submission is answered", "while it runs", "while results are fetched"],
)
@pytest.mark.parametrize("service", ["openai", "anthropic"])
def test_a_killed_run_collects_what_it_has_submitted(
    tmp_path: Path,
    simulator: Simulator,
    online: dict[str, list[Json]],
    service: str,
    faults: Json,
    moment: Callable[[Json], object],
) -> None:
    run = run_of(tmp_path / "run", simulator, {service: "batch"})
    simulator.batch_faults(**faults)
    with run.running(*run.targets()) as going:
        wait_until(lambda: moment(simulator.stats()["batches"]))
        assert going.process.poll() is None
        going.kill_all()
    simulator.release_batches()
    run.again(*run.targets())
    assert check(run, simulator, online).keys() == {"batch"}


@pytest.mark.parametrize(
    "faults",
    [
        {"submit_failed": 1, "submit_reset": 1, "submit_500": 1, "look_500": 2},
        {"results_500": 1, "results_404": 1, "results_cut": 1, "results_short": 1},
        {"expired": 1, "line_server_error": 3, "line_rate_limit_exceeded": 2},
    ],
    ids=["submissions", "results", "lines"],
)
def test_faults_cost_nothing_twice_and_nothing_online(
    tmp_path: Path, simulator: Simulator, online: dict[str, list[Json]], faults: dict[str, int]
) -> None:
    run = run_of(tmp_path / "run", simulator, {"openai": "batch"})
    simulator.batch_faults(**faults)
    run.again(*run.targets())
    assert check(run, simulator, online).keys() == {"batch"}


def test_what_a_service_did_not_validate_is_submitted_again(
    tmp_path: Path, simulator: Simulator, online: dict[str, list[Json]]
) -> None:
    run = run_of(tmp_path / "run", simulator, {"azure": "batch"})
    simulator.batch_faults(invalid=1)
    run.again(*run.targets())
    assert check(run, simulator, online).keys() == {"batch"}
    assert simulator.stats()["batches"]["jobs"][0]["phase"] == "failed"
