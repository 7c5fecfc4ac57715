"""A task type, a scorer and a figure are one module each: every place that uses them knows them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import duckdb
import pytest

from support.build import Build

LIBRARY = Path("workflow/scripts/pilotbench")
TASK = """
from pilotbench.benchmark.generation.plan_grammar import Grammar
from pilotbench.benchmark.tasks.world_task import WorldTask

TASK = WorldTask(
    description="Read, work, deliver.",
    grammar=Grammar(task="relay_task", least=3, most=4, sources=("read", "fetch", "get", "pull")),
)
"""
SCORER = """
from pilotbench.benchmark.scorers.scorer import Scorer, Verdict


def judge(wanted, given, options):
    right = len(str(given)) == len(wanted) + options["surplus"]
    return Verdict(right, right, given, "whole reply", "as long" if right else "of another length")


SCORER = Scorer(
    "The answer is as long as this text.",
    judge,
    answer={"type": "string"},
    goal="the answer has the length of {}",
    options={"surplus": {"type": "integer", "default": 0}},
)
"""
FIGURE = """
import altair as alt

from pilotbench.results.summary.figures.base import Drawing, Figure, Section, spec_of


def calls(source):
    rows = source.rows("cells")
    bars = alt.Chart().mark_bar().encode(x="tool_calls:Q", y="task:N")
    return Drawing("Calls of each task", "Mean calls.", "Bars of calls.", spec_of(bars, rows=rows))


FIGURES = (Figure("calls_by_task", Section.TASKS, "cells", calls),)
"""
PACK = "description: Lengths.\nscorer: {kind: same_length}\n"
CONFIG = {
    "models": ["oracle"],
    "prompts": ["baseline", "flawed_tool_misuse"],
    "tasks": ["relay_task", "lengths"],
    "instances": 2,
}
CELL = "oracle/baseline/relay_task/easy/0.8"


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    made = Build(tmp_path_factory.mktemp("build"), CONFIG)
    (made.folder / LIBRARY / "benchmark/tasks/relay_task.py").write_text(TASK)
    (made.folder / LIBRARY / "benchmark/scorers/same_length.py").write_text(SCORER)
    (made.folder / LIBRARY / "results/summary/figures/calls.py").write_text(FIGURE)
    pack = made.folder / "config/tasks/lengths"
    pack.mkdir()
    (pack / "task.yaml").write_text(PACK)
    lines = ({"question": f"Say {word}.", "answer": word} for word in ("four", "eleven"))
    (pack / "instances.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return made


def test_they_are_estimated_and_checked_before_the_build(build: Build) -> None:
    estimate = build.pilotbench("estimate", "--json")
    assert estimate.returncode == 0, estimate.stdout
    check = build.pilotbench("check")
    assert check.returncode == 0, check.stdout


@pytest.fixture(scope="module")
def built(build: Build) -> Build:
    run = build.snakemake()
    assert run.returncode == 0, run.stdout
    return build


def test_they_are_built_scored_and_shown(built: Build) -> None:
    with duckdb.connect(str(built.folder / "results/master.duckdb"), read_only=True) as database:
        query = "SELECT task, prompt, count_if(success), count(*) FROM episodes GROUP BY 1, 2"
        rows = sorted(database.execute(query).fetchall())
    assert rows == [
        ("lengths", "baseline", 2, 2),
        ("relay_task", "baseline", 2, 2),
        ("relay_task", "flawed_tool_misuse", 2, 2),
    ]
    page = (built.folder / "results/summary/index.html").read_text()
    assert all(f'data-task="{task}"' in page for task in ("lengths", "relay_task"))
    shown = built.pilotbench("show", CELL, "1")
    assert shown.returncode == 0, shown.stdout
    assert (
        'the answer has the length of "eleven"'
        in built.pilotbench("show", "oracle/baseline/lengths/none/none", "1").stdout
    )
    status = built.pilotbench("status", "--json")
    assert status.returncode == 0, status.stdout


def test_the_figure_is_on_the_page_and_in_every_file_of_the_summary(built: Build) -> None:
    summary = built.folder / "results/summary"
    page = (summary / "index.html").read_text()
    tasks = page[page.index('<section id="tasks-and-difficulties">') :]
    assert tasks.index('id="figure-calls_by_task"') < tasks.index("</section>")
    assert "<h3>Calls of each task</h3><p>Mean calls.</p>" in page
    assert built.snakemake("figures").returncode == 0
    assert "Bars of calls." in (summary / "figures/calls_by_task.svg").read_text()
    assert (summary / "figures/calls_by_task.png").stat().st_size
    said = json.loads((summary / "summary.json").read_text())["figures"]["calls_by_task"]
    assert (said["section"], said["table"]) == ("Tasks and difficulties", "cells")
    report = built.snakemake("--report", "report.zip")
    assert report.returncode == 0, report.stdout
    with zipfile.ZipFile(built.folder / "report.zip") as archive:
        assert "Mean calls" in archive.read("report/report.html").decode()


def test_the_task_belongs_to_all_and_to_the_golden_hashes_and_tables(build: Build) -> None:
    code = (
        "from dev import benchmark_page, golden\n"
        "from pilotbench.benchmark.catalogue import of_version\n"
        "assert 'relay_task' in golden.hashes()\n"
        "assert '| `relay_task` | Read, work, deliver. |' in benchmark_page.tasks()\n"
        "assert '| `same_length` | The answer is as long as ' in benchmark_page.scorers()\n"
        "assert [*of_version('3')][-1] == 'relay_task'\n"
    )
    root = str(Path(__file__).parents[2])
    found = build.python("-c", code, PYTHONPATH=f"{build.folder / 'workflow/scripts'}:{root}")
    assert found.returncode == 0, found.stdout
