"""The bounds on the score of each reference player, and whether they hold.

From 100 episodes on, a share itself must be within its bound. With fewer, a bound is violated only
if chance does not explain it (one-sided binomial tail below 1 %).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import comb

from pilotbench.benchmark.flaws import FLAWS
from pilotbench.benchmark.world.levels import DIFFICULTIES, DISCOVERY_DIFFICULTIES

BASELINE = "baseline"
STRICT_FROM = 100
SMALL_TAIL = 0.01
TAIL = 1e-4


@dataclass(frozen=True)
class Trial:
    """One player under one prompt at one rate."""

    player: str
    rate: str = "1.0"
    prompt: str = BASELINE
    flaw: str | None = None
    difficulties: tuple[str, ...] = DIFFICULTIES

    @property
    def label(self) -> str:
        """Return the player, with its rate unless that is 1.0."""
        return self.player if self.rate == "1.0" else f"{self.player} at {self.rate}"


ORACLE = Trial("oracle")
ORACLE_LOW = Trial("oracle", "0.6")
NO_RETRY = Trial("no_retry_oracle", "0.8")
SEARCHER = Trial("searcher", difficulties=DISCOVERY_DIFFICULTIES)
FOLLOWERS = tuple(Trial("plan_follower", prompt=f"flawed_{name}", flaw=name) for name in FLAWS)
TRIALS = (
    ORACLE, ORACLE_LOW, SEARCHER, NO_RETRY, Trial("random"), Trial("name_only"), Trial("copier"),
    Trial("shortcut"), Trial("spammer"), Trial("do_nothing"), Trial("finish_guess"), *FOLLOWERS,
)  # fmt: skip
NEVER = ("shortcut", "spammer", "do_nothing")


@dataclass(frozen=True)
class Count:
    """The results of a trial on the instances of one task and difficulty.

    `pairs` are (instance, flaw) pairs to which the flaw applies, `followed` and `harmful` those of
    them with that sign. `wordless` instances have no required argument without a default; the
    name-only player leaves them out. `chances` are the no-retry oracle's expected successes.
    """

    task: str
    difficulty: str
    trial: Trial
    episodes: int
    passed: int
    followed: int = 0
    pairs: int = 0
    harmful: int = 0
    wordless: int = 0
    chances: tuple[float, ...] = ()

    @property
    def place(self) -> str:
        """Return player, task and difficulty."""
        return f"{self.trial.label}, {self.task} {self.difficulty}"


@dataclass(frozen=True)
class Verdict:
    """One bound, what was found, and whether it holds."""

    bound: str
    found: str
    holds: bool


def verdicts(counts: Sequence[Count]) -> list[Verdict]:
    """Return every bound of the reference players on these counts."""
    found = [verdict for one in counts for verdict in _of(one)]
    low = [one for one in counts if one.trial == ORACLE_LOW]
    episodes, passed = sum(c.episodes for c in low), sum(c.passed for c in low)
    if episodes >= 1_000:
        words = f"{passed} of {episodes}"
        found.append(
            Verdict("oracle at 0.6, all cells: at least 99.9 %", words, passed >= 0.999 * episodes)
        )
    return found


def _of(one: Count) -> Iterator[Verdict]:
    player, words = one.trial.player, f"{one.passed} of {one.episodes}"
    if one.trial == ORACLE:
        yield Verdict(f"{one.place}: 100 %", words, one.passed == one.episodes)
    if one.trial == ORACLE_LOW:
        failed = one.episodes - one.passed
        holds = upper_tail(failed, one.episodes, 0.001) >= TAIL
        yield Verdict(f"{one.place}: 99.9 %, within chance", words, holds)
    if player == "oracle":
        followed = f"{one.followed} of {one.pairs}"
        yield Verdict(f"{one.place}: no flaw followed", followed, one.followed == 0)
    if player == "searcher" and one.difficulty == "hard":
        holds = one.passed >= 0.95 * one.episodes
        yield Verdict(f"{one.place}: at least 95 %", words, holds)
    if player == "no_retry_oracle":
        expected = sum(one.chances)
        holds = two_sided(one.passed, one.chances) >= TAIL
        yield Verdict(
            f"{one.place}: the product of rates, within error", f"{words}, expected {expected:.1f}",
            holds,
        )  # fmt: skip
    if player == "plan_follower":
        yield Verdict(
            f"{one.place}: {one.trial.flaw} followed on 100 % of applicable pairs",
            f"{one.followed} of {one.pairs}", one.followed == one.pairs,
        )  # fmt: skip
    yield from _upper_bounds(one)


def _upper_bounds(one: Count) -> Iterator[Verdict]:
    """Yield the upper bounds on success."""
    player, words = one.trial.player, f"{one.passed} of {one.episodes}"
    never = player in NEVER or (player == "copier" and one.difficulty == "very_hard")
    if never:
        yield Verdict(f"{one.place}: 0 %", words, one.passed == 0)
    limit = _limit(one)
    if limit is not None:
        holds = is_under(one.passed, one.episodes, limit)
        yield Verdict(f"{one.place}: under {limit:.0%}", words, holds)
    if player == "name_only":
        total = one.episodes + one.wordless
        yield Verdict(
            f"{one.task} {one.difficulty}: instances without a required non-default argument "
            "under 5%", f"{one.wordless} of {total}", is_under(one.wordless, total, 0.05),
        )  # fmt: skip


LIMITS: dict[str, Callable[[Count], float | None]] = {
    "random": lambda one: 0.10 if one.task == "simple_task" else 0.05,
    "name_only": lambda one: 0.05,
    "copier": lambda one: 0.20 if one.difficulty == "medium" else None,
    "finish_guess": lambda one: 0.01,
}


def _limit(one: Count) -> float | None:
    rule = LIMITS.get(one.trial.player)
    return None if rule is None else rule(one)


def is_under(count: int, total: int, limit: float) -> bool:
    """Return whether a share is under its limit, allowing for chance with few episodes."""
    if count < limit * total or count == 0:
        return True
    return total < STRICT_FROM and upper_tail(count, total, limit) >= SMALL_TAIL


def upper_tail(count: int, total: int, share: float) -> float:
    """Return the probability of at least `count` of `total` at `share` (binomial)."""
    below = (comb(total, k) * share**k * (1 - share) ** (total - k) for k in range(count))
    return max(0.0, 1.0 - sum(below))


def two_sided(count: int, chances: Sequence[float]) -> float:
    """Return twice the smaller tail of a sum of independent draws with these chances."""
    law = [1.0]
    for chance in chances:
        law = [
            (law[k] * (1 - chance) if k < len(law) else 0.0) + (law[k - 1] * chance if k else 0.0)
            for k in range(len(law) + 1)
        ]
    return min(1.0, 2 * min(sum(law[: count + 1]), sum(law[count:])))
