from __future__ import annotations

import pytest

from pilotbench.benchmark.world.search import FOUND, ranked, words
from pilotbench.benchmark.world.tool import Tool
from pilotbench.benchmark.world.toolbox import TOOLS


@pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.name)
def test_a_tool_is_found_first_by_its_own_description(tool: Tool) -> None:
    assert tool.name in ranked(tool.description)[:2]


def test_quoted_names_do_not_count_as_words() -> None:
    assert words("Only orders over `filter_4821` count.") == words("Only orders over `x` count.")


def test_a_query_that_matches_nothing_finds_nothing() -> None:
    assert ranked("zyzzyva") == ()


def test_the_order_of_words_does_not_matter_and_the_list_is_short() -> None:
    assert ranked("queue message push") == ranked("push the message, queue")
    assert len(ranked("data file table rows number url")) <= FOUND
