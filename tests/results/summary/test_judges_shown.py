"""Judges, labels and comparisons on the page, in its files and in the terminal."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import vl_convert

from pilotbench.results.analysis.formatting import grid
from pilotbench.results.analysis.model import report
from pilotbench.results.summary.export_files import as_json, write_csv, write_markdown
from pilotbench.results.summary.figures import judges
from pilotbench.results.summary.figures.base import Source
from pilotbench.results.summary.terminal_table import _judges, _pairs
from support.judged_data import judged, verdicts_frame
from support.pairs import all_pairs

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def told() -> Any:
    """The report of a judge that favours the weak model."""
    data, _ = judged(errors={"strong": (0.9, 0.9), "middle": (0.9, 0.9), "weak": (0.95, 0.4)})
    pairs = all_pairs(data, lambda _, first, second: "first", 20)
    return report(replace(data, verdicts=verdicts_frame(pairs)))


def test_a_table_shows_rates_with_their_limits(told: Any) -> None:
    found = grid(told.tables["corrected"].frame, told.data)
    assert found.titles == [
        *("task", "model", "protocol", "prompt", "replies", "labelled", "by verdicts"),
        *("corrected", "from", "more labels", "note"),
    ]
    cells = dict(zip(found.titles, (cell.text for cell in found.rows[0].cells), strict=True))
    assert cells["by verdicts"] == "73.7 % [68.4, 78.3]"
    assert cells["corrected"] == "79.1 % [69.4, 87.6]"


def test_alpha_is_no_percentage(told: Any) -> None:
    found = grid(told.tables["judges"].frame, told.data)
    cells = dict(zip(found.titles, (cell.text for cell in found.rows[0].cells), strict=True))
    assert cells["alpha"] == "0.59 [0.46, 0.71]"
    assert cells["p (models alike)"] == "0.006"


def test_the_terminal_has_a_line_per_judge_and_one_of_comparisons(told: Any) -> None:
    said = as_json(told)
    [judge] = _judges(said)
    assert judge.startswith("data_pipeline: scorer and people agree on ")
    assert "of 180 labelled replies (alpha 0." in judge
    assert "with different errors on the models" in judge
    [pairs] = _pairs(said)
    assert pairs.startswith("data_pipeline, baseline, comparisons won by j: ")
    assert pairs.count("%") == 3


def test_figures_have_a_line_per_model_and_the_raw_rate_beside(told: Any) -> None:
    source = Source(told.data, told.tables, told.episodes)
    for draw, value in ((judges.corrected, "corrected"), (judges.pairwise, "rating")):
        drawing = draw(source)
        assert drawing is not None
        rows = drawing.spec["data"]["values"]
        assert [row["line"] for row in rows] == ["strong", "middle", "weak"]
        assert all({value, f"{value}_low", f"{value}_high"} <= row.keys() for row in rows)
        assert len(vl_convert.vegalite_to_svg(json.dumps(drawing.spec))) > 1000
    nothing = Source(told.data, {}, told.episodes)
    assert judges.corrected(nothing) is judges.pairwise(nothing) is None


def test_files_have_every_number(told: Any, tmp_path: Path) -> None:
    write_csv(told, tmp_path)
    corrected = pd.read_csv(tmp_path / "corrected.csv")
    assert {"verdict_rate_low", "corrected_high", "needed", "note"} <= set(corrected.columns)
    write_markdown(told, tmp_path / "summary.md")
    text = (tmp_path / "summary.md").read_text()
    assert "Corrected for the judge's errors" in text
    assert "79.1 %" in text


def test_unused_labels_are_a_warning(told: Any) -> None:
    rows = [
        {"place": f"labels.csv: line {n}", "task": "quiz", "message": "the reply has changed since"}
        for n in (2, 3)
    ]
    again = report(replace(told.data, unused_labels=pd.DataFrame(rows)))
    assert (
        "quiz: 2 labels are not used: labels.csv: line 2: the reply has changed since; and 1 more"
        in again.facts.warnings
    )
    assert not [words for words in told.facts.warnings if "label" in words]
