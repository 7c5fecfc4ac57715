"""What earlier episodes say about later ones, finished or not, with tokens or without."""

from __future__ import annotations

import pytest

from pilotbench.estimation.history import History, Past
from pilotbench.estimation.needs import Played
from pilotbench.matrix.cells import Cell
from pilotbench.providers.answer import Tokens

CELL = Cell("m", "baseline", "sums", "none", "none")


def played(*inputs: int | None, finished: bool = True) -> Played:
    """Return an episode with so many input tokens in each turn; None: not reported."""
    known = (None if one is None else Tokens(one, 10, cached=one // 2) for one in inputs)
    return Played(tuple(known), finished)


def past(*episodes: Played) -> Past:
    found = Past()
    for one in episodes:
        found.add(one)
    return found


@pytest.mark.parametrize(
    ("episodes", "turn", "requests", "sent"),
    [
        ([played(100), played(100, 200, 300)], 0, 2, 350),
        ([played(100), played(100, 200, 300)], 1, 2, 500),  # of those that got there
        ([played(100, 200), played()], 0, 1, 150),  # refused at once
        ([played(100, 200), played(100, 200), played(100, finished=False)], 0, 2, 300),
        ([played(100, 200), played(100, finished=False), played(100)], 0, 5 / 3, 700 / 3),
    ],
)
def test_the_rest_of_an_episode_is_the_mean_of_those_that_got_there(
    episodes: list[Played], turn: int, requests: float, sent: float
) -> None:
    found = past(*episodes).ahead(turn, 1.0)
    assert found is not None
    assert (found.requests, found.input) == pytest.approx((requests, sent))
    assert found.cached == pytest.approx(found.input / 2)


def test_short_episodes_that_finished_first_are_not_taken_for_all() -> None:
    """The product-limit estimate of two short episodes and eight that go on."""
    running = [played(100, 200, finished=False)] * 8
    found = past(played(100), played(100), *running).ahead(0, 6.0)
    assert found is not None
    assert found.requests == pytest.approx(1 + 0.8 + 0.8 * 4)


def test_a_turn_that_no_episode_has_reached_is_unknown() -> None:
    assert past(played(100)).ahead(1, 1.0) is None
    assert Past().ahead(0, 1.0) is None


def test_tokens_that_are_not_reported_are_left_out_not_0() -> None:
    found = past(played(None), played(100))
    assert found.known
    assert found.ahead(0, 1.0) == past(played(100)).ahead(0, 1.0)
    assert not past(played(None)).known


def test_episodes_that_are_alike_are_not_certain() -> None:
    found = past(*[played(100)] * 5)
    assert found.spread("requests", (1.0, 1.0)) == 0
    assert found.spread("requests", (1.0, 10.0)) > 3


def test_the_history_adds_the_journal_to_what_it_knows() -> None:
    history = History()
    assert "no history" in history.basis("m")
    history.add(CELL, [played(100), played(300)])
    assert history.basis("m") == "from 2 earlier episodes, 2 of them in the journal only"
    assert history.input_share("m", "cached") == 0.5
    assert history.latency_s("m") is None
