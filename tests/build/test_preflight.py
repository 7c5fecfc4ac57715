"""What is checked before the first job of a run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from pilotbench.build import preflight
from pilotbench.ground.errors import ConfigError
from support.external_lab import ExternalLab
from support.messages_api import Strict, use
from support.scripted import QUESTIONS, play, question_of, service, shard_of

Json = dict[str, Any]


def right(body: Json, number: int) -> list[Json]:
    """Return the call with the right answer."""
    return [use("finish", answer=QUESTIONS[question_of(body)])]


def test_a_missing_sdk_stops_a_run_that_has_something_to_ask_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRIPTED_SECRET", "secret")
    with service(Strict(right)) as scripted:
        asked = shard_of(tmp_path, scripted.address, tools=True, kind="anthropic")
        with monkeypatch.context() as without:
            without.setitem(sys.modules, "anthropic", None)
            with pytest.raises(ConfigError) as caught:
                preflight.check(asked, asked.plan.shards)
        preflight.check(asked, asked.plan.shards)
        assert play(asked).outcome(0) == "right"
    monkeypatch.setitem(sys.modules, "anthropic", None)
    preflight.check(asked, asked.plan.shards)
    words = "model m: api messages needs the package anthropic: pip install"
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.fixture
def lab(tmp_path: Path) -> ExternalLab:
    made = ExternalLab(tmp_path)
    made.service.address = "http://127.0.0.1:9"
    return made


def notes(lab: ExternalLab, **chosen: Any) -> list[str]:
    experiment = lab.experiment(**chosen)
    return preflight.check_external(experiment, experiment.plan.shards)


def test_reference_players_are_left_out_and_named(lab: ExternalLab) -> None:
    assert notes(lab) == []
    (note,) = notes(lab, models=["m", "oracle", "random"])
    assert note.startswith("task quiz: oracle, random cannot run it")
    experiment = lab.experiment(models=["m", "oracle"], prompts=["baseline", "cot"])
    assert [(cell.model, cell.prompt) for cell in experiment.plan.cells] == [("m", "baseline")]


def test_a_selection_without_its_prompt_is_named(lab: ExternalLab) -> None:
    found = notes(lab, tasks=["quiz", "simple_task"], prompts=["cot"])
    assert found == [
        "task quiz is not planned: it has prompts of its own, and its results are kept under the "
        "prompt baseline, which is not selected"
    ]
    with pytest.raises(ConfigError, match=r"quiz \(kind: external\) is run under the prompt base"):
        _ = lab.experiment(prompts=["cot"]).plan


def test_a_model_that_the_gateway_does_not_serve_is_refused(lab: ExternalLab) -> None:
    entry = {**lab.config()["model_catalog"]["m"], "api": "messages"}
    with pytest.raises(ConfigError, match="serves api: chat and responses, not messages"):
        notes(lab, model_catalog={"m": entry})
