"""The figures of several players side by side: which is best, and whether ours is ahead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from dev.bench.row import Row, number

OURS = "pilot-bench"


def judged(rows: Iterable[Row]) -> list[Row]:
    """Return the rows, ours with the best peer's figure as bar and whether it is reached.

    Ours is the column `pilot-bench`, or `pilot-bench-shards` where that has no such figure.
    """
    found = [row | {"bar": None, "holds": True} if "peer" in row else row for row in rows]
    first = sorted(found, key=lambda row: row.get("peer") == OURS)
    ours = {row["name"]: row for row in first if row.get("peer", "").startswith(OURS)}
    return [_judged(row, found) if row is ours.get(row["name"]) else row for row in found]


def table(rows: Sequence[Row], players: Sequence[str]) -> str:
    """Return a Markdown table with one row per figure and one column per player."""
    lines = [
        f"| what | {' | '.join(players)} | ours / best peer | measured | load |",
        f"|---|{'--:|' * len(players)}--:|---|--:|",
    ]
    for name, group in groupby(rows, key=lambda row: str(row["name"])):
        by_player = {row["peer"]: row for row in group}
        cells = [_shown(by_player[p]) if p in by_player else "–" for p in players]
        dates = max(row["measured"][:10] for row in by_player.values())
        loads = sorted(row["load"] for row in by_player.values())
        last = f"{_ratio(by_player)} | {dates} | {loads[0]}–{loads[-1]}"
        lines.append(f"| {name} | {' | '.join(cells)} | {last} |")
    return "\n".join(lines)


def _judged(row: Row, rows: list[Row]) -> Row:
    peers = [one["value"] for one in rows if is_peer(one) and one["name"] == row["name"]]
    if not peers:
        return row
    best = max(peers) if row["sense"] == "at least" else min(peers)
    holds = row["value"] >= best if row["sense"] == "at least" else row["value"] <= best
    return row | {"bar": best, "holds": holds}


def is_peer(row: Row) -> bool:
    """Whether a row is another runner's."""
    return not str(row.get("peer", OURS)).startswith(OURS)


def _ratio(by_player: dict[str, Row]) -> str:
    ours = next((row for row in by_player.values() if row["bar"] is not None), None)
    if ours is None:
        return ""
    verdict = "" if ours["holds"] else " **behind**"
    return f"{ours['value'] / ours['bar']:.2f}{verdict}" if ours["bar"] else verdict.strip()


def _shown(row: Row) -> str:
    if row["unit"] == "yes/no":
        return "yes" if row["value"] else "no"
    return f"{number(row['value'])} {row['unit']}".strip()
