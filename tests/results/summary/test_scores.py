"""Scores and further numbers on the page, in its files, in the terminal and in `compare`."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pilotbench.commands import compare as command
from pilotbench.matrix.cells import Cell
from pilotbench.results.analysis.load import SummaryData
from pilotbench.results.analysis.metric_contrasts import metric_family
from pilotbench.results.analysis.model import report
from pilotbench.results.summary import compare, terminal_table, write_all
from pilotbench.results.summary.export_files import as_json
from pilotbench.results.summary.figures import drawings
from pilotbench.results.summary.figures.base import Source
from support import scored_models as made

TABLES = ("metrics", "metadata_metrics", "contrasts_metrics_models", "contrasts_metrics_prompts")


@pytest.fixture(scope="module")
def data() -> SummaryData:
    return made.data(12, 1)


@pytest.fixture(scope="module")
def folder(data: SummaryData, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a summary with scores."""
    folder = tmp_path_factory.mktemp("scores")
    write_all.write(data, folder)
    return folder


def test_page_and_files_have_every_number(folder: Path) -> None:
    said = json.loads((folder / "summary.json").read_text())
    page, text = ((folder / name).read_text() for name in ("index.html", "summary.md"))
    for name in TABLES:
        assert said["tables"][name]["rows"]
        with (folder / f"tables/{name}.csv").open(encoding="utf-8") as file:
            assert len(list(csv.DictReader(file))) == len(said["tables"][name]["rows"])
        assert f'id="table-{name}"' in page
        assert said["tables"][name]["title"] in text
    assert '<section id="scores-and-metrics">' in page
    assert '<th class="n" role="columnheader">Score</th>' in page
    assert "<b>" not in page.split('id="table-metrics"')[1].split("</details>")[0]


def test_each_number_has_a_chart_with_its_own_scale(folder: Path, data: SummaryData) -> None:
    specs = (folder / "index.html").read_text().split('id="specs">')[1].split("</script>")[0]
    spec = json.loads(specs)["metrics"]
    assert spec["resolve"] == {"scale": {"x": "independent"}}
    charts = dict.fromkeys(row["chart"] for row in spec["data"]["values"])
    assert list(charts) == ["score", "words", "cos<b>", "one"]
    assert len(spec["data"]["values"]) == len(charts) * len(made.MODELS) * len(made.PROMPTS)


def test_the_terminal_has_a_table_of_means(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "summary").symlink_to(folder)
    (tmp_path / "master.duckdb").touch()
    (folder / "summary.json").touch()
    lines = terminal_table.terminal(tmp_path / "master.duckdb", width=140).splitlines()
    assert "score" in lines[0]
    head = next(line for line in lines if "mean [95 %]" in line)
    rows = lines[lines.index(head) + 1 :]
    assert sum("words" in line for line in rows) == 6
    assert any("(all values are equal: no interval)" in line for line in rows)


def test_the_terminal_counts_what_is_owed_in_a_column() -> None:
    owed = {Cell("weak", "baseline", made.TASK, "easy", "0.8"): 2}
    found = as_json(report(made.data(owed=owed)))
    [text] = terminal_table._metrics(found, 140)
    head, *rows = text.strip().splitlines()
    assert head.endswith("mean [95 %]  owed")
    weak = [row for row in rows if row.split()[:2] == ["weak", "baseline"]]
    assert all(row.endswith("  2") for row in weak)
    assert " to " in weak[0]
    assert "no mean" not in text


def test_a_summary_without_scores_says_nothing_of_them(data: SummaryData) -> None:
    plain = replace(data, episodes=data.episodes.assign(score=np.nan, metrics=None))
    said = report(plain)
    assert not set(TABLES) & set(said.tables)
    source = Source(plain, said.tables, said.episodes, said.uses, said.costs)
    assert "metrics" not in {figure.name for figure in drawings(source)}


def test_compare_has_the_differences_of_both_sides(data: SummaryData, tmp_path: Path) -> None:
    sides = [data.episodes[data.episodes["prompt"] == prompt] for prompt in made.PROMPTS]
    found = compare.compare(sides[0], sides[1], made.PROMPTS, {"prompt"})
    rows = found.metrics.set_index(["metric", "model"])
    assert len(rows) == 12
    for model in made.MODELS:
        means = [s[s["model"] == model].groupby("index")["score"].mean() for s in sides]
        row: Any = rows.loc[("score", model)]
        assert row["change"] == pytest.approx((means[1] - means[0]).mean())
    compare.write(found, tmp_path / "compare.html", (tmp_path, tmp_path))
    assert "Scores and metrics" in (tmp_path / "compare.html").read_text()
    with (tmp_path / "compare_metrics.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 12
    assert command.text(found, Path("x")).count("words") == 3
    assert len(compare.as_json(found)["metrics"]["rows"]) == 12


def test_compare_leaves_out_pairs_with_an_owed_episode(data: SummaryData) -> None:
    base = data.episodes[data.episodes["prompt"] == "baseline"]
    arm = base.astype({"status": object})
    lost = arm.index[(arm["model"] == "strong") & (arm["index"] < 3)]
    arm.loc[lost, "status"] = "owed"
    found = compare.compare(base, arm, ("a", "b"), set())
    rows = found.metrics.set_index(["model", "metric"]).sort_index()
    assert set(rows.loc["strong", "note"]) == {"3 owed: no conclusion"}
    assert rows.loc["strong", "change"].isna().all()
    assert (rows.loc["weak", "change"] == 0).all()


def test_compare_reads_episodes_of_a_database_without_scores(data: SummaryData) -> None:
    old = data.episodes.drop(columns=["score", "metrics", "read_by"])
    assert compare.compare(old, old.copy(), ("a", "b"), set()).metrics.empty
    assert metric_family(pd.DataFrame(columns=["task"]), "side", [], ["task"]).empty
