"""Scores of verdicts, in SQL over the draft: what the judges of a task say of each reply together.

A reply has a score once every judge has given every verdict; until then its episode is owed. Of a
pair, both orders must name the same winner: otherwise it is a tie. A pair counts 1 for the winner,
0 for the loser and 0.5 each for a tie.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pilotbench.benchmark.scorers.judging import Judging
from pilotbench.benchmark.tasks.scoring import JUDGED, PARTIAL_PROGRESS, WEIGHTS
from pilotbench.ground.errors import UserError
from pilotbench.matrix.experiment import Experiment

if TYPE_CHECKING:
    import duckdb

_RULES = (
    "CREATE OR REPLACE TEMP TABLE rules (task VARCHAR, model VARCHAR, judge VARCHAR, "
    "repeats INTEGER, opponents INTEGER, pairs BOOLEAN, aggregate VARCHAR, threshold DOUBLE, "
    "graded BOOLEAN)"
)
_JUDGED = f"read_by = '{JUDGED}' AND status = 'completed'"

_SIDES = """
CREATE OR REPLACE TEMP TABLE sides AS
SELECT v.shard, v.episode, v.judge, v.repeat, v.other AS opponent, v.swapped, v.right, v.score,
  CASE v.winner WHEN 'first' THEN 1.0 WHEN 'second' THEN 0.0 WHEN 'tie' THEN 0.5 END AS won
FROM store.verdicts v
UNION ALL
SELECT f.other, v.other, v.judge, v.repeat, v.episode, v.swapped, v.right, v.score,
  CASE v.winner WHEN 'first' THEN 0.0 WHEN 'second' THEN 1.0 WHEN 'tie' THEN 0.5 END
FROM store.verdicts v JOIN store.verdict_files f USING (path) WHERE v.other IS NOT NULL
"""

_VOICES = """
CREATE OR REPLACE TEMP TABLE voices AS
SELECT shard, episode, judge, repeat, opponent, bool_or(s.right) AS ok,
  CASE WHEN opponent IS NULL THEN any_value(score)
       WHEN min(won) = max(won) THEN min(won) ELSE 0.5 END AS share,
  count(*) AS given
FROM sides s GROUP BY shard, episode, judge, repeat, opponent
"""
"""One row per judge, repeat and opponent: the two orders of a pair are one voice."""

_SUMS = f"""
CREATE OR REPLACE TEMP TABLE sums AS
WITH wanted AS (
  SELECT task, model, sum(repeats * if(pairs, 2 * opponents, 1)) AS verdicts,
    any_value(pairs) AS pairs, any_value(aggregate) AS aggregate,
    any_value(threshold) AS threshold, any_value(graded) AS graded
  FROM rules GROUP BY task, model
), found AS (
  SELECT e.shard, e.episode, e.task, e.model, coalesce(sum(v.given), 0) AS given,
    count(v.judge) AS voices, count(*) FILTER (v.ok) AS ok, avg(v.share) AS share,
    count(*) FILTER (v.share = 1) AS won, count(*) FILTER (v.share = 0.5) AS tied
  FROM store.episodes e LEFT JOIN (
    SELECT v.*, e.task, e.model FROM voices v JOIN store.episodes e USING (shard, episode)
  ) v ON v.shard = e.shard AND v.episode = e.episode
    AND EXISTS (FROM rules r WHERE r.task = v.task AND r.judge = v.judge AND v.repeat < r.repeats)
  WHERE {_JUDGED} GROUP BY ALL
)
SELECT f.*, coalesce(f.given = w.verdicts AND f.given > 0, false) AS complete, w.pairs, w.graded,
  CASE WHEN w.pairs THEN f.share > 0.5
       WHEN w.aggregate = 'majority' THEN 2 * f.ok > f.voices
       WHEN w.aggregate = 'all' THEN f.ok = f.voices
       WHEN w.aggregate = 'any' THEN f.ok > 0
       ELSE f.share >= w.threshold - 1e-9 END AS success
FROM found f LEFT JOIN wanted w USING (task, model)
"""

_SCORES = f"""
UPDATE store.episodes SET
  success = if(s.complete, s.success, NULL),
  progress = if(s.complete, s.share, NULL),
  score = if(s.complete AND s.graded, s.share, NULL),
  level = CASE WHEN NOT s.complete THEN NULL WHEN s.success THEN 'full_success'
    WHEN s.share >= {PARTIAL_PROGRESS} THEN 'partial_success' ELSE 'failure' END,
  weighted_score = CASE WHEN NOT s.complete THEN NULL
    WHEN s.success THEN {WEIGHTS["full_success"]}
    WHEN s.share >= {PARTIAL_PROGRESS} THEN {WEIGHTS["partial_success"]}
    ELSE {WEIGHTS["failure"]} END,
  flexible_match = if(s.complete, s.success, NULL),
  goals = if(s.complete, 1, 0),
  goals_held = if(s.complete AND s.success, 1, 0),
  error_no_rule_error = if(s.complete AND NOT s.success, 1, 0),
  verdict = CASE WHEN NOT s.complete THEN 'not judged yet'
    WHEN s.pairs THEN format('{{}} comparisons: {{}} won, {{}} tied', s.voices, s.won, s.tied)
    ELSE format('{{}} of {{}} verdicts: right', s.ok, s.voices) END
FROM sums s
WHERE s.shard = episodes.shard AND s.episode = episodes.episode
"""

_UNJUDGED = (
    "DELETE FROM store.unjudged WHERE path IS NULL",
    """
INSERT INTO store.unjudged
SELECT NULL, s.shard, s.episode, NULL, 'not_asked', 'not judged yet' FROM sums s
WHERE NOT s.complete
  AND NOT EXISTS (FROM store.unjudged u WHERE u.shard = s.shard AND u.episode = s.episode)
""",
)


def score(connection: duckdb.DuckDBPyConnection, experiment: Experiment) -> None:
    """Set the scores of all judged episodes, and list in `unjudged` those that have none."""
    tasks = connection.execute(
        f"SELECT DISTINCT task FROM store.episodes WHERE {_JUDGED}"
    ).fetchall()
    models = connection.execute("SELECT DISTINCT model FROM store.episodes").fetchall()
    connection.execute("DELETE FROM store.unjudged WHERE path IS NULL")
    if not tasks:
        return
    connection.execute(_RULES)
    rows = list(_rules(experiment, [row[0] for row in tasks], [row[0] for row in models]))
    if rows:
        connection.executemany("INSERT INTO rules VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
    for statement in (_SIDES, _VOICES, _SUMS, _SCORES, *_UNJUDGED):
        connection.execute(statement)
    for table in ("rules", "sides", "voices", "sums"):
        connection.execute(f"DROP TABLE {table}")


def _rules(experiment: Experiment, tasks: list[str], models: list[str]) -> Iterator[list[Any]]:
    """Yield a row for each judge of each task and model."""
    selected = tuple(experiment.settings.models)
    for task in tasks:
        try:
            judging: Judging | None = experiment.judging(task)
        except UserError:  # the pack is gone: nobody knows who judges it
            continue
        if judging is None:
            continue
        for model in models:
            opponents = len(judging.others(model, selected))
            for judge in judging.models:
                of = [judging.repeats, opponents, judging.compare is not None]
                rule = [judging.aggregate, judging.threshold, judging.is_graded]
                yield [task, model, judge, *of, *rule]
