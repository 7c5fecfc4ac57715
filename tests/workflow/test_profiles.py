"""The default profile sets nothing that belongs to a profile of the user."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from snakemake.cli import parse_args

from support.build import ROOT, Build

PROFILES = sorted((ROOT / "profiles").glob("*/config.yaml"))
WORKFLOWS_OWN = {
    "jobs": 50,
    "keep_going": True,
    "rerun_incomplete": True,
    "scheduler": "greedy",
    "scheduler_subsample": 300,
    "logger": ["pilotbench"],
}


def taken(monkeypatch: pytest.MonkeyPatch, *words: str) -> Any:
    """Return the arguments that Snakemake makes of a command typed in the checkout."""
    monkeypatch.chdir(ROOT)
    monkeypatch.delenv("SNAKEMAKE_PROFILE", raising=False)
    monkeypatch.setattr(sys, "argv", ["snakemake", *words])
    return parse_args(None)[1]


@pytest.fixture
def mine(tmp_path: Path) -> str:
    """A profile of a user."""
    (tmp_path / "config.yaml").write_text("jobs: 200\nlatency-wait: 7\nresources: [a_key=3]\n")
    return str(tmp_path)


def test_a_plain_command_needs_no_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    args = taken(monkeypatch)
    assert {name: getattr(args, name) for name in WORKFLOWS_OWN} == WORKFLOWS_OWN


@pytest.mark.parametrize("form", ["--profile {}", "--profile={}", "-n --profile {}"])
def test_a_profile_of_a_user_has_effect(
    monkeypatch: pytest.MonkeyPatch, mine: str, form: str
) -> None:
    args = taken(monkeypatch, *form.format(mine).split())
    own = WORKFLOWS_OWN | {"jobs": 200, "latency_wait": 7}
    assert {name: getattr(args, name) for name in own} == own
    assert args.resources["a_key"] == 3
    assert taken(monkeypatch, *form.format(mine).split(), "--jobs", "4").jobs == 4


@pytest.mark.parametrize("file", PROFILES, ids=lambda file: file.parent.name)
def test_no_profile_repeats_what_the_workflow_s_own_says(file: Path) -> None:
    own = yaml.safe_load((ROOT / "profiles/default/config.yaml").read_text())
    profile = yaml.safe_load(file.read_text())
    if file.parent.name != "default":
        assert not set(own) & set(profile)
        assert "jobs" in profile  # without it Snakemake does not start


def test_a_run_takes_the_jobs_of_a_changed_profile(tmp_path: Path) -> None:
    build = Build(tmp_path)
    build.plugins = True
    file = tmp_path / "profiles/s3/config.yaml"
    profile = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump({"jobs": profile["jobs"] - 47}))
    told = build.snakemake("estimate", "--profile", "profiles/s3")
    assert told.returncode == 0, told.stdout
    assert "Provided cores: 3\n" in told.stdout, told.stdout
    assert "Provided cores: 50\n" in build.snakemake("estimate").stdout
