"""The forms of families of models: values without quotes, and what is no call."""

from __future__ import annotations

from typing import Any

import pytest

from pilotbench.providers.protocols import forms
from pilotbench.providers.protocols.reading import Json, NotACallError

TOOLS: dict[str, Json] = {
    "t": {
        "properties": {
            "text": {"type": "string"},
            "word": {"enum": ["a", "b"]},
            "count": {"type": "integer"},
            "size": {"type": "number"},
            "flag": {"type": "boolean"},
            "both": {"type": ["number", "string"]},
            "inner": {"type": "object"},
            "items": {"type": "array"},
        }
    }
}
TYPED: list[tuple[str, str, Any]] = [
    ("text", "42", "42"),
    ("text", '{"a": 1}', '{"a": 1}'),
    ("text", " a ", " a "),
    ("word", "a", "a"),
    ("word", "1", "1"),
    ("count", "42", 42),
    ("count", "many", "many"),
    ("size", "4.5", 4.5),
    ("size", "4", 4),
    ("flag", "true", True),
    ("flag", "True", True),
    ("both", "42", 42),
    ("both", "abc", "abc"),
    ("both", "true", "true"),
    ("both", '"quoted"', "quoted"),
    ("inner", '{"a": [1]}', {"a": [1]}),
    ("inner", "{'a': 1}", "{'a': 1}"),
    ("items", "[1, 2]", [1, 2]),
    ("unknown", "42", 42),
    ("unknown", "abc", "abc"),
    ("unknown", "NaN", "NaN"),
]


@pytest.mark.parametrize(("key", "text", "value"), TYPED)
def test_a_value_without_quotes_has_the_type_that_the_tool_takes(
    key: str, text: str, value: Any
) -> None:
    found = forms.typed(text, "t", key, TOOLS)
    assert (found, type(found)) == (value, type(value))


PYTHON: list[tuple[str, Json]] = [
    ("t(text='a')", {"text": "a"}),
    ('[t(text="a", count=-1)]', {"text": "a", "count": -1}),
    ("print(t(text='a'))", {"text": "a"}),
    ("api.t(text='a')", {"text": "a"}),
    ("t.call(text='a')", {"text": "a"}),
    ("t(flag=True, both=None)", {"flag": True, "both": None}),
    ("t(flag=true, both=null)", {"flag": True, "both": None}),
    ("t(inner={'a': [1, 2.5]}, items=(1, 2))", {"inner": {"a": [1, 2.5]}, "items": [1, 2]}),
    (r"t(text='\\d+ \n')", {"text": "\\d+ \n"}),
    (r"t(text='\d \8')", {"text": "\\d \\8"}),
    ("t()", {}),
]


@pytest.mark.parametrize(("text", "arguments"), PYTHON)
def test_python_calls_are_read(text: str, arguments: Json) -> None:
    (call,) = forms.python(text, TOOLS, alone=True) or [{}]
    assert call == {"name": "t", "arguments": arguments}


@pytest.mark.parametrize(
    "text",
    [
        "t(1)",
        "t(**{'a': 1})",
        "t(text=x)",
        "t(text=f'{x}')",
        "t(text=b'a')",
        "t(text=1j)",
        "t(text='a' + 'b')",
        "t(inner={1: 2})",
        "t(text='a",
        "t(text='a') and more",
        "x = t(text='a')",
        "[t(text='a'), 5]",
        "t(" * 500,
        "t(a=" + "-" * 10_000 + "1)",
        "t(a=" + "[" * 5_000,
        "t(a='\0')\0",
        "t(a='" + "b" * 30_000 + "')",
    ],
)
def test_python_that_is_more_than_calls_is_none(text: str) -> None:
    with pytest.raises(NotACallError):
        forms.python(text, TOOLS, alone=False)
    assert forms.python(text, TOOLS, alone=True) is None


def test_a_bare_answer_of_finish_is_its_answer() -> None:
    assert forms.python("finish(42)", {}, alone=False) == [
        {"name": "finish", "arguments": {"answer": 42}}
    ]


def test_python_without_a_mark_must_name_a_tool() -> None:
    assert forms.python("print(a(text='b'))", TOOLS, alone=True) is None


@pytest.mark.parametrize(
    ("inside", "arguments"),
    [
        ("", {}),
        ("<parameter=text>\n1\n2\n</parameter>", {"text": "1\n2"}),
        ("<parameter=text>a<parameter=count>2", {"text": "a", "count": 2}),
        ("<parameter=text>a < b > c</parameter>", {"text": "a < b > c"}),
        ('<parameter name="text">a</parameter>', {"text": "a"}),
        ('<x:parameter name="count" string="true">2</x:parameter>', {"count": "2"}),
    ],
)
def test_parameters_of_an_element_are_read(inside: str, arguments: Json) -> None:
    assert forms.element("<function=t>", inside, TOOLS) == [{"name": "t", "arguments": arguments}]


def test_an_element_with_text_instead_of_parameters_is_no_call() -> None:
    with pytest.raises(NotACallError, match="text instead of parameters"):
        forms.element('<invoke name="t">', "text is a", TOOLS)


@pytest.mark.parametrize(
    ("inside", "found"),
    [
        ("t\n<arg_key>text</arg_key>\n<arg_value>1</arg_value>", {"text": "1"}),
        ("t<arg_key>count</arg_key><arg_value>1", {"count": 1}),
        ("t", {}),
        ("unknown", None),
        ("two words", None),
    ],
)
def test_pairs_are_read(inside: str, found: Json | None) -> None:
    wanted = None if found is None else [{"name": "t", "arguments": found}]
    assert forms.pairs(inside, TOOLS) == wanted


@pytest.mark.parametrize("inside", ["t<arg_key>text", "t<arg_key>text</arg_key>1"])
def test_a_key_without_a_value_is_no_call(inside: str) -> None:
    with pytest.raises(NotACallError):
        forms.pairs(inside, TOOLS)


QUOTED = '<|"|>'


@pytest.mark.parametrize(
    ("inside", "arguments"),
    [
        ("call:t{}", {}),
        (f"call:t{{text:{QUOTED}a, b: {{c}}{QUOTED},count:1}}", {"text": "a, b: {c}", "count": 1}),
        (f"call:t{{inner:{{a:[{QUOTED}x{QUOTED}]}}}}", {"inner": {"a": ["x"]}}),
        ('call:t{"text": "a, b: c"}', {"text": "a, b: c"}),
    ],
)
def test_calls_in_braces_are_read(inside: str, arguments: Json) -> None:
    assert forms.braces(inside) == [{"name": "t", "arguments": arguments}]
