"""After a failed run, the next command shows the current state, with the right exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.build import DATABASE, Build

PLAYER = {"provider": "players", "protocol": "native"}
CATALOG = {
    "plain": {**PLAYER, "deployment": "oracle"},
    "bad400": {**PLAYER, "deployment": "no_such_player"},
}
TINY = {"prompts": ["baseline"], "instances": 2, "shard_size": 1, "model_catalog": CATALOG}
PLAIN = ("--config", "models=plain")
BOTH = ("--config", "models=plain,bad400")
PARTIAL = ("summary", "--config", "partial=true", "models=plain")


@pytest.fixture
def build(tmp_path: Path) -> Build:
    return Build(tmp_path, TINY)


def shown(build: Build) -> set[str]:
    """Return which of the two models the page, the JSON file and the exports show."""
    master, results = build.master(), build.folder / "results"
    page = (results / "summary/index.html").read_text()
    cells = (results / "exports/cells.csv").read_text()
    terminal = (results / "summary/summary.txt").read_text()
    found = [
        {name for name in CATALOG if name in text}
        for text in (str(master), cells, terminal, page.partition("<body")[2])
    ]
    assert found == [found[0]] * len(found)
    return found[0]


def test_a_selection_without_the_failed_model_no_longer_shows_it(build: Build) -> None:
    assert build.snakemake(*PLAIN).returncode == 0
    assert build.snakemake(*BOTH).returncode == 1
    assert shown(build) == {"plain", "bad400"}
    assert build.snakemake(*PLAIN).returncode == 0
    assert shown(build) == {"plain"}
    done = build.snakemake(*PLAIN)
    assert done.returncode == 0
    assert "Nothing to be done" in done.stdout


def test_the_database_alone_is_not_up_to_date_after_a_failed_run(build: Build) -> None:
    assert build.snakemake(*BOTH).returncode == 1
    again = build.snakemake(DATABASE, *BOTH)
    assert again.returncode == 1, again.stdout
    assert build.snakemake(DATABASE, *PLAIN).returncode == 0
    assert "Nothing to be done" in build.snakemake(DATABASE, *PLAIN).stdout


def test_a_partial_summary_after_a_failed_run_shows_the_newer_answers(build: Build) -> None:
    assert build.snakemake(*BOTH).returncode == 1
    build.configure({**TINY, "models": ["plain"], "tasks": ["simple_task"], "instances": 3})
    target = "results/shards/plain/baseline/simple_task/easy/0.8/00002-00002.jsonl.gz"
    assert build.snakemake(target, *PLAIN).returncode == 0
    assert build.snakemake(*PARTIAL).returncode == 0
    assert build.master()["summary"]["total_tests"] == 3
    assert shown(build) == {"plain"}
