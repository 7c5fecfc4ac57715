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
SELECT v.episode, judge, v.right, v.score, v.reason,
    {_WORDS.format("first")} || o.model AS compared, NOT v.swapped AS is_first
FROM verdicts v LEFT JOIN episodes o ON o.episode = v.other WHERE v.current
UNION ALL
SELECT v.other, judge, NULL, NULL, v.reason, {_WORDS.format("second")} || v.model, v.swapped
FROM verdicts v WHERE v.current AND v.other IS NOT NULL
ORDER BY ALL
"""
_PEOPLE = f"""
SELECT l.episode, rater, l.right, l.score, l.note,
    {_WORDS.format("first")} || o.model AS compared, NULL AS is_first
FROM labels l LEFT JOIN episodes o ON o.episode = l.other WHERE l.current ORDER BY ALL
"""


def opinions(db_path: Path) -> dict[str, list[Opinion]]:
    """Return what judges and people say of the replies of the selection, by episode.

    What a judge says of two replies in both orders is one opinion. In only one of them, it is said
    which: such a comparison is a tie.
    """
    from pilotbench.results.database import queries

    if not db_path.exists():
        return {}
    found: dict[str, dict[Opinion, set[bool | None]]] = {}
    with queries.opened(db_path) as connection:
        for kind, query in (("judge", _JUDGES), ("label of", _PEOPLE)):
            rows = connection.execute(query).fetchall()
            for episode, who, right, score, why, compared, is_first in rows:
                one = (f"{kind} {who}", ", ".join(_words(right, score, compared)), why or "")
                place = None if compared is None else is_first
                found.setdefault(episode, {}).setdefault(one, set()).add(place)
    return {episode: list(_placed(said)) for episode, said in found.items()}


def _placed(said: dict[Opinion, set[bool | None]]) -> Iterator[Opinion]:
    orders: dict[tuple[str, str], set[bool | None]] = {}
    for (who, words, _), places in said.items():
        orders.setdefault((who, words), set()).update(places)
    for (who, words, why), places in said.items():
        if len(orders[who, words]) > 1 or None in places:
            yield who, words, why
        else:
            yield who, f"{words} when shown {'first' if True in places else 'second'}", why


def _words(right: bool | None, score: float | None, compared: str | None) -> Iterator[str]:
    if right is not None:
        yield "right" if right else "wrong"
    if score is not None and score not in (0.0, 1.0):
        yield f"score {score:.3g}"
    if compared is not None:
        yield compared
