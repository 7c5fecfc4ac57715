"""The check of keys and models against a simulated provider."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from pilotbench.asking.asker import Asker, KeyAllowance
from pilotbench.commands.check import text
from pilotbench.commands.key_checks import KeyCheck, check
from pilotbench.episodes.evaluate import evaluate
from pilotbench.episodes.shard_file import read_header
from pilotbench.matrix.cells import Shard
from pilotbench.matrix.experiment import Experiment, load_experiment
from pilotbench.matrix.key_routing import home_key
from support import Simulator
from support.build import ROOT


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A provider of each test's own, which counts what is paid for again."""
    keys: dict[str, Any] = {
        "good": {"slots": 4},
        "spare": {"slots": 4},
        "dead": {"unauthorized": True},
    }
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
) -> Experiment:
    merged: dict[str, Any] = {}
    for name in ("config", "models", "providers"):
        merged |= yaml.safe_load((ROOT / f"config/{name}.yaml").read_text())
    names = ("good", "dead", "unset", "cut")
    for name in ("good", "spare", "dead"):
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
    merged["providers"]["good"]["keys"]["spare_key"] = {"env": "SPARE_KEY"}
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
    return load_experiment(merged)


def checked(loaded: Experiment) -> dict[str, KeyCheck]:
    """Return the row of each model's first key."""
    return {row.model: row for row in reversed(check(loaded))}


def only(loaded: Experiment, name: str) -> Experiment:
    models = {name: loaded.settings.models[name]}
    return replace(loaded, settings=replace(loaded.settings, models=models))


def test_a_run_pays_for_no_message_that_the_check_has_paid_for(
    loaded: Experiment, simulator: Simulator
) -> None:
    assert checked(loaded)["plays"].messages == 5
    before = simulator.stats()["total"]["paid_again"]
    for shard in loaded.plan.shards:
        if shard.cell.model == "plays":
            out = loaded.settings.results_dir / "shards" / shard.path
            key = home_key(loaded.settings, shard)
            evaluate(loaded, shard, out, KeyAllowance(key, 2, False, {}))
            assert read_header(out)["replayed"] >= 5
            assert read_header(out)["asked"] > 0
    assert simulator.stats()["total"]["paid_again"] == before
    before = simulator.stats()["total"]["requests"]
    assert checked(loaded)["plays"].messages == 5
    keys = 5  # two each of plays and renamed, and the one that is refused twice
    assert simulator.stats()["total"]["requests"] - before <= keys + 1


def test_every_key_is_asked_a_message_that_is_kept(
    loaded: Experiment, simulator: Simulator, tmp_path: Path
) -> None:
    def kept() -> Counter[str]:
        files = (tmp_path / "journal").rglob("*.jsonl")
        lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
        return Counter(line["asked"]["key"] for line in lines if "asked" in line)

    def sent() -> int:
        keys = simulator.stats()["keys"]
        return int(keys["good"]["requests"] + keys["spare"]["requests"])

    first = sent()
    for times in (1, 2):
        before = kept()
        assert [row.problem for row in check(only(loaded, "plays"))] == [None, None]
        assert all(kept()[key] > before[key] for key in ("good_key", "spare_key"))
        assert sent() - first == kept().total(), times


def test_where_no_message_is_left_a_key_is_asked_a_short_question(
    loaded: Experiment, simulator: Simulator
) -> None:
    for shard in loaded.plan.shards:
        if shard.cell.model == "plays":
            out = loaded.settings.results_dir / "shards" / shard.path
            evaluate(
                loaded, shard, out, KeyAllowance(home_key(loaded.settings, shard), 2, False, {})
            )
    before = simulator.stats()["total"]["requests"]
    assert [row.problem for row in check(only(loaded, "plays"))] == [None, None]
    assert simulator.stats()["total"]["requests"] - before == 2


def test_what_a_run_holds_is_left_to_it(loaded: Experiment) -> None:
    cell = next(cell for cell in loaded.plan.cells if cell.model == "plays")
    run = KeyAllowance("good_key", 1, False, {})
    with Asker(loaded, Shard(cell, 0, 99), run, lambda _: 0.0):
        row = checked(loaded)["plays"]
    assert (row.problem, row.messages) == (None, None)


def test_every_key_and_model_has_its_verdict_and_nothing_is_a_result(
    loaded: Experiment, tmp_path: Path
) -> None:
    rows = checked(loaded)
    problems = {name: row.problem for name, row in rows.items()}
    assert problems["plays"] is None
    assert problems["oracle"] is None
    assert (rows["plays"].calls, rows["plays"].messages) == (5, 5)
    assert rows["talks"].calls == 0
    assert "had a call that could be parsed" in str(problems["talks"])
    assert str(problems["renamed"]).startswith("answered as oracle, asked for another")
    assert "401" in str(problems["refused"])
    assert "UNSET_KEY" in str(problems["keyless"])
    assert not (tmp_path / "results").exists()
    told = text(list(rows.values()))
    assert told.splitlines()[-1].endswith("checks passed")
    assert "sk-" not in told


MINUTE = {"requests": 60.0, "tokens": 60.0}


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        (
            [{"limits": {"requests": 500, "tokens": 30000}, "periods_s": MINUTE}],
            [
                "k: the service states limits of 500 requests a minute, 30,000 tokens a minute",
                "k: runs keep to them; in the config they are `rpm: 500, tpm: 30000` of the key",
            ],
        ),
        (
            [{"limits": {"requests": 14400, "tokens": 9}, "periods_s": {"requests": 86400.0}}],
            ["k: the service states limits of 14,400 requests a day, 9 tokens (period unknown)"],
        ),
        (
            [{"limits": {"requests a minute": 720}, "periods_s": {"requests a minute": 60.0}}],
            [
                "k: the service states limits of 720 requests a minute",
                "k: runs keep to them; in the config they are `rpm: 720` of the key",
            ],
        ),
        (
            [
                {"limits": {"requests": 5}, "periods_s": {"requests": 60.0}},
                {"model": "n", "limits": {"requests": 7}, "periods_s": {"requests": 3600.0}},
            ],
            [
                "k, m: the service states limits of 5 requests a minute",
                "k, n: the service states limits of 7 requests an hour",
            ],
        ),
        (
            [{"guessed_rpm": 120}],
            ["k: 429s of earlier runs taught about 120 requests a minute (m)"],
        ),
        ([{}], []),
    ],
)
def test_limits_are_printed_with_their_periods_and_the_line_for_the_config(
    rows: list[dict[str, Any]], lines: list[str]
) -> None:
    made = [
        KeyCheck(**{"model": "m", "provider": "p", "key": "k", "problem": None, **row})
        for row in rows
    ]
    said = text(made).splitlines()
    assert [line for line in said if "limits" in line or "runs" in line] == lines
