"""What of a reply is read as the answer, by which rule, and whether it is in the form asked for."""

from __future__ import annotations

from typing import Any

import pytest

from pilotbench.benchmark.scorers import SCORERS
from pilotbench.benchmark.scorers.extraction import EXTRACTS, as_asked, extracted, found
from pilotbench.benchmark.scorers.languages import LANGUAGES
from pilotbench.benchmark.scorers.scorer import Verdict

READ = [
    ("alone", "**42**", "42"),
    ("alone", "```\n42\n```", "42"),
    ("alone", "\\[\n\\boxed{42}\n\\]", "42"),
    ("alone", "Answer: 42", "Answer: 42"),
    ("alone", "So it is:\n42", "So it is:\n42"),
    ("last_line", "So it is:\n42", "42"),
    ("last_line", "Answer: 41\n**42**", "42"),
    ("last_line", "Result: 42\n```", "42"),
    ("marked", "42", ""),
    ("marked", "6 * 7 = 42\n#### 42", "42"),
    ("marked", "#### Step 1\nSix sevens.\n42", ""),
    ("marked", "Answer: 42\n\nSix sevens are 42.", "42"),
    ("marked", "<answer>\n42\n</answer> as I said", "42"),
    ("marked", "We find \\boxed{42} here.\nThat was all.", "42"),
    ("marked", "## Final Answer\n\n**42**\n\nThat was all.", "42"),
    ("marked", "6 * 7 = 42. Answer: 42", "42"),
    ("marked", "Answer: 42\nWait, that was 6 * 8.", ""),
    ("anywhere", "The result of 6 * 7 is 42.", "The result of 6 * 7 is 42."),
    ("anywhere", "It is 42.\n\nLet me know if you need more!", "It is 42."),
    ("whole", "a\n**42**", "a\n**42**"),
]


@pytest.mark.parametrize(("how", "reply", "read"), READ)
def test_a_rule_reads_the_place_that_it_names(how: str, reply: str, read: str) -> None:
    assert extracted(reply, how) == read


STATED = [
    ("The result of 6 * 7 is 42.", "42"),
    ("There are 42 apples, because six times seven is that.", "42 apples"),
    ("6 * 7 = 42", "42"),
    ("法国的首都是巴黎。", "巴黎"),
    ("答えは42です。", "42"),
    ("정답은 42입니다.", "42"),
    ("Столица Франции — Париж.", "Париж"),
    ("Das Ergebnis beträgt 42 Euro.", "42 Euro"),
    ("Il y a 42 pommes.", "42 pommes"),
    ("هناك 42 تفاحة.", "42 تفاحة"),
    ("The sum is not 42.", None),
    ("Is the result 42?", None),
    ("The first is 7 and the second is 42.", None),
    ("If it rains, the result is 42.", None),
    ("首都不是巴黎。", None),
    ("答えは42ではありません。", None),
]


@pytest.mark.parametrize(("reply", "said"), STATED)
def test_a_sentence_states_what_follows_its_verb(reply: str, said: str | None) -> None:
    statements = found(reply, "anywhere")[0].texts[1:]
    assert (said in statements) if said else not statements


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=LANGUAGES)
def test_each_language_announces_an_answer(language: Any) -> None:
    place = found(f"3 + 4\n{language.example}\n", "marked")[0]
    assert place.texts[0] == "42"
    assert place.rules[0].startswith("mark ")


def verdict(kind: str, wanted: Any, reply: Any, **options: Any) -> Verdict:
    scorer = SCORERS[kind]
    defaults = {key: option["default"] for key, option in scorer.options.items()}
    return scorer.judge(wanted, reply, defaults | options)


FORMS = [
    ("number", 42, "6 * 7\n42", {}, True),
    ("number", 42, "6 * 7\n42.", {}, False),
    ("number", 42, "**42**", {}, False),
    ("number", 42, "42 km", {}, False),
    ("number", 42, "42 km", {"unit": "km"}, True),
    ("number", 42, "6 * 7\n42", {"extract": "alone"}, None),
    ("number", 42, "42", {"extract": "alone"}, True),
    ("number", 42, "6 * 7\n#### 42", {"extract": "marked"}, True),
    ("number", 42, "6 * 7\n#### 42 km", {"extract": "marked"}, False),
    ("number", 42, "**Answer:** 42\n\nThat was all.", {"extract": "marked"}, False),
    ("number", 42, 42, {}, True),
    ("exact", "Paris", "Paris", {}, True),
    ("exact", "Paris", "Paris.", {}, False),
    ("exact", "U.S.", "U.S.", {}, True),
    ("one_of", ["GB", "UK"], "uk", {}, True),
    ("one_of", ["GB", "UK"], "Answer: UK", {}, False),
    ("regular_expression", "[AB]", "A", {}, True),
    ("regular_expression", "[AB]", "**A**", {}, False),
    ("json_equality", {"a": 1}, '{"a": 1}', {}, True),
    ("json_equality", {"a": 1}, '```\n{"a": 1}\n```', {}, False),
]


@pytest.mark.parametrize(("kind", "wanted", "reply", "options", "in_form"), FORMS)
def test_a_right_answer_is_in_form_if_nothing_else_is_in_its_place(
    kind: str, wanted: Any, reply: Any, options: dict[str, Any], in_form: bool | None
) -> None:
    """None: it is not even right."""
    free = verdict(kind, wanted, reply, **options)
    assert free.right == (in_form is not None)
    assert free.in_form == bool(in_form)
    assert free.counts(options) == free.right
    assert free.counts({"form": "required"}) == bool(in_form)


@pytest.mark.parametrize(("wanted", "right"), [("A", True), ("Solution: A", True), ("B", False)])
def test_a_wanted_text_may_begin_with_the_words_of_a_label(wanted: str, right: bool) -> None:
    assert verdict("exact", wanted, "Solution: A").right == right


@pytest.mark.parametrize(
    ("reply", "rule"),
    [
        ('{"a": 1}', "whole reply"),
        ({"a": 1}, "argument"),
        ('Here:\n```json\n{"a": 1}\n```\nDone.', "last fenced block"),
        ('Here:\n{\n"a": 1\n}', "end of the reply"),
        ('Answer: {"a": 1}', "last line"),
    ],
)
def test_a_verdict_on_json_says_where_it_was_read(reply: Any, rule: str) -> None:
    given = verdict("json_equality", {"a": 1}, reply)
    assert (given.right, given.rule, given.read) == (True, rule, {"a": 1})
    assert verdict("json_schema", {"type": "array"}, reply).why == "not valid under the schema"


LONG = [
    "\\boxed{" * 7000,
    "\\boxed{a} " * 5000,
    "<answer>" * 6000,
    "Answer: " * 6000,
    "Answer:\n" * 6000,
    ("_" * 450 + "\n") * 100,
    ("is " * 150 + "\n") * 100,
    "\n" * 50000,
    "是" * 50000,
    "**a" * 90,
]


@pytest.mark.parametrize("how", EXTRACTS)
@pytest.mark.parametrize("reply", LONG, ids=lambda reply: ascii(reply[:8]))
def test_a_long_reply_made_to_be_hard_to_read_does_not_count(reply: str, how: str) -> None:
    """Each is one that careless patterns need minutes for."""
    assert not verdict("number", 4711, reply, extract=how).right
    assert not verdict("exact", "zz", reply, extract=how).right


def test_contained_text_asks_for_no_form() -> None:
    assert verdict("contained_text", "12", "row 12").in_form is None


WHY = [
    ("anywhere", "It is 42.", "42", "last line, statement", "right, not in the form asked for"),
    ("anywhere", "Answer: 41", "41", "mark Answer:", "another answer"),
    ("anywhere", "Answer: 42\nAnswer: 41", "41", "mark Answer:", "another answer"),
    (
        "anywhere",
        "Answer: 41\nAnswer: 42",
        "42",
        "mark Answer:",
        "two different answers are marked",
    ),
    ("last_line", "42 or 43", "42 or 43", "last line", "not one number"),
    ("last_line", "", None, "last line", "nothing to read"),
    ("marked", "42", None, "marked", "nothing is marked as the answer"),
    ("last_line", "42", "42", "last line", "right"),
]


@pytest.mark.parametrize(("how", "reply", "read", "rule", "why"), WHY)
def test_a_verdict_says_what_was_read_by_which_rule_and_why(
    how: str, reply: str, read: str | None, rule: str, why: str
) -> None:
    given = verdict("number", 42, reply, extract=how)
    assert (given.read, given.rule, given.why) == (read, rule, why)


@pytest.mark.parametrize("how", EXTRACTS)
@pytest.mark.parametrize("reply", ["", "\n", "```", "<answer>", "\\boxed{", "Answer:", "####", "—"])
def test_a_reply_without_an_answer_has_none_under_any_rule(how: str, reply: str) -> None:
    assert isinstance(as_asked(reply, how), str)
    assert not verdict("number", 42, reply, extract=how).right
    assert not verdict("exact", "x", reply, extract=how).right
