"""The check finds out how a model can be asked, against services as strict as real ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from pilotbench.asking.asker import KeyAllowance
from pilotbench.commands.check import text
from pilotbench.commands.key_checks import KeyCheck, check
from pilotbench.commands.tool_checks import with_model
from pilotbench.episodes.evaluate import evaluate
from pilotbench.matrix.experiment import Experiment, load_experiment
from support import Simulator
from support.build import ROOT

KEYS: dict[str, Any] = {"key": {"slots": 4, "rpm": 6000}}


def experiment_of(
    folder: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch, **entry: Any
) -> Experiment:
    """Return an experiment of one model, named after its family, behind one key."""
    merged: dict[str, Any] = {}
    for name in ("config", "models", "providers"):
        merged |= yaml.safe_load((ROOT / f"config/{name}.yaml").read_text())
    monkeypatch.setenv("STRICT_KEY", simulator.secret("key"))
    merged["providers"]["strict"] = {
        "kind": "openai",
        "base_url": simulator.base_url,
        "keys": {"strict_key": {"env": "STRICT_KEY"}},
        "retry_for_s": 0,
    }
    merged["model_catalog"] = {"model": {"provider": "strict", "deployment": "model", **entry}}
    merged |= {
        "models": ["model"],
        "prompts": ["baseline"],
        "tasks": ["simple_task"],
        "difficulties": ["easy"],
        "instances": 6,
        "prompt_folders": [str(ROOT / "config/prompts")],
        "task_folders": [],
        **{f"{name}_dir": str(folder / name) for name in ("limits", "journal", "results")},
    }
    return load_experiment(merged)


def served(family: str, **settings: Any) -> Simulator:
    models = {"model": {"family": family, "plays": "oracle", "calls": 1}}
    return Simulator(keys=KEYS, tasks=["simple_task"], models=models, instances=6, **settings)


def only_row(loaded: Experiment) -> KeyCheck:
    (row,) = check(loaded)
    return row


def test_a_model_whose_api_refuses_tools_is_found_behind_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served("gpt-5") as simulator:
        loaded = experiment_of(tmp_path, simulator, monkeypatch, price=PRICE)
        row = only_row(loaded)
        assert row.works_with == "api: responses"
        said = text([row])
        assert "it works with `api: responses` under model_catalog: model" in said
        assert "price from config: model" in said
        assert "0 of 1 checks passed" in said
        assert row.usd is not None
        assert row.usd > 0
        # The line is written: the answers of the check belong to the run.
        paid = simulator.stats()["total"]["answered"]
        model = replace(loaded.settings.catalog["model"], api="responses")
        written = with_model(loaded, model)
        row = only_row(written)
        assert (row.problem, row.calls, row.messages) == (None, 5, 5)
        assert row.reasoning == "handed back"
        for shard in written.plan.shards:
            out = written.settings.results_dir / "shards" / shard.path
            evaluate(written, shard, out, KeyAllowance("strict_key", 2, False, {}))
        assert paid > 0
        assert simulator.stats()["total"]["paid_again"] == 0


PRICE = {"input": 1.0, "output": 4.0, "cached": 0.1}


def test_a_model_that_only_streams_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served("qwen") as simulator:
        row = only_row(experiment_of(tmp_path, simulator, monkeypatch))
        assert row.works_with == "stream: true"
        row = only_row(experiment_of(tmp_path, simulator, monkeypatch, stream=True))
        assert (row.problem, row.reasoning) == (None, "handed back")
        assert simulator.stats()["total"]["paid_again"] == 0


@pytest.mark.parametrize(
    ("family", "api", "reasoning"),
    [("deepseek", "chat", "handed back"), ("gpt-4", "chat", "none")],
)
def test_reasoning_that_was_handed_back_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, family: str, api: str, reasoning: str
) -> None:
    with served(family) as simulator:
        row = only_row(experiment_of(tmp_path, simulator, monkeypatch, api=api))
    assert (row.problem, row.reasoning) == (None, reasoning)
    assert (row.usd, row.priced, row.limits) == (None, False, {"requests": 6000})
    said = text([row])
    assert "strict_key: the service states limits of 6,000 requests a minute" in said
    assert "in the config they are `rpm: 6000` of the key" in said
    assert (
        "model: price unknown: genai-prices 0.2.3 has no service at its base URL; its costs" in said
    )
    assert "this check cost an unknown amount" in said


def test_a_model_that_no_way_reaches_keeps_the_words_of_its_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with served("gpt-4", faults={"rejected": 1.0}) as simulator:
        row = only_row(experiment_of(tmp_path, simulator, monkeypatch))
    assert row.works_with is None
    assert str(row.problem).startswith("Rejected: ")
    assert "it works with" not in text([row])


@pytest.mark.parametrize(
    ("fault", "problem", "usd"),
    [
        ("context_overflow", "no message was answered; ContextOverflow: ", 0.0),
        ("content_filter", "no message was answered; Refused: ", 0.0),
        ("malformed", "UnusableAnswer: ", None),
        ("rejected", "Rejected: ", 0.0),
    ],
)
def test_a_model_that_answers_no_message_fails_the_check_and_its_cost_is_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, problem: str, usd: float | None
) -> None:
    with served("gpt-4", faults={fault: 1.0}) as simulator:
        row = only_row(experiment_of(tmp_path, simulator, monkeypatch, price=PRICE))
    assert str(row.problem).startswith(problem)
    assert row.usd == usd
