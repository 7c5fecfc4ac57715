"""Budget and accidents in real runs against a simulated provider."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support import Simulator
from support.build import EXPORTS, Build
from support.runs import wait_until_kept

PRICE = {"input": 1.0, "output": 2.0, "cached": 1.0}
EPISODES = 12


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(tasks=["simple_task"], latency_s=0.2, sigma=0.3) as running:
        yield running


def config(simulator: Simulator, **rest: Any) -> dict[str, Any]:
    return {
        "providers": {
            "gate": {
                "kind": "openai",
                "base_url": simulator.base_url,
                "keys": {"gate_key": {"slots": 2}},
            }
        },
        "model_catalog": {
            "paid": {
                "provider": "gate",
                "deployment": "oracle",
                "parameters": {"max_tokens": 200},
                "price": PRICE,
            },
            "unpriced": {"provider": "gate", "deployment": "oracle"},
        },
        "models": ["paid"],
        "prompts": ["baseline"],
        "tasks": ["simple_task"],
        "instances": EPISODES,
        "shard_size": 6,
        **rest,
    }


def test_a_budget_ends_a_run_cleanly_and_a_larger_one_continues_it(
    simulator: Simulator, tmp_path: Path
) -> None:
    build = Build(tmp_path, config(simulator, budget_usd=0.05))
    run = build.snakemake()
    assert run.returncode != 0
    [line] = [line for line in run.stdout.splitlines() if line.startswith("budget_usd: ")]
    assert "every answer received is kept" in line
    assert "--config budget_usd=0.1" in line
    assert "Traceback" not in run.stdout
    tokens = simulator.stats()["total"]["tokens"]
    assert 0 < tokens / 1e6 <= 0.05  # each token costs at least 1 USD a million
    told = build.pilotbench("estimate")
    assert "budget_usd: 0.05, 0.0" in told.stdout
    assert "NOT enough" in told.stdout

    build.configure(config(simulator, budget_usd=50))
    assert build.snakemake().returncode == 0
    assert build.master()["summary"]["total_tests"] == EPISODES
    assert simulator.stats()["paid_again"] == []


def test_a_budget_without_a_price_stops_before_anything_is_asked(
    simulator: Simulator, tmp_path: Path
) -> None:
    build = Build(tmp_path, config(simulator, budget_usd=1, models=["unpriced"]))
    run = build.snakemake()
    assert run.returncode != 0
    [line] = [line for line in run.stdout.splitlines() if line.startswith("error: ")]
    assert "model_catalog.unpriced has no price" in line
    assert simulator.stats()["total"]["requests"] == 0


def test_after_a_kill_the_next_command_explains_clears_and_pays_nothing_twice(
    simulator: Simulator, tmp_path: Path
) -> None:
    build = Build(tmp_path, config(simulator))
    command = [sys.executable, "-m", "snakemake", "--configfile", "overlay.yaml"]
    with (tmp_path / "killed.log").open("w") as log:
        killed = subprocess.Popen(
            command, cwd=tmp_path, env=build.environment(), stdout=log, stderr=log
        )
    wait_until_kept(tmp_path, 3)
    simulator.hold()
    alive = build.python("-m", "pilotbench", "unlock")
    assert alive.returncode == 1
    assert f"pid {killed.pid}" in alive.stdout
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    simulator.release()

    run = build.snakemake(EXPORTS)
    assert run.returncode == 0, run.stdout
    assert f"the run that locked this folder (pid {killed.pid}" in run.stdout
    assert build.master()["summary"]["total_tests"] == EPISODES
    assert simulator.stats()["paid_again"] == []
    assert "nothing to clear" in build.python("-m", "pilotbench", "unlock").stdout


def test_the_targets_estimate_and_check_make_no_results(
    simulator: Simulator, tmp_path: Path
) -> None:
    build = Build(tmp_path, config(simulator))
    told = build.snakemake("estimate", "--resources", "gate_key=1")
    assert told.returncode == 0, told.stdout
    assert "shards by the reason why they run:" in told.stdout
    checked = build.snakemake("check")
    assert checked.returncode == 0, checked.stdout
    assert "5 of 5" in checked.stdout
    assert "1 of 1 checks passed" in checked.stdout
    build.configure(config(simulator, models=["paid", "gpt-4o-mini"]))
    failed = build.snakemake("check")
    assert failed.returncode != 0
    assert "AZURE_OPENAI" in failed.stdout
    assert not build.shards()
    assert list((tmp_path / "journal").rglob("*.jsonl"))  # the messages of a run, kept for it
    assert not (tmp_path / "results/master.duckdb").exists()
