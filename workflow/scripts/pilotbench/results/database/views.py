"""The views of the master database: each episode once, every number computed from episodes."""

from __future__ import annotations

from dataclasses import dataclass

from pilotbench.results.database.schema import (CELL, EPISODES, PLAN, REQUESTS, SELECTION, SHARDS, TOOL_CALLS, Column, columns)
from pilotbench.benchmark.tasks.scoring import (ERROR_KINDS)


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


_EPISODES = View(
    "episodes",
    "One row an episode: from the current plan's file, else from the newest.",
    "SELECT * EXCLUDE (counted) FROM store.episodes WHERE counted",
    _without(EPISODES.columns, "counted"),
)

_ERRORS = View(
    "errors",
    "One row an episode and kind of error that occurred in it.",
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
    "One row an owed episode: planned, and nobody has finished it.",
    f"""
WITH open AS (  -- a file whose episodes are all loaded holds every one of its shard
  SELECT p.* FROM store.plan p LEFT JOIN store.shards s
    ON s.path = p.path AND s.state = 'file' AND s.repeats >= p.repeats
    AND s.outdated = 0 AND s.quarantined = 0
  WHERE s.path IS NULL
), places AS (
  SELECT {_WORDS}, unnest(range(first, last + 1)) AS index, repeats, path AS shard FROM open
), wanted AS (
  SELECT {_WORDS}, index, unnest(range(repeats))::INTEGER AS repeat, shard FROM places
)
SELECT w.*, coalesce(r.kind, if(d.path IS NULL, 'not_asked', 'damaged')) AS kind,
  coalesce(r.message, d.damage) AS message
FROM wanted w ANTI JOIN (FROM store.episodes WHERE counted AND current) e
    USING ({_WORDS}, index, repeat)
  LEFT JOIN store.reasons r ON r.shard = w.shard AND r.index = w.index AND r.repeat = w.repeat
  LEFT JOIN store.shards d ON d.path = w.shard AND d.state = 'damaged'
""",
    _named(EPISODES.columns, *CELL, "index", "repeat")
    + columns("""
shard    VARCHAR  Path of the planned shard.
kind     VARCHAR  Class of the error that stopped it, `damaged` file, or `not_asked`.
message  VARCHAR  The error in words.
"""),
)

_OUTCOMES = """
completed          BIGINT   Episodes with a score.
refused            BIGINT   Episodes that the provider refused.
not_applicable     BIGINT   Instances too short for the prompt's flaw.
"""
_LEVELS = """
full_success       BIGINT   Completed episodes with success.
partial_success    BIGINT   Completed, no success, nothing protected broken, progress >= 0.5.
failure            BIGINT   The other completed episodes.
success_rate       DOUBLE   full_success / completed; null where episodes are owed.
success_rate_all   DOUBLE   full_success / (completed + refused), what ranks; null as above.
"""
_BOUNDS = """
lower              DOUBLE   success_rate_all if all owed episodes failed.
upper              DOUBLE   success_rate_all if all owed episodes succeeded.
rate_of_completed  DOUBLE   full_success / completed, of the completed episodes only: never ranks.
"""
_MEANS = """
progress           DOUBLE   Mean share of goal predicates reached.
weighted_score     DOUBLE   Mean weighted score, as the predecessor counted.
collateral_damage  BIGINT   Completed episodes that broke something protected.
"""
_EFFORT = """
parse_rate         DOUBLE   Turns with a call that could be parsed / turns.
effective_rate     DOUBLE   Drawn calls that did not fail by draw / drawn calls.
turns              DOUBLE   Mean turns of completed episodes.
tool_calls         DOUBLE   Mean tool calls of completed episodes.
tokens_input       BIGINT   Input tokens; null where those of a request are not known.
tokens_output      BIGINT   Output tokens; null as above.
cost_usd           DOUBLE   Cost in USD; null where that of an episode is not known.
requests           BIGINT   Requests.
latency_s          DOUBLE   Mean latency of a request, s.
"""

COUNTS_SQL = """
    count(*) FILTER (status = 'completed') AS completed,
    count(*) FILTER (status = 'refused') AS refused,
    count(*) FILTER (status = 'not_applicable') AS not_applicable"""
SCORES_SQL = """
    count(*) FILTER (level = 'full_success') AS full_success,
    count(*) FILTER (level = 'partial_success') AS partial_success,
    count(*) FILTER (level = 'failure') AS failure,
    full_success / nullif(completed, 0) AS success_rate,
    full_success / nullif(completed + refused, 0) AS success_rate_all,
    avg(progress) AS progress,
    avg(weighted_score) AS weighted_score,
    count(*) FILTER (collateral_damage) AS collateral_damage"""


def _known(tokens: str) -> str:
    """Return the sum of a column of tokens, null where a request's are not known."""
    unknown = f"count(*) FILTER ({tokens} IS NULL AND requests > 0)"
    return f"CASE WHEN {unknown} = 0 THEN coalesce(sum({tokens}), 0)::BIGINT END AS {tokens}"


EFFORT_SQL = f"""
    sum(parsed_turns) / nullif(sum(turns), 0) AS parse_rate,
    1 - sum(transient_met) / nullif(sum(drawn_calls), 0) AS effective_rate,
    avg(turns) FILTER (status = 'completed') AS turns,
    avg(tool_calls) FILTER (status = 'completed') AS tool_calls,
    {_known("tokens_input")},
    {_known("tokens_output")},
    CASE WHEN count(*) FILTER (cost_usd IS NULL AND status <> 'not_applicable') = 0
         THEN coalesce(sum(cost_usd), 0) END AS cost_usd,
    sum(requests)::BIGINT AS requests,
    sum(latency_s) / nullif(sum(requests), 0) AS latency_s"""
RATES_SQL = """CASE WHEN coalesce(owed, 0) = 0 THEN success_rate END AS success_rate,
  CASE WHEN coalesce(owed, 0) = 0 THEN success_rate_all END AS success_rate_all"""
"""Both rates of rows that have `owed`: a rate that lacks episodes is none; the bounds stand in."""
_TRIED = "coalesce(completed, 0) + coalesce(refused, 0) + coalesce(owed, 0)"
BOUNDS_SQL = f"""coalesce(full_success, 0) / nullif({_TRIED}, 0) AS lower,
  (coalesce(full_success, 0) + coalesce(owed, 0)) / nullif({_TRIED}, 0) AS upper,
  success_rate AS rate_of_completed"""
ERRORS_SQL = ",".join(f"\n    sum(error_{k})::BIGINT AS error_{k}" for k in ERROR_KINDS)
_ERROR_COLUMNS = columns(
    "\n".join(f"error_{k} BIGINT Calls with the error kind {k}." for k in ERROR_KINDS)
)

_CELLS = View(
    "cells",
    "One row a cell of the current matrix, planned ones without an episode too; and one, marked "
    "`current` = false, for episodes of a cell that the selection does not plan.",
    f"""
WITH planned AS (
  SELECT {_WORDS}, sum((last - first + 1) * repeats)::BIGINT AS planned, true AS current
  FROM store.plan GROUP BY ALL
), owing AS (
  SELECT {_WORDS}, count(*) AS owed, true AS current FROM owed GROUP BY ALL
), done AS (
  SELECT {_WORDS}, e.current, min(protocol) AS protocol,
    count(*) FILTER (provisional) AS provisional, {COUNTS_SQL}, {SCORES_SQL}, {EFFORT_SQL},
    {ERRORS_SQL},
    count(DISTINCT [s.prompt_sha256, s.parameters_sha256, s.benchmark_version, s.scoring_version])
      FILTER (NOT provisional) AS versions
  FROM episodes e JOIN (
    SELECT path, prompt_sha256, parameters_sha256, benchmark_version, scoring_version
    FROM store.shards) s ON s.path = e.shard
  GROUP BY ALL
)
SELECT {_WORDS}, current, protocol, planned, coalesce(completed, 0) AS completed,
  coalesce(refused, 0) AS refused, coalesce(not_applicable, 0) AS not_applicable,
  coalesce(owed, 0) AS owed, coalesce(provisional, 0) AS provisional,
  coalesce(full_success, 0) AS full_success, coalesce(partial_success, 0) AS partial_success,
  coalesce(failure, 0) AS failure, {RATES_SQL},
  {BOUNDS_SQL},
  progress, weighted_score,
  coalesce(collateral_damage, 0) AS collateral_damage, parse_rate, effective_rate, turns,
  tool_calls, if(completed IS NULL, 0, tokens_input)
  AS tokens_input, if(completed IS NULL, 0, tokens_output) AS tokens_output, cost_usd,
  coalesce(requests, 0) AS requests, latency_s,
  {", ".join(f"coalesce(error_{k}, 0) AS error_{k}" for k in ERROR_KINDS)},
  coalesce(versions, 0) AS versions
FROM planned FULL JOIN done USING ({_WORDS}, current) LEFT JOIN owing USING ({_WORDS}, current)
""",
    _named(EPISODES.columns, *CELL, "current", "protocol")
    + columns(f"""
planned            BIGINT   Planned episodes; null outside the current matrix.
{_OUTCOMES.strip()}
owed               BIGINT   Planned episodes that nobody has finished.
provisional        BIGINT   Episodes from the journal of shards without a file.
{_LEVELS.strip()}
{_BOUNDS.strip()}
{_MEANS.strip()}
{_EFFORT.strip()}
""")
    + _ERROR_COLUMNS
    + columns(
        "versions BIGINT Different prompt, parameters, benchmark or scoring versions: 1 is clean."
    ),
)

_LEADERBOARD = View(
    "leaderboard",
    "One row per model, protocol and prompt of the current matrix, best first and those that owe "
    "episodes last. It is a plain count: intervals, groups and ranks are the summary's.",
    f"""
WITH size AS (
  SELECT model, prompt, sum(planned)::BIGINT AS planned, sum(owed)::BIGINT AS owed
  FROM cells WHERE current GROUP BY ALL
), done AS (
  SELECT model, prompt, min(protocol) AS protocol, {COUNTS_SQL}, {SCORES_SQL}, {EFFORT_SQL}
  FROM episodes WHERE current GROUP BY model, prompt
)
SELECT model, protocol, prompt, planned, coalesce(completed, 0) AS completed,
  coalesce(refused, 0) AS refused, coalesce(not_applicable, 0) AS not_applicable, owed,
  coalesce(full_success, 0) AS full_success, coalesce(partial_success, 0) AS partial_success,
  coalesce(failure, 0) AS failure, {RATES_SQL},
  {BOUNDS_SQL},
  progress, weighted_score, coalesce(collateral_damage, 0) AS collateral_damage, parse_rate,
  effective_rate, turns, tool_calls, if(completed IS NULL, 0, tokens_input) AS tokens_input,
  if(completed IS NULL, 0, tokens_output) AS tokens_output, cost_usd,
  cost_usd / nullif(full_success, 0) AS cost_per_success, coalesce(requests, 0) AS requests,
  latency_s
FROM size LEFT JOIN done USING (model, prompt)
ORDER BY success_rate_all DESC NULLS LAST, lower DESC NULLS LAST, model, prompt
""",
    _named(EPISODES.columns, "model", "protocol", "prompt")
    + columns(f"""
planned            BIGINT   Planned episodes.
{_OUTCOMES.strip()}
owed               BIGINT   Planned episodes that nobody has finished.
{_LEVELS.strip()}
{_BOUNDS.strip()}
{_MEANS.strip()}
{_EFFORT.split("requests")[0].strip()}
cost_per_success   DOUBLE   cost_usd / full_success.
requests{_EFFORT.split("requests")[1]}
"""),
)

_SHARDS = View(
    "shards",
    "One row a shard file, or a planned shard whose episodes come from the journal.",
    f"""
WITH done AS (
  SELECT shard, count(*) AS episodes, count(*) FILTER (counted) AS counted,
    count(*) FILTER (counted AND NOT provisional) AS of_file,
    count(*) FILTER (current AND counted) AS current, {COUNTS_SQL},
    {_known("tokens_input")}, {_known("tokens_output")},
    CASE WHEN count(*) FILTER (cost_usd IS NULL AND status <> 'not_applicable') = 0
         THEN coalesce(sum(cost_usd), 0) END AS cost_usd,
    sum(requests)::BIGINT AS requests
  FROM store.episodes GROUP BY shard
), owing AS (SELECT shard, count(*) AS owed FROM owed GROUP BY shard)
SELECT {", ".join(f's."{c.name}"' for c in SHARDS.columns)}, p.path IS NOT NULL AS planned,
  s.state = 'file' AND coalesce(d.of_file, 0) = 0 AS superseded,
  coalesce(d.episodes, 0) AS episodes, coalesce(d.counted, 0) AS counted,
  coalesce(d.current, 0) AS current, coalesce(d.completed, 0) AS completed,
  coalesce(d.refused, 0) AS refused, coalesce(d.not_applicable, 0) AS not_applicable,
  coalesce(o.owed, 0) AS owed, if(d.episodes IS NULL, 0, d.tokens_input)
  AS tokens_input, if(d.episodes IS NULL, 0, d.tokens_output) AS tokens_output, d.cost_usd,
  coalesce(d.requests, 0) AS requests
FROM store.shards s LEFT JOIN store.plan p ON p.path = s.path
  LEFT JOIN done d ON d.shard = s.path LEFT JOIN owing o ON o.shard = s.path
""",
    SHARDS.columns
    + columns(f"""
planned            BOOLEAN  Planned by the selection of the last command.
superseded         BOOLEAN  A file of which no episode counts; `prune` lists it.
episodes           BIGINT   Episodes of it that are loaded: all but the outdated ones.
counted            BIGINT   Of these, rows that stand in the view `episodes`.
current            BIGINT   Of these, in the current matrix.
{_OUTCOMES.strip()}
owed               BIGINT   Planned episodes that nobody has finished.
tokens_input       BIGINT   Input tokens; null where those of a request are not known.
tokens_output      BIGINT   Output tokens; null as above.
cost_usd           DOUBLE   Cost in USD; null where that of an episode is not known.
requests           BIGINT   Requests.
"""),
)

_RUNS = View(
    "runs",
    "One row a command on a machine, under one code state: the shard files that it wrote.",
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
        _with_episode("requests", REQUESTS.columns, "One row a request of a counted episode."),
        _with_episode("tool_calls", TOOL_CALLS.columns, "One row a parsed call of a counted one."),
        _ERRORS,
        _OWED,
        _CELLS,
        _LEADERBOARD,
        _SHARDS,
        _RUNS,
        _plain("plan", PLAN.says, PLAN.columns),
        _plain("selection", SELECTION.says, SELECTION.columns),
    )
}
