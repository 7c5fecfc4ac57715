"""A config with a private epoch: its tasks, what its shards depend on, and mistakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pilotbench.benchmark.catalogue import epochs
from pilotbench.episodes.evaluate import spec_of
from pilotbench.ground.errors import ConfigError
from pilotbench.matrix import config_files
from pilotbench.matrix.cells import Cell, Shard
from pilotbench.matrix.experiment import Experiment, load_experiment

SECRET = "a long and private name"
FILES = [Path(file) for file in config_files.BASE_FILES]


def loaded(**overrides: Any) -> Experiment:
    chosen = {"models": "oracle", "tasks": "horizon,simple_task"}
    return load_experiment(config_files.read((), {**chosen, **overrides}), FILES)


def cell(task: str) -> Cell:
    return Cell("oracle", "baseline", task, {"horizon": "n2"}.get(task, "easy"), "0.8")


@pytest.mark.parametrize("written", [SECRET, {"env": "EPOCH_OF_TEST"}], ids=["name", "variable"])
def test_an_epoch_changes_the_tasks_of_version_4_only(
    written: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EPOCH_OF_TEST", SECRET)
    public, private = loaded(), loaded(seed_epoch=written)
    assert public.versions(cell("horizon"))["epoch"] == "public"
    assert private.versions(cell("horizon"))["epoch"] == epochs.hashed(SECRET)
    assert private.fingerprint(cell("horizon")) != public.fingerprint(cell("horizon"))
    assert private.versions(cell("simple_task")) == public.versions(cell("simple_task"))
    assert private.fingerprint(cell("simple_task")) == public.fingerprint(cell("simple_task"))
    assert "epoch" not in private.versions(cell("simple_task"))
    others = [one.tasks["policy"].instance("no_rules", 3) for one in (public, private)]
    assert others[0].content_hash != others[1].content_hash  # outside of the selection, too
    shard = Shard(cell("horizon"), 0, 0)
    requests = [spec_of(one, shard, 0, 0).instance.request for one in (public, private)]
    assert requests[0] != requests[1]
    assert SECRET not in f"{private.settings} {private.tasks['policy']}" or written == SECRET


def test_the_public_epoch_may_be_named() -> None:
    assert loaded(seed_epoch="public").versions(cell("horizon"))["epoch"] == "public"


@pytest.mark.parametrize(
    ("overrides", "value", "message"),
    [
        (
            {"seed_epoch": {"env": "EPOCH_OF_TEST"}},
            "",
            "--config: seed_epoch: set the environment variable EPOCH_OF_TEST, or write it in .env",
        ),
        (
            {"seed_epoch": {"env": "EPOCH_OF_TEST"}},
            "eight-or-more",
            "--config: seed_epoch: EPOCH_OF_TEST holds fewer than 16 characters",
        ),
        (
            {"seed_epoch": SECRET, "tasks": "simple_task"},
            "",
            "--config: seed_epoch: has no effect: no selected task has epochs; write null",
        ),
        ({"seed_epoch": {"name": "x"}}, "", "--config: seed_epoch is {'name': 'x'}; allowed: "),
    ],
)
def test_a_mistake_is_one_line(
    overrides: dict[str, Any], value: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EPOCH_OF_TEST", value)
    with pytest.raises(ConfigError) as caught:
        loaded(**overrides)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
