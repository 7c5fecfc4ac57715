"""Runs on a real Slurm of this machine: limits, keys, a killed job."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from support import Simulator
from support.build import ROOT
from support.optional import lacking, skip_for
from support.runs import KEYS, Run, wait_until, wait_until_kept

UP = ROOT.parent / "shared/slurm/up.sh"
DAEMONS = ("slurmctld", "slurmd", "munged")
ONE = KEYS[:1]
SOON = ("--seconds-between-status-checks", "1", "--slurm-init-seconds-before-status-checks", "1")
SLURM = ("--profile", "profiles/slurm", *SOON)
pytestmark = pytest.mark.slurm


def needed() -> list[str]:
    """Return what this machine lacks for a test on Slurm: nothing where a Slurm answers."""
    if found := lacking(["sinfo"]):
        return [*found, *lacking(DAEMONS)]
    if answers():
        return []
    found = lacking(DAEMONS)
    return found if found or (UP.exists() and os.geteuid() == 0) else ["a Slurm that is running"]


@pytest.fixture(scope="module")
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Yield the folder where a Slurm keeps its jobs: its own, or one that is there already."""
    skip_for(needed())
    folder = tmp_path_factory.mktemp("slurm")
    if answers():
        yield kept_by()
        return
    subprocess.run([str(UP), str(folder)], check=True, timeout=60)
    try:
        yield folder
    finally:
        subprocess.run([str(UP.with_name("down.sh")), str(folder)], check=False, timeout=60)


def answers() -> bool:
    """Say whether a Slurm answers on this machine already."""
    try:
        done = subprocess.run(["sinfo", "-h"], capture_output=True, check=False, timeout=60)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0 and bool(done.stdout.strip())


def kept_by() -> Path:
    """Return the folder where the Slurm of this machine keeps job scripts and environments."""
    said = subprocess.run(
        ["scontrol", "show", "config"], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    return Path(re.search(r"^StateSaveLocation\s*=\s*(\S+)", said, re.M)[1])


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    """A simulator that allows anything, so that only our own limits hold."""
    with Simulator(keys={key: {} for key in ONE}, latency_s=0.4) as simulator:
        yield simulator


@pytest.fixture
def run(tmp_path: Path, simulator: Simulator, slurm: Path) -> Run:
    found = Run(tmp_path, simulator, {"instances": 24, "shard_size": 3}, keys=ONE, questions=24)
    found.plugins = True
    return found


def mine(run: Run, *words: str) -> list[str]:
    """Return the ids of the cluster's jobs that work in this run's folder."""
    query = ["squeue", "-h", "-o", "%A %Z", *words]
    lines = subprocess.run(
        query, capture_output=True, text=True, check=True, timeout=60
    ).stdout.splitlines()
    return [line.split()[0] for line in lines if line.split()[1] == str(run.folder)]


def files_with(word: str, *folders: Path) -> list[str]:
    """Return the files below `folders` that hold `word`."""
    found = []
    for path in (path for folder in folders for path in folder.rglob("*") if path.is_file()):
        try:
            found += [str(path)] if word.encode() in path.read_bytes() else []
        except OSError:
            continue
    return found


def test_limits_hold_across_the_cluster_and_no_job_script_contains_a_key(
    run: Run, simulator: Simulator, slurm: Path
) -> None:
    done = run.snakemake(*run.targets(), *SLURM, "--resources", "sim_key1=4")  # config says 5
    assert done.returncode == 0, done.stdout
    assert [record["success"] for record in run.records()] == [True] * 24
    key = simulator.stats()["keys"]["sim_key1"]
    assert key["answered"] == 24
    assert 1 <= key["in_flight_max"] <= 4
    secret = simulator.secret("sim_key1")
    assert list(slurm.rglob("script"))  # Slurm still keeps them, so there is something to look at
    written = files_with(secret, run.folder, slurm)
    assert [path for path in written if not path.endswith("/environment")] == []
    shutil.rmtree(run.folder / "journal")
    shutil.rmtree(run.folder / "results")
    run.change(instances=3)
    owed = run.snakemake("rescore", *SLURM)  # a job of the cluster does not see this target
    assert owed.returncode == 1
    assert "3 episodes are owed" in run.text()
    assert simulator.stats()["total"]["answered"] == 24


def test_a_group_is_one_cluster_job_and_the_limits_hold(run: Run, simulator: Simulator) -> None:
    group = ("--groups", "evaluate=shards", "--group-components", "shards=4")
    done = run.snakemake(*run.targets(), *SLURM, *group, "--resources", "sim_key1=2")
    assert done.returncode == 0, done.stdout
    assert len(set(re.findall(r"has been submitted with SLURM jobid (\d+)", done.stdout))) == 2
    assert [record["success"] for record in run.records()] == [True] * 24
    key = simulator.stats()["keys"]["sim_key1"]
    assert key["answered"] == 24
    assert 1 <= key["in_flight_max"] <= 2


def test_a_killed_job_is_resumed_and_the_whole_matrix_is_built(tmp_path: Path, slurm: Path) -> None:
    with Simulator(keys={key: {} for key in ONE}, latency_s=0.8) as simulator:
        shape = {"instances": 12, "shard_size": 6}
        run = Run(tmp_path, simulator, shape, keys=ONE, questions=12)
        run.plugins = True
        two = ("--resources", "sim_key1=2")  # config says 5
        with run.running(*SLURM, *two) as going:
            wait_until_kept(run.folder, 1, 120)
            victim = mine(run, "--states", "RUNNING")[0]
            subprocess.run(["scancel", "--signal=KILL", "--full", victim], check=True, timeout=60)
            assert going.process.wait(240) == 1
        assert 0 < len(run.records()) < 12
        done = run.snakemake(*SLURM, *two)
        assert done.returncode == 0, done.stdout
        assert [record["success"] for record in run.records()] == [True] * 12
        key = simulator.stats()["keys"]["sim_key1"]
        assert 1 <= key["in_flight_max"] <= 2
        assert key["answered"] - 12 <= 1  # what was in flight when its job was killed
        assert run.master()["summary"]["total_success"] == 12
        assert (run.folder / "results/summary/index.html").is_file()


def test_answers_from_before_a_kill_are_not_paid_for_again(run: Run, simulator: Simulator) -> None:
    with run.running(*run.targets(), *SLURM, "--resources", "sim_key1=4") as going:
        wait_until_kept(run.folder, 3, 120)
        going.kill(signal.SIGKILL)
    for job in mine(run):
        subprocess.run(["scancel", "--signal=KILL", "--full", job], check=False, timeout=60)
    wait_until(lambda: not mine(run))
    kept = {line["identity"] for line in run.journal()}
    assert 3 <= len(kept) < 24
    asked = simulator.stats()["total"]["answered"]
    done = run.snakemake(*run.targets())  # a run on this machine goes on where the cluster was
    assert done.returncode == 0, done.stdout
    assert simulator.stats()["total"]["answered"] - asked == 24 - len(kept)
    assert [record["success"] for record in run.records()] == [True] * 24
