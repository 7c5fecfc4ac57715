"""The recipes of docs/recipes.md on ten questions each: the oracle is right, others are not."""

from __future__ import annotations

import csv
import json
import re
import runpy
from pathlib import Path
from typing import Any

import pytest
import yaml

from pilotbench.benchmark.packs.question_pack import QuestionPack
from pilotbench.benchmark.tasks.task import Score, Transcript, Turn
from pilotbench.providers.protocols.players import _answer_question
from support.build import ROOT

RECIPES = ROOT / "docs" / "examples" / "recipes"
NAMES = sorted(path.name for path in RECIPES.iterdir())
IFEVAL: dict[str, Any] = runpy.run_path(str(RECIPES / "ifeval" / "score.py"))


def score(one: QuestionPack, index: int, reply: str) -> Score:
    instance = one.instance("none", index)
    turns = [Turn(0, reply, None, None)]
    said = Transcript(instance.content_hash, "none", 0, turns, "no_call", reply)
    return one.score(instance, said)


def successes(one: QuestionPack, player: str) -> list[bool]:
    assert one.size is not None
    instances = [one.instance("none", index) for index in range(one.size)]
    replies = [str(_answer_question(player, "none", instance)) for instance in instances]
    return [score(one, index, reply).success for index, reply in enumerate(replies)]


@pytest.mark.parametrize("name", NAMES)
def test_the_oracle_is_always_right_and_a_player_that_knows_nothing_never(name: str) -> None:
    one = QuestionPack(RECIPES / name, run_code="weak")
    one.check()
    assert one.size == 10
    assert successes(one, "oracle") == [True] * 10
    assert successes(one, "random") == [False] * 10


@pytest.mark.parametrize("page", ["docs/recipes.md", "docs/zh/recipes.md"])
def test_the_page_shows_each_recipe_as_it_is(page: str) -> None:
    shown = re.findall(r"```yaml\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    for name in NAMES:
        assert (RECIPES / name / "task.yaml").read_text() in shown, name


def test_an_arithmetic_problem_is_right_behind_its_mark_only() -> None:
    one = QuestionPack(RECIPES / "gsm8k")
    assert one.instance("none", 1).extra["answer"] == 18000
    assert one.instance("none", 2).extra["answer"] == 5.5
    for reply, right in (
        ("72 books, 9 fewer.\n#### 63", True),
        ("It is 63 books.", False),
        ("72\n#### 64", False),
        ("#### 63\n#### 64", False),
    ):
        assert score(one, 0, reply).success is right, reply


def test_choices_get_letters() -> None:
    one = QuestionPack(RECIPES / "mmlu")
    first = one.instance("none", 0)
    assert first.request == (
        "Which gas do plants take up for photosynthesis?\n"
        "A. Oxygen\nB. Carbon dioxide\nC. Nitrogen\nD. Hydrogen"
    )
    assert first.extra["answer"] == "B"
    assert first.extra["metadata"]["subject"] == "biology"
    for reply, right in (("Answer: B", True), ("**Answer: (B)**", True), ("A", False)):
        assert score(one, 0, reply).success is right, reply


def test_choices_in_columns_are_the_same_questions(tmp_path: Path) -> None:
    """The page has a second recipe, for columns A to D and a letter as the answer."""
    page = (ROOT / "docs" / "recipes.md").read_text()
    (text,) = [
        text for text in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if "{{ A }}" in text
    ]
    pack = tmp_path / "mmlu"
    pack.mkdir()
    (pack / "task.yaml").write_text(text)
    rows = [json.loads(x) for x in (RECIPES / "mmlu" / "questions.jsonl").read_text().splitlines()]
    with (pack / yaml.safe_load(text)["source"]).open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["question", "A", "B", "C", "D", "answer"])
        for row in rows:
            writer.writerow([row["question"], *row["choices"], "ABCD"[row["answer"]]])
    one, other = QuestionPack(pack), QuestionPack(RECIPES / "mmlu")
    for index in range(10):
        mine, same = one.instance("none", index), other.instance("none", index)
        assert (mine.request, mine.extra["answer"]) == (same.request, same.extra["answer"])


def test_a_function_may_be_completed_or_written_whole() -> None:
    one = QuestionPack(RECIPES / "humaneval", run_code="weak")
    head = one.instance("none", 0).request
    body = "    return sum(abs(a - b) > size for a, b in zip(levels, levels[1:]))\n"
    for reply, right in (
        (body, True),
        (f"```python\n{head}{body}```", True),
        ("```python\ndef count_gaps(levels, size):\n    return 2\n```", False),
    ):
        assert score(one, 0, reply).success is right, reply


K = "keywords:"
L = "length_constraints:"
D = "detectable_format:"


@pytest.mark.parametrize(
    ("name", "arguments", "good", "bad"),
    [
        (K + "existence", {"keywords": ["Tea", "cup"]}, "tea in a cup.", "teas in a cup"),
        (K + "frequency", {"keyword": "a", "frequency": 2}, "a b A", "a ab"),
        (
            K + "frequency",
            {"keyword": "a", "frequency": 2, "relation": "less than"},
            "a b",
            "a, a",
        ),
        (K + "forbidden_words", {"forbidden_words": ["no"]}, "not now", "No."),
        (K + "letter_frequency", {"letter": "z", "let_frequency": 2}, "Zoo z", "zoo"),
        (L + "number_sentences", {"num_sentences": 2}, "One. Two!", "One"),
        (L + "number_paragraphs", {"num_paragraphs": 2}, "a\n***\nb", "a\n\nb"),
        (L + "number_words", {"num_words": 3, "relation": "less than"}, "one two", "one two three"),
        (
            L + "nth_paragraph_first_word",
            {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "then"},
            "a\n\nThen b",
            "a\n\nb",
        ),
        ("detectable_content:number_placeholders", {"num_placeholders": 2}, "[a] [b]", "[a"),
        ("detectable_content:postscript", {"postscript_marker": "P.P.S"}, "a\nP.P.S b", "P.S. b"),
        (D + "number_bullet_lists", {"num_bullets": 2}, "* a\n- b", "* a\n**b**"),
        (D + "constrained_response", {}, "Well. My answer is no.", "No."),
        (D + "number_highlighted_sections", {"num_highlights": 2}, "*a* **b**", "*a*"),
        (
            D + "multiple_sections",
            {"section_spliter": "Part", "num_sections": 2},
            "Part 1\na\nPart 2\nb",
            "Part 1",
        ),
        (D + "json_format", {}, '```json\n{"a": 1}\n```', "{a: 1}"),
        (D + "title", {}, "<<A title>>\nb", "<title>"),
        ("combination:two_responses", {}, "a\n******\nb", "a\n******\na"),
        ("combination:repeat_prompt", {"prompt_to_repeat": "Say a."}, "Say a.\na", "a"),
        ("startend:end_checker", {"end_phrase": "the end"}, "It is The End", "The end."),
        ("startend:quotation", {}, '"a"', '"a'),
        ("change_case:capital_word_frequency", {"capital_frequency": 2}, "AB CD e", "AB cd"),
        ("change_case:english_capital", {}, "LOUD 1", "Loud"),
        ("change_case:english_lowercase", {}, "quiet 1", "Quiet"),
        ("punctuation:no_comma", {}, "a b", "a, b"),
    ],
)
def test_an_instruction_is_followed_or_not(name: str, arguments: Any, good: str, bad: str) -> None:
    followed = IFEVAL["followed"]
    unused = {"num_bullets": None} if "num_bullets" not in arguments else {}
    assert followed(name, good, {**arguments, **unused}) is True
    assert followed(name, bad, arguments) is False
    assert followed(name, "", arguments) is False


def test_the_share_of_instructions_is_the_score_and_loose_forgives_a_first_line() -> None:
    one = QuestionPack(RECIPES / "ifeval")
    found = score(one, 0, "Sure, here it is:\n* Rain falls\n* It is wet")
    assert (found.success, found.progress) == (False, 0.5)
    assert found.verdict is not None
    assert found.verdict["why"] == "not followed: punctuation:no_comma"
    assert found.verdict["metrics"] == {"loose": 1.0}
    names = {name for name in IFEVAL["CHECKS"] if name != "language:response_language"}
    assert len(names) == 24
