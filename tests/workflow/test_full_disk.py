"""A run on a full disk: one line per job, and no partial file remains."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support.build import PLAYERS, Build

COMMAND = 'ulimit -f 100; exec "$@"'
"""100 blocks of 1,024 bytes: no room for a database."""
CELL = "oracle/baseline/simple_task/easy/0.8"
SHARDS = [f"results/shards/{CELL}/{name}.jsonl.gz" for name in ("00000-00001", "00002-00003")]


def test_a_database_without_room_is_one_line_and_leaves_no_draft(tmp_path: Path) -> None:
    build = Build(tmp_path, {**PLAYERS, "models": ["oracle"], "prompts": ["baseline"]})
    asked = build.snakemake(*SHARDS)
    assert asked.returncode == 0, asked.stdout
    words = [sys.executable, "-m", "snakemake", "--configfile", "overlay.yaml"]
    run = subprocess.run(
        ["bash", "-c", COMMAND, "bash", *words],
        cwd=tmp_path, env=build.environment(), text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert run.returncode == 1
    assert "Traceback" not in run.stdout
    lines = [line for line in run.stdout.splitlines() if line.startswith("error: ")]
    assert lines
    assert all("results/master.duckdb" in line for line in lines), lines
    assert len(build.shards()) == len(SHARDS)
    left = [path.name for path in (tmp_path / "results").rglob("*.tmp")]
    left += [path.name for path in (tmp_path / "results").glob(".master*")]
    assert left == []
