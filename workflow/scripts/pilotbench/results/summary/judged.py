"""What judges said, for the pages of transcripts: verdicts with reasons, and the scores of them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from pilotbench.benchmark.tasks.scoring import JUDGED

Json = dict[str, Any]
_SCORES = f"""
SELECT shard, episode, success, progress, level, verdict FROM episodes
WHERE current AND read_by = '{JUDGED}' AND shard IN (SELECT unnest(?))
"""
_VERDICTS = """
WITH sides AS (
  SELECT shard, episode, other, judge, repeat, NOT swapped AS shown_first, "right", score, winner,
    criteria, reason
  FROM store.verdicts
  UNION ALL
  SELECT f.other, v.other, v.episode, v.judge, v.repeat, v.swapped, v."right", v.score,
    CASE v.winner WHEN 'first' THEN 'second' WHEN 'second' THEN 'first' ELSE v.winner END,
    v.criteria, v.reason
  FROM store.verdicts v JOIN store.verdict_files f USING (path) WHERE v.other IS NOT NULL
), models AS (SELECT DISTINCT episode, model FROM store.episodes)
SELECT s.* EXCLUDE (other), m.model AS other
FROM sides s LEFT JOIN models m ON m.episode = s.other
WHERE shard IN (SELECT unnest(?))
ORDER BY shard, episode, judge, repeat, m.model, shown_first DESC
"""
_WON = {"first": "better", "second": "worse", "tie": "tie"}


def judged(db_path: Path, shards: Collection[str]) -> Mapping[str, str]:
    """Return scores and verdicts of each of these shards that has any, as JSON."""
    from pilotbench.results.database import queries

    found: dict[str, Json] = defaultdict(lambda: {"scores": {}, "verdicts": {}})
    with queries.opened(db_path) as connection:
        scores = connection.execute(_SCORES, [list(shards)]).fetchall()
        rows = connection.execute(_VERDICTS, [list(shards)]).fetchall()
    for shard, episode, success, progress, level, why in scores:
        score = {"success": success, "progress": progress, "level": level, "why": why}
        found[shard]["scores"][episode] = score
    for shard, episode, *row in rows:
        found[shard]["verdicts"].setdefault(episode, []).append(_verdict(*row))
    return {shard: json.dumps(one, sort_keys=True) for shard, one in found.items()}


def _verdict(
    judge: str,
    repeat: int,
    first: bool | None,
    right: bool | None,
    score: float | None,
    winner: str | None,
    criteria: str | None,
    reason: str,
    other: str | None,
) -> Json:
    """Return a verdict from the side of one episode; `other` is the other model of a pair."""
    return {
        "judge": judge,
        "repeat": repeat,
        "other": other,
        "shown": None if first is None else ("first" if first else "second"),
        "verdict": _WON[winner] if winner else ("right" if right else "wrong"),
        "score": score,
        "criteria": json.loads(criteria) if criteria else None,
        "reason": reason,
    }
