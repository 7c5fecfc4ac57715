"""How far a run is, as a bar for a terminal and as a line for a log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pilotbench.build.judge_progress import JudgeProgress
from pilotbench.build.progress import ModelProgress
from pilotbench.build.waiting import wrapped

LONGEST = 60
"""Columns of the bar itself."""
SHORTEST = 8
DONE, LEFT = "━", "─"


@dataclass(frozen=True)
class Overview:
    """The whole run: the `share` of its requests that are answered, and its episodes.

    `left_s` is None as long as no answer has arrived lately; `usd_unknown` episodes are in no sum.
    """

    share: float
    done: int
    planned: int
    answers: int
    left_s: float | None
    usd: float
    usd_unknown: int
    owed: int
    verdicts_left: int = 0

    @property
    def percent(self) -> str:
        """The share in words; 100 % is only said at the end."""
        return f"{int(100 * self.share)} %"

    @property
    def time_left(self) -> str:
        """The time left in words."""
        if self.done >= self.planned:
            return f"{self.verdicts_left:,} verdicts left" if self.verdicts_left else "all answered"
        if self.left_s is None:
            return "no answer lately" if self.answers else "waiting for the first answer"
        return f"{span(self.left_s)} left"

    @property
    def parts(self) -> list[str]:
        """What is beside or below the bar, most important first."""
        found = [f"{self.done:,} of {self.planned:,} episodes", f"{self.answers:,} answers"]
        found += [f"{self.usd:.4f} USD"] if self.usd or not self.usd_unknown else []
        found += [f"{self.usd_unknown:,} of unknown cost"] if self.usd_unknown else []
        return found + ([f"{self.owed:,} owed"] if self.owed else [])

    def line(self) -> str:
        """Return one line for a log."""
        return ", ".join([self.percent, self.time_left, *self.parts])

    def lines(self, width: int | None) -> list[str]:
        """Return the bar and what belongs to it, no line wider than `width`."""
        ends = f"{self.percent} ", f" {self.time_left}"
        room = (width or 80) - sum(map(len, ends))
        if room < SHORTEST:  # the words go below
            return [self._bar((width or 80) - len(ends[0]), ends[0]),
                    *_packed([self.time_left, *self.parts], width)]  # fmt: skip
        bar = self._bar(room, ends[0]) + ends[1]
        return [bar, *_packed(self.parts, width)]

    def _bar(self, room: int, before: str) -> str:
        size = max(1, min(LONGEST, room))
        full = int(size * self.share)
        return before + DONE * full + LEFT * (size - full)


def _packed(parts: Sequence[str], width: int | None) -> list[str]:
    """Return parts as lines that break between them only."""
    together = ", ".join(part.replace(" ", "\N{NO-BREAK SPACE}") for part in parts)
    return [line.replace("\N{NO-BREAK SPACE}", " ") for line in wrapped(together, width)]


def overview(
    models: Sequence[ModelProgress],
    judges: Sequence[JudgeProgress],
    providers: Sequence[str],
) -> Overview:
    """Return the whole run; `providers` are those of the models, in order."""
    answers = sum(row.answers for row in models) + sum(row.done + row.begun for row in judges)
    verdicts = sum(row.planned - row.done for row in judges)
    expected = sum(row.expected for row in models)
    expected += sum(max(0, row.planned - row.done - row.begun) for row in judges)
    done, planned = sum(row.done for row in models), sum(row.planned for row in models)
    is_over = done >= planned and not verdicts
    return Overview(
        1.0 if is_over else min(0.99, answers / max(1.0, answers + expected)),
        done,
        planned,
        answers,
        left_s(models, providers),
        sum(row.usd for row in models) + sum(row.usd for row in judges),
        sum(row.usd_unknown for row in models) + sum(row.usd_unknown for row in judges),
        sum(row.owed for row in models) + sum(row.owed for row in judges),
        verdicts,
    )


def left_s(models: Sequence[ModelProgress], providers: Sequence[str]) -> float | None:
    """Return the seconds left: providers work side by side, the models of one share its keys.

    Where a provider has not answered yet, its requests are expected at the rate of the others.
    """
    open_ones = [
        (row, name) for row, name in zip(models, providers, strict=True) if row.done < row.planned
    ]
    slowest = 0.0
    for provider in dict.fromkeys(name for _, name in open_ones):
        some = [row for row, name in open_ones if name == provider]
        own = [row for row, name in zip(models, providers, strict=True) if name == provider]
        rate = _rate(own) or _rate(models)
        if not rate:
            return None
        slowest = max(slowest, sum(row.expected for row in some) / rate)
    return slowest


def _rate(models: Sequence[ModelProgress]) -> float:
    """Return the answers per second of some models."""
    longest = max((row.recent_s for row in models), default=0.0)
    return sum(row.lately for row in models) / longest if longest else 0.0


def span(seconds: float) -> str:
    """Return a time as m:ss, or as h and minutes."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60}h{minutes % 60:02d}" if minutes >= 60 else f"{minutes}:{rest:02d}"
