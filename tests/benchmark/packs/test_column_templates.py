"""Fields of a pack that templates make of the columns."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pilotbench.benchmark.packs.question_pack import QuestionPack
from pilotbench.ground.errors import TaskError

ROWS = [{"stem": "Which?", "parts": ["x", "y"], "right": 1, "the topic": "t", "n": "a #### 1,200"}]


def pack(folder: Path, templates: Any, rows: Any = None, **settings: Any) -> QuestionPack:
    quiz = folder / "quiz"
    quiz.mkdir(exist_ok=True)
    given = {"description": "d", "scorer": {"kind": "exact"}, "source": "q.jsonl", **settings}
    (quiz / "task.yaml").write_text(json.dumps({**given, "templates": templates}))
    text = "".join(json.dumps(row) + "\n" for row in (rows or ROWS))
    (quiz / "q.jsonl").write_text(text)
    return QuestionPack(quiz)


QUESTION = "{{ stem }}\n{% for p in parts %}\n{{ 'AB'[loop.index0] }}) {{ p }}\n{% endfor %}\n"
ANSWER = "{{ 'AB'[right] }}"


@pytest.mark.parametrize(
    ("answer", "scorer", "wanted"),
    [
        (ANSWER, "exact", "B"),
        ("{{ parts[right] }} {{ row['the topic'] }}", "exact", "y t"),
        ("{{ n.split('####')[-1] | replace(',', '') }}", "number", 1200),
        ("{{ parts | join('|') }}", "one_of", ["x", "y"]),
        ("{{ {'a': right} | tojson }}", "json_equality", {"a": 1}),
    ],
)
def test_a_template_makes_a_field_of_a_row(
    answer: str, scorer: str, wanted: Any, tmp_path: Path
) -> None:
    one = pack(tmp_path, {"question": QUESTION, "answer": answer}, scorer={"kind": scorer})
    one.check()
    found = one.instance("none", 0)
    assert found.request == "Which?\nA) x\nB) y"
    assert found.extra["answer"] == wanted
    assert found.extra["metadata"] == ROWS[0]


def test_ids_and_solutions_can_be_made_too(tmp_path: Path) -> None:
    made = {"question": QUESTION, "answer": ANSWER, "id": "q-{{ right }}", "solution": "  {{ n }}"}
    found = pack(tmp_path, made).instance("none", 0)
    assert (found.extra["id"], found.extra["solution"]) == ("q-1", "  a #### 1,200")


@pytest.mark.parametrize(
    ("templates", "settings", "words"),
    [
        ({"answer": "{{ rihgt }}"}, {}, "templates.answer: no column 'rihgt'; did you mean right?"),
        ({"answer": "{{ right"}, {}, "task.yaml: templates.answer: line 1: "),
        ({"answer": "{{ parts[7] }}"}, {}, "q.jsonl: line 1: templates.answer: "),
        ({"answer": "{{ 'ABCD'[stem] }}"}, {}, "q.jsonl: line 1: templates.answer: "),
        ({"answer": "{{ right / 0 }}"}, {}, "line 1: templates.answer: division by zero"),
        ({"answer": "{{ 'x' * 10**9 }}"}, {}, "line 1: templates.answer: "),
        ({"answer": "{{ '' }}"}, {}, "line 1: column answer (template) is empty"),
        ({"answer": "{{ n }}"}, {"scorer": {"kind": "number"}}, "'a #### 1,200' is not a number"),
        ({"answer": ANSWER}, {"fields": {"answer": "n"}}, "answer is both in fields and in"),
        ({"world": "x"}, {}, "task.yaml: unknown key templates.world"),
    ],
)
def test_a_wrong_template_is_one_line(
    templates: Any, settings: Any, words: str, tmp_path: Path
) -> None:
    with pytest.raises(TaskError) as error:
        pack(tmp_path, {"question": QUESTION, **templates}, **settings).check()
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_a_template_that_makes_the_same_questions_changes_no_rule(tmp_path: Path) -> None:
    made = {"question": QUESTION, "answer": ANSWER}
    before = pack(tmp_path, made)
    after = pack(tmp_path, {**made, "answer": "{{ ['A', 'B'][right] }}"})
    assert after.rules_version == before.rules_version
    assert after.instance("none", 0).content_hash == before.instance("none", 0).content_hash


def test_a_solution_is_a_text(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="right is not a text"):
        pack(
            tmp_path, {"question": QUESTION, "answer": ANSWER}, fields={"solution": "right"}
        ).check()


def test_instances_of_lines_have_no_templates(tmp_path: Path) -> None:
    quiz = tmp_path / "quiz"
    quiz.mkdir()
    (quiz / "instances.jsonl").write_text('{"question": "q", "answer": "a"}\n')
    given = {"description": "d", "scorer": {"kind": "exact"}, "templates": {"answer": ANSWER}}
    (quiz / "task.yaml").write_text(json.dumps(given))
    with pytest.raises(TaskError, match="templates is for packs with a source"):
        QuestionPack(quiz)
