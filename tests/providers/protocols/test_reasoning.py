"""Reasoning is separated from the text of a message."""

from __future__ import annotations

import pytest

from pilotbench.providers.protocols.reasoning import MARKS, said
from pilotbench.providers.wire_formats import WIRE_FORMATS

read = WIRE_FORMATS["chat"].read

ROWS = [
    ("plain", "plain", None, ""),
    ("<think>a</think>b", "b", "a", ""),
    ("a</think>b", "b", "a", ""),
    ("<think>never closed", "", "never closed", "never closed"),
    ("b <think>later</think>", "b <think>later</think>", None, ""),
    ("<think></think>b", "b", None, ""),
    ("<think>a</think>", "", "a", "a"),
    ("", "", None, ""),
    ("[THINK]a </think> b[/THINK]c", "c", "a </think> b", ""),
    ("<|START_THINKING|>a", "", "a", "a"),
    *[(f"{mark}a{end}b", "b", "a", "") for mark, end in MARKS.items()],
]


@pytest.mark.parametrize(("content", "text", "thought", "unclosed"), ROWS)
def test_reasoning_is_cut_off_the_front(
    content: str, text: str, thought: str | None, unclosed: str
) -> None:
    found = said(read({"content": content}))
    assert (found.text, found.thought, found.unclosed) == (text, thought, unclosed)


def test_reasoning_that_was_sent_apart_is_unclosed_where_no_text_follows() -> None:
    alone = said(read({"content": None, "reasoning_content": "a"}))
    assert (alone.text, alone.thought, alone.unclosed) == ("", "a", "a")
    followed = said(read({"content": "b", "reasoning_content": "a"}))
    assert (followed.text, followed.thought, followed.unclosed) == ("b", "a", "")
