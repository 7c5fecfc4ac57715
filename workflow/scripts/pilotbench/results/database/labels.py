"""Labels of people in the database: each line of a pack's file with the reply that it is about.

A label whose reply is not known, has changed since or cannot be told from another is not used; the
table `unused_labels` says why.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pilotbench.benchmark.packs.label_files import Label
from pilotbench.results.database.rows import Rows

if TYPE_CHECKING:
    import duckdb

NAMED = 5
Json = dict[str, Any]
_FOUND = """
SELECT task, index, model, prompt, repeat, episode, reply_sha256, current FROM store.episodes
WHERE counted AND status IN ('completed', 'refused') AND task IN (SELECT unnest(?))
ORDER BY ALL
"""


@dataclass(frozen=True)
class Labelled:
    """A reply that a label may be about."""

    task: str
    index: int
    model: str
    prompt: str
    repeat: int
    episode: str
    reply: str | None
    current: bool


class NotUsed(Exception):
    """Why a label is not used."""


def load(
    connection: duckdb.DuckDBPyConnection, labels: Sequence[Label], overflow: str
) -> list[str]:
    """Replace all labels; return one line for each that is not used."""
    connection.execute("DELETE FROM store.labels")
    connection.execute("DELETE FROM store.unused_labels")
    if not labels:
        return []
    tasks = list(dict.fromkeys(label.task for label in labels))
    known: dict[tuple[str, int, str], list[Labelled]] = {}
    for found in connection.execute(_FOUND, [tasks]).fetchall():
        known.setdefault(found[:3], []).append(Labelled(*found))
    used: dict[tuple[str, str, str | None], tuple[Label, Json]] = {}
    unused: list[Json] = []
    for label in labels:
        try:
            for row in _rows(label, known):
                _keep(label, row, used)
        except NotUsed as why:
            unused.append({"place": label.place, "task": label.task, "message": str(why)})
    rows = Rows()
    rows.add("labels", (row for _, row in used.values()))
    rows.add("unused_labels", unused)
    rows.insert(connection, overflow)
    return [f"label not used: {row['place']}: {row['message']}" for row in unused]


def _keep(
    label: Label, row: Json, used: dict[tuple[str, str, str | None], tuple[Label, Json]]
) -> None:
    first, _ = used.setdefault((row["episode"], row["rater"], row["other"]), (label, row))
    if first.said != label.said:
        raise NotUsed(f"contradicts {first.place.rpartition(': ')[2]}, about the same reply")


def _rows(label: Label, known: dict[tuple[str, int, str], list[Labelled]]) -> Iterator[Json]:
    """Yield a row for each reply that a label is about: several only if their texts are equal."""
    for reply in _about(label, known):
        other = None if label.other is None else _other(label, label.other, reply, known)
        yield {
            "episode": reply.episode,
            "other": other,
            **{name: getattr(label, name) for name in ("rater", "right", "score", "winner")},
            "note": label.note,
        }


def _about(label: Label, known: dict[tuple[str, int, str], list[Labelled]]) -> list[Labelled]:
    every = known.get((label.task, label.index, label.model), [])
    if not every:
        raise NotUsed(f"no reply of {label.model} to this question")
    found = [
        one
        for one in every
        if label.prompt in (None, one.prompt) and label.repeat in (None, one.repeat)
    ]
    if not found:
        raise NotUsed(f"no such reply; there are: {_places(every)}")
    if label.reply is not None:
        same = [one for one in found if one.reply == label.reply]
        if not same:
            raise NotUsed("the reply has changed since")
        return same
    found = [one for one in found if one.current] or found
    if len(found) > 1:
        raise NotUsed(f"several replies fit, so prompt and repeat are needed: {_places(found)}")
    return found


def _places(replies: Sequence[Labelled]) -> str:
    named = [f"{one.prompt} {one.repeat}" for one in replies[:NAMED]]
    return ", ".join(named) + (f" and {len(replies) - NAMED} more" * (len(replies) > NAMED))


def _other(
    label: Label, other: str, reply: Labelled, known: dict[tuple[str, int, str], list[Labelled]]
) -> str:
    """Return the other episode of a pair: of the same question, prompt and repeat."""
    for one in known.get((label.task, label.index, other), []):
        if (one.prompt, one.repeat) == (reply.prompt, reply.repeat):
            return one.episode
    raise NotUsed(f"no reply of {other} to this question under {reply.prompt} {reply.repeat}")
