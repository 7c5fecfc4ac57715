"""Every sentence of a generated page has its Chinese."""

from __future__ import annotations

import re

import pytest

from dev import configuration_page, providers_page
from dev.chinese import Say, chinese, sentences

CHINESE = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")
"""A character or punctuation mark."""
NAME = re.compile(r"`[^`]+`")


def generated(say: Say) -> None:
    """Make every part that is generated in both languages."""
    configuration_page.services(say)
    providers_page.page("", say)


def test_every_sentence_has_its_chinese_and_none_is_left_over() -> None:
    said: set[str] = set()
    generated(lambda sentence: said.add(sentence) or sentence)  # type: ignore[func-returns-value]
    assert sorted(said - set(sentences())) == [], "write their Chinese in dev/chinese.yaml"
    assert sorted(set(sentences()) - said) == [], "no page has them any more"


@pytest.mark.parametrize("sentence", sentences())
def test_a_sentence_in_chinese_has_the_names_of_the_original(sentence: str) -> None:
    assert sorted(NAME.findall(chinese(sentence))) == sorted(NAME.findall(sentence))
    assert CHINESE.search(chinese(sentence))


def test_a_sentence_without_chinese_is_named() -> None:
    with pytest.raises(LookupError, match=r"chinese\.yaml has no Chinese for: Not there\."):
        chinese("Not there.")
