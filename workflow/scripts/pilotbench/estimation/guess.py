"""Guess requests and tokens of an episode from its next request.

`low` and `high` are bounds: the model ends the episode with its next message; it uses every turn
and fills every message to its bound on output. `middle` assumes a model that makes 1.5 times
the calls of the reference plan, repeats those that fail by draw, and looks up each tool where tools
must be searched for.

Tokens are estimated from characters of JSON. Measured on first requests of all five tasks and all
three protocols, OpenAI's o200k_base and cl100k_base take 4.1 to 4.6 characters per token; no
tokenizer is shipped, since each model has its own and history replaces the guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from statistics import fmean

from pilotbench.asking.keys.usage_file import OUTPUT_TOKENS
from pilotbench.benchmark.players.plan_sizes import Sizes
from pilotbench.estimation.needs import Start
from pilotbench.estimation.ranges import Range, Workload
from pilotbench.matrix.axes import NONE
from pilotbench.providers.request import output_limits
from pilotbench.providers.settings import Model
from pilotbench.providers.wire_formats import shortest_body

CHARACTERS_PER_TOKEN = Range(3.0, 4.3, 5.0)
GROWTH = 420
"""Characters that a turn adds: a call and its reply (mean of oracle and random, 365 to 463).

In version 4 it is the mean over the reference plan, and WRAPPING.
"""
WRAPPING = 150
"""Characters around a call and its reply: roles, identifiers, braces."""
LARGEST_REPLY = 1000
"""Upper bound on the characters of a reply (largest seen: 736, since previews are cut).

In version 4, which shows tables and notes, it is the largest reply of the plan where that is more.
"""
CALL_TOKENS = 50
THOUGHT_TOKENS = {"cot": 120}
REASONING_TOKENS = 400
"""Output tokens of a message: its call; a thought where the prompt asks; hidden reasoning."""
REASONING = ("reasoning_effort", "effort", "thinking", "thinking_level", "thinking_budget")
"""Parameters of models that reason."""
WASTE = 1.5
LOOKUPS_PER_TOOL = 2
"""Searches and descriptions for each tool of the plan, where tools must be searched for."""


@dataclass(frozen=True)
class Outlook:
    """What is known about an episode before it is played."""

    max_turns: int
    plan: float
    rate: float
    lookups: float
    bound: int
    said: int
    growth: float = GROWTH
    largest: float = LARGEST_REPLY

    @property
    def turns(self) -> float:
        """The likely number of turns of a complete episode."""
        if not self.plan:
            return 1.0
        calls = WASTE * self.plan / self.rate
        return min(self.max_turns, calls + LOOKUPS_PER_TOOL * self.lookups + 1)


def outlook(
    model: Model,
    prompt: str,
    rate: str,
    max_turns: int,
    plan: float,
    lookups: float = 0.0,
    sizes: Sequence[Sizes] = (),
) -> Outlook:
    """Return the outlook of a cell's episodes.

    `plan` is the mean length of its plans, `lookups` the number of tools to be searched for.
    `sizes` are those of the messages of its instances, where they are known.
    """
    parameters = model.parameters
    limits = output_limits(shortest_body(model))
    bound = int(next((given for given in limits if given), 0))
    said = CALL_TOKENS + THOUGHT_TOKENS.get(prompt, 0)
    said += 0 if parameters.keys().isdisjoint(REASONING) else REASONING_TOKENS
    return Outlook(
        max_turns=max_turns,
        plan=plan,
        rate=1.0 if rate == NONE else float(rate),
        lookups=lookups,
        bound=bound or max(OUTPUT_TOKENS, said),
        said=min(said, bound) if bound else said,
        growth=WRAPPING + fmean(one.turn for one in sizes) if sizes else GROWTH,
        largest=max(LARGEST_REPLY, *(one.largest_reply for one in sizes), 0),
    )


def guess(start: Start, ahead: Outlook) -> Workload:
    """Return what remains of an episode whose next request is `start`."""
    left = max(1, ahead.max_turns - start.turn)
    likely = min(max(ahead.turns - start.turn, 1.0), left)
    characters = CHARACTERS_PER_TOKEN
    most = ahead.largest / characters.low + ahead.bound
    return Workload(
        requests=Range(1, likely, left),
        input=Range(
            start.characters / characters.high,
            _input(likely, start.characters / characters.middle, ahead.growth / characters.middle),
            _input(left, start.characters / characters.low, most),
        ),
        output=Range(0, likely * ahead.said, left * ahead.bound),
    )


def _input(turns: float, first: float, growth: float) -> float:
    """Return the input tokens of `turns` requests, each longer than the one before by `growth`."""
    return ceil(turns * first + growth * turns * (turns - 1) / 2)
