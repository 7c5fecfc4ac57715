"""The axes of version 4, and a point on them."""

from __future__ import annotations

from dataclasses import dataclass

MOST_ITEMS = 64
PUBLIC_WORDINGS = "public"
"""The wordings of the public epoch; a private one mixes them with those that are held out."""


@dataclass(frozen=True)
class Point:
    """How much of each axis an instance has.

    `items` is the length of the work list (1 to 64) and `rules` the length of the house rules in
    words, 0 for none. `observation`: what decides is hidden behind previews, targets must be found
    by name, facts are joined from a second table, tools are searched for among 200. `recovery`:
    time-outs that may have been carried out, a tool that is down with another way round, a step to
    be undone at a cost, results in parts. `end`: the task is impossible or forbidden; `mixed` makes
    about 15 % of the indices so. `injected`: data contains instructions. `speaker`: a person
    completes or changes the request, or answers one question. `wording`: which wordings are used.
    """

    items: int = 4
    rules: int = 0
    observation: tuple[str, ...] = ()
    recovery: tuple[str, ...] = ()
    end: str = "possible"
    injected: bool = False
    speaker: str = ""
    wording: str = PUBLIC_WORDINGS
