"""Requests find their samples by their text."""

from __future__ import annotations

from typing import Any

from pilotbench.episodes.external.attribution import attributed, conversation
from pilotbench.episodes.external.sample import Sample

Json = dict[str, Any]


def chat(*texts: str) -> Json:
    return {"model": "m", "messages": [{"role": "user", "content": text} for text in texts]}


def found(samples: list[Sample], *bodies: Json) -> tuple[dict[int, list[int]], list[int]]:
    made = attributed(samples, [(body, n) for n, body in enumerate(bodies)])
    return made.of, made.rest


def test_a_request_belongs_to_the_longest_prompt_in_it() -> None:
    samples = [Sample(0, prompt="Question 1"), Sample(1, prompt="Question 12")]
    of, rest = found(samples, chat("Question 12"), chat("be brief", "Question 1"), chat("Hello"))
    assert (of, rest) == ({1: [0], 0: [1]}, [2])


def test_the_turns_of_a_conversation_belong_to_its_sample() -> None:
    samples = [Sample(4, prompt="Plan a trip"), Sample(5, prompt="Write a poem")]
    bodies = [chat("Plan a trip"), chat("Write a poem"), chat("Plan a trip", "To Bern", "When?")]
    assert found(samples, *bodies) == ({4: [0, 2], 5: [1]}, [])


def test_equal_prompts_share_their_requests_in_order() -> None:
    samples = [Sample(0, prompt="Same"), Sample(1, prompt="Same")]
    assert found(samples, *[chat("Same")] * 4) == ({0: [0, 2], 1: [1, 3]}, [])


def test_a_whole_conversation_counts_before_a_part_of_it() -> None:
    """Other questions are examples in the prompt of a few-shot task."""
    samples = [
        Sample(0, prompt="Q: a\nA: 1\nQ: b", exact=True),
        Sample(1, prompt="Q: a", exact=True),
    ]
    assert found(samples, chat("Q: a", "A: 1", "Q: b"), chat("Q:  a\n")) == ({0: [0], 1: [1]}, [])


def test_samples_without_a_prompt_get_nothing() -> None:
    assert found([Sample(0), Sample(1, prompt=" ")], chat("Hello")) == ({}, [0])


def test_the_text_of_a_body_in_both_wire_formats() -> None:
    parts = [{"type": "input_text", "text": "two  words"}]
    response = {"instructions": "Be brief.", "input": [{"role": "user", "content": parts}]}
    assert conversation(response) == "Be brief. two words"
    assert conversation({"input": "two\nwords"}) == "two words"
    assert conversation(chat("a", "b")) == "a b"
