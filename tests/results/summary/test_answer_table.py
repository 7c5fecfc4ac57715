"""The table of a task: rows are its questions, columns its models and prompts."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from pilotbench.benchmark.tasks.scoring import ERROR_KINDS
from pilotbench.matrix.cells import Cell
from pilotbench.results.summary.answer_table import (
    Column,
    Entry,
    Question,
    Row,
    answer_table,
    shown,
)
from support import simulated_models as sim
from support.external_lab import ExternalLab
from support.pack_lab import PackLab

CELLS = [
    Cell(model, prompt, "simple_task", "easy", "1.0")
    for model in ("strong", "weak")
    for prompt in ("cot", "baseline")
]


def data_of(
    changes: dict[int, dict[str, Any]], owed: dict[Cell, int] | None = None, task: str = "quiz"
) -> Any:
    """Return the data of four columns with four questions; `changes` are columns by index."""
    data = sim.data(sim.records(CELLS, 4), owed)
    rows = [row | changes.get(row["index"], {}) for row in data.episodes.to_dict("records")]
    return replace(
        data,
        episodes=pd.DataFrame(rows).assign(task=task),
        cells=data.cells.assign(task=task),
        owed=data.owed.assign(task=task),
    )


def entry_of(columns: dict[str, Any]) -> Entry:
    """Return the entry of an episode with these columns."""
    known = {"status": "completed", "success": True, "progress": 1.0, "answer": '"said"'}
    found = answer_table(data_of({0: known | columns}), "quiz", None).rows[0].cells[0]
    assert found is not None
    return found[0]


@pytest.mark.parametrize(
    ("columns", "mark"),
    [
        ({}, "1"),
        ({"success": False}, "0"),
        ({"flexible_match": True, "strict_match": True}, "1"),
        ({"flexible_match": True, "strict_match": None}, "1"),
        ({"flexible_match": True, "strict_match": False}, "1~"),
        ({"flexible_match": True, "strict_match": False, "success": False}, "0~"),
        ({"flexible_match": False, "strict_match": False, "success": False}, "0"),
        ({"status": "refused", "success": None}, "r"),
        ({"status": "not_applicable", "success": None}, "n"),
    ],
)
def test_a_mark_says_what_counts_and_whether_only_the_form_is_wrong(
    columns: Any, mark: str
) -> None:
    assert entry_of(columns).mark == mark


@pytest.mark.parametrize(
    ("columns", "read"),
    [
        ({"read_answer": '"42"'}, "42"),
        ({"read_answer": '{"a": 1}'}, '{"a": 1}'),
        ({"read_answer": None}, "said"),
        ({"read_answer": None, "answer": '"cut in the mid'}, '"cut in the mid'),
        ({"read_answer": json.dumps("x" * 500)}, "x" * 119 + "…"),
    ],
)
def test_what_was_read_is_shown_else_the_answer(columns: Any, read: str) -> None:
    assert entry_of(columns).read == read


def test_progress_is_kept_where_it_is_partial() -> None:
    assert [entry_of({"progress": p}).progress for p in (0.0, 0.25, 1.0)] == [None, 0.25, None]


def test_columns_are_models_in_order_and_prompts_within() -> None:
    table = answer_table(data_of({}), "quiz", None)
    assert table.columns == [Column(m, p) for m in ("strong", "weak") for p in ("cot", "baseline")]


def test_owed_episodes_are_rows_too() -> None:
    owing = Cell("strong", "cot", "simple_task", "easy", "1.0")
    table = answer_table(data_of({}, {owing: 2}), "quiz", None)
    assert [row.index for row in table.rows] == [0, 1, 2, 3, 4, 5]
    assert table.rows[5].cells == [[Entry("o")], None, None, None]


@pytest.mark.parametrize(
    ("marks", "disagreement"),
    [
        ([["1"], ["0"]], 1.0),
        ([["1"], ["1"]], 0.0),
        ([["1~"], ["1"], ["1"], ["r"]], 0.75),
        ([["1", "0"], None], 1.0),
        ([["o"], ["n"], ["1"]], 0.0),
        ([["o"]], 0.0),
    ],
)
def test_disagreement_is_how_evenly_finished_replies_are_divided(
    marks: Any, disagreement: float
) -> None:
    cells = [cell and [Entry(mark) for mark in cell] for cell in marks]
    assert Row(("none", "none", 0), Question(), cells).disagreement == disagreement


@pytest.mark.parametrize(
    ("value", "text"),
    [("as it is", "as it is"), ({"b": "é"}, '{"b": "é"}'), (1.5, "1.5"), ("\ud800", "?")],
)
def test_values_are_shown_as_text(value: Any, text: str) -> None:
    assert shown(value) == text


def test_questions_targets_and_metadata_are_those_of_the_pack(tmp_path: Any) -> None:
    lab = PackLab(tmp_path, 3, models=("model-a",), size=2)
    pack = lab.write_pack()
    lab.write_shards(pack, [lab.lab.plan.shards[0]])
    lab.lab.update()
    for source, target, owed in (
        (pack, 102, "Which number comes 2 after one hundred?"),
        (None, None, ""),
    ):
        table = answer_table(lab.data, "trivia", source)
        assert [row.question.name for row in table.rows] == ["q0", "q1", source and "q2"]
        assert table.rows[2].question.text == owed
        assert table.rows[2].question.target == target
        assert table.rows[1].question.metadata == {"language": "fr", "topic": "t1"}
        assert table.metadata == ["language", "topic"]


def test_the_question_of_an_external_task_is_what_its_command_reported(tmp_path: Any) -> None:
    lab = ExternalLab(tmp_path)
    lab.service.address = "http://127.0.0.1:9"
    told = {"question": "What is 2 plus 2?", "target": "4", "topic": "sums"}
    data = data_of({0: {"question_id": "q0", "metadata": json.dumps(told)}})
    table = answer_table(data, "quiz", lab.experiment().tasks["quiz"])
    found = Question("q0", "What is 2 plus 2?", target="4", metadata={"topic": "sums"})
    assert table.rows[0].question == found
    assert table.metadata == ["topic"]
    assert table.rows[1].question == Question()


@pytest.mark.parametrize(
    ("columns", "read"),
    [
        ({"success": True, "error_tool_selection": 1}, "said"),
        ({"success": False, "error_tool_selection": 2, "end_reason": "finish"}, "tool selection"),
        ({"success": False, "end_reason": "max_turns"}, "max_turns"),
        ({"success": None, "status": "refused", "end_reason": None}, "said"),
    ],
)
def test_an_episode_of_the_benchmark_says_how_it_ended(columns: Any, read: str) -> None:
    errors = {f"error_{kind}": 0 for kind in ERROR_KINDS}
    known = {"status": "completed", "progress": 1.0, "answer": '"said"'} | errors
    data = data_of({0: known | columns}, task="simple_task")
    table = answer_table(data, "simple_task", None)
    found = table.rows[0].cells[0]
    assert found is not None
    assert found[0].read == read
    assert table.rows[0].question == Question(
        metadata={"difficulty": "easy", "tool success rate": "1.0"}
    )
    assert table.metadata == []
