"""What judges and people say of replies, for the page: by episode, in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

Opinion = tuple[str, str, str]
"""Who, what they say, and their reason or note."""

_WORDS = (
    "CASE winner WHEN 'tie' THEN 'as good as ' WHEN '{}' THEN 'better than ' ELSE 'worse than ' END"
)
_JUDGES = f"""
SELECT v.episode, judge, v.right, v.score, v.reason, {_WORDS.format("first")} || o.model AS compared
FROM verdicts v LEFT JOIN episodes o ON o.episode = v.other WHERE v.current
UNION ALL
SELECT v.other, judge, NULL, NULL, v.reason, {_WORDS.format("second")} || v.model
FROM verdicts v WHERE v.current AND v.other IS NOT NULL
ORDER BY ALL
"""
_PEOPLE = f"""
SELECT l.episode, rater, l.right, l.score, l.note, {_WORDS.format("first")} || o.model AS compared
FROM labels l LEFT JOIN episodes o ON o.episode = l.other WHERE l.current ORDER BY ALL
"""


def opinions(db_path: Path) -> dict[str, list[Opinion]]:
    """Return what judges and people say of the replies of the selection, by episode."""
    from pilotbench.results.database import queries

    if not db_path.exists():
        return {}
    found: dict[str, list[Opinion]] = {}
    with queries.opened(db_path) as connection:
        for kind, query in (("judge", _JUDGES), ("label of", _PEOPLE)):
            rows = connection.execute(query).fetchall()
            for episode, who, right, score, why, compared in rows:
                words = ", ".join(_words(right, score, compared))
                found.setdefault(episode, []).append((f"{kind} {who}", words, why or ""))
    return found


def _words(right: bool | None, score: float | None, compared: str | None) -> Iterator[str]:
    if right is not None:
        yield "right" if right else "wrong"
    if score is not None and score not in (0.0, 1.0):
        yield f"score {score:.3g}"
    if compared is not None:
        yield compared
