"""House rules have the length they should have, and sentences of many forms."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from pilotbench.benchmark.scenarios.policy.handbook import SLOTS
from support.house_rules import rules_of

SIZES = (1000, 2000, 4000)
CORES = 3000
READ = 40


@pytest.mark.parametrize("words", SIZES)
def test_rules_are_as_long_as_they_should_be(words: int) -> None:
    for index in range(60):
        house = rules_of(index, words, index % 4 == 0, items=1 + index)
        assert abs(len(house.text.split()) - words) <= 0.03 * words


def test_a_long_text_repeats_no_form_of_a_sentence_more_than_three_times() -> None:
    values = "|".join(sorted({one for values in SLOTS.values() for one in values}, key=len)[::-1])
    for index in range(30):
        bodies = [section.split("\n")[-1] for section in rules_of(index, 4000).text.split("\n\n")]
        masked = re.sub(rf"\b({values}|[\d,]+)\b", "#", "\n".join(bodies))
        forms = Counter(re.split(r"(?<=\.)\s", masked))
        assert max(forms.values()) <= 3, forms.most_common(1)
