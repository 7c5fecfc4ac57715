from __future__ import annotations

from collections import Counter

from pilotbench.benchmark.generation.seeded_random import SeededRandom

HELD = (3, "a", [8, 5, 0], ["z", "x", "y"])


def test_the_same_words_give_the_same_draws_and_other_words_others() -> None:
    one, same, other = (
        [draw.whole(0, 10**6) for _ in range(5)]
        for draw in (SeededRandom("a", 1), SeededRandom("a", 1), SeededRandom("a", 2))
    )
    assert one == same != other


def test_words_are_kept_apart() -> None:
    assert SeededRandom("a", "bc").whole(0, 10**9) != SeededRandom("ab", "c").whole(0, 10**9)


def test_these_draws_never_change() -> None:
    """Held on purpose: every instance of every version depends on them."""
    draw = SeededRandom("held")
    drawn = (draw.whole(1, 6), draw.pick("abcdef"), draw.some(range(9), 3), draw.mixed("xyz"))
    assert drawn == HELD


def test_whole_numbers_reach_both_ends_evenly() -> None:
    draw = SeededRandom("die")
    seen = Counter(draw.whole(1, 6) for _ in range(6_000))
    assert set(seen) == {1, 2, 3, 4, 5, 6}
    assert max(seen.values()) < 1.2 * min(seen.values())


def test_some_and_mixed_never_repeat() -> None:
    draw = SeededRandom("deck")
    assert len(set(draw.some(range(52), 20))) == 20
    assert sorted(draw.mixed(range(52))) == list(range(52))
