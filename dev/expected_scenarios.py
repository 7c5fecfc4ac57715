"""The bounds on the score of each reference player on the tasks of version 4.

As in `expected_scores`, a share itself must be within its bound from 100 episodes on; with fewer, a
bound is violated only if chance does not explain it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

from dev.expected_scores import TAIL, Verdict, is_under, two_sided, upper_tail
from pilotbench.benchmark.scenarios.levels import LEVELS
from pilotbench.benchmark.scenarios.point import Point

SLIPS = tuple(f"slips_{percent}" for percent in (2, 5, 10, 20))
NEVER = ("do_nothing",)
HARDLY = ("random", "name_only", "copier", "shortcut", "spammer", "finish_guess")
LIMIT = 0.02
"""The share that a player without insight stays under."""
IGNORED = 0.05
"""The share that a player who ignores an axis stays under."""
READ = {"public": 0.82, "held_out": 0.12}
"""The share that a program without a model stays under, by whether it was written for the wordings:
what was measured (77.0 and 9.5 %), and the error of 200 instances. Wordings have been mended since,
and the program has not been adapted to them: 59.5 and 9.0 %."""
PLAYERS = (
    ("oracle", "1.0"), ("oracle", "0.6"), ("searcher", "1.0"), ("no_retry_oracle", "0.8"),
    ("naive", "1.0"), ("abstainer", "1.0"), ("template", "1.0"),
    *((name, "1.0") for name in (*HARDLY, *NEVER, *SLIPS)),
)  # fmt: skip
ORDERED = "workflow"
EXACT_FROM = 1_000
"""From so many episodes per level on, the scores themselves must fall from level to level."""
Z_TAIL = 2.33


@dataclass(frozen=True)
class Cell:
    """The results of a player at a level.

    `possible` instances can be done, `impossible` ones end with IMPOSSIBLE. `chances` are the
    expected successes of a player that gives up at the first failure. `calls` are those of plans.
    """

    task: str
    level: str
    player: str
    rate: str
    episodes: int
    passed: int
    possible: int
    impossible: int
    calls: int
    chances: tuple[float, ...] = ()

    @property
    def name(self) -> str:
        """Return the player, with its rate unless that is 1.0."""
        return self.player if self.rate == "1.0" else f"{self.player} at {self.rate}"

    @property
    def place(self) -> str:
        """Return player, task and level."""
        return f"{self.name}, {self.task} {self.level}"

    @property
    def share(self) -> float:
        """Return the share of successes."""
        return self.passed / self.episodes


def verdicts(cells: Sequence[Cell]) -> list[Verdict]:
    """Return the bounds of all players but those of graded skill."""
    found = [verdict for one in cells for verdict in _of(one)]
    low = [one for one in cells if one.name == "oracle at 0.6"]
    episodes, passed = sum(one.episodes for one in low), sum(one.passed for one in low)
    if episodes >= EXACT_FROM:
        words, holds = f"{passed} of {episodes}", passed >= 0.999 * episodes
        found.append(Verdict("oracle at 0.6, all levels: at least 99.9 %", words, holds))
    return found


def _of(one: Cell) -> Iterator[Verdict]:
    words = f"{one.passed} of {one.episodes}"
    if one.name == "oracle":
        yield Verdict(f"{one.place}: 100 %", words, one.passed == one.episodes)
    elif one.player == "oracle":
        holds = upper_tail(one.episodes - one.passed, one.episodes, 0.001) >= TAIL
        yield Verdict(f"{one.place}: 99.9 %, within chance", words, holds)
    elif one.player == "no_retry_oracle":
        says = f"{words}, expected {sum(one.chances):.1f}"
        holds = two_sided(one.passed, one.chances) >= TAIL
        yield Verdict(f"{one.place}: the product of rates, within error", says, holds)
    elif one.player == "abstainer":
        holds = one.passed == one.impossible
        yield Verdict(f"{one.place}: what is impossible ({one.impossible})", words, holds)
    elif one.player == "naive":
        yield _naive(one, words)
    elif one.player == "template" and one.task == "wording":
        holds = is_under(one.passed, one.episodes, READ[one.level])
        yield Verdict(f"{one.place}: under {READ[one.level]:.0%}", words, holds)
    elif one.player in NEVER:
        yield Verdict(f"{one.place}: 0 %", words, one.passed == 0)
    elif one.player in HARDLY:
        holds = is_under(one.passed, one.episodes, LIMIT)
        yield Verdict(f"{one.place}: under {LIMIT:.0%}", words, holds)


def _naive(one: Cell, words: str) -> Verdict:
    """Return the bound of the player that ignores axes: what is possible where there are none."""
    if has_axes(LEVELS[one.task][one.level]):
        holds = is_under(one.passed, one.episodes, IGNORED)
        return Verdict(f"{one.place}: under {IGNORED:.0%}", words, holds)
    holds = one.passed == one.possible
    return Verdict(f"{one.place}: what is possible ({one.possible})", words, holds)


def has_axes(point: Point) -> bool:
    """Return whether a player who ignores all axes but length and wording meets one here."""
    return bool(
        point.rules or point.observation or point.recovery or point.injected or point.speaker
    )


def order_verdicts(cells: Sequence[Cell]) -> list[Verdict]:
    """Return for each player of graded skill whether its scores fall from level to level."""
    found = []
    for player in SLIPS:
        mine = [one for one in cells if one.player == player]
        bound = f"{player}, {ORDERED}: falls from level to level"
        words = " > ".join(f"{100 * one.share:.1f}" for one in mine)
        found.append(Verdict(bound, words, all(_falls(*pair) for pair in pairwise(mine))))
    return found


def _falls(easier: Cell, harder: Cell) -> bool:
    """Return whether a score falls; with few episodes, whether it does not clearly rise."""
    episodes = min(easier.episodes, harder.episodes)
    if episodes >= EXACT_FROM:
        return easier.share > harder.share
    middle = (easier.share + harder.share) / 2
    error = sqrt(2 * middle * (1 - middle) / episodes)
    return harder.share - easier.share <= Z_TAIL * error
