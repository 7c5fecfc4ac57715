"""Success by the columns that group the questions of a pack."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from pilotbench.matrix.cells import Cell
from pilotbench.results.analysis.metadata import metadata_table
from pilotbench.results.analysis.model import report
from pilotbench.results.analysis.scores import prepared
from support import simulated_models as sim

CELLS = [Cell(model, "baseline", "data_pipeline", "easy", "0.8") for model in ("strong", "weak")]
LANGUAGES = ("en", "fr", "zh")


def with_metadata(values: Any) -> Any:
    """Return the data of two models on 24 questions, with the metadata that `values` gives each."""
    data = sim.data(sim.records(CELLS, 24, 1))
    texts = [values(index) for index in data.episodes["index"]]
    column = pd.Series([None if t is None else json.dumps(t) for t in texts], dtype=object)
    return replace(data, episodes=data.episodes.assign(metadata=column))


def language(index: int) -> dict[str, Any]:
    return {"language": LANGUAGES[index % 3], "level": index % 2, "unique": f"u{index}", "all": "a"}


def test_each_value_has_the_mean_of_its_questions() -> None:
    data = with_metadata(language)
    table = metadata_table(prepared(data)).set_index(["model", "column", "value"])
    assert set(table.index.get_level_values("column")) == {"language", "level"}
    frame = data.episodes
    for place, name in enumerate(LANGUAGES):
        for model in ("strong", "weak"):
            mine = frame[(frame["model"] == model) & (frame["index"] % 3 == place)]
            row = table.loc[(model, "language", name)]
            assert row["completed"] == row["n"] == 8
            assert row["success_rate"] == pytest.approx(mine["success"].astype(float).mean())
            assert row["success_rate_low"] <= row["success_rate"] <= row["success_rate_high"]
    assert table.loc[("strong", "level", "1"), "n"] == 12


def test_questions_without_a_value_are_in_no_row() -> None:
    data = with_metadata(lambda index: {"half": "ab"[index % 2]} if index < 12 else {})
    assert metadata_table(prepared(data))["n"].tolist() == [6] * 4


@pytest.mark.parametrize(
    "values",
    [
        lambda index: None,
        lambda index: {"all": "the same"},
        lambda index: {"id": index},
        lambda index: {"many": index // 2},
    ],
)
def test_columns_that_do_not_group_questions_have_no_table(values: Any) -> None:
    data = with_metadata(values)
    found = metadata_table(prepared(data))
    assert found.empty or set(found["column"]) == {"many"}
    assert len(found) in (0, 24)


@pytest.mark.slow
def test_the_report_has_the_table_with_protocols() -> None:
    table = report(with_metadata(language)).tables["metadata"]
    assert list(table.frame)[:6] == ["model", "protocol", "prompt", "task", "column", "value"]
    assert "metadata" not in report(with_metadata(lambda index: None)).tables
