"""What a command is given, and what is said while it runs."""

from __future__ import annotations

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pilotbench.benchmark.packs.external_task import PLACEHOLDERS, ExternalTask
from pilotbench.episodes.external.run import _Watch, environment, placeholders
from pilotbench.episodes.external.shard_gateway import Heard
from pilotbench.ground import notices
from pilotbench.matrix.cells import Cell, Shard
from pilotbench.matrix.experiment import Experiment
from support.external_lab import ExternalLab

SHARD = Shard(Cell("m", "baseline", "quiz", "none", "none"), 3, 5)


@pytest.fixture
def lab(tmp_path: Path) -> ExternalLab:
    made = ExternalLab(tmp_path)
    made.service.address = "http://127.0.0.1:9"
    return made


def task_of(experiment: Experiment) -> ExternalTask:
    task = experiment.tasks["quiz"]
    assert isinstance(task, ExternalTask)
    return task


def test_every_placeholder_has_a_value(lab: ExternalLab) -> None:
    task = task_of(lab.experiment())
    found = placeholders(task, SHARD, 2, "http://x/v1", lab.folder / "out", 4)
    assert set(found) == set(PLACEHOLDERS)
    shown = {name: found[name] for name in ("first", "last", "first_1", "last_1", "end", "count")}
    assert list(shown.values()) == ["3", "5", "4", "6", "6", "3"]
    assert (found["samples"], found["samples_json"]) == ("3,4,5", "[3, 4, 5]")
    assert (found["repeat"], found["seed"], found["slots"]) == ("2", "2", "4")
    assert Path(found["out"]).is_absolute()
    assert Path(found["folder"]) == task.folder.resolve()


def test_the_environment_has_the_gateway_and_no_secret(
    lab: ExternalLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRIPTED_SECRET", "sk-secret")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-secret")
    monkeypatch.setenv("PILOTBENCH_JOB_CONTEXT", "{}")
    monkeypatch.setenv("NO_PROXY", "intranet")
    monkeypatch.setenv("MINE", "kept")
    experiment = lab.experiment()
    values = {name: name for name in PLACEHOLDERS} | {"base_url": "http://x/v1"}
    found = environment(experiment, task_of(experiment), values, "pb-token")
    assert not {"sk-secret", "org-secret"} & set(found.values())
    assert "PILOTBENCH_JOB_CONTEXT" not in found
    assert (found["OPENAI_BASE_URL"], found["OPENAI_API_KEY"]) == ("http://x/v1", "pb-token")
    assert (found["NO_PROXY"], found["MINE"]) == ("intranet,127.0.0.1,localhost", "kept")
    assert found["QUIZ_MODEL"] == "model"


def test_silence_is_reported_once_and_again_after_twice_the_time(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []
    monkeypatch.setattr(notices, "say", lambda key, text: told.append(text))
    process: Any = SimpleNamespace(said=0)
    watch = _Watch(SHARD, [Heard()], process, None)
    with caplog.at_level(logging.INFO):
        for seconds in (1, 119, 121, 130, 241):
            watch(seconds)
        process.said = 1
        for seconds in (250, 369, 371):
            watch(seconds)
    spans = [text.rpartition(" for ")[2] for text in told]
    assert spans == ["120 s", "240 s", "120 s"]
    assert "running for 119 s; 0 requests answered (0 by the journal)" in caplog.text
