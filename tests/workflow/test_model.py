"""The real language model, through the whole build."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pilotbench.episodes.shard_file import read_shard
from support.build import Build

TINY = {
    "models": ["smollm2-135m"],
    "prompts": ["baseline"],
    "tasks": ["simple_task"],
    "difficulties": ["hard"],
    "instances": 1,
    "max_turns": 2,
}


@pytest.mark.model
def test_a_real_model_plays_and_a_second_run_asks_it_nothing(
    tmp_path: Path, model_file: Path
) -> None:
    build = Build(tmp_path)
    build.configure(TINY)
    assert build.planned()["weights"] == 1
    (tmp_path / "resources/models").mkdir(parents=True)
    shutil.copy(model_file, tmp_path / "resources/models")
    run = build.snakemake()
    assert run.returncode == 0, run.stdout
    [path] = (tmp_path / "results/shards").rglob("*.jsonl.gz")
    header, [episode] = read_shard(path)
    assert header["asked"] == episode["turns"] == len(episode["requests"]) >= 1
    assert episode["tokens"]["output"] > 0
    assert episode["protocol"] == "json"
    path.unlink()
    assert build.snakemake().returncode == 0
    assert read_shard(path)[0]["asked"] == 0


def test_no_weights_are_fetched_for_other_providers(tmp_path: Path) -> None:
    assert "weights" not in Build(tmp_path).planned()
