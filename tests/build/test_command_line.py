"""The command line of a build names the workflow, profile and config files that it needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pilotbench.build.command_line import command_line
from support.build import ROOT

SNAKEFILE = f"--snakefile={ROOT}/Snakefile"
PROFILE = f"--workflow-profile={ROOT}/profiles/default"
STANDARD = "config/experiments/standard.yaml"
QUICK = "config/experiments/quick.yaml"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def words(*given: str) -> list[str]:
    command = command_line(given)
    assert command[:4] == [sys.executable, "-P", "-m", "snakemake"]
    return command[4:]


@pytest.mark.parametrize(
    ("given", "passed"),
    [
        (["-n", "summary"], [SNAKEFILE, PROFILE, "-n", "summary"]),
        (["--config", "a=1", "--", "all"], [SNAKEFILE, PROFILE, "--config", "a=1", "--", "all"]),
        (["-s", "mine.smk"], [PROFILE, "-s", "mine.smk"]),
        (["--snakefile=mine.smk"], [PROFILE, "--snakefile=mine.smk"]),
        (["--workflow-profile", "none"], [SNAKEFILE, "--workflow-profile", "none"]),
        (["quick", "-n"], [SNAKEFILE, PROFILE, f"--configfile={ROOT}/{QUICK}", "quick", "-n"]),
        (["quick", "--configfile=q"], [SNAKEFILE, PROFILE, "quick", "--configfile=q"]),
        (
            ["--configfile", STANDARD, "mine.yaml", "-j", "1"],
            [SNAKEFILE, PROFILE, "--configfile", f"{ROOT}/{STANDARD}", "mine.yaml", "-j", "1"],
        ),
        (
            ["--profile=profiles/slurm", "profiles/slurm"],
            [SNAKEFILE, PROFILE, f"--profile={ROOT}/profiles/slurm", "profiles/slurm"],
        ),
        (
            ["--profile", "profiles/slurm", "config/tasks"],
            [SNAKEFILE, PROFILE, "--profile", f"{ROOT}/profiles/slurm", "config/tasks"],
        ),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_words_are_passed_on_in_order(given: list[str], passed: list[str]) -> None:
    assert words(*given) == passed


def test_what_the_folder_has_comes_before_what_the_package_has() -> None:
    for name in ("profiles/default/config.yaml", STANDARD):
        Path(name).parent.mkdir(parents=True)
        Path(name).touch()
    Path("workflow").mkdir()
    Path("workflow/Snakefile").write_text("from pilotbench.ground.shipped import SNAKEFILE\n")
    assert words("--configfile", STANDARD) == ["--configfile", STANDARD]


def test_a_script_in_the_folder_hides_no_module_of_that_name() -> None:
    Path("yaml.py").write_text("raise SystemExit('not the module')")
    done = subprocess.run(
        [*command_line(["--version"])], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_snakefile_of_another_workflow_is_not_run() -> None:
    Path("Snakefile").write_text("rule all:\n    output: 'x'\n")
    assert SNAKEFILE in words("-n")
