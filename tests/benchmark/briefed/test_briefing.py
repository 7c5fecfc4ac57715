"""Which values of a recipe can be left out, and what is said of them."""

from __future__ import annotations

import pytest

from pilotbench.benchmark.briefed.briefing import THINGS, choose, sentence, states
from pilotbench.benchmark.generation.seeded_random import SeededRandom

RECIPES = {
    ("fetch", "filter", "post"): {"fetch", "filter", "post"},
    ("read", "parse", "group", "log"): set(),  # a file is found by listing its folder
    ("note>fetch", "fetch", "convert", "write"): {"write"},  # what is looked up is not stated
    ("auth>fetch", "fetch", "map", "put"): {"auth", "fetch", "map", "put"},
    ("note>auth", "auth>fetch", "fetch", "map", "put"): {"fetch", "map", "put"},
    ("auth>fetch", "fetch", "map", "auth>post", "post"): {"fetch", "map", "post"},
    ("route>post", "get", "optimize", "post"): {"get", "optimize"},
}


@pytest.mark.parametrize(("recipe", "stated"), RECIPES.items(), ids=map(" ".join, RECIPES))
def test_a_value_is_left_out_only_where_the_request_would_state_it(
    recipe: tuple[str, ...], stated: set[str]
) -> None:
    assert {token for token in THINGS if states(recipe, token)} == stated


def test_one_or_two_are_drawn_of_which_one_decides() -> None:
    recipe = ("fetch", "filter", "post")
    drawn = {choose(SeededRandom("test", number), recipe) for number in range(200)}
    assert drawn == {("fetch",), ("post",), ("fetch", "filter"), ("post", "filter")}
    assert choose(SeededRandom("test"), ("read", "parse", "filter", "log")) == ()


def test_the_sentence_names_what_is_left_out() -> None:
    assert sentence(["URL"]).endswith("states the URL, which is not given here.")
    assert sentence(["URL", "limit"]).endswith("the URL and the limit, which are not given here.")
