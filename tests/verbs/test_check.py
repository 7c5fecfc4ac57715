"""The check of keys and models against a simulated provider."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pilotbench import matrix
from pilotbench.asker import Share, journal_of
from pilotbench.evaluate import evaluate
from pilotbench.keys.routing import home_key
from pilotbench.matrix import Matrix
from pilotbench.records import read_header
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
def loaded(
    simulator: Simulator, babbler: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Matrix:
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
        "instances": 6,
        "limits_dir": str(tmp_path / "limits"),
        "journal_dir": str(tmp_path / "journal"),
        "results_dir": str(tmp_path / "results"),
        "prompt_folders": [str(ROOT / "config/prompts")],
        "task_folders": [],
    }
    return matrix.load(merged)


def checked(loaded: Matrix) -> dict[str, Row]:
    return {row.model: row for row in check(loaded)}


def test_a_run_pays_for_no_message_that_the_check_has_paid_for(
    loaded: Matrix, simulator: Simulator
) -> None:
    assert checked(loaded)["plays"].messages == 5
    before = simulator.stats()["total"]["paid_again"]
    for shard in loaded.plan.shards:
        if shard.cell.model == "plays":
            out = loaded.settings.results_dir / "shards" / shard.path
            key = home_key(loaded.settings, shard)
            evaluate(loaded, shard, out, Share(key, 2, True, {}))
            assert read_header(out)["replayed"] >= 5
            assert read_header(out)["asked"] > 0
    assert simulator.stats()["total"]["paid_again"] == before
    before = simulator.stats()["total"]["requests"]
    assert checked(loaded)["plays"].messages == 5
    short_questions = 3  # plays, renamed, and the key that is refused
    assert simulator.stats()["total"]["requests"] - before <= short_questions + 1


def test_what_a_run_holds_is_left_to_it(loaded: Matrix) -> None:
    cell = next(cell for cell in loaded.plan.cells if cell.model == "plays")
    with journal_of(loaded, cell).open(0, 99):
        row = checked(loaded)["plays"]
    assert (row.problem, row.messages) == (None, None)


def test_every_key_and_model_has_its_verdict_and_nothing_is_a_result(
    loaded: Matrix, tmp_path: Path
) -> None:
    rows = checked(loaded)
    problems = {name: row.problem for name, row in rows.items()}
    assert problems["plays"] is None
    assert problems["oracle"] is None
    assert (rows["plays"].calls, rows["plays"].messages) == (5, 5)
    assert rows["talks"].calls == 0
    assert "had a call that could be read" in str(problems["talks"])
    assert str(problems["renamed"]).startswith("answered as oracle, asked for another")
    assert "401" in str(problems["refused"])
    assert "UNSET_KEY" in str(problems["keyless"])
    assert not (tmp_path / "results").exists()
    told = text(list(rows.values()))
    assert told.splitlines()[-1].endswith("are as they should be")
    assert "sk-" not in told
