"""One declaration adds a number to everything that reports results."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pilotbench.results.metrics import METRICS
from support.build import ROOT

PROGRAM = """
import json, sys
from pathlib import Path

from pilotbench.results import metrics

metrics.METRICS += (
    metrics.Metric(
        "distinct_tools",
        "calls",
        "max(distinct_tools)",
        "Most different tools that an episode has called.",
        title="widest toolbox",
        shown=("tables", "page", "cell list", "ranking", "terminal"),
        master="most_tools",
    ),
)

from jsonschema import Draft202012Validator

from dev import database_page
from pilotbench.results import summary
from pilotbench.results.database import export, master_json
from pilotbench.results.analysis.load import load
from pilotbench.results.analysis.where_from import where_from
from support.database_lab import filled

folder = Path(sys.argv[1])
lab = filled(folder / "results")
lab.update()
master = master_json.content(lab.database)
Draft202012Validator(master_json.schema()).validate(master)
export.write(lab.database, folder / "exports")
summary.build(load(lab.database, None), folder / "summary")
print(
    json.dumps(
        {
            "views": [
                lab.rows(f"SELECT max(distinct_tools) FROM {view}")[0][0]
                for view in ("episodes", "cells", "leaderboard")
            ],
            "master": master,
            "schema": master_json.schema()["$defs"]["leaf"]["properties"]["most_tools"],
            "documentation": database_page.tables(),
            "terminal": summary.terminal(lab.database),
            "where_from": where_from(lab.database, "distinct_tools", {"model": "alpha"}).value,
        }
    )
)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("metric")


@pytest.fixture(scope="module")
def found(folder: Path) -> Any:
    """What a program that has one more metric writes."""
    path = ":".join(map(str, (ROOT, ROOT / "tests", ROOT / "workflow/scripts")))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder)],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": path},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.slow
def test_a_new_metric_is_in_the_views_and_the_exported_tables(found: Any, folder: Path) -> None:
    assert len(set(found["views"])) == 1
    for table in ("cells", "leaderboard"):
        header = (folder / f"exports/{table}.csv").read_text().splitlines()[0]
        assert "distinct_tools" in header.split(",")


@pytest.mark.slow
def test_a_new_metric_is_in_master_database_json_and_its_schema(found: Any) -> None:
    leaf = found["master"]["models"]["alpha"]["by_prompt_type"]["baseline"]
    leaf = leaf["by_tool_success_rate"]["0.8"]["by_difficulty"]["easy"]["by_task_type"]
    assert leaf["simple_task"]["most_tools"] > 0
    assert found["schema"]["description"].startswith("Most different tools")


@pytest.mark.slow
def test_a_new_metric_is_documented(found: Any) -> None:
    wanted = "| `distinct_tools` | DOUBLE | Most different tools that an episode has called. |"
    assert found["documentation"].count(wanted) == 2
    assert "`max(distinct_tools)`" in found["documentation"]


@pytest.mark.slow
def test_a_new_metric_is_in_the_summary_and_the_terminal(found: Any, folder: Path) -> None:
    summary = json.loads((folder / "summary/summary.json").read_text())
    for name in ("model_prompt", "cells", "ranking"):
        assert "distinct_tools" in summary["tables"][name]["columns"]
    header = (folder / "summary/tables/cells.csv").read_text().splitlines()[0]
    assert "distinct_tools" in header.split(",")
    page = (folder / "summary/index.html").read_text()
    assert '<th class="n" role="columnheader">Widest toolbox</th>' in page
    assert page.count(">widest toolbox</button>") >= 2
    assert "widest toolbox" in found["terminal"].splitlines()[0]


@pytest.mark.slow
def test_where_from_explains_a_new_metric(found: Any) -> None:
    assert found["where_from"] == found["views"][0]


def test_each_metric_has_a_unique_name_and_a_sentence() -> None:
    assert len({metric.name for metric in METRICS}) == len(METRICS)
    assert all(metric.says.endswith(".") for metric in METRICS)
