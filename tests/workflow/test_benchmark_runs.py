"""Whole runs of the benchmark: flaws that do not apply, question packs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb

from support.build import DATABASE, PLAYERS, Build

FOLLOWER = {"plan_follower": {"provider": "players", "deployment": "plan_follower"}}
QUESTIONS = [{"question": f"What is {n} + {n}?", "answer": 2 * n} for n in range(6)]


def rows(build: Build, query: str) -> list[tuple[Any, ...]]:
    path = build.folder / "results/master.duckdb"
    with duckdb.connect(str(path), read_only=True) as database:
        return database.execute(query).fetchall()


def test_a_flaw_that_does_not_apply_is_counted_separately(
    tmp_path: Path,
) -> None:
    """Odd instances of simple_task have one step: none can be missing."""
    build = Build(
        tmp_path,
        {
            "model_catalog": FOLLOWER,
            "models": ["plan_follower"],
            "prompts": ["optimal", "flawed_missing_step"],
            "shard_size": 4,
        },
    )
    run = build.snakemake()
    assert run.returncode == 0, run.stdout
    counts = "SELECT planned, completed, not_applicable, owed FROM cells WHERE prompt = '{}'"
    assert rows(build, counts.format("flawed_missing_step")) == [(4, 2, 2, 0)]
    assert rows(build, counts.format("optimal")) == [(4, 4, 0, 0)]
    asked = "SELECT count(*) FROM requests WHERE prompt = 'flawed_missing_step' AND index % 2 = 1"
    assert rows(build, asked) == [(0,)]
    flaws = (build.folder / "results/summary/tables/flaws.csv").read_text().splitlines()
    (row,) = [dict(zip(flaws[0].split(","), line.split(","), strict=True)) for line in flaws[1:]]
    shown = [float(row[name]) for name in ("n", "harmful", "followed", "excess_over_optimal")]
    assert shown == [2, 1, 1, 1]
    square = [
        f"{one}_{other}" for one in ("followed", "not_followed") for other in ("success", "failure")
    ]
    assert [int(row[name]) for name in square] == [0, 2, 0, 0]


def test_the_slots_in_force_are_kept_with_each_request_and_shown(tmp_path: Path) -> None:
    """Not those of the config, which has four; and not the last ones for all."""
    config = {"models": ["oracle"], "prompts": ["baseline"], "shard_size": 1}
    build, counts = Build(tmp_path, config), []
    for instances, slots, target in ((2, 2, DATABASE), (4, 3, "all")):
        build.configure({**PLAYERS, **config, "instances": instances})
        run = build.snakemake(target, "--resources", f"players_local={slots}")
        assert run.returncode == 0, run.stdout
        counts.append(dict(rows(build, "SELECT slots, count(*) FROM requests GROUP BY ALL")))
    assert set(counts[0]) == {2}
    assert set(counts[1]) == {2, 3}
    assert counts[1][2] == counts[0][2]
    names, line = (build.folder / "results/summary/tables/keys.csv").read_text().splitlines()
    shown = dict(zip(names.split(","), line.split(","), strict=True))
    assert 2 <= float(shown["slots"]) <= 3


def answers(build: Build) -> int:
    """Return how many answers the journal holds, a line each."""
    files = (build.folder / "journal").rglob("*.jsonl")
    return sum(len(file.read_text().splitlines()) for file in files)


def write_pack(folder: Path, questions: list[dict[str, Any]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "task.yaml").write_text("description: Sums.\nscorer: {kind: number}\n")
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    (folder / "instances.jsonl").write_text(lines)


def test_a_changed_or_added_line_of_a_pack_requests_only_that_instance(tmp_path: Path) -> None:
    config = {"models": ["oracle"], "tasks": ["sums"], "prompts": ["baseline"], "instances": "all"}
    build = Build(tmp_path, {**config, "shard_size": 4})
    new = {"question": "What is 50 + 50?", "answer": 100}
    changed = [*QUESTIONS[:3], new, *QUESTIONS[4:]]
    added = [*changed, {"question": "What is 60 + 60?", "answer": 120}]
    for count, questions in enumerate((QUESTIONS, changed, added)):
        write_pack(tmp_path / "config/tasks/sums", questions)
        run = build.snakemake(DATABASE)
        assert run.returncode == 0, run.stdout
        right = rows(build, "SELECT count(*), count_if(success) FROM episodes")
        assert right == [(len(questions),) * 2]
        assert answers(build) == len(QUESTIONS) + count
