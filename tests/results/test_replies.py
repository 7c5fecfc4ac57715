"""The text of a reply, and the hash by which labels name it."""

from __future__ import annotations

import hashlib

import pytest

from pilotbench.results.replies import sha256_of, text_of


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("as it is\n", "as it is\n"),
        (None, ""),
        ({"b": 1, "a": "é"}, '{"a": "é", "b": 1}'),
        (7, "7"),
    ],
)
def test_a_reply_is_text_and_anything_else_json(answer, text):
    assert text_of(answer) == text


@pytest.mark.parametrize("text", ["", "é", "4²"])
def test_the_hash_is_that_of_the_bytes(text):
    assert sha256_of(text) == hashlib.sha256(text.encode()).hexdigest()


def test_a_lone_surrogate_has_a_hash_too():
    assert sha256_of("\ud800") == hashlib.sha256(b"?").hexdigest()
