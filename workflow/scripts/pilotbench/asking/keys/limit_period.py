"""The period of a limit, which no header states as a rule: pure rules.

It is `limit x reset / used` where a limit refills evenly, as OpenAI's and Anthropic's do: the reset
is the time until it is whole. Where it starts afresh, or what was used leaves it after the period,
a reset of nearly a minute, an hour or a day tells. A period must agree with what comes later.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pilotbench.asking.keys.adaptive_limit import number
from pilotbench.providers.rate_headers import DAY_S, MINUTE_S, PERIODS, StatedLimit

Json = dict[str, Any]
USUAL_S = (*PERIODS.values(), 10.0)
SURE = 3
"""The observations, beyond those against it, that make an unusual period known."""
NEAR = 0.1
ALIKE = 0.2
SHORTEST_RESET_S = 0.01
"""Headers round to 1 ms."""


@dataclass
class Period:
    """What is known about a period; `seconds` is None until something is.

    `votes` is how sure it is, `spread_from` the smallest use at which an even refill was seen,
    `refills` whether that is sure.
    """

    seconds: float | None = None
    votes: int = 0
    spread_from: float = 0.0
    refills: bool = False

    @property
    def assumed(self) -> float:
        """The period, or a minute."""
        return self.seconds or MINUTE_S

    @property
    def known(self) -> float | None:
        """The period if it is sure, None otherwise."""
        return self.seconds if self.votes >= (1 if self.seconds in USUAL_S else SURE) else None

    def judge(self, stated: StatedLimit) -> bool:
        """Take over what an observation says about the period; return whether it is news."""
        before = (self.seconds, self.votes, self.refills)
        used = stated.limit - (stated.limit if stated.left is None else stated.left)
        if stated.period_s is not None and not self.refills:
            self.seconds, self.votes = stated.period_s, SURE
        if stated.reset_s is not None and stated.reset_s >= SHORTEST_RESET_S and used >= 1:
            self._vote(stated.reset_s, stated.reset_s * stated.limit / used, used)
        return before != (self.seconds, self.votes, self.refills)

    def as_json(self) -> Json:
        """Return plain JSON types; what is as new is left out."""
        return {name: value for name, value in vars(self).items() if value}

    @classmethod
    def from_json(cls, value: Any) -> Period:
        """Return the period that `as_json` made `value` from; unreadable values are as new."""
        found = value if isinstance(value, dict) else {}
        return cls(
            number(found.get("seconds"), 1e-3, 100 * DAY_S),
            int(number(found.get("votes"), 0, SURE) or 0),
            number(found.get("spread_from"), 0, 1e15) or 0.0,
            found.get("refills") is True,
        )

    def _vote(self, reset_s: float, even: float, used: float) -> None:
        """Take over a reset; `even` is the period if the limit refills evenly."""
        if self.seconds and abs(even / self.seconds - 1) <= ALIKE:
            self.votes = min(SURE, self.votes + 1)
            self.spread_from = min(self.spread_from or used, used)
            self.refills = self.refills or (self.votes == SURE and used >= 2 * self.spread_from)
            return
        fresh = next((one for one in _usual(reset_s) if one >= MINUTE_S), None)
        if self.seconds and fresh == self.seconds:
            self.votes, self.spread_from = min(SURE, self.votes + 1), 0.0
            return
        # A reset within the period says nothing against it, unless the limit seemed to refill.
        if self.seconds and reset_s <= 1.05 * self.seconds and not self.spread_from:
            return
        self.votes, self.spread_from, self.refills = self.votes - 1, 0.0, False
        if self.seconds is None or self.votes < 0:
            self._begin(even, fresh, used)

    def _begin(self, even: float, fresh: float | None, used: float) -> None:
        usual = next(iter(_usual(even)), None)
        if usual is None and fresh is not None:
            self.seconds, self.votes = fresh, 1
        else:
            self.seconds, self.votes = usual or min(even, DAY_S), int(usual is not None)
            self.spread_from = used


def _usual(seconds: float) -> list[float]:
    """Return the second, minute, hour or day that a time is close to."""
    return [one for one in USUAL_S if abs(seconds / one - 1) <= NEAR]
