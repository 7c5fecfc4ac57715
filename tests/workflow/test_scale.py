"""What many shards rely on, by counts: times stand in docs/scale.md."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from support.build import ROOT, Build

PROFILES = sorted((ROOT / "profiles").glob("*/config.yaml"))


@pytest.mark.parametrize("file", PROFILES, ids=lambda file: file.parent.name)
def test_a_profile_bounds_the_jobs_that_are_looked_at_and_no_key(file: Path) -> None:
    profile = yaml.safe_load(file.read_text())
    assert profile["scheduler"] == "greedy"
    assert profile["scheduler-subsample"] >= profile["jobs"]
    assert profile["keep-going"]
    assert profile["rerun-incomplete"]
    assert "resources" not in profile  # it would make the keys that it does not name unlimited


def test_more_shards_are_ready_than_are_looked_at_and_all_are_built(tmp_path: Path) -> None:
    build = Build(tmp_path, {"models": ["oracle"], "prompts": ["baseline"], "shard_size": 1})
    run = build.snakemake("--scheduler-subsample", "2")
    assert run.returncode == 0, run.stdout
    assert len(build.shards()) == 4


def test_a_target_that_is_a_function_lists_every_shard(tmp_path: Path) -> None:
    build = Build(tmp_path)
    everything = build.planned("all")
    assert everything["evaluate"] == 8
    assert build.planned("summary")["evaluate"] == 8
    assert build.planned("rescore")["evaluate"] == 8
