"""A summary of packs alone leaves out what means nothing for them: turns, calls, plans, bounds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pilotbench.matrix.cells import Cell
from pilotbench.results.analysis.formatting import grid
from pilotbench.results.analysis.load import SummaryData
from pilotbench.results.analysis.model import Report, report
from pilotbench.results.analysis.recreate import question_word
from pilotbench.results.summary import (
    compare,
    export_files,
    figures,
    page,
    terminal_table,
    write_all,
)
from pilotbench.results.summary.figures.base import Source
from support import simulated_models as sim
from support.pack_lab import PackLab

OF_BENCHMARK = [Cell(m, "baseline", "simple_task", "easy", "0.8") for m in ("strong", "weak")]
WORDS = ("Oracle", "oracle", "grey tick", "parsed", "Turns", "turns", "tool rate", "difficulty")


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> SummaryData:
    """The data of twelve questions to two models."""
    lab = PackLab(tmp_path_factory.mktemp("pack"), 12, models=("model-a", "model-b"))
    lab.built()
    return lab.data


@pytest.fixture(scope="module")
def world() -> SummaryData:
    """The data of a task of the benchmark."""
    return sim.data(sim.records(OF_BENCHMARK, 12))


def drawn(made: Report) -> set[str]:
    found = figures.drawings(Source(made.data, made.tables, made.episodes, made.uses, made.costs))
    return {figure.name for figure in found}


def headings(made: Report) -> set[str]:
    return {
        title for table in made.tables.values() for title in grid(table.frame, made.data).titles
    }


def test_figures_and_tables_without_a_meaning_are_left_out(
    pack: SummaryData, world: SummaryData
) -> None:
    made, other = report(pack), report(world)
    assert {"turns", "errors"} & drawn(made) == set()
    assert {"turns", "errors"} <= drawn(other)
    assert {"success", "tokens", "latency"} <= drawn(made)
    assert "errors" not in made.tables
    assert {"parsed", "turns", "oracle", "difficulty", "tool rate"} & headings(made) == set()
    assert {"parsed", "turns", "difficulty", "tool rate"} <= headings(other)


def test_every_column_is_still_in_the_files(pack: SummaryData) -> None:
    frame = report(pack).tables["model_prompt"].frame
    assert {"turns", "parse_rate", "oracle_ceiling", "progress"} <= set(frame.columns)


def test_a_pack_whose_tools_are_called_has_turns(pack: SummaryData) -> None:
    calling = replace(pack, episodes=pack.episodes.assign(turns=3))
    assert (pack.has_turns, calling.has_turns, calling.has_bounds) == (False, True, False)


@pytest.mark.slow
def test_page_and_text_name_no_bounds_and_turns(pack: SummaryData, tmp_path: Path) -> None:
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "turns.svg").write_text("of an earlier selection", encoding="utf-8")
    write_all.write(pack, tmp_path)
    write_all.draw(pack, tmp_path / "figures")
    html = (tmp_path / "index.html").read_text(encoding="utf-8")
    shown = html.split('<script type="application/json"')[0]
    text = (tmp_path / "summary.md").read_text(encoding="utf-8")
    found: dict[str, Any] = {
        name: [word for word in WORDS if word in content]
        for name, content in {"page": shown.split("</style>")[1], "markdown": text}.items()
    }
    assert found == {"page": [], "markdown": []}
    assert not (tmp_path / "figures" / "turns.svg").exists()
    assert 'href="answers/trivia/index.html"' in shown


def test_what_was_run_names_no_axis_that_is_not_there(pack: SummaryData) -> None:
    made = report(pack)
    assert page.shape(made).startswith("2 models · prompt baseline · task trivia")
    assert "none" not in page.shape(made)


def test_the_terminal_has_no_column_of_the_oracle(pack: SummaryData) -> None:
    made = export_files.as_json(report(pack))
    assert "oracle" not in terminal_table._scores(made, 140)
    assert "model-a" in terminal_table._scores(made, 140)


def test_flipped_questions_have_their_ids(pack: SummaryData) -> None:
    sides = [pack.episodes[pack.episodes["model"] == f"model-{name}"] for name in "ab"]
    found = compare.compare(sides[0], sides[1], ("a", "b"), {"model"})
    assert len(found.flips) > 0
    assert list(found.flips["question"]) == [f"q{index}" for index in found.flips["index"]]


@pytest.mark.parametrize(
    ("name", "word"), [(None, "4"), ("fr7", "fr7"), ("7", "id=7"), ("a b", "a b")]
)
def test_commands_name_a_question_by_its_id(name: str | None, word: str) -> None:
    assert question_word({"index": 4, "question_id": name}) == word
