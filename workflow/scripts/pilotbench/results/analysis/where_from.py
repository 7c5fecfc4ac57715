"""Where a number of the summary comes from: episodes, files, commits, and how to reproduce it.

A number is a column of the summary's tables of scores over the episodes that some words select:
`success_rate model=oracle prompt=baseline task=simple_task`, computed by the function that the
summary uses. Reference players are not models: they count only if one of them is named.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from pilotbench.benchmark.tasks.scoring import STATUSES
from pilotbench.episodes.owed import causes, remedy
from pilotbench.ground.errors import UserError
from pilotbench.ground.untrusted_text import visible
from pilotbench.results.analysis import reference
from pilotbench.results.analysis.common_conditions import inside
from pilotbench.results.analysis.costs import PAID, costs
from pilotbench.results.analysis.flaws import EXCESS, SAYS, flaw_row
from pilotbench.results.analysis.group_scores import model_cells
from pilotbench.results.analysis.judge_tables import judge_tables
from pilotbench.results.analysis.load import REFERENCE, SummaryData, load
from pilotbench.results.analysis.measures import SCORE, measures, one_mean
from pilotbench.results.analysis.profile_numbers import profile_columns, profile_number
from pilotbench.results.analysis.recreate import commands, notes, to_read
from pilotbench.results.analysis.scores import measured, prepared, scores
from pilotbench.results.database.queries import opened
from pilotbench.results.database.schema import CELL
from pilotbench.results.metrics import FINISHED, METRICS

if TYPE_CHECKING:
    import duckdb

Json = dict[str, Any]
_METRICS = {metric.name: metric for metric in METRICS}
_STATUSES = {metric.name: metric.statuses for metric in METRICS} | {"planned": STATUSES, "owed": ()}
_WITH_OWED = ("planned", "owed", "lower", "upper", "score_lower", "score_upper")
_SHOWN = (
    "index",
    "question_id",
    "repeat",
    "status",
    "level",
    "progress",
    "turns",
    "cost_usd",
    "shard",
    "episode",
)
OPTIMAL = {"prompt": REFERENCE}
NAMED = "metric:"
"""Before the name of a number that a scorer gives where a column of the tables has its name."""
_SAYS = {**SAYS, PAID: "Known cost in USD, each answer that several episodes share counted once."}
_OF_SCORER = "Mean over the instances of a number that the scorer gives; missing ones are left out."
PLACE = "concat_ws('/', task, difficulty, tool_success_rate)"
_ORIGIN = (
    "path",
    "state",
    "first",
    "last",
    "repeats",
    "max_turns",
    "run",
    "cluster_job",
    "configfiles",
    "config",
    "commit",
    "dirty",
    "benchmark_version",
    "scoring_version",
    "prompt_sha256",
    "instances_sha256",
    "parameters_sha256",
    "ended",
    "host",
    "sha256",
)


@dataclass(frozen=True)
class Origin:
    """Everything that a number comes from; `commands` recreate its files, in order.

    `read` is the command that shows the first episode. `notes` name obstacles: files that have
    changed since. `finish` is the command that requests the missing episodes, if another run can
    finish any; `helps` has the remedy for each kind of owed episode. `meaning`, `formula` (SQL over
    the episodes) and `unit` are the metric's; a column that is no metric has no formula.
    """

    column: str
    words: dict[str, str]
    value: float | int | None
    episodes: list[Json] = field(default_factory=list)
    owed: list[Json] = field(default_factory=list)
    files: list[Json] = field(default_factory=list)
    read: str | None = None
    notes: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    finish: str | None = None
    helps: list[str] = field(default_factory=list)
    meaning: str | None = None
    formula: str | None = None
    unit: str | None = None


def where_from(
    db: Path, column: str, words: Mapping[str, str], results: Path = Path("results")
) -> Origin:
    """Return where the number `column` over the cells that `words` select comes from.

    `words` are by the names of axes; an axis that is left out means the whole current selection.
    Raises UserError for an unknown word, column or cell.
    """
    for word in words:
        if word not in CELL:
            raise UserError(f"where-from: unknown word {word!r}; allowed: {', '.join(CELL)}")
    data = reference.completed(load(db, None), db.parent / reference.NAME)
    data = _population(data, words.get("model"))
    if _chosen(data, words).empty:
        named = " ".join(f"{word}={value}" for word, value in words.items())
        raise UserError(f"where-from: no episode of the current selection has {named}")
    number = _number(data, column, words)
    limits = {word: value for word, value in words.items() if word not in number.unlimited}
    where = " AND ".join(["list_contains(?, model)", *(f"{word} = ?" for word in limits)])
    values: list[Any] = [data.model_names, *limits.values()]
    if number.places is not None:
        where, values = f"{where} AND list_contains(?, {PLACE})", [*values, number.places]
    current = f"current AND {where} AND {number.where}"
    with opened(db) as connection:
        files = _rows(connection, _FILES.format(current), values)
        owed = _rows(connection, _OWED.format(where), values)
        episodes = _rows(connection, _EPISODES.format(current), [*values, list(number.statuses)])
    written = [file for file in files if file["state"] != "provisional"]
    return Origin(
        column,
        dict(words),
        number.value,
        episodes=episodes,
        owed=owed if number.with_owed else [],
        files=files,
        read=to_read(episodes[0], files, results) if episodes else None,
        notes=[*number.notes, *_other_side(column, words), *notes(written)],
        commands=commands(written, results),
        finish=_finish(results) if finishes(owed) or _unwritten(files, owed) else None,
        helps=_helps(owed),
        meaning=number.meaning,
        formula=number.formula,
        unit=number.unit,
    )


@dataclass(frozen=True)
class _Number:
    """A number with its meaning, and which of the chosen episodes it is made of.

    `places` are their task, difficulty and rate, joined; None for all. `where` is SQL over them.
    `unlimited` are the words that do not limit the episodes.
    """

    value: float | int | None
    statuses: Sequence[str] = FINISHED
    with_owed: bool = False
    meaning: str | None = None
    formula: str | None = None
    unit: str | None = None
    places: list[str] | None = None
    where: str = "true"
    unlimited: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def _number(data: SummaryData, column: str, words: Mapping[str, str]) -> _Number:
    """Return a number of the tables of scores, else of the profile, else of the scorers.

    Raises UserError for a column that nothing has.
    """
    numbers = _scores(data, words) | (_paid(data, words) if column == PAID else {})
    if column in numbers:
        metric = _METRICS.get(column)
        return _Number(
            numbers[column],
            statuses=_STATUSES.get(re.sub("_(low|high)$", "", column), FINISHED),
            with_owed=column in _WITH_OWED,
            meaning=metric.says if metric else _SAYS.get(_base(column)),
            formula=metric.sql if metric else None,
            unit=metric.unit if metric else None,
        )
    if found := profile_number(data, column, words):
        return _Number(
            _plain(found.value),
            with_owed=found.with_owed,
            meaning=found.meaning,
            unit=found.unit,
            places=["/".join(place) for place in found.places],
            where=found.where,
            unlimited=found.unlimited,
            notes=found.notes,
        )
    name = column.removeprefix(NAMED)
    value = _of_scorer(data, words, name, numbers)
    return _Number(value, meaning=_OF_SCORER, formula=f"metrics->>{name!r}")


def _base(column: str) -> str:
    return re.sub("_(low|high|lower|upper)$", "", column)


def _other_side(column: str, words: Mapping[str, str]) -> list[str]:
    """Return how to list the episodes under `optimal` with which a flaw is compared."""
    if column not in EXCESS:
        return []
    other = shlex.join(f"{word}={value}" for word, value in (dict(words) | OPTIMAL).items())
    return [f"compared with the episodes of: where-from success_rate_all {other}"]


def _of_scorer(
    data: SummaryData, words: Mapping[str, str], name: str, numbers: Mapping[str, Any]
) -> float | int | None:
    """Return the mean of a number that a scorer gives, as in the table `metrics`.

    Raises UserError for one that no scorer of the cells gives, and for several tasks that do.
    """
    cells = _chosen(data, words)
    found = measures(inside(prepared(data), cells))
    found = found[found["metric"] != SCORE]
    tasks = sorted(set(found.loc[found["metric"] == name, "task"]))
    if not tasks:
        more = [f"{NAMED}{other}" if other in numbers else other for other in set(found["metric"])]
        known = ", ".join([*numbers, *profile_columns(data, numbers), *sorted(map(visible, more))])
        raise UserError(f"where-from: no column {visible(name)!r}; allowed: {known}")
    if len(tasks) > 1:
        raise UserError(
            f"where-from: {visible(name)} of several tasks; add one of "
            + ", ".join(f"task={task}" for task in tasks)
        )
    owed = int(cells.loc[cells["task"] == tasks[0], "owed"].sum())
    return _plain(one_mean(found, name, owed).get("mean", float("nan")))


def finishes(owed: list[Json]) -> bool:
    """Return whether running the same command again can finish any owed episode."""
    return any(remedy(row["kind"]).again for row in owed)


def _unwritten(files: list[Json], owed: list[Json]) -> bool:
    """Return whether a shard has all its answers in the journal and no file yet."""
    unfinished = {row["shard"] for row in owed}
    return any(f["state"] == "provisional" and f["path"] not in unfinished for f in files)


def _helps(owed: list[Json]) -> list[str]:
    found = causes((row["kind"], row["message"] or "") for row in owed)
    return [f"{one.episodes} {one.kind}: {remedy(one.kind).words}" for one in found]


def _population(data: SummaryData, model: str | None) -> SummaryData:
    """Return the data behind a number: models, as in the summary, or one reference player."""
    if model is None or model in data.model_names:
        return data
    cells, episodes = data.cells, data.episodes
    return replace(
        data,
        cells=cells[cells["model"] == model],
        episodes=episodes[episodes["model"] == model],
    )


def _scores(data: SummaryData, words: Mapping[str, str]) -> Json:
    """Return the row of the summary's scores over the cells that `words` select."""
    cells = _chosen(data, words)
    one = {"all": "all"}
    chosen = inside(prepared(data), cells)
    count = scores if len(chosen) else measured
    row = count(chosen.assign(**one), cells.assign(**one), list(one)).iloc[0]
    found = {name: _plain(value) for name, value in row.items() if name not in one}
    flaws = {name: _plain(v) for name, v in flaw_row(data, words).items() if _is_number(v)}
    return _of_judges(data, words) | flaws | found


def _paid(data: SummaryData, words: Mapping[str, str]) -> Json:
    """Return what was paid for a model, or for all of them, where episodes share answers."""
    paid = costs(data, prepared(data))
    if PAID not in paid.models or not set(words) <= {"model"}:
        return {}
    mine = paid.models[paid.models["model"].isin([words.get("model")])]
    return {PAID: _plain(mine[PAID].iloc[0] if len(mine) else paid.known_usd)}


def _of_judges(data: SummaryData, words: Mapping[str, str]) -> Json:
    """Return the numbers of the tables of judges that have one row for these words."""
    episodes = prepared(data)
    found: Json = {}
    for _, _, _, frame in judge_tables(data, episodes):
        known = [word for word in words if word in frame]
        mine = frame[(frame[known].astype(str) == [words[word] for word in known]).all(axis=1)]
        if len(mine) == 1 and "model" in frame:
            found |= {name: value for name, value in mine.iloc[0].items() if _is_number(value)}
    return {name: _plain(value) for name, value in found.items()}


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _chosen(data: SummaryData, words: Mapping[str, str]) -> pd.DataFrame:
    """Return the cells that `words` select."""
    cells = model_cells(data)
    for word, value in words.items():
        cells = cells[cells[word].astype(str) == value]
    return cells


def _finish(results: Path) -> str:
    """Return the command of the last summary that requests the owed episodes."""
    summary = results / "summary" / "summary.json"
    if summary.is_file():
        return str(json.loads(summary.read_text("utf-8"))["facts"]["pays"])
    words = [] if results == Path("results") else ["--config", f"results_dir={results}"]
    return shlex.join(["snakemake", *words])


def _plain(value: Any) -> float | int | None:
    if pd.isna(value):
        return None
    number = float(value)
    return int(number) if number.is_integer() else number


_EPISODES = f"""
SELECT {", ".join((*CELL, *_SHOWN))} FROM episodes WHERE {{}} AND list_contains(?, status)
ORDER BY {", ".join(CELL)}, index, repeat
"""
_OWED = f"""
SELECT {", ".join(CELL)}, index, repeat, shard, kind, message FROM owed WHERE {{}}
ORDER BY {", ".join(CELL)}, index, repeat
"""
_FILES = f"""
SELECT {", ".join(f's."{name}"' for name in (*CELL, *_ORIGIN))}, count(*) AS episodes
FROM store.shards s JOIN (FROM episodes WHERE {{}}) e ON e.shard = s.path
GROUP BY ALL ORDER BY path
"""


def _rows(connection: duckdb.DuckDBPyConnection, query: str, values: list[Any]) -> list[Json]:
    cursor = connection.execute(query, values)
    names = [entry[0] for entry in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
