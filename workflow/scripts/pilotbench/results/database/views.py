"""The views of the master database: each episode once, every number computed from episodes."""

from __future__ import annotations

from dataclasses import dataclass

from pilotbench.benchmark.tasks.scoring import ERROR_KINDS, STATUSES
from pilotbench.ground.canonical_json import digest
from pilotbench.results import metrics
from pilotbench.results.database.schema import (
    CELL,
    EPISODES,
    LABELS,
    PLAN,
    REQUESTS,
    SELECTION,
    SHARDS,
    STORED,
    TOOL_CALLS,
    UNUSED_LABELS,
    VERDICTS,
    Column,
    columns,
)
from pilotbench.results.metrics import Metric


@dataclass(frozen=True)
class View:
    """A view: name, one sentence, its statement and its columns in order."""

    name: str
    says: str
    sql: str
    columns: tuple[Column, ...]


_WORDS = ", ".join(CELL)
_OF_EPISODE = (*CELL, "index", "repeat", "provider", "provisional", "current")


def _named(table: tuple[Column, ...], *names: str) -> tuple[Column, ...]:
    known = {column.name: column for column in table}
    return tuple(known[name] for name in names)


def _without(table: tuple[Column, ...], *names: str) -> tuple[Column, ...]:
    return tuple(column for column in table if column.name not in names)


def _with_episode(name: str, table: tuple[Column, ...], says: str) -> View:
    """Return the view of a child table: its columns and those that say which episode."""
    context = ", ".join(f"e.{word}" for word in _OF_EPISODE)
    sql = (
        f"SELECT c.*, {context} FROM store.{name} c "
        "JOIN store.episodes e ON e.shard = c.shard AND e.episode = c.episode WHERE e.counted"
    )
    return View(name, says, sql, table + _named(EPISODES.columns, *_OF_EPISODE))


def _said(column: str) -> str:
    """Return SQL for whether the scorer of a question says `column` of an answer to it.

    It does of another episode's answer, or of every answer of the task.
    """
    return f"""(
  (task, index) IN (
    SELECT (task, index) FROM store.episodes WHERE {column} IS NOT NULL AND read_by <> 'none'
  ) OR task IN (
    SELECT task FROM store.episodes WHERE read_by <> 'none'
    GROUP BY task HAVING bool_and({column} IS NOT NULL)
  )
)"""


_UNANSWERED = "(status = 'refused' OR status = 'completed' AND read_by = 'none')"
_OF_ANSWERS = f"""
coalesce(flexible_match, CASE WHEN {_UNANSWERED} AND {_said("flexible_match")} THEN false END)
  AS flexible_match,
CASE WHEN NOT {_UNANSWERED} THEN strict_match WHEN {_said("strict_match")} THEN false END
  AS strict_match,
coalesce(score, CASE WHEN {_UNANSWERED} AND {_said("score")} THEN 0.0 END) AS score
"""

_EPISODES = View(
    "episodes",
    "One row per episode: from the current plan's file, otherwise from the newest. A question of a "
    "pack that was refused or has no answer is not right, not right in form and scores 0, as far "
    "as its scorer says so of answers.",
    f"SELECT * EXCLUDE (counted) REPLACE ({_OF_ANSWERS}) FROM store.episodes WHERE counted",
    _without(EPISODES.columns, "counted"),
)

_METRICS = View(
    "metrics",
    "One row per episode and further number that its scorer gave.",
    f"""
SELECT episode, {_WORDS}, index, repeat, current, entry.key AS metric, entry.value AS value
FROM (
  SELECT *, unnest(map_entries(from_json(metrics, '"MAP(VARCHAR, DOUBLE)"'))) AS entry
  FROM episodes WHERE metrics IS NOT NULL
)
""",
    _named(EPISODES.columns, "episode", *CELL, "index", "repeat", "current")
    + columns("""
metric  VARCHAR  Name of the number.
value   DOUBLE   The number.
"""),
)

_ERRORS = View(
    "errors",
    "One row per episode and kind of error that occurred in it.",
    " UNION ALL ".join(
        f"SELECT episode, {_WORDS}, index, repeat, current, '{kind}' AS kind, "
        f"error_{kind} AS calls FROM episodes WHERE error_{kind} > 0"
        for kind in ERROR_KINDS
    ),
    _named(EPISODES.columns, "episode", *CELL, "index", "repeat", "current")
    + columns("""
kind   VARCHAR  Kind of error.
calls  INTEGER  Calls with it.
"""),
)

_OWED = View(
    "owed",
    "One row per owed episode: planned, and not finished.",
    f"""
WITH open AS (  -- a file whose episodes are all loaded holds every one of its shard
  SELECT p.* FROM store.plan p LEFT JOIN store.shards s
    ON s.path = p.path AND s.state = 'file' AND s.repeats >= p.repeats
    AND s.outdated = 0 AND s.quarantined = 0
  WHERE s.path IS NULL OR p.path IN (SELECT shard FROM store.unjudged)
), unjudged AS (
  SELECT e.shard, e.index, e.repeat, min(u.kind) AS kind, arg_min(u.message, u.kind) AS message
  FROM store.unjudged u JOIN store.episodes e USING (shard, episode) GROUP BY ALL
), places AS (
  SELECT {_WORDS}, unnest(range(first, last + 1)) AS index, repeats, path AS shard FROM open
), wanted AS (
  SELECT {_WORDS}, index, unnest(range(repeats))::INTEGER AS repeat, shard FROM places
)
SELECT w.*, coalesce(u.kind, r.kind, if(d.path IS NULL, 'not_asked', 'damaged')) AS kind,
  coalesce(u.message, r.message, d.damage) AS message
FROM wanted w ANTI JOIN (FROM store.episodes WHERE counted AND current) e
    USING ({_WORDS}, index, repeat)
  LEFT JOIN store.reasons r ON r.shard = w.shard AND r.index = w.index AND r.repeat = w.repeat
  LEFT JOIN unjudged u ON u.shard = w.shard AND u.index = w.index AND u.repeat = w.repeat
  LEFT JOIN store.shards d ON d.path = w.shard AND d.state = 'damaged'
""",
    _named(EPISODES.columns, *CELL, "index", "repeat")
    + columns("""
shard    VARCHAR  Path of the planned shard.
kind     VARCHAR  Class of the error that stopped it, `damaged` file, or `not_asked`.
message  VARCHAR  The error in words.
"""),
)


def _column(metric: Metric) -> Column:
    return Column(metric.name, metric.type, metric.says)


def _split(view: metrics.ViewName) -> tuple[list[Metric], list[Metric]]:
    """Return the metrics of a view before and after the column `owed`."""
    shown = metrics.of_view(view)
    return [m for m in shown if m.name in STATUSES], [m for m in shown if m.name not in STATUSES]


def _select(view: metrics.ViewName) -> str:
    before, after = _split(view)
    return ", ".join([*(m.name for m in before), "owed", *(m.name for m in after)])


def _columns(view: metrics.ViewName) -> tuple[Column, ...]:
    before, after = _split(view)
    owed = columns("owed BIGINT Planned episodes without a result.")
    return (*map(_column, before), *owed, *map(_column, after))


_PAID = [column for column in VERDICTS.columns if column.name.startswith(("cost_", "tokens_"))]
_FULL = ", ".join(f"first_value({column.name}) OVER stated AS {column.name}" for column in _PAID)
_ONCE = ", ".join(
    f"CASE WHEN identity IS NULL OR row_number() OVER paid = 1 THEN {column.name} ELSE 0 END::"
    f"{column.type} AS {column.name}"
    for column in _PAID
)
_VERDICTS = View(
    "verdicts",
    "One row per verdict of a judge on a reply that counts, or on two in one order. Where several "
    "are from one request, one of them has its tokens and cost, and the others have 0.",
    # Within a file the first verdict from a request states what it cost; but that need not count.
    f"""
WITH whole AS (
  SELECT * REPLACE ({_FULL}) FROM store.verdicts
  WINDOW stated AS (PARTITION BY identity, started ORDER BY
    coalesce(cost_usd, 1) = 0 AND coalesce(tokens_input, 0) = 0, path, episode, repeat, swapped)
), counted AS (
  SELECT v.* EXCLUDE (path), {", ".join(f"e.{word}" for word in CELL)}, e.index,
    e.repeat AS episode_repeat, e.current
  FROM whole v JOIN store.episodes e ON e.shard = v.shard AND e.episode = v.episode
  WHERE e.counted
)
SELECT * REPLACE ({_ONCE}) FROM counted
WINDOW paid AS (PARTITION BY identity, started ORDER BY current DESC, shard, index, episode_repeat,
  other, repeat, swapped)
""",
    _without(VERDICTS.columns, "path")
    + _named(EPISODES.columns, *CELL, "index")
    + columns("episode_repeat INTEGER Repeat of the episode, from 0.")
    + _named(EPISODES.columns, "current"),
)

_LABELS = View(
    "labels",
    "One row per label that a person gave to a reply that counts, or to a pair of replies.",
    f"""
SELECT l.*, {", ".join(f"e.{word}" for word in CELL)}, e.index, e.repeat, e.current
FROM store.labels l JOIN store.episodes e USING (episode) WHERE e.counted
""",
    LABELS.columns + _named(EPISODES.columns, *CELL, "index", "repeat", "current"),
)

_CELLS = View(
    "cells",
    "One row per cell of the current matrix, planned ones without an episode too; and one, marked "
    "`current` = false, for episodes of a cell that the selection does not plan.",
    f"""
WITH planned AS (
  SELECT {_WORDS}, sum((last - first + 1) * repeats)::BIGINT AS planned, true AS current
  FROM store.plan GROUP BY ALL
), owing AS (
  SELECT {_WORDS}, count(*) AS owed, true AS current FROM owed GROUP BY ALL
), done AS (
  SELECT {_WORDS}, e.current, min(protocol) AS protocol, {metrics.aggregates()},
    count(DISTINCT [s.prompt_sha256, s.parameters_sha256, s.benchmark_version, s.scoring_version])
      FILTER (NOT provisional) AS versions
  FROM episodes e JOIN (
    SELECT path, prompt_sha256, parameters_sha256, benchmark_version, scoring_version
    FROM store.shards) s ON s.path = e.shard
  GROUP BY ALL
), every AS (
  SELECT * REPLACE (coalesce(owed, 0) AS owed, coalesce(versions, 0) AS versions)
  FROM planned FULL JOIN done USING ({_WORDS}, current) LEFT JOIN owing USING ({_WORDS}, current)
)
SELECT {_WORDS}, current, protocol, planned, {_select("cells")}, versions
FROM ({metrics.derived("FROM every")})
""",
    _named(EPISODES.columns, *CELL, "current", "protocol")
    + columns("planned BIGINT Planned episodes; null outside the current matrix.")
    + _columns("cells")
    + columns(
        "versions BIGINT Different prompt, parameters, benchmark or scoring versions: 1 is clean."
    ),
)

_LEADERBOARD = View(
    "leaderboard",
    "One row per model, protocol and prompt of the current matrix, best first and those that owe "
    "episodes last. It is a plain count: intervals, groups and ranks are in the summary.",
    f"""
WITH size AS (
  SELECT model, prompt, sum(planned)::BIGINT AS planned, sum(owed)::BIGINT AS owed
  FROM cells WHERE current GROUP BY ALL
), done AS (
  SELECT model, prompt, min(protocol) AS protocol, {metrics.aggregates()}
  FROM episodes WHERE current GROUP BY model, prompt
)
SELECT model, protocol, prompt, planned, {_select("leaderboard")}
FROM ({metrics.derived("FROM size LEFT JOIN done USING (model, prompt)")})
ORDER BY success_rate_all DESC NULLS LAST, lower DESC NULLS LAST, model, prompt
""",
    _named(EPISODES.columns, "model", "protocol", "prompt")
    + columns("planned BIGINT Planned episodes.")
    + _columns("leaderboard"),
)

_SHARDS = View(
    "shards",
    "One row per shard file, or planned shard whose episodes come from the journal.",
    f"""
WITH done AS (
  SELECT shard, count(*) AS episodes, count(*) FILTER (counted) AS counted,
    count(*) FILTER (counted AND NOT provisional) AS of_file,
    count(*) FILTER (current AND counted) AS current,
    {metrics.aggregates()}
  FROM store.episodes GROUP BY shard
), owing AS (SELECT shard, count(*) AS owed FROM owed GROUP BY shard), every AS (
  SELECT s.path, d.* EXCLUDE (shard), coalesce(o.owed, 0) AS owed FROM store.shards s
    LEFT JOIN done d ON d.shard = s.path LEFT JOIN owing o ON o.shard = s.path
)
SELECT {", ".join(f's."{c.name}"' for c in SHARDS.columns)}, p.path IS NOT NULL AS planned,
  s.state = 'file' AND coalesce(e.of_file, 0) = 0
    AND s.path NOT IN (SELECT shard FROM store.unjudged) AS superseded,
  coalesce(e.episodes, 0) AS episodes, coalesce(e.counted, 0) AS counted,
  coalesce(e.current, 0) AS current, {_select("shards")}
FROM store.shards s JOIN ({metrics.derived("FROM every")}) e USING (path)
  LEFT JOIN store.plan p USING (path)
""",
    SHARDS.columns
    + columns("""
planned     BOOLEAN  Planned by the selection of the last command.
superseded  BOOLEAN  A file of which no episode counts; `prune` lists it.
episodes    BIGINT   Its loaded episodes: all but the outdated ones.
counted     BIGINT   Of these, rows of the view `episodes`.
current     BIGINT   Of these, in the current matrix.
""")
    + _columns("shards"),
)

_RUNS = View(
    "runs",
    "One row per command on a machine, under one state of the code: the shard files that it wrote.",
    """
SELECT run, configfiles, config, commit, dirty, host, benchmark_version, scoring_version, libraries,
  count(*) AS shards,
  sum(asked)::BIGINT AS asked, sum(replayed)::BIGINT AS replayed, min(started) AS started,
  max(ended) AS ended
FROM store.shards WHERE state = 'file' GROUP BY ALL
""",
    _named(
        SHARDS.columns,
        *("run", "configfiles", "config", "commit", "dirty", "host"),
        *("benchmark_version", "scoring_version", "libraries"),
    )
    + columns("""
shards    BIGINT   Shard files.
asked     BIGINT   Requests that were paid for when these files were written.
replayed  BIGINT   Requests that were found in the journal then.
started   VARCHAR  First start, ISO 8601 in UTC.
ended     VARCHAR  Last end.
"""),
)


def _plain(table: str, says: str, shown: tuple[Column, ...]) -> View:
    return View(table, says, f"SELECT * FROM store.{table}", shown)


VIEWS = {
    view.name: view
    for view in (
        _EPISODES,
        _with_episode("requests", REQUESTS.columns, "One row per request of a counted episode."),
        _with_episode(
            "tool_calls", TOOL_CALLS.columns, "One row per parsed call of a counted episode."
        ),
        _VERDICTS,
        _LABELS,
        _plain("unused_labels", UNUSED_LABELS.says, UNUSED_LABELS.columns),
        _ERRORS,
        _METRICS,
        _OWED,
        _CELLS,
        _LEADERBOARD,
        _SHARDS,
        _RUNS,
        _plain("plan", PLAN.says, PLAN.columns),
        _plain("selection", SELECTION.says, SELECTION.columns),
    )
}

FORMAT = f"{STORED}-{digest([view.sql for view in VIEWS.values()])[:12]}"
"""Version of tables and views: a database of another format is rebuilt."""
