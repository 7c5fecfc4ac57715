"""The check of keys and models against a simulated provider."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pilotbench import matrix
from pilotbench.verbs.check import Row, check, text
from support import Simulator
from support.build import ROOT


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    keys: dict[str, Any] = {"good": {"slots": 4}, "dead": {"unauthorized": True}}
    with Simulator(keys=keys, tasks=["simple_task"], latency_s=0.001) as running:
        yield running


@pytest.fixture(scope="module")
def babbler() -> Iterator[Simulator]:
    """A provider whose messages are all cut before a call is whole."""
    with Simulator(faults={"length": 1.0}, tasks=["simple_task"], latency_s=0.001) as running:
        yield running


@pytest.fixture
def rows(
    simulator: Simulator, babbler: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Row]:
    merged: dict[str, Any] = {}
    for name in ("config", "models", "providers"):
        merged |= yaml.safe_load((ROOT / f"config/{name}.yaml").read_text())
    names = ("good", "dead", "unset", "cut")
    for name in ("good", "dead"):
        monkeypatch.setenv(f"{name.upper()}_KEY", simulator.secret(name))
    merged["providers"] |= {
        name: {
            "kind": "openai",
            "base_url": (babbler if name == "cut" else simulator).base_url,
            "keys": {f"{name}_key": {"env": f"{name.upper()}_KEY"} if name != "cut" else {}},
            "retry_for_s": 0,
        }
        for name in names
    }
    merged["model_catalog"] = {
        "plays": {"provider": "good", "deployment": "oracle"},
        "talks": {"provider": "cut", "deployment": "oracle", "protocol": "text"},
        "renamed": {"provider": "good", "deployment": "oracle", "reports": "another"},
        "refused": {"provider": "dead", "deployment": "oracle"},
        "keyless": {"provider": "unset", "deployment": "oracle"},
        "oracle": merged["model_catalog"]["oracle"],
    }
    merged |= {
        "models": "all",
        "prompts": ["baseline"],
        "tasks": ["simple_task"],
        "instances": 2,
        "limits_dir": str(tmp_path / "limits"),
        "journal_dir": str(tmp_path / "journal"),
        "results_dir": str(tmp_path / "results"),
        "prompt_folders": [str(ROOT / "config/prompts")],
        "task_folders": [],
    }
    return {row.model: row for row in check(matrix.load(merged))}


def test_every_key_and_model_has_its_verdict_and_nothing_is_a_result(
    rows: dict[str, Row], tmp_path: Path
) -> None:
    problems = {name: row.problem for name, row in rows.items()}
    assert problems["plays"] is None
    assert problems["oracle"] is None
    assert (rows["plays"].calls, rows["plays"].messages) == (5, 5)
    assert rows["talks"].calls == 0
    assert "had a call that could be read" in str(problems["talks"])
    assert str(problems["renamed"]).startswith("answered as oracle, asked for another")
    assert "401" in str(problems["refused"])
    assert "UNSET_KEY" in str(problems["keyless"])
    assert not (tmp_path / "journal").exists()
    assert not (tmp_path / "results").exists()
    told = text(list(rows.values()))
    assert told.splitlines()[-1].endswith("are as they should be")
    assert "sk-" not in told
