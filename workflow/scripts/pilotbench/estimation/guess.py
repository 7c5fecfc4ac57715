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

from dataclasses import dataclass
from math import ceil

from pilotbench.asking.keys.usage_file import OUTPUT_TOKENS
from pilotbench.estimation.needs import Start
from pilotbench.estimation.ranges import Range, Workload
from pilotbench.matrix.axes import NONE
from pilotbench.providers.request import output_limits
from pilotbench.providers.settings import Model
from pilotbench.providers.wire_formats import shortest_body

CHARACTERS_PER_TOKEN = Range(3.0, 4.3, 5.0)
GROWTH = 420
"""Characters that a turn adds: a call and its reply (mean of oracle and random, 365 to 463)."""
LARGEST_REPLY = 1000
"""Upper bound on the characters of a reply (largest seen: 736, since previews are cut)."""
CALL_TOKENS = 50
THOUGHT_TOKENS = {"cot": 120}
REASONING_TOKENS = 400
"""Output tokens of a message: its call; a thought where the prompt asks; hidden reasoning."""
REASONING = ("reasoning_effort", "effort", "thinking", "thinking_level", "thinking_budget")
"""Parameters of models that reason."""
WASTE = 1.5
LOOKUPS_PER_STEP = 2


@dataclass(frozen=True)
class Outlook:
    """What is known about an episode before it is played."""

    max_turns: int
    plan: float
    rate: float
    discovery: bool
    bound: int
    said: int

    @property
    def turns(self) -> float:
        """The likely number of turns of a complete episode."""
        if not self.plan:
            return 1.0
        calls = WASTE * self.plan / self.rate
        return min(self.max_turns, calls + LOOKUPS_PER_STEP * self.plan * self.discovery + 1)


def outlook(
    model: Model, prompt: str, rate: str, max_turns: int, plan: float, searches: bool = False
) -> Outlook:
    """Return the outlook of a cell's episodes.

    `plan` is the mean length of its plans; `searches` says that tools must be searched for.
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
        discovery=searches,
        bound=bound or max(OUTPUT_TOKENS, said),
        said=min(said, bound) if bound else said,
    )


def guess(start: Start, ahead: Outlook) -> Workload:
    """Return what remains of an episode whose next request is `start`."""
    left = max(1, ahead.max_turns - start.turn)
    likely = min(max(ahead.turns - start.turn, 1.0), left)
    characters = CHARACTERS_PER_TOKEN
    most = LARGEST_REPLY / characters.low + ahead.bound
    return Workload(
        requests=Range(1, likely, left),
        input=Range(
            start.characters / characters.high,
            _input(likely, start.characters / characters.middle, GROWTH / characters.middle),
            _input(left, start.characters / characters.low, most),
        ),
        output=Range(0, likely * ahead.said, left * ahead.bound),
    )


def _input(turns: float, first: float, growth: float) -> float:
    """Return the input tokens of `turns` requests, each longer than the one before by `growth`."""
    return ceil(turns * first + growth * turns * (turns - 1) / 2)
