"""A run on a full disk: one line per job, and no partial file remains."""

from __future__ import annotations

import subprocess
import sys

from support.build import Build

COMMAND = 'ulimit -f 100; exec "$@"'
"""100 blocks of 1,024 bytes: no room for a database."""


def test_a_database_without_room_is_one_line_and_leaves_no_draft(build: Build) -> None:
    shards, results = build.shards(), build.folder / "results"
    (results / "master.duckdb").unlink()
    words = [sys.executable, "-m", "snakemake", "--configfile", "overlay.yaml"]
    run = subprocess.run(
        ["bash", "-c", COMMAND, "bash", *words],
        cwd=build.folder, env=build.environment(), text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert run.returncode == 1
    assert "Traceback" not in run.stdout
    lines = [line for line in run.stdout.splitlines() if line.startswith("error: ")]
    assert lines
    assert all("results/master.duckdb" in line for line in lines), lines
    assert build.shards() == shards
    left = [path.name for path in results.rglob("*.tmp")]
    left += [path.name for path in results.glob(".master*")]
    assert left == []
