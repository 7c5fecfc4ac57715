"""Solved examples: drawn by seed, never asked, and shown by the prompt few_shot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from pilotbench.benchmark.instances import Example
from pilotbench.benchmark.packs.question_pack import QuestionPack
from pilotbench.ground.errors import TaskError

ROWS: list[dict[str, Any]] = [
    {"question": f"What is {n} + 1?", "answer": n + 1, "split": "train" if n % 3 else "test"}
    for n in range(12)
]


def pack(
    folder: Path,
    examples: Any,
    rows: list[dict[str, Any]] = ROWS,
    scorer: str = "number",
    **others: Any,
) -> QuestionPack:
    """Return a pack of these rows."""
    place = folder / "sums"
    place.mkdir(exist_ok=True)
    (place / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = {"description": "d", "scorer": {"kind": scorer}, "source": "rows.jsonl", **others}
    settings |= {} if examples is None else {"examples": examples}
    (place / "task.yaml").write_text(yaml.safe_dump(settings))
    return QuestionPack(place)


def asked(found: QuestionPack) -> list[str]:
    assert found.size is not None
    return [found.instance("none", index).request for index in range(found.size)]


def test_a_pack_without_examples_has_none(tmp_path: Path) -> None:
    found = pack(tmp_path, None)
    assert found.examples == ()
    assert len(asked(found)) == 12


@pytest.mark.parametrize("chosen", [{"hold_out": 5}, {"where": {"split": "train"}}])
def test_examples_are_not_asked_and_every_other_question_is(chosen: Any, tmp_path: Path) -> None:
    found = pack(tmp_path, chosen)
    found.check()
    shown = [example.request for example in found.examples]
    assert len(shown) == (5 if "hold_out" in chosen else 8)
    assert sorted(shown + asked(found)) == sorted(str(row["question"]) for row in ROWS)
    answers = {row["question"]: str(row["answer"]) for row in ROWS}
    assert all(example.answer == answers[example.request] for example in found.examples)


def test_another_table_gives_examples_and_all_questions_are_asked(tmp_path: Path) -> None:
    (tmp_path / "sums").mkdir()
    (tmp_path / "sums" / "train.csv").write_text("question,answer\nWhat is 50 + 1?,51\n")
    found = pack(tmp_path, {"source": "train.csv"})
    assert found.examples == (Example("What is 50 + 1?", "51"),)
    assert len(asked(found)) == 12


def test_the_draw_depends_on_seed_and_question_and_not_on_its_place(tmp_path: Path) -> None:
    first = pack(tmp_path, {"hold_out": 4}).examples
    assert pack(tmp_path, {"hold_out": 4}, ROWS[::-1]).examples == first
    assert pack(tmp_path, {"hold_out": 4, "seed": 1}).examples != first
    longer = [*ROWS, {"question": "What is 99 + 1?", "answer": 100, "split": "test"}]
    assert len(set(pack(tmp_path, {"hold_out": 4}, longer).examples) & set(first)) >= 3


def test_a_changed_example_changes_the_version_of_the_pack(tmp_path: Path) -> None:
    version = pack(tmp_path, {"hold_out": 12 - 1}).scoring_version
    rows = [{**row, "answer": row["answer"] + 1000} for row in ROWS]
    assert pack(tmp_path, {"hold_out": 12 - 1}, rows).scoring_version != version


SHOWN = {
    "one_of": (["Paris", "paris"], "Paris"),
    "exact": ("Paris", "Paris"),
    "contained_text": (["red", "green"], "red, green"),
    "json_equality": ({"a": [1]}, '{"a": [1]}'),
    "number": (0.5, "0.5"),
}


@pytest.mark.parametrize("scorer", SHOWN)
def test_the_answer_of_an_example_is_a_right_reply(scorer: str, tmp_path: Path) -> None:
    answer, shown = SHOWN[scorer]
    rows = [{"question": f"Question {n}?", "answer": answer} for n in range(2)]
    assert pack(tmp_path, {"hold_out": 1}, rows, scorer).examples[0].answer == shown


WRONG = {
    "two places": ({"hold_out": 2, "source": "x.csv"}, "examples: state one of hold_out, where"),
    "no place": ({"seed": 2}, "examples: state one of hold_out, where, source, not 0"),
    "an unknown key": ({"hold": 2}, "unknown key examples.hold; did you mean"),
    "nothing left to ask": ({"hold_out": 12}, "takes all 12 questions; none is left to ask"),
    "more than there are": ({"hold_out": 40}, "takes all 12 questions; none is left to ask"),
    "an unknown column": ({"where": {"splt": "train"}}, "no column 'splt'; did you mean split?"),
    "an unknown value": ({"where": {"split": "trian"}}, "has split 'trian'; did you mean train?"),
    "a missing file": ({"source": "no.csv"}, "no.csv"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_one_line_that_names_the_key(case: str, tmp_path: Path) -> None:
    chosen, words = WRONG[case]
    with pytest.raises(TaskError) as caught:
        pack(tmp_path, chosen)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("scorer", "answer"), [("regular_expression", "a+"), ("json_schema", {})])
def test_answers_that_are_no_replies_cannot_be_shown(
    scorer: str, answer: Any, tmp_path: Path
) -> None:
    rows = [{"question": f"Question {n}?", "answer": answer} for n in range(3)]
    with pytest.raises(TaskError, match=f"the answers of the scorer {scorer} are not replies"):
        pack(tmp_path, {"hold_out": 1}, rows, scorer)
