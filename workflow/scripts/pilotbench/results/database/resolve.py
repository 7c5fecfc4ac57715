"""Which row represents each episode, and which episodes the selection plans: SQL over the draft."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilotbench.results.database.schema import CELL

if TYPE_CHECKING:
    import duckdb

_CELL = ", ".join(CELL)

_OVERLAPPING = f"""
CREATE OR REPLACE TEMP TABLE overlapping AS
SELECT DISTINCT a.path FROM store.shards a JOIN store.shards b USING ({_CELL})
WHERE a.path <> b.path AND a.first <= b.last AND b.first <= a.last
  AND a.state <> 'damaged' AND b.state <> 'damaged'
"""

_ALONE = """
UPDATE store.episodes SET counted = true
WHERE NOT counted AND shard NOT IN (FROM overlapping)
"""

_ONE_EACH = """
UPDATE store.episodes SET counted = ranked.place = 1
FROM (
  SELECT e.shard, e.episode, row_number() OVER (
    PARTITION BY e.episode
    ORDER BY e.provisional, p.path IS NULL, s.ended DESC, s.path
  ) AS place
  FROM store.episodes e JOIN store.shards s ON s.path = e.shard
    LEFT JOIN store.plan p ON p.path = s.path
  WHERE e.shard IN (FROM overlapping)
) ranked
WHERE ranked.shard = episodes.shard AND ranked.episode = episodes.episode
  AND episodes.counted <> (ranked.place = 1)
"""

_AWAITED = """
UPDATE store.episodes SET counted = false
FROM (SELECT DISTINCT shard, episode FROM store.unjudged) u
WHERE u.shard = episodes.shard AND u.episode = episodes.episode AND counted
"""

_CURRENT = f"""
UPDATE store.episodes SET current = found.current
FROM (
  SELECT e.shard, e.episode, count(p.path) > 0 AS current
  FROM store.episodes e LEFT JOIN store.plan p
    ON {" AND ".join(f"p.{word} = e.{word}" for word in CELL)}
    AND e.index BETWEEN p.first AND p.last AND e.repeat < p.repeats
  GROUP BY ALL
) found
WHERE found.shard = episodes.shard AND found.episode = episodes.episode
  AND found.current <> episodes.current
"""


def resolve(connection: duckdb.DuckDBPyConnection) -> None:
    """Set `counted` and `current` of every episode row; only rows that differ are written.

    A file's row is preferred (the current plan's, then the newest), then the journal's. One whose
    judges have not judged does not count.
    """
    for statement in (_OVERLAPPING, _ALONE, _ONE_EACH, _AWAITED, _CURRENT):
        connection.execute(statement)
    connection.execute("DROP TABLE overlapping")
