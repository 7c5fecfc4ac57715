"""What runs of many shards rely on, by counts; docs/scale.md has the times."""

from __future__ import annotations

import marshal
from pathlib import Path

import yaml

from pilotbench.matrix import config, config_files
from support.build import ROOT, Build, planned

OWN = ROOT / "profiles/default/config.yaml"


def test_the_default_profile_limits_the_jobs_considered_at_a_time_and_no_key() -> None:
    profile = yaml.safe_load(OWN.read_text())
    assert profile["scheduler"] == "greedy"
    assert profile["scheduler-subsample"] >= 50
    assert profile["keep-going"]
    assert profile["rerun-incomplete"]
    assert "resources" not in profile  # it would make the keys that it does not name unlimited


def test_all_shards_are_built_when_more_are_ready_than_are_considered(
    tmp_path: Path,
) -> None:
    build = Build(tmp_path, {"models": ["oracle"], "prompts": ["baseline"], "shard_size": 1})
    run = build.snakemake("--until", "evaluate", "--scheduler-subsample", "2")
    assert run.returncode == 0, run.stdout
    assert len(build.shards()) == 4


def test_a_target_that_is_a_function_lists_every_shard(tmp_path: Path) -> None:
    build = Build(tmp_path)
    assert build.planned("summary")["evaluate"] == 8
    assert build.planned("rescore")["evaluate"] == 8


def test_a_key_that_no_planned_model_uses_costs_no_evaluation(tmp_path: Path) -> None:
    build = Build(tmp_path)
    profiled = ("-m", "cProfile", "-o", "n.prof", "-m", "snakemake", "-n", "all")
    run = build.python(*profiled, "--configfile", "overlay.yaml")
    assert run.returncode == 0, run.stdout
    assert planned(run.stdout)["evaluate"] == 8
    calls = {
        name: count
        for (file, _, name), (count, *_) in marshal.loads(
            (tmp_path / "n.prof").read_bytes()
        ).items()
        if file.endswith("snakemake/rules.py")
    }
    others = 2  # threads and tmpdir
    assert len(config.settings(config_files.read()).keys) >= 8
    assert calls["evaluate"] <= calls["expand_resources"] * (1 + others)  # players: one key


def test_a_file_of_a_model_whose_keys_are_not_counted_is_one_line(tmp_path: Path) -> None:
    build = Build(tmp_path)
    file = "results/shards/gpt-4o-mini/baseline/simple_task/easy/0.8/00000-00001.jsonl.gz"
    run = build.snakemake("-n", file)
    assert run.returncode == 1
    assert "error: models: gpt-4o-mini is not selected: --config models=gpt-4o-mini" in run.stdout
    assert "Traceback" not in run.stdout
    selected = build.snakemake("-n", file, "--config", "models=gpt-4o-mini")
    assert selected.returncode == 0, selected.stdout
