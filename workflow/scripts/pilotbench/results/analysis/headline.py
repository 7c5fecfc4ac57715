"""The headline of a summary: one sentence, chosen from a table of situations, and its notes.

Nothing is computed here: `headline` describes a `Situation`. The first matching row of `_CASES`
provides the sentence.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

NAMED = 3  # models that a sentence names; more are counted
PLAYERS = {"ceiling": "the oracle", "floor": "the random player"}


@dataclass(frozen=True)
class ModelStanding:
    """The result of one model under the headline prompt.

    `score` is None if episodes are owed or none is finished; `shown` is the score with its
    interval, or its bounds. `bound` is "ceiling", "floor", both joined by "and", or "".
    """

    model: str
    score: float | None
    shown: str
    protocol: str = "native"
    owed: int = 0
    bound: str = ""


@dataclass(frozen=True)
class PromptChange:
    """How far another prompt changes the score of a model, as a share, with its 95 % interval.

    `told_apart`: the difference is more than chance.
    """

    prompt: str
    difference: float
    low: float
    high: float
    told_apart: bool


@dataclass(frozen=True)
class Situation:
    """Everything that a headline depends on.

    `prompt` is the label of the headline prompt, "" where there is none.
    `standings` are the models planned under it, best score first; `alike` holds the models that
    cannot be distinguished from the best ones. `absent` are models that it is not planned for.
    `changes` compare the headline prompt with others, where there is only one model.
    """

    prompt: str
    standings: tuple[ModelStanding, ...] = ()
    alike: frozenset[str] = frozenset()
    plan_given: bool = False
    players_only: bool = False
    flawed_only: bool = False
    finished: bool = True
    conditions: int = 1
    planned: int = 1
    absent: tuple[str, ...] = ()
    changes: tuple[PromptChange, ...] = ()

    @property
    def complete(self) -> tuple[ModelStanding, ...]:
        """The models with a score."""
        return tuple(row for row in self.standings if row.score is not None)

    @property
    def best(self) -> tuple[ModelStanding, ...]:
        """The models with the highest score; more than one where they are tied."""
        rows = self.complete
        top = max((row.score for row in rows if row.score is not None), default=None)
        return tuple(row for row in rows if row.score == top)

    @property
    def rest(self) -> tuple[ModelStanding, ...]:
        """The models with a lower score."""
        return tuple(row for row in self.complete if row not in self.best)


def headline(of: Situation) -> str:
    """Return the sentence for a situation: it claims no more than the numbers show."""
    return next(says(of) for holds, says in _CASES if holds(of))


_CASES: tuple[tuple[Callable[[Situation], bool], Callable[[Situation], str]], ...] = (
    (
        lambda of: of.players_only,
        lambda of: "Only reference players are selected: there is no model to rank.",
    ),
    (
        lambda of: of.flawed_only,
        lambda of: "Only prompts with a flawed plan are selected: models are not ranked under one.",
    ),
    (
        lambda of: not of.standings,
        lambda of: (
            f"No model is planned{of.prompt and f' under {of.prompt}'}: there is nothing to rank."
        ),
    ),
    (
        lambda of: not of.finished,
        lambda of: f"No episode under {of.prompt} is finished yet.",
    ),
    (
        lambda of: len(of.standings) == 1,
        lambda of: _only(of, of.standings[0]),
    ),
    (
        lambda of: of.conditions == 0,
        lambda of: (
            f"No ranking: under {of.prompt} no condition (task, difficulty and tool success rate) "
            "is planned for every model."
        ),
    ),
    (
        lambda of: not of.complete,
        lambda of: f"No ranking yet under {of.prompt}: {_owing(of)}.",
    ),
    (
        lambda of: len(of.complete) == 1,
        lambda of: (
            f"{of.best[0].model}: {of.best[0].shown} under {of.prompt}{_bound(of.best)}, the only "
            f"model with complete results; {_owing(of)}."
        ),
    ),
    (lambda of: True, lambda of: _ahead(of)),
)


def _only(of: Situation, row: ModelStanding) -> str:
    state = f" with {_episodes(row.owed)} owed" if row.owed else ""
    compared = _changes(of.changes) or "there is no other model to compare with"
    return f"{row.model}: {row.shown} under {of.prompt}{state}{_bound((row,))}; {compared}."


def _changes(changes: Sequence[PromptChange]) -> str:
    """Return which prompts are better or worse, by how much, and which cannot be told apart."""
    apart = sorted((one for one in changes if one.told_apart), key=lambda one: one.difference)
    alike = [one.prompt for one in changes if not one.told_apart]
    said = [_change(one) for one in apart[:NAMED]]
    if len(apart) > NAMED:
        said.append(f"{len(apart) - NAMED} more prompts differ")
    if alike:
        said.append(f"{_names(alike, 'prompts')} cannot be distinguished from it")
    return ", ".join(said)


def _change(one: PromptChange) -> str:
    worse = one.difference < 0
    ends = sorted(100 * (-end if worse else end) for end in (one.low, one.high))
    points = f"{100 * abs(one.difference):.1f} points [{ends[0]:.1f}, {ends[1]:.1f}]"
    return f"{one.prompt} is {points} {'worse' if worse else 'better'}"


def _ahead(of: Situation) -> str:
    best, last = of.best, f"; {_owing(of)}" if len(of.complete) < len(of.standings) else ""
    if len(best) > 1:
        names = _names([row.model for row in best])
        lead = f"{names} are tied at {100 * (best[0].score or 0):.1f} % under {of.prompt}"
    else:
        lead = f"{best[0].model}: {best[0].shown} under {of.prompt}"
    return f"{lead}{_bound(best)}{_margin(of)}{last}."


def _margin(of: Situation) -> str:
    """Return which models the best are ahead of; "" if all are tied."""
    alike = [row.model for row in of.rest if row.model in of.alike]
    if not of.rest:
        return ""
    if alike:
        names = _names(alike, "other models")
        each = "not all of them can be" if len(of.best) > 1 else "it cannot be"
        return f", the highest score, but {each} distinguished from {names}"
    if len(of.rest) == 1:
        return f", ahead of {of.rest[0].model}"
    ranked = "" if len(of.complete) == len(of.standings) else "ranked "
    return f", ahead of every other {ranked}model"


def _owing(of: Situation) -> str:
    """Return which models owe episodes and so have no rank."""
    rows = [row for row in of.standings if row.score is None]
    if len(rows) > NAMED:
        return f"{len(rows)} models have no complete results and no rank"
    return _names([f"{row.model} owes {_episodes(row.owed)}" for row in rows])


def _bound(rows: Sequence[ModelStanding]) -> str:
    """Return a clause about the bounds that all of the best reach."""
    shared = [word for word in PLAYERS if all(word in row.bound for row in rows)]
    if not shared:
        return ""
    place = " and ".join(f"the {word}" for word in shared)
    players = " or ".join(PLAYERS[word] for word in shared)
    return f", at {place} (cannot be distinguished from {players} on these draws)"


def _episodes(count: int) -> str:
    return f"{count:,} episode{'' if count == 1 else 's'}"


def _names(names: Sequence[str], many: str = "models") -> str:
    if len(names) > NAMED:
        return f"{len(names)} {many}"
    *rest, last = names
    return f"{', '.join(rest)} and {last}" if rest else last


def notes(of: Situation) -> list[str]:
    """Return the qualifications of the whole ranking, one sentence each."""
    return [
        *_protocol_note(of),
        *[f"{of.prompt} gives the plan away: the order is of following a plan, not of planning."]
        * (of.plan_given and len(of.complete) > 0),
        *[
            f"The ranking uses the {of.conditions} of {of.planned} conditions that are planned for "
            "every model."
        ]
        * (len(of.standings) > 1 and 0 < of.conditions < of.planned),
        *[f"{name}: not planned under {of.prompt}, so not ranked." for name in of.absent],
    ]


def _protocol_note(of: Situation) -> list[str]:
    found = dict.fromkeys(row.protocol for row in of.complete)
    if len(found) < 2:
        return []
    return [
        f"The ranked models answer by different protocols ({', '.join(found)}): a difference may "
        "be the protocol's."
    ]
