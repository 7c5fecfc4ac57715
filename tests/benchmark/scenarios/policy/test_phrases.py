"""Every kind of sentence has several wordings, and each wording has the same slots."""

from __future__ import annotations

import re

import pytest

from pilotbench.benchmark.scenarios.policy import phrases

GROUPS = {
    **phrases.EFFECTS,
    **{f"period {key}": wordings for key, wordings in phrases.PERIODS.items()},
    **{f"meaning {n}": wordings for n, wordings in enumerate(phrases.MEANING)},
    **{f"precedence {n}": wordings for n, wordings in enumerate(phrases.PRECEDENCE)},
    **{f"scheme {key}": wordings for key, wordings in phrases.SCHEMES.items()},
    "exempt": phrases.EXEMPT,
    "apart": phrases.EXEMPT_APART,
    "even so": phrases.EVEN_SO,
    "override": phrases.OVERRIDE,
    "suspended": phrases.SUSPENDED,
    "restored": phrases.RESTORED,
    "limit of all": phrases.GENERAL_LIMIT,
    "from a day": phrases.FROM_DAY,
    "stop": phrases.STOPS,
    "open stop": phrases.OPEN_STOPS,
}
FREE = {"one", "many", "Many", "name", "A_name", "amount"}


@pytest.mark.parametrize("group", GROUPS)
def test_wordings_are_several_and_say_the_same(group: str) -> None:
    slots = [set(re.findall(r"{(\w+)}", wording)) - FREE for wording in GROUPS[group]]
    assert len(slots) >= 2
    assert all(one == slots[0] for one in slots)
