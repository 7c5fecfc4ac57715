"""Replies as models write them: each row is one answer under one scorer, and counts or does not.

The rule is one answer only, compared by its type, never part of a longer text. Each row that
counts is also tried with another answer wanted, with a second answer and with a denial.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from pilotbench.benchmark.scorers import SCORERS
from pilotbench.benchmark.scorers.extraction import extracted

SCORED: dict[str, tuple[str, dict[str, Any]]] = {
    "num": ("number", {}),
    "numkm": ("number", {"unit": "km"}),
    "numpct": ("number", {"unit": "%"}),
    "ex": ("exact", {}),
    "one_of": ("one_of", {}),
    "jeq": ("json_equality", {}),
    "ct": ("contained_text", {}),
}


def counts(name: str, wanted: Any, reply: Any) -> bool:
    """Return whether `reply` counts as `wanted`."""
    kind, options = SCORED[name]
    scorer = SCORERS[kind]
    defaults = {key: option["default"] for key, option in scorer.options.items()}
    return scorer.holds(wanted, reply, defaults | options)


Table = list[tuple[str, Any, list[Any]]]


def rows(table: Table) -> list[Any]:
    """Return one parameter set for each reply."""
    return [
        pytest.param(name, wanted, reply, id=f"{name}-{json.dumps(wanted)}-{ascii(reply)[:60]}")
        for name, wanted, replies in table
        for reply in replies
    ]


COUNT: Table = [
    (
        "num",
        42,
        [
            "\\[\n\\boxed{42}\n\\]",
            "\\(42\\)",
            "\\( \\boxed{42} \\)",
            "#### 42",
            "6*7=<<6*7=42>>42\n#### 42",
            "$42",
            "$42.00",
            "€42",
            "42 €",
            "42元",
            "42 km",
            "四十二",
            "42。",
            "最终答案：**42**",
            "「42」",
            "<answer>42</answer>",
            "\\boxed{42}.",
            "$\\boxed{42}$.",
            "\\boxed{\\boxed{42}}",
            "\\text{42}",
            "≈ 42",
            "42\u200b",
            "\ufeff42",
            "42;",
            "42!",
            "Answer: 42 km",
            "### Final Answer: 42",
            "Final answer — 42",
            "\\boxed{ 42 }",
            "The answer is $\\boxed{42}$.",
            "\\[ \\boxed{\\text{42 km}} \\]",
            "**Final answer:** 42",
            "The answer is 42.",
            "So, the final answer is **42**.",
            "答案是42",
            "答案：42。",
            "Antwort: 42",
            "Réponse : 42",
            "<answer>\n42\n</answer>",
            "$$\n42\n$$",
            "```\n42\n```",
            "~~~\n42\n~~~",
            "\\boxed{\n42\n}",
            "４２",
            "４２ｋｍ",
            "四十二公里",
            "42千米",
            "forty-two",
            "Forty two kilometres",
            "about 42",
            "approximately 42 km",
            "~42",
            "= 42",
            "x = 42",
            "+42",
            "USD 42",
            "US$42",
            "42 USD",
            "$42 USD",
            "42 m²",
            "42 km/h",
            "42 kilometres per hour",
            "42°",
            "42 °C",
            "42^\\circ",
            "42%",
            "42\\%",
            "42 square metres",
            "42 kg.",
            "42元。",
            '"42"',
            "“42”",
            "«42»",
            "『42』",
            "42 .",
            "4\u200b2",
            "the answer is: 42",
            "最終答案：42",
            "\u200b42\u200b\n\u200b",
            "42\n---",
            "42\n\\]\n$$",
            "**Answer:** `42`.",
        ],
    ),
    ("num", 12345, ["12\u202f345", "12\xa0345", "12 345"]),
    ("num", -42, ["−42", "–42", "$-42", "−$42"]),
    ("num", -1234.5, ["-$1,234.50"]),
    ("num", 42000, ["4.2×10^4", "4.2e4", "4.2E+04"]),
    ("num", 100000, ["10⁵"]),
    ("num", 16, ["4²"]),
    ("num", 0.5, ["½", "\\frac{1}{2}", "\\frac12", ".5"]),
    ("num", 2.5, ["2 1/2", "2½", "2\\frac{1}{2}"]),
    ("num", 50, ["50 percent", "百分之五十"]),
    ("num", 1234, ["\\boxed{1{,}234}", "1{,}234"]),
    ("num", 1e200, ["1e200"]),
    ("num", 0, ["zero"]),
    ("num", 149, ["149 rolls"]),
    ("num", 18, ["18 km"]),
    ("num", 1000000, ["1 million", "one million"]),
    ("num", 120000, ["12万", "12万人"]),
    ("num", 3, ["٣"]),
    (
        "num",
        1234567,
        ["1,234,567", "1'234'567", "1’234’567", "1.234.567", "12,34,567", "1\\,234\\,567"],
    ),
    ("num", 1234.5, ["1.234,5"]),
    ("num", 3.14, ["3,14"]),
    ("num", 0.123, ["0,123"]),
    ("num", 1e-05, ["10⁻⁵"]),
    ("num", 0.001, ["10^{-3}"]),
    ("num", 0.042, ["4.2 \\times 10^{-2}"]),
    ("num", 1024, ["2^10", "2**10"]),
    ("num", 0.75, ["¾", "3/4", "\\dfrac{3}{4}"]),
    ("num", -0.75, ["-\\frac{3}{4}"]),
    ("num", 105, ["一百零五", "一百〇五", "one hundred and five"]),
    ("num", 250, ["两百五"]),
    ("num", 12000, ["一万二"]),
    ("num", 2024, ["二〇二四"]),
    ("num", 123456789, ["一亿二千三百四十五万六千七百八十九"]),
    ("num", 10, ["十"]),
    ("num", 15, ["十五"]),
    ("num", 3.5, ["三点五"]),
    ("num", -5, ["负五", "minus five"]),
    ("num", 350000000.0, ["3.5亿"]),
    ("num", 20000000, ["2千万"]),
    ("num", 1000000000000.0, ["1万亿"]),
    ("num", 2500000, ["two million five hundred thousand"]),
    ("num", 2500000000.0, ["2.5 billion dollars"]),
    ("num", 24, ["two dozen"]),
    ("num", 1200, ["twelve hundred"]),
    ("num", 100, ["a hundred", "10²"]),
    ("num", 300, ["3 hundred"]),
    ("num", 1234.56, ["1\u202f234,56", "1 234,56"]),
    ("num", 12345.6, ["12\xa0345.6", "12 345.6"]),
    ("num", -0.5, ["-½"]),
    (
        "numkm",
        42,
        [
            "42 kilometres",
            "42",
            "42 km",
            "42km",
            "42 KM",
            "42 kilometers",
            "42公里",
            "42\\text{ km}",
            "$42\\ \\mathrm{km}$",
            "42 ㎞",
        ],
    ),
    ("numkm", 42000000.0, ["42 million km"]),
    (
        "numpct",
        50,
        ["$50\\%$", "50%", "50 percent", "50 per cent", "50", "五十", "百分之五十", "50％"],
    ),
    (
        "ex",
        "Paris",
        [
            "Paris!",
            "**Paris**",
            "Paris。",
            "「Paris」",
            "<answer>Paris</answer>",
            "\\text{Paris}",
            "The answer is Paris.",
            "### Answer: Paris",
            "“Paris”",
            "Ｐａｒｉｓ",
            "Par\u200bis",
            "Paris\n\\end{document}",
        ],
    ),
    (
        "ex",
        "A",
        [
            "A)",
            "$\\boxed{\\textbf{(A)}}$",
            "答案：A",
            "(A)",
            "A.",
            "**A**",
            "答案是A",
            "答案：（A）",
            "\\boxed{A}",
        ],
    ),
    ("ex", "don't", ["don’t"]),
    ("ex", 1000000.0, ["1000000"]),
    ("ex", "(A)", ["A"]),
    ("ex", "don’t", ["don't"]),
    ("ex", "H2O", ["H₂O"]),
    ("ex", "10^5", ["10⁵"]),
    ("ex", "$x^2$", ["$x^2$"]),
    ("ex", "\\frac{1}{2}", ["$\\frac{1}{2}$"]),
    ("ex", "Yahoo!", ["Yahoo!", "Yahoo"]),
    ("ex", "U.S.", ["U.S."]),
    ("ex", 12, ["12"]),
    ("ex", "北京", ["北京。", "答案：北京"]),
    ("ex", "well-known", ["well‑known"]),
    ("ex", 2.0, ["2.0", "2"]),
    ("ex", "no", ["No."]),
    ("ex", "not", ["not"]),
    ("one_of", ["GB", "UK"], ["The answer is UK."]),
    (
        "jeq",
        {"a": 1, "b": ["x", 2.0]},
        [
            'Here it is:\n{\n "a": 1,\n "b": [\n  "x",\n  2.0\n ]\n}',
            '~~~json\n{"a": 1, "b": ["x", 2.0]}\n~~~',
            '`{"a": 1, "b": ["x", 2.0]}`',
        ],
    ),
    (
        "jeq",
        {"a": 1},
        [
            '```json\n{"a": 1}\n```',
            '{\n"a": 1\n}',
            'Answer: {"a": 1}',
            '<answer>{"a": 1}</answer>',
            '<answer>\n{"a": 1}\n</answer>',
            '~~~\n{"a":1}\n~~~\nDone.',
            'Note {x}:\n{"a": 1}.',
            '**{"a": 1}**',
        ],
    ),
    ("jeq", [1, 2], ["Sure:\n[1,\n 2]"]),
    ("ct", "12", ["there are 12 items", "12.", "(12)", "共12个", "it is 12km away"]),
    ("ct", "巴黎", ["答案是巴黎。"]),
    ("ct", "Paris", ["Paris, France"]),
    ("ct", "12.5", ["it is 12.5 km"]),
    ("ct", "-5", ["it is −5"]),
    ("ct", "C++", ["use C++ here"]),
]
DO_NOT_COUNT: Table = [
    ("num", 105, ["10⁵"]),
    ("num", 12, ["1₂", "½"]),
    (
        "num",
        42,
        [
            "42 or 43",
            "42, 43",
            "42 43",
            "42/43",
            "42-43",
            "42–43",
            "42 to 43",
            "42 and 43",
            "not 42",
            "It is not 42.",
            "The answer is not 42",
            "The answer is not \\boxed{42}",
            "\\boxed{42} or \\boxed{43}",
            "\\boxed{42}, not 43",
            "42 is wrong",
            "42 wrong",
            "42?",
            ">42",
            "< 42",
            "≥42",
            "≤ 42",
            "42 ± 1",
            "±42",
            "42+",
            "42 or more",
            "at least 42",
            "42nd",
            "42 thousand",
            "42k",
            "42K",
            "42M",
            "42 million",
            "42万",
            "42x",
            "42π",
            "42i",
            "0x2A",
            "42.42.42",
            "4 2",
            "4,2",
            "(42)",
            "-42",
            "--42",
            "- 42",
            "Answer - 42",
            "42:00",
            "42 minutes 30 seconds",
            "42 dozen",
            "forty-two hundred",
            "forty two three",
            "forty-two or so many",
            "42 point five",
            "42 and a half",
            "42 halves",
            "4²",
            "4₂",
            "④②",
            "4②",
            "四十二或四十三",
            "不是四十二",
            "42不是答案",
            "四十二万",
            "百四十二",
            "四二",
            "第四十二",
            "answer 42 of 100",
            "42 of 100",
            "1. 42",
            "the 42",
            "I think 42",
            "42 I guess",
            "\\sqrt{42}",
            "42\\pi",
            "\\frac{42}{43}",
            "6*7",
            "6*7=42",
            "42=42",
            "",
            "nan",
            "<answer>42</answer><answer>43</answer>",
            "42\n43",
            '{"answer": 42}',
            "[42]",
            True,
            [42, 43],
            "42 km or miles",
            "42 km, 26 miles",
            "42e",
            "42e1",
            "42_0",
            "42,000",
            "four two",
            "negative 42",
            "42 negative",
            "minus 42",
            "42 - 0",
            "42*1",
            "42^1.5",
            "1/0",
            "9^999",
            "999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999999",
            "> 42",
            "42 or 43 km",
            "No, 42",
            "42 / 42",
            "42²",
            "²42",
            "42 €/$ 43",
            "€42 $",
            "42th",
            "42 percent or 43 percent",
            "Room 42",
            "no. 42",
            "42-km-43",
        ],
    ),
    ("num", -42, ["(42)", "- 42"]),
    ("num", 5, ["two three"]),
    ("num", 2, ["2/3", "2 thirds", "2½", "二三", "2 dozen"]),
    ("num", 21, ["2½"]),
    ("num", 10.5, ["2½"]),
    ("num", 1, ["½", "1₂", True]),
    ("num", 10, ["10⁵"]),
    ("num", 1234, ["1,23,4", "1.234"]),
    ("num", 12345, ["123,45", "12,34,5", "12 34 5", "1 2345"]),
    ("num", 1234567, ["1,234.567", "1,234 567"]),
    ("num", 0.5, ["50%"]),
    ("num", 23, ["二三"]),
    ("num", 102, ["一百二"]),
    ("num", 1e200, ["inf"]),
    ("num", 1000000, ["1e6.5"]),
    ("num", 0, ["none", "no", "zero or one"]),
    ("num", 7, ["3½"]),
    (
        "numkm",
        42,
        [
            "42 miles",
            "42 m",
            "42 metres",
            "42 km/h",
            "$42",
            "42%",
            "42 km²",
            "42千",
            "42 million km",
            "42 km 5",
            "42 kms of road",
        ],
    ),
    ("numpct", 50, ["0.5", "50 percentage points", "50 km", "50%-60%", "$50"]),
    (
        "ex",
        "Paris",
        [
            "not Paris",
            "Paris or Lyon",
            "Paris, Lyon",
            "It is Paris, I think",
            "Paris?",
            "Parisian",
            "the answer is not Paris",
            "",
            "Answer:",
            "Paris\nLyon",
        ],
    ),
    (
        "ex",
        "A",
        ["A) Paris", "B", "A or B", "AB", "A, B", "\\boxed{A} or \\boxed{B}", "答案不是A", "不是A"],
    ),
    ("ex", "105", ["10⁵"]),
    ("ex", "10⁵", ["105"]),
    ("ex", "12", ["1₂"]),
    ("ex", 12, ["12.0", "012"]),
    ("ex", "21/2", ["2½"]),
    ("ex", "42", ["4②"]),
    ("ex", "dont", ["don’t"]),
    ("ex", 1000000.0, ["1000001"]),
    ("ex", "C", ["C++", "C#"]),
    ("ex", "x2", ["x^2"]),
    (
        "jeq",
        {"a": 1},
        [
            '{"a": 1} or {"a": 2}',
            '{"a":1}\n{"a":2}',
            '{"a": true}',
            '{"a": "1"}',
            'It is not\n{"a": 1}\nbut another.',
            '{"a": 1, "b": 2}',
            "{'a': 1}",
        ],
    ),
    ("jeq", {"b": 1}, ['{\n"a":\n{"b": 1}']),
    ("jeq", [1, 2], ["[2, 1]"]),
    ("jeq", 1, ["true"]),
    (
        "ct",
        "12",
        ["312 items", "120", "3.12", "12.5", "1,12", "12,000", "1₂", "12₃", "12³", "a12b"],
    ),
    ("ct", "art", ["party"]),
    ("ct", "Paris", ["Parisian", "Pari s"]),
    ("ct", "105", ["10⁵"]),
    ("ct", "10", ["10⁵"]),
]


@pytest.mark.parametrize(("name", "wanted", "reply"), rows(COUNT))
def test_a_reply_that_says_the_answer_counts(name: str, wanted: Any, reply: Any) -> None:
    assert counts(name, wanted, reply)


@pytest.mark.parametrize(("name", "wanted", "reply"), rows(DO_NOT_COUNT))
def test_a_reply_that_says_something_else_does_not(name: str, wanted: Any, reply: Any) -> None:
    assert not counts(name, wanted, reply)


@pytest.mark.parametrize(("name", "wanted", "reply"), rows(COUNT))
def test_a_reply_counts_for_no_other_answer(name: str, wanted: Any, reply: Any) -> None:
    other = 2 * wanted + 1 if isinstance(wanted, int | float) else "Lyon"
    assert not counts(name, [other] if name == "one_of" else other, reply)


ONE_LINE = [
    param
    for param in rows(COUNT)
    if param.values[0] in ("num", "ex") and "\n" not in param.values[2]
]


@pytest.mark.parametrize("form", ["{} or 7", "7, {}", "not {}", "{} is wrong", "no: {}"])
@pytest.mark.parametrize(("name", "wanted", "reply"), ONE_LINE)
def test_a_second_answer_or_a_denial_leaves_none(
    name: str, wanted: Any, reply: str, form: str
) -> None:
    boxed = "boxed" in reply and form == "7, {}"  # what comes before the one box is the way to it
    assert counts(name, wanted, form.format(reply)) == boxed


HARD = [
    "-" * 499 + "x",
    "$" * 499 + "x",
    "*_" * 200 + "x",
    "1," * 99,
    "1 " * 99,
    "{" * 499,
    "9" * 199,
]
HARD += ["\\boxed{" * 60, "^" * 199, "a " * 240, "一" * 190, "</a>" * 120 + "x", "½" * 199]


@pytest.mark.parametrize("reply", HARD, ids=lambda reply: ascii(reply[:8]))
@pytest.mark.parametrize("name", SCORED)
def test_a_reply_made_to_be_hard_to_read_does_not_count(name: str, reply: str) -> None:
    """Each is one that a careless pattern would not refuse in any reasonable time."""
    wanted = {"one_of": ["z"], "ex": "z", "ct": "z", "jeq": "z"}.get(name, 4711)
    assert not counts(name, wanted, reply)


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("10⁵", "10⁵"),
        ("Answer: ½ cup", "½ cup"),
        ("答案：（Ａ）", "（Ａ）"),
        ("# Result\n**x²**", "x²"),
    ],
)
def test_a_pattern_sees_the_characters_that_the_model_wrote(reply: str, answer: str) -> None:
    assert extracted(reply, "last_line") == answer
