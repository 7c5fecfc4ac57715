"""kill -9 in the middle of an update: the database is the old one or the new one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pilotbench.matrix.cells import Shard
from pilotbench.matrix.plan import Plan
from support.database_lab import CELLS, SIZE, Lab

HERE = Path(__file__).parent
PROGRAM = """
import sys
from pathlib import Path
from support.database_lab import Lab
from test_kills import many

lab = Lab(Path(sys.argv[1]), many())
lab.update()
"""


def many() -> Plan:
    """Return a plan of some dozen shards."""
    return Plan(
        tuple(Shard(cell, i, i + SIZE - 1) for cell in CELLS for i in range(0, 30, SIZE)), 1
    )


def start(lab: Lab) -> subprocess.Popen[bytes]:
    """Start an update in another process and return when it has begun to write."""
    paths = [str(HERE), str(HERE.parents[1]), *sys.path]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(lab.results)], env=env)
    while process.poll() is None and not list(lab.results.glob(".master.duckdb.*")):
        time.sleep(0.002)
    return process


@pytest.mark.slow
@pytest.mark.parametrize("delay", [0.0, 0.02, 0.05, 0.1, 0.2, 0.4])
def test_a_killed_update_leaves_the_old_database_and_the_next_completes(
    lab: Lab, delay: float
) -> None:
    lab.first_update()
    before = lab.content()
    lab.plan = many()
    lab.write()
    process = start(lab)
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    process.wait()
    killed = lab.content()
    lab.update()
    after = lab.content()
    assert killed in (before, after)
    assert not list(lab.results.glob(".master.duckdb.*"))
    lab.database.unlink()
    lab.update()
    assert lab.content() == after


def test_overflow_files_of_a_killed_update_are_removed_too(lab: Lab) -> None:
    spilled = lab.results / ".master.duckdb.1.overflow"
    spilled.mkdir()
    (spilled / "duckdb_temp_storage-0.tmp").write_bytes(b"half")
    lab.update()
    assert not spilled.exists()


@pytest.mark.slow
def test_two_updates_at_once_take_turns(lab: Lab) -> None:
    lab.plan = many()
    lab.write()
    processes = [start(lab), start(lab)]
    assert [process.wait() for process in processes] == [0, 0]
    assert not lab.update().written
    assert lab.value("SELECT count(*) FROM episodes WHERE current") == lab.plan.episodes
