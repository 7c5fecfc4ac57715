"""What the rule of the batch lane relies on: temporary marks, and the exit code of a handler."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pilotbench.build import snakemake_internals as internals
from support.build import planned, snakemake

pytestmark = pytest.mark.slow

SNAKEFILE = """
import os
import sys
from pilotbench.build import snakemake_internals as internals

SHARDS = [f"shards/{n}.txt" for n in range(3)]

NAME = f"marks/m.{os.getpid()}"

def mark(wildcards):
    internals.keep_off_record(workflow, "marks")
    batch = config.get("lane", "batch") == "batch"
    return [NAME] if batch and not os.path.exists(f"shards/{wildcards.n}.txt") else []

def evaluated(wildcards):
    jobs = internals.jobs_to_run(workflow)
    return sorted(job.wildcards["n"] for job in jobs if job.rule == "evaluate")

rule all:
    default_target: True
    input: SHARDS, "other.txt"

rule evaluate:
    input: ancient(mark)
    output: "shards/{n}.txt"
    shell: "touch {output}"

rule other:
    output: "other.txt"
    shell: "touch {output}"

rule batches:
    output: temp("marks/{model}")
    threads: 0
    params: shards=evaluated
    script: "batches.py"

onerror:
    print(sorted(internals.failed_rules(workflow)), file=sys.stderr)
    sys.exit(75)
"""
SCRIPT = """
import sys
import time
from pathlib import Path
Path("evaluated.txt").write_text(" ".join(snakemake.params.shards))
for _ in range(600):  # it takes no core: the other job runs beside it
    if Path("other.txt").exists():
        break
    time.sleep(0.1)
if snakemake.config.get("out"):
    sys.exit(75)
Path(snakemake.output[0]).touch()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    (tmp_path / "batches.py").write_text(SCRIPT)
    return tmp_path


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return snakemake(folder, "--jobs", "1", "--keep-going", *words)


def test_a_mark_is_made_only_for_jobs_that_need_it_and_leaves_no_trace(folder: Path) -> None:
    first = run(folder)
    assert first.returncode == 0, first.stdout
    assert planned(first.stdout) == {"all": 1, "batches": 1, "evaluate": 3, "other": 1}
    assert (folder / "evaluated.txt").read_text() == "0 1 2"
    assert not (folder / "marks").exists()
    for lane in ("batch", "online", "batch"):
        assert planned(run(folder, "-n", "--config", f"lane={lane}").stdout) == {}
    (folder / "shards/1.txt").unlink()
    again = run(folder)
    assert planned(again.stdout) == {"all": 1, "batches": 1, "evaluate": 1}
    assert (folder / "evaluated.txt").read_text() == "1"
    assert planned(run(folder, "-n").stdout) == {}


def test_a_mark_that_fails_holds_its_jobs_back_and_a_handler_sets_the_exit_code(
    folder: Path,
) -> None:
    out = run(folder, "--config", "out=1")
    assert out.returncode == 75, out.stdout
    assert "['batches']" in out.stdout
    assert not (folder / "shards").exists()
    assert (folder / "other.txt").exists()
    assert internals.lock_files(folder / ".snakemake") == []
    lines = out.stdout.splitlines()
    assert any(internals.is_exit_of(line, "batches.py", 75) for line in lines), out.stdout
    assert any(map(internals.is_last_error, lines))
    assert planned(run(folder).stdout) == {"all": 1, "batches": 1, "evaluate": 3}
