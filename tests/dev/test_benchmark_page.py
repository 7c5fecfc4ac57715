"""docs/benchmark_3.md says what the code does."""

from __future__ import annotations

import json
import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from dev import benchmark_page, check_benchmark, expected_scores
from pilotbench.benchmark import flaws
from pilotbench.benchmark.tasks import TASKS
from pilotbench.benchmark.tasks.scoring import ERROR_KINDS
from pilotbench.benchmark.world.levels import DIFFICULTIES
from pilotbench.benchmark.world.toolbox import TOOLS
from support.build import Build

WRITTEN = benchmark_page.PAGE.read_text(encoding="utf-8")
RUN = "run: python -m dev.benchmark_page"
MEASURE = "play the reference players again and run: python -m dev.benchmark_page --scores"


@pytest.mark.parametrize("name", benchmark_page.PARTS)
def test_a_generated_part_is_what_the_code_says(name: str) -> None:
    assert benchmark_page.part(WRITTEN, name) == benchmark_page.PARTS[name]() + "\n", RUN


@pytest.mark.parametrize("name", ["scores", "flaws"])
def test_scores_are_of_these_versions_and_instances(name: str) -> None:
    assert benchmark_page.versions() in benchmark_page.part(WRITTEN, name), MEASURE


def test_scores_have_every_player_task_and_difficulty_and_no_broken_bound() -> None:
    scores = benchmark_page.part(WRITTEN, "scores")
    head = next(line for line in scores.splitlines() if line.startswith("| task"))
    for trial in expected_scores.TRIALS:
        assert trial.flaw is not None or f"| {trial.label} " in head, MEASURE
    for task, difficulty in product(TASKS, DIFFICULTIES):
        assert re.search(rf"^\| {task} +\| {difficulty} ", scores, re.MULTILINE), MEASURE
    found = re.search(r"(\d+) of (\d+) bounds hold", scores)
    assert found is not None
    assert found[1] == found[2]


def test_at_least_a_thousand_instances_a_second_are_made() -> None:
    rates = [int(rate.replace(",", "")) for rate in re.findall(r"[\d,]+(?= \|)", _speed())]
    assert len(rates) == len(TASKS) * (len(DIFFICULTIES) + 1)
    assert min(rates) >= 1_000


def _speed() -> str:
    return benchmark_page.part(WRITTEN, "speed")


@pytest.mark.parametrize("words", [*TOOLS, *flaws.FLAWS, *ERROR_KINDS, *TASKS, *DIFFICULTIES])
def test_every_word_of_the_benchmark_is_explained(words: str) -> None:
    assert f"`{words}`" in WRITTEN


def test_the_shown_episode_meets_a_failure_and_recovers() -> None:
    record = check_benchmark.play_locally(benchmark_page.shown(), *benchmark_page.PLAYED)
    assert (record["success"], record["transient"]["recovered"]) == (True, 1)


def test_parts_are_replaced_and_nothing_else() -> None:
    before = (
        "a\n<!-- begin: one -->\nold\n<!-- end: one -->\nb\n<!-- begin: two -->\n<!-- end: two -->"
    )
    assert benchmark_page.page(before, {"one": "new\\1"}) == before.replace("old", "new\\1")


@pytest.mark.parametrize("value", [{}, [], {"a": [1, {"b": "x" * 90}]}, ["y" * 120, None, True]])
def test_pretty_json_is_json(value: Any) -> None:
    assert json.loads(benchmark_page.pretty(value)) == value


def test_measured_parts_come_from_what_check_benchmark_prints(
    capsys: pytest.CaptureFixture[str],
) -> None:
    few = ["--instances", "1", "--tasks", "simple_task", "--difficulties", "easy", "--jobs", "1"]
    assert check_benchmark.main([*few, "--json"]) == 0
    parts = benchmark_page.measured(json.loads(capsys.readouterr().out))
    assert re.search(r"^\| simple_task \| easy +\| 100\.0 ", parts["scores"], re.MULTILINE)
    assert "| `tool_misuse` | 100 % / " in parts["flaws"]


@pytest.mark.slow
def test_the_levels_that_models_played_come_from_the_database_of_a_run(tmp_path: Path) -> None:
    build = Build(tmp_path)
    build.configure(
        {
            "models": ["oracle", "random"],
            "prompts": ["baseline"],
            "tasks": ["simple_task"],
            "difficulties": ["easy", "hard"],
            "tool_success_rates": [1.0],
            "instances": 2,
        }
    )
    assert build.snakemake().returncode == 0
    shown = benchmark_page.levels_played(tmp_path / "results/master.duckdb")
    assert shown.startswith(
        f"Tasks simple_task; tool_success_rate 1.0. {benchmark_page.versions()}\n"
    )
    assert "| `oracle` | native | solved | – | 2 of 2 | – | 2 of 2 | – |" in shown
    assert "| `oracle` | native | progress | – | 100 % | – | 100 % | – |" in shown
    assert "| `random` | native | solved | – | 0 of 2 | – | 0 of 2 | – |" in shown
