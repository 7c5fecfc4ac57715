"""Tokens and costs that nobody reported are shown as unknown, never as 0."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd

from pilotbench.build import outputs
from support.estimation_lab import load, make


def test_unknown_tokens_and_cost_are_unknown_everywhere(tmp_path: Path) -> None:
    catalog = {"m": {"provider": "players", "deployment": "oracle"}}
    chosen: dict[str, Any] = {"models": ["m"], "tasks": ["simple_task"], "instances": 2}
    experiment = load(tmp_path, **chosen, model_catalog=catalog)
    make(experiment, experiment.plan.shards[0])
    outputs.refresh(experiment)
    results = tmp_path / "results"
    assert re.search(r"^m .*unknown +unknown", (results / "summary/summary.txt").read_text(), re.M)
    assert "| unknown |" in (results / "summary/summary.md").read_text()
    page = (results / "summary/index.html").read_text()
    assert '<p class="big">unknown</p>' in page
    assert "tokens not reported</dt><dd>2 episodes" in page
    for name in ("episodes", "cells", "leaderboard", "shards"):
        table = pd.read_csv(results / f"exports/{name}.csv")
        assert table[["tokens_input", "tokens_output", "cost_usd"]].isna().all(axis=None), name
    [leaf] = re.findall(r'"tokens_input": (\S+),', (results / "master_database.json").read_text())
    assert leaf == "null"
