"""Which part of a reply is its program, and how it continues a question."""

from __future__ import annotations

import pytest

from pilotbench.benchmark.scorers.program_text import program_of

CODE = "def add(a, b):\n    return a + b\n"
HEAD = 'import math\n\ndef add(a, b):\n    """Add."""\n'
BODY = "    return a + b\n"


def fenced(code: str, name: str = "python", fence: str = "```") -> str:
    return f"{fence}{name}\n{code}{fence}\n"


@pytest.mark.parametrize(
    ("reply", "rule"),
    [
        (CODE, "whole reply"),
        (fenced(CODE), "last block with add"),
        (f"Here it is:\n\n{fenced(CODE)}\nIt adds.", "last block with add"),
        (fenced(CODE, ""), "last block with add"),
        (fenced(CODE, "Python"), "last block with add"),
        (fenced(CODE, "py", "~~~~"), "last block with add"),
        (f"{fenced(CODE)}\nUse:\n{fenced('print(add(1, 2))' + chr(10))}", "last block with add"),
        (f"{fenced(CODE)}\nOutput:\n{fenced('3' + chr(10), '')}", "last block with add"),
        (f"{fenced('def add(a, b): return 0' + chr(10))}\nBetter:\n{fenced(CODE)}", None),
        (f"{fenced('pip install x' + chr(10), 'bash')}\n{fenced(CODE)}", "last block with add"),
        (f"Text\n```python\n{CODE}", "last block with add, which is not closed"),
        (fenced(CODE).replace("\n", "\r\n"), "last block with add"),
    ],
)
def test_the_program_is_the_last_block_that_defines_the_function(
    reply: str, rule: str | None
) -> None:
    found = program_of(reply, "", "add")
    assert found is not None
    assert found.code.strip() == CODE.strip()
    assert found.rule == (rule or "last block with add")


@pytest.mark.parametrize(
    "reply", ["", "I cannot do that.", "It is *simple*: add them.", fenced("ls\n", "bash")]
)
def test_a_reply_without_code_has_no_program(reply: str) -> None:
    assert program_of(reply, "", "add") is None


@pytest.mark.parametrize(
    ("reply", "rule"),
    [
        (BODY, "whole reply, which continues the question"),
        (BODY.strip(), "whole reply, which continues the question"),
        (fenced(BODY), "last block, which continues the question"),
        (fenced("return a + b\n"), "last block, which continues the question"),
        (fenced("c = a + b\nreturn c\n"), "last block, which continues the question"),
        (CODE, "whole reply, after the question's code"),
        (fenced(CODE), "last block with add, after the question's code"),
        (fenced(HEAD + BODY), "last block with add, after the question's code"),
    ],
)
def test_a_question_is_continued_by_a_body_and_replaced_by_a_function(
    reply: str, rule: str
) -> None:
    found = program_of(reply, HEAD, "add")
    assert found is not None
    names: dict[str, object] = {}
    exec(found.code, names)
    assert names["add"](1, 2) == 3  # type: ignore[operator]
    assert "math" in names
    assert found.rule == rule


def test_without_a_function_that_is_wanted_the_last_python_block_counts() -> None:
    reply = f"{fenced('x = 1' + chr(10))}\n{fenced('print(2)' + chr(10))}\n{fenced('2', '')}"
    found = program_of(reply, "", None)
    assert found is not None
    assert (found.code.strip(), found.rule) == ("print(2)", "last block")
