"""Success by the columns that group the questions of a pack."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from pilotbench.benchmark.scenarios.levels import LEVELS
from pilotbench.benchmark.scenarios.terms import subjects
from pilotbench.matrix.cells import Cell
from pilotbench.results.analysis.metadata import SUBJECTS, instance_table, metadata_table
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


@pytest.fixture
def of_version_4(monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """The episodes of a model on 30 cores, of which those in a mail fail."""
    tasks = ("workflow", "abstention", "wording")
    monkeypatch.setattr(sim, "TASKS", tasks)
    monkeypatch.setattr(sim, "chance", lambda cell, index: float(index % 3 > 0))
    cells = [Cell("strong", "baseline", task, one, "0.8") for task in tasks for one in LEVELS[task]]
    data = sim.data(sim.records(cells, 30))
    ends = {"impossible": "IMPOSSIBLE", "forbidden": "FORBIDDEN"}
    texts = [
        json.dumps(
            {
                "register": ("mail", "terse", "chinese")[index % 3],
                "subject": ("orders", "claims")[index % 2],
                "end": ends.get(level, "possible"),
            }
        )
        for index, level in zip(data.episodes["index"], data.episodes["difficulty"], strict=True)
    ]
    return prepared(replace(data, episodes=data.episodes.assign(metadata=texts)))


def test_registers_and_subjects_are_over_all_tasks_by_core(of_version_4: pd.DataFrame) -> None:
    table = instance_table(of_version_4).set_index(["task", "column", "value"])
    for register, rate in (("mail", 0.0), ("terse", 1.0), ("chinese", 1.0)):
        row = table.loc[("all", "register", register)]
        assert (row["n"], row["completed"], row["success_rate"]) == (10, 10 * 11, rate)
    assert table.loc[("all", "subject", "orders"), "n"] == 15
    few = table.loc[("all", "register", "mail"), "success_rate_high"]
    assert few > 0.2  # of ten cores, not of 110 instances


def test_wordings_and_ends_are_within_the_tasks_where_they_vary(of_version_4: pd.DataFrame) -> None:
    table = instance_table(of_version_4)
    found = {(row.task, row.column, row.value) for row in table.itertuples() if row.task != "all"}
    assert found == {
        *(("wording", "wording", value) for value in ("public", "held_out")),
        *(("abstention", "end", end) for end in LEVELS["abstention"]),
    }


def test_the_table_of_packs_leaves_version_4_to_its_own(of_version_4: pd.DataFrame) -> None:
    assert metadata_table(of_version_4).empty
    assert instance_table(of_version_4.assign(metadata=None)).empty
    assert len(subjects.SUBJECTS) <= SUBJECTS


def test_an_instance_of_version_4_says_what_the_table_needs() -> None:
    from pilotbench.benchmark.catalogue import TASKS

    told = TASKS["workflow"].instance("hard", 0).extra["metadata"]
    assert {"register", "subject", "end"} <= told.keys()
