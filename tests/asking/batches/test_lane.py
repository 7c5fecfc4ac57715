"""The batch lane against the simulator's batch endpoints: every request is paid once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pilotbench.asking.batches import lane
from pilotbench.providers.batches import openai
from support import Simulator
from support.batch_lab import KINDS, Lab


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(tasks=["simple_task"], instances=10) as running:
        yield running


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch, simulator: Simulator) -> None:
    monkeypatch.setenv("BATCH_LAB_KEY", "sk-lab-key")
    monkeypatch.setattr(lane, "FIRST_LOOK_S", 0.02)
    monkeypatch.setattr(openai, "_READY_PAUSE_S", 0.02)
    simulator.reset()


@pytest.mark.parametrize("kind", KINDS)
def test_waves_finish_every_episode_and_pay_each_request_once(
    tmp_path: Path, simulator: Simulator, kind: str
) -> None:
    lab = Lab(tmp_path, simulator, kind)
    submitted = lab.run()
    records = lab.episodes()
    assert len(records) == 4
    assert all(record["success"] for record in records)
    requests = [request for record in records for request in record["requests"]]
    assert sum(one.requests for one in submitted) == len(requests)
    stats = lab.stats()
    assert stats["tiers"] == {"batch": len(requests)}
    assert stats["total"]["paid_again"] == 0
