"""A number of the profile by its name: its value, what it means, and the episodes behind it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from pilotbench.benchmark.scenarios.levels import LEVELS
from pilotbench.ground.errors import UserError
from pilotbench.results.analysis.abstention import TASK as ABSTENTION
from pilotbench.results.analysis.horizons import HORIZON, LENGTHS
from pilotbench.results.analysis.load import SummaryData
from pilotbench.results.analysis.profile import AXES, NOT_MET, PASSES, Profile, profile
from pilotbench.results.analysis.scores import prepared

Json = dict[str, Any]
PREFIX = "profile:"
"""Before the name of a column of the profile where the tables of scores have one of that name."""
FITTED, INJECTIONS, COST = "fitted", "injections_followed", "cost_per_success"
_COMPARED = ("_difference", "_p_holm")
_SAYS = {
    HORIZON: "Number of items at which the model succeeds half of the time.",
    FITTED: "Success at a length by the fitted curve of the horizon.",
    INJECTIONS: "Share of the injected instructions met that were followed, mean over cores.",
    f"pass^{PASSES}": f"Chance that {PASSES} repeats of an instance all succeed, mean over cores.",
    COST: "USD per success over all tasks of version 4, at one tool success rate.",
    **dict.fromkeys(AXES, "Success on the levels other than the control, mean over cores."),
    ABSTENTION: "Success on the levels other than the control, mean over cores; leaving a task "
    "alone counts if the same core is solved where it can be.",
}
_UNITS = {HORIZON: "items", COST: "USD"}


@dataclass(frozen=True)
class ProfileNumber:
    """A number of the profile; `places` are task, level and rate of the episodes behind it.

    `where` is SQL that further limits them, `unlimited` are the words of the request that do not,
    `with_owed` says that owed ones count as well. `value` is None where there is none.
    """

    value: Any
    meaning: str
    unit: str | None
    places: tuple[tuple[str, str, str], ...]
    where: str = "true"
    unlimited: tuple[str, ...] = ()
    with_owed: bool = False
    notes: tuple[str, ...] = ()


def profile_number(
    data: SummaryData, column: str, words: Mapping[str, str]
) -> ProfileNumber | None:
    """Return the number that a name has in the profile, None if the profile has no such column.

    It is of one model and prompt; `words` of other axes limit the episodes that the profile is made
    of, but `difficulty` names the length of `fitted`. Raises UserError if the words leave several.
    """
    name = column.removeprefix(PREFIX)
    base = _base(name)
    if base is None:
        return None
    unlimited = ("difficulty",) if base == FITTED else ()
    of_row = ("model", "prompt", *unlimited)
    part = _within(data, {word: value for word, value in words.items() if word not in of_row})
    found = profile(part, prepared(part))
    row = _row(found, column, words)
    wanted = {FITTED: _fitted(found, row, words)} if base == FITTED and row else row
    if not any(each.startswith(base) for each in wanted):
        return None
    value = wanted.get(name)
    return ProfileNumber(
        None if pd.isna(value) else value,
        meaning=_meaning(name, base),
        unit=_unit(name, base),
        places=tuple((task, level, str(found.rate)) for task, level in _levels(name, base)),
        where=f"injection <> '{NOT_MET}'" if base == INJECTIONS else "true",
        unlimited=unlimited,
        with_owed=name.endswith(("_lower", "_upper", "_owed")),
        notes=tuple(_notes(name, base, row)),
    )


def profile_columns(data: SummaryData, known: Collection[str]) -> list[str]:
    """Return the names of the numbers of the profile, with the prefix where they are `known`."""
    frame = profile(data, prepared(data)).models
    names = [str(name) for name in frame.select_dtypes("number") if _base(str(name))]
    return [f"{PREFIX}{name}" if name in known else name for name in names]


def _base(name: str) -> str | None:
    """Return the column of the profile that a name belongs to, None for another name."""
    end = "(_difference|_p_holm)?(_low|_high|_lower|_upper)?"
    if name in ("horizon_owed", "horizon_cores"):
        return HORIZON
    match = re.fullmatch(f"({'|'.join(map(re.escape, _SAYS))}){end}", name)
    return match[1] if match else None


def _within(data: SummaryData, words: Mapping[str, str]) -> SummaryData:
    """Return the data with only the cells and episodes that `words` select."""
    frames = {name: getattr(data, name) for name in ("cells", "episodes", "owed")}
    for word, value in words.items():
        frames = {n: frame[frame[word].astype(str) == value] for n, frame in frames.items()}
    return replace(data, **frames)


def _row(found: Profile, column: str, words: Mapping[str, str]) -> Json:
    """Return the row of the profile with the limits of its differences, {} if there is none."""
    rows = found.models
    for word in ("model", "prompt"):
        if word in words and len(rows):
            rows = rows[rows[word] == words[word]]
        if len(rows) and rows[word].nunique() > 1:
            allowed = ", ".join(f"{word}={value}" for value in rows[word].unique())
            raise UserError(f"where-from: {column} is of one {word}; add one of {allowed}")
    if rows.empty:
        return {}
    row: Json = {str(name): value for name, value in rows.iloc[0].items()}
    for one in found.contrasts.to_dict("records"):
        if (one["model"], one["prompt"]) == (row["model"], row["prompt"]):
            ends = ("low", "high", "lower", "upper")
            row |= {f"{one['task']}_difference_{end}": one[end] for end in ends}
    return row


def _fitted(found: Profile, row: Json, words: Mapping[str, str]) -> Any:
    """Return the fitted success at the length that `words` name."""
    length = LENGTHS.get(words.get("difficulty", ""))
    if length is None:
        allowed = ", ".join(f"difficulty={level}" for level in LENGTHS)
        raise UserError(f"where-from: fitted is of one length; add one of {allowed}")
    for one in found.lengths.to_dict("records"):
        if (one["model"], one["prompt"], one["items"]) == (row["model"], row["prompt"], length):
            return one["fitted"]
    return None


def _levels(name: str, base: str) -> Iterator[tuple[str, str]]:
    """Yield the tasks and levels whose episodes are behind a number."""
    if base in (HORIZON, FITTED):
        yield from ((HORIZON, level) for level in LENGTHS)
    elif base in AXES:
        compared = base == ABSTENTION or any(word in name for word in _COMPARED)
        yield from ((base, level) for level in list(LEVELS[base])[0 if compared else 1 :])
    else:
        yield from ((task, level) for task, levels in LEVELS.items() for level in levels)


def _meaning(name: str, base: str) -> str:
    if "_p_holm" in name:
        return (
            "p of the paired difference to the control, with Holm's correction over all axes, "
            "models and prompts."
        )
    if "_difference" in name:
        return "Success on the other levels minus that on the control, paired by core."
    return _SAYS[base]


def _unit(name: str, base: str) -> str | None:
    if name in ("horizon_owed", "horizon_cores") or "_p_holm" in name:
        return None
    return _UNITS.get(base, "share")


def _notes(name: str, base: str, row: Json) -> Iterator[str]:
    if base == HORIZON:
        yield f"the horizon is shown as {row['horizon_says']}"
    if any(word in name for word in _COMPARED):
        yield f"compared with the control, {next(iter(LEVELS[base]))}, on the same cores"
