"""External tasks in a real build: run, killed, run again, changed; nothing is paid twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.build import EXPORTS, Build, planned
from support.external_lab import ExternalLab
from support.graded_lab import Graded
from support.runs import wait_until, wait_until_kept

Json = dict[str, Any]
SECRET = {"SCRIPTED_SECRET": "sk-scripted-0123456789"}
SHARDS = [f"results/shards/m/baseline/quiz/none/none/{s}.jsonl.gz" for s in ("00000-00003",)]

pytestmark = pytest.mark.slow


def built(folder: Path, lab: ExternalLab, **more: Any) -> Build:
    made = Build(folder / "build")
    chosen = {
        k: v for k, v in lab.config(**more).items() if k not in ("results_dir", "journal_dir")
    }
    (made.folder / "overlay.yaml").write_text(yaml.safe_dump(chosen))
    return made


def test_a_killed_run_is_finished_and_a_changed_file_runs_the_command_again(
    tmp_path: Path,
) -> None:
    lab = ExternalLab(tmp_path)
    with lab.service:
        lab.mode = "waits after two"
        lab.experiment()
        build = built(tmp_path, lab)
        words = ["-m", "snakemake", *SHARDS, EXPORTS, "--configfile", "overlay.yaml"]
        going = subprocess.Popen(
            [sys.executable, *words],
            cwd=build.folder,
            env=build.environment(**SECRET),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_until_kept(build.folder, 2)
        os.killpg(going.pid, signal.SIGKILL)
        going.wait()
        wait_until(lambda: not _running_in(tmp_path / "tasks"))
        lab.mode = ""
        lab.experiment()
        run = build.snakemake(*SHARDS, EXPORTS, **SECRET)
        assert run.returncode == 0, run.stdout
        assert lab.paid == 4
        found = json.loads((build.folder / EXPORTS).read_text())
        assert found["summary"]["total_tests"] == 4
        (lab.folder / "tasks" / "quiz" / "notes.txt").write_text("the data has changed")
        assert planned(build.snakemake("-n", *SHARDS, **SECRET).stdout)["evaluate"] == 1
        assert build.snakemake(*SHARDS, EXPORTS, **SECRET).returncode == 0
        assert lab.paid == 4
        shown = build.pilotbench("show", "m/baseline/quiz/none/none", "2", **SECRET).stdout
        assert "What is 2 plus 2?" in shown
        assert "MISSED: the score is at least 1 of the best" in shown


def test_a_killed_run_pays_its_grader_once_and_keeps_its_slots(tmp_path: Path) -> None:
    graded = Graded(tmp_path)
    lab, outputs = graded.lab, [SHARDS[0].replace("0-00003", one) for one in ("0-00002", "3-00005")]
    with lab.service, graded.grader:
        lab.task["samples"], lab.mode = 6, "waits after two"
        lab.experiment(**graded.config())
        build = built(tmp_path, lab, **graded.config(shard_size=3))
        going = subprocess.Popen(
            [sys.executable, "-m", "snakemake", *outputs, "--configfile", "overlay.yaml"],
            cwd=build.folder,
            env=build.environment(**SECRET),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_until_kept(build.folder, 8)
        assert graded.paid == (4, 4)
        os.killpg(going.pid, signal.SIGKILL)
        going.wait()
        wait_until(lambda: not _running_in(tmp_path / "tasks"))
        lab.mode = ""
        lab.experiment(**graded.config())
        run = build.snakemake(*outputs, EXPORTS, **SECRET)
        assert run.returncode == 0, run.stdout
        found = json.loads((build.folder / EXPORTS).read_text())
        assert found["summary"]["total_tests"] == 6
        assert graded.paid == (6, 6)
        assert graded.most == 1


def _running_in(folder: Path) -> list[str]:
    found = []
    for one in Path("/proc").glob("[0-9]*"):
        try:
            if (one / "cwd").readlink().is_relative_to(folder):
                found.append((one / "cmdline").read_text())
        except OSError:
            continue
    return found
