"""House rules mean what they declare, and are as long as they should be."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date

import pytest

from pilotbench.benchmark.generation.seeded_random import SeededRandom
from pilotbench.benchmark.scenarios.policy.drawing import OTHER_NOUNS, in_conflict
from pilotbench.benchmark.scenarios.policy.handbook import SLOTS, topics
from pilotbench.benchmark.scenarios.policy.house import (
    House,
    Work,
    drawn_and_written,
    house_rules,
    judged,
)
from pilotbench.benchmark.scenarios.terms.subjects import GRADES, REGIONS, SUBJECTS
from support.house_rules import declared, read, rulings

SIZES = (1000, 2000, 4000)
CORES = 3000
READ = 40


def _day(random: SeededRandom) -> str:
    return date.fromordinal(date(2031, 1, 10).toordinal() + random.whole(0, 330)).isoformat()


def work_of(index: int, items: int = 6) -> Work:
    """Return the work of a random core, with at least one item that counts."""
    random = SeededRandom("policy-test", index)
    subject = random.pick(list(SUBJECTS.values()))
    amounts, over = random.different(items, 1000, 9999), random.chance(0.5)
    records = tuple(
        {
            subject.key: f"{subject.prefix}-{number}",
            subject.amount: amount,
            "region": random.pick(REGIONS),
            "grade": random.pick(GRADES),
            "due": _day(random),
            "slot": f"{_day(random)}T{random.whole(7, 18):02d}:30",
            "reference": f"trk-{number}",
        }
        for number, amount in zip(random.different(items, 10000, 99999), amounts, strict=True)
    )
    half = sorted(amounts)[items // 2]
    limit = half - 37 if over else half + 37
    return Work(subject, records, over, limit, _day(random), "lena.petrov")


def rules_of(index: int, words: int, forbidden: bool = False, items: int = 6) -> House:
    return house_rules(SeededRandom("house", index), work_of(index, items), words, forbidden)


@pytest.mark.parametrize("words", SIZES)
def test_the_rulings_are_those_of_an_evaluator_of_its_own(words: int) -> None:
    for index in range(CORES // len(SIZES)):
        work = work_of(index, 1 + index % 12)
        drawn, written = drawn_and_written(SeededRandom("house", index), work, words, False)
        house = judged(work, drawn, written)
        assert house.rulings == rulings(work, declared(work, drawn, written)), index


@pytest.mark.parametrize("words", SIZES)
def test_the_text_suffices_for_the_rulings(words: int) -> None:
    for index in range(READ):
        forbidden = index % 5 == 0
        work = work_of(index)
        house = rules_of(index, words, forbidden)
        understood = read(house.text, work)
        assert understood.today == work.today
        assert house.rulings == rulings(work, understood), index


@pytest.mark.parametrize("words", SIZES)
def test_a_stop_forbids_the_request_and_only_when_it_is_wanted(words: int) -> None:
    for index in range(100):
        for forbidden in (False, True):
            house = rules_of(index, words, forbidden)
            assert bool(house.forbids) == forbidden
            assert "forbidden" in house.text
            assert (set(house.rulings) == {"hold"}) >= forbidden


def test_the_same_draws_give_the_same_rules() -> None:
    assert rules_of(3, 2000) == rules_of(3, 2000)
    assert rules_of(3, 2000).text != rules_of(4, 2000).text


@pytest.mark.parametrize("words", SIZES)
def test_rules_are_as_long_as_they_should_be(words: int) -> None:
    for index in range(60):
        house = rules_of(index, words, index % 4 == 0, items=1 + index)
        assert abs(len(house.text.split()) - words) <= 0.03 * words


@pytest.mark.parametrize(("words", "share"), [(1000, 0.98), (2000, 0.98), (4000, 0.98)])
def test_the_rules_change_what_happens_to_two_of_six_items(words: int, share: float) -> None:
    """And there is always something to do."""
    changed = 0
    for index in range(200):
        work, house = work_of(index), rules_of(index, words)
        amounts = [record[work.subject.amount] for record in work.records]
        counts = [one > work.limit if work.over else one < work.limit for one in amounts]
        naive = ["act" if one else "rest" for one in counts]
        changed += sum(a != b for a, b in zip(naive, house.rulings, strict=True)) >= 2
        assert "act" in house.rulings
    assert changed >= 200 * share


@pytest.mark.parametrize(("words", "share"), [(2000, 0.97), (4000, 0.97)])
def test_long_rules_have_exemptions_from_exemptions_and_conflicts(words: int, share: float) -> None:
    conflicts = nested = 0
    for index in range(100):
        drawn, _ = drawn_and_written(SeededRandom("house", index), work_of(index), words, False)
        conflicts += bool(in_conflict(drawn.weighed))
        nested += any(one.rule.even_so for one in drawn.weighed)
    assert conflicts >= 100 * share
    assert nested >= 93


def test_the_newer_of_two_notices_counts_at_every_size() -> None:
    for words in SIZES:
        for index in range(50):
            work = work_of(index)
            drawn, _ = drawn_and_written(SeededRandom("house", index), work, words, False)
            restored = [one for one in drawn.weighed if one.rule.notices]
            assert restored or len(drawn.rules.limits) >= 2


def test_a_long_text_repeats_no_form_of_a_sentence_more_than_three_times() -> None:
    values = "|".join(sorted({one for values in SLOTS.values() for one in values}, key=len)[::-1])
    for index in range(30):
        bodies = [section.split("\n")[-1] for section in rules_of(index, 4000).text.split("\n\n")]
        masked = re.sub(rf"\b({values}|[\d,]+)\b", "#", "\n".join(bodies))
        forms = Counter(re.split(r"(?<=\.)\s", masked))
        assert max(forms.values()) <= 3, forms.most_common(1)


def test_other_matters_do_not_mention_items_of_lists() -> None:
    nouns = {noun for one in SUBJECTS.values() for noun in (one.one, one.many)}
    nouns |= {noun for one in OTHER_NOUNS for noun in (one.one, one.many)}
    said = [sentence for topic in topics() for sentence in topic.variants[0].sentences]
    found = [one for one in said if re.search(rf"(?i)\b({'|'.join(nouns)})\b", one)]
    assert not found
    assert len(said) > 400
