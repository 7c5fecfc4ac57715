"""What a pack says about its judges, and the one line about what it says wrongly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pilotbench.benchmark.packs.question_pack import QuestionPack
from pilotbench.benchmark.tasks.task import Transcript
from pilotbench.ground.errors import TaskError
from support.judge_lab import write_pack

Json = dict[str, Any]
ROWS = [{"question": "Say hello.", "answer": "Hello"}, {"question": "Say goodbye."}]


def pack(folder: Path, **scorer: Any) -> QuestionPack:
    return QuestionPack(write_pack(folder, {"models": ["a"], **scorer}, ROWS))


def test_a_question_needs_no_answer(tmp_path: Path) -> None:
    made = pack(tmp_path)
    made.check()
    assert [made.instance("none", n).extra["answer"] for n in (0, 1)] == ["Hello", None]


def test_the_rubric_may_be_a_file_and_a_sentence_about_one_is_none(tmp_path: Path) -> None:
    write_pack(tmp_path, {"models": ["a"]}, ROWS).joinpath("rubric.md").write_text("\nBe kind.\n")
    assert pack(tmp_path, rubric="rubric.md").judging.rubric == "Be kind."
    text = "As kind as in\nrubric.md"
    assert pack(tmp_path, rubric=text).judging.rubric == text


@pytest.mark.parametrize(
    ("scorer", "words"),
    [
        ({"rubric": None}, "scorer: rubric: None is not of type 'string'"),
        ({"rubric": "missing.md"}, "No such file"),
        ({"rubric": "../rubric.md"}, "outside of the pack"),
        ({"models": []}, "models"),
        ({"models": ["a", "a"]}, "models"),
        ({"repeats": 0}, "repeats"),
        ({"aggregate": "most"}, "aggregate"),
        ({"scale": [5, 1]}, "the first number must be the lower one"),
        ({"criteria": {"reason": "x"}}, "criteria"),
        ({"compare": "all", "scale": [1, 5]}, "scorer.scale is for single replies"),
        ({"compare": "all", "threshold": 0.5}, "scorer.threshold is for single replies"),
        ({"judge": "a"}, "unknown key judge"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path: Path, scorer: Json, words: str) -> None:
    with pytest.raises(TaskError) as error:
        pack(tmp_path, **scorer)
    assert words in str(error.value)
    assert "task.yaml" in str(error.value)
    assert "\n" not in str(error.value)


def test_rubric_and_judges_are_needed(tmp_path: Path) -> None:
    folder = write_pack(tmp_path, {"models": ["a"]}, ROWS)
    for name, scorer in (("rubric", "models: [a]"), ("models", "rubric: Be kind.")):
        text = f"description: d\nscorer: {{kind: judge, {scorer}}}\n"
        (folder / "task.yaml").write_text(text)
        with pytest.raises(TaskError, match=f"scorer.{name} is missing"):
            QuestionPack(folder)


def test_tools_and_judges_of_one_line_are_refused(tmp_path: Path) -> None:
    folder = write_pack(tmp_path, {"models": ["a"]}, ROWS)
    with (folder / "task.yaml").open("a") as file:
        file.write("tools: [utility_helper]\n")
    with pytest.raises(TaskError, match="scorer judge is for packs without tools"):
        QuestionPack(folder)


def test_a_rubric_changes_neither_requests_nor_shards(tmp_path: Path) -> None:
    one = pack(tmp_path)
    other = pack(tmp_path, rubric="Another.", models=["b"], aggregate="all", repeats=3)
    assert (one.scoring_version, one.rules_version) == (other.scoring_version, other.rules_version)
    assert one.judging is not None
    assert other.judging is not None
    assert one.judging.asked != other.judging.asked


@pytest.mark.parametrize(("answer", "success"), [("Hello", None), ("", False), (None, False)])
def test_a_reply_waits_for_the_judges_and_no_reply_fails(
    tmp_path: Path, answer: str | None, success: bool | None
) -> None:
    made = pack(tmp_path)
    instance = made.instance("none", 0)
    transcript = Transcript(instance.content_hash, "none", 0, end_reason="no_call", answer=answer)
    score = made.score(instance, transcript)
    assert (score.success, score.level is None) == (success, success is None)


@pytest.mark.parametrize(
    ("compare", "expected"),
    [
        (None, []),
        ("all", [("a", "b"), ("a", "c"), ("b", "c")]),
        ("b", [("a", "b"), ("b", "c")]),
        ("a", [("a", "b"), ("a", "c")]),
        ("z", []),
    ],
)
def test_each_pair_of_models_is_compared_once(
    tmp_path: Path, compare: str | None, expected: list[tuple[str, str]]
) -> None:
    made = pack(tmp_path, **({} if compare is None else {"compare": compare}))
    assert made.judging is not None
    assert made.judging.pairs(("a", "b", "c")) == expected
