"""A prompt, pack or config that is edited during a run: no cell is asked under two texts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pilotbench.build import texts
from pilotbench.ground.errors import UserError
from pilotbench.matrix.experiment import Experiment
from support.build import ROOT
from support.estimation_lab import load
from support.runs import write_pack


def edit_prompt(folder: Path) -> None:
    path = folder / "prompts/baseline.md"
    path.write_text(path.read_text() + "\nBe brief.\n")


def edit_pack(folder: Path) -> None:
    write_pack(folder / "packs", 6, {3: " (changed)"})


def edit_nothing(folder: Path) -> None:
    """Write the same again, and what another cell reads."""
    write_pack(folder / "packs", 6)
    (folder / "prompts/cot.md").write_text((folder / "prompts/baseline.md").read_text())


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Experiment]:
    shutil.copytree(ROOT / "config/prompts", tmp_path / "prompts")
    write_pack(tmp_path / "packs", 6)

    def read_config(**chosen: Any) -> Experiment:
        folders: dict[str, Any] = {
            "prompt_folders": [str(tmp_path / "prompts")],
            "task_folders": [str(tmp_path / "packs")],
        }
        return load(tmp_path, models=["sim-oracle"], tasks=["echo"], **folders, **chosen)

    return read_config


@pytest.mark.parametrize("by", ["parameters", "environment"])
@pytest.mark.parametrize(
    ("edit", "chosen", "named"),
    [
        (edit_prompt, {}, "prompts/baseline.md"),
        (edit_pack, {}, "task echo"),
        (edit_nothing, {"max_turns": 7}, "max_turns"),
        (edit_nothing, {}, None),
    ],
)
def test_a_job_that_reads_another_text_than_its_run_stops_with_one_line(
    tmp_path: Path,
    read: Callable[..., Experiment],
    by: str,
    edit: Callable[[Path], None],
    chosen: dict[str, Any],
    named: str | None,
) -> None:
    begun = read()
    shard = begun.plan.shards[0]
    versions = json.loads(json.dumps(begun.versions(shard.cell)))
    told = json.loads(json.dumps(texts.read(begun, [shard.cell])))
    edit(tmp_path)
    job = read(**chosen)
    words = (versions, {}) if by == "parameters" else (job.versions(shard.cell), told)
    if named is None or (named == "max_turns" and by == "environment"):
        texts.check(job, shard.cell, *words)
        return
    with pytest.raises(UserError, match=f"{named}: changed since this run began; .* run again"):
        texts.check(job, shard.cell, *words)
    texts.check(read(**chosen), shard.cell, {}, {})
