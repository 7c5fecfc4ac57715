"""A real run of simulated models of known skill: the summary reports that skill."""

from __future__ import annotations

import json
from pathlib import Path

from support import Simulator
from support.build import Build
from support.known_truth import Truth, everything, missed

PLAYS = {"strong": "sim-80-90-plan_follower", "weak": "sim-30-60-no_retry_oracle"}
TASKS = ["simple_task", "basic_task"]


def test_a_run_over_http_gives_the_known_numbers(tmp_path: Path) -> None:
    entry = {"provider": "sim", "protocol": "native", "price": {"input": 1, "output": 2}}
    models = {name: {"plays": plays} for name, plays in PLAYS.items()}
    with Simulator(keys={"k": {"slots": 8}}, models=models, tasks=TASKS, instances=20) as simulator:
        keys = {"sim_key": {"env": "SIM_SECRET", "slots": 8}}
        build = Build(
            tmp_path,
            {
                "models": list(PLAYS),
                "tasks": TASKS,
                "instances": 20,
                "shard_size": 20,
                "grids": [
                    {"prompts": ["baseline", "optimal", "flawed_missing_step"]},
                    {"prompts": ["optimal"], "tool_success_rates": [0.6]},
                ],
                "tool_success_rates": [0.8],
                "model_catalog": {name: entry | {"deployment": name} for name in PLAYS},
                "providers": {
                    "sim": {"kind": "openai", "base_url": simulator.base_url, "keys": keys}
                },
            },
        )
        run = build.snakemake(SIM_SECRET=simulator.secret("k"))
        assert run.returncode == 0, run.stdout
    summary = json.loads((tmp_path / "results/summary/summary.json").read_text())
    assert summary["facts"]["counts"]["owed"] == 0
    found = everything(summary, Truth(PLAYS, seed=1))
    tables = {row.table for row in found}
    assert {
        "cells",
        "ranking",
        "contrasts_flaws",
        "contrasts_reliability",
        "flaws.followed",
    } <= tables
    assert len(found) > 60
    assert missed(found) == {}


def test_a_wrong_truth_is_detected() -> None:
    """The check can fail: another skill is not within the intervals of this one."""
    columns = ["model", "prompt", "task", "difficulty", "tool_success_rate", "planned"]
    rates = ["success_rate_all", "success_rate_all_low", "success_rate_all_high"]
    rows = [
        ["m", "baseline", task, "easy", "0.8", 20, 0.8, 0.58, 0.92]
        for task in ("simple_task", "basic_task", "data_pipeline")
    ]
    summary = {"tables": {"cells": {"columns": columns + rates, "rows": rows}}}
    assert missed(everything(summary, Truth({"m": "sim-80"}, 1))) == {}
    assert set(missed(everything(summary, Truth({"m": "sim-50"}, 1)))) == {"cells"}
