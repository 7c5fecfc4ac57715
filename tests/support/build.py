"""A copy of the workflow in a folder of its own, and real runs of it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

import yaml

from support import preloaded

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = Path(sys.prefix, "plugins")
PLAYERS = {
    "models": ["oracle", "random"],
    "tasks": ["simple_task"],
    "prompts": ["baseline", "optimal"],
    "difficulties": ["easy"],
    "instances": 4,
    "shard_size": 2,
}
DATABASE = "results/master.duckdb"
EXPORTS = "results/master_database.json"
"""Targets that need no page, which costs more than everything else in a tiny run."""


class Build:
    """A checkout in `folder`; `config` is an overlay, by default a tiny matrix of players."""

    plugins = False
    """Whether runs find the plugins of envs/plugins.txt."""
    may_run = True
    """Whether Snakemake may be started; not in a test without the marker `slow`."""

    def __init__(self, folder: Path, config: dict[str, Any] | None = None) -> None:
        self.folder = folder
        for name in ("config", "envs", "profiles", "workflow"):
            shutil.copytree(
                ROOT / name, folder / name
            )  # compiled modules too, as after a first run
        shutil.copy(ROOT / "Snakefile", folder)
        self.configure({**PLAYERS, **(config or {})})

    @classmethod
    def at(cls, folder: Path) -> Self:
        """Return the checkout that is in `folder` already."""
        made = cls.__new__(cls)
        made.folder = folder
        return made

    def configure(self, config: dict[str, Any]) -> None:
        """Write the overlay again."""
        limits = {"limits_dir": str(self.folder / "limits")}
        (self.folder / "overlay.yaml").write_text(yaml.safe_dump({**limits, **config}))

    def snakemake(self, *words: str, **env: str | None) -> subprocess.CompletedProcess[str]:
        """Run the build with the overlay; `env` adds variables, and None removes one."""
        return self.python("-m", "snakemake", *words, "--configfile", "overlay.yaml", **env)

    def pilotbench(self, *words: str, **env: str | None) -> subprocess.CompletedProcess[str]:
        """Run one command with the overlay."""
        return self.python("-m", "pilotbench", *words, "--configfile", "overlay.yaml", **env)

    def python(self, *words: str, **env: str | None) -> subprocess.CompletedProcess[str]:
        """Run this Python in the folder; stdout and stderr are one text."""
        self.refuse_in_fast_tests(words)
        return preloaded.python(words, self.folder, self.environment(**env))

    def refuse_in_fast_tests(self, words: Iterable[str]) -> None:
        """Fail where a test without the marker `slow` starts Snakemake."""
        assert self.may_run or "snakemake" not in words, "mark this test: @pytest.mark.slow"

    def environment(self, **env: str | None) -> dict[str, str]:
        """Return the variables of a run, without the user's own keys and terminal colours."""
        kept = {k: v for k, v in os.environ.items() if "API_KEY" not in k and "ENDPOINT" not in k}
        folders = [str(self.folder / "workflow/scripts"), *([str(PLUGINS)] if self.plugins else [])]
        library = {"PYTHONPATH": os.pathsep.join(folders), "NO_COLOR": "1"}
        return {k: v for k, v in (kept | library | env).items() if v is not None}

    def shards(self) -> dict[str, bytes]:
        """Return the shard files' content by path below results/shards."""
        root = self.folder / "results/shards"
        return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*.jsonl.gz"))}

    def planned(self, *words: str) -> dict[str, int]:
        """Return rule -> number of jobs that a dry run lists."""
        run = self.snakemake("-n", *words)
        assert run.returncode == 0, run.stdout
        return planned(run.stdout)

    def master(self) -> dict[str, Any]:
        """Return master_database.json."""
        return json.loads((self.folder / "results/master_database.json").read_text())


def planned(output: str) -> dict[str, int]:
    """Return rule -> number of jobs, from what a run has printed."""
    table = re.search(r"^job +count\n-+ +-+\n(.*?)\ntotal", output, re.M | re.S)
    rows = (line.split() for line in table[1].splitlines()) if table else ()
    return {name: int(count) for name, count in rows}


def snakemake(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Snakemake in a folder; stdout and stderr in one text."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "workflow/scripts"), "NO_COLOR": "1"}
    return preloaded.python(("-m", "snakemake", *words), folder, environment)
