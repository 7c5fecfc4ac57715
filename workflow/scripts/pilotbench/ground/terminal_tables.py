"""Tables of plain text: aligned by what a terminal shows, wrapped where it is too narrow.

A pipe or a file gets one line per row, whatever its length, so that its form never depends on a
terminal. There are no boxes and no colours.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TextIO

GAP = 2
SHORTEST = 12
"""A column of names is never narrower than this, and a name is cut rather than wrapped."""
LEGIBLE = 20
"""Columns that can be spared are left out before a name gets narrower than this."""


@dataclass(frozen=True)
class TextColumn:
    """One column: `right` aligns numbers; `names` are cut with an ellipsis, not wrapped.

    Where a terminal has no room for all columns, those with the highest `spare` are left out
    first; one with 0 never is.
    """

    title: str
    right: bool = False
    names: bool = False
    spare: int = 0


def columns(
    titles: Iterable[str], right: Iterable[str] = (), spare: Sequence[str] = ()
) -> list[TextColumn]:
    """Return a column per title; those in `right` hold numbers.

    Those in `spare` are left out where there is no room, the last of them first.
    """
    numbers, order = set(right), {title: place for place, title in enumerate(spare, start=1)}
    return [TextColumn(t, t in numbers, spare=order.get(t, 0)) for t in titles]


def terminal_width(stream: TextIO | None = None) -> int | None:
    """Return the columns of the terminal behind a stream (stdout); None where it is none."""
    try:
        return os.get_terminal_size((stream or sys.stdout).fileno()).columns or None
    except (OSError, ValueError):
        return None


def table(
    head: Sequence[TextColumn], rows: Iterable[Sequence[str]], width: int | None = None
) -> str:
    """Return the table, at most `width` columns wide where its longest words allow it."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    titles = [column.title for column in head]
    head, cells = _fitting(head, [titles, *rows], width)
    sizes = _sizes(head, cells, width)
    grid = Table(box=None, show_header=False, pad_edge=False, padding=(0, GAP, 0, 0))
    for column, size in zip(head, sizes, strict=True):
        grid.add_column(
            width=size,
            justify="right" if column.right else "left",
            no_wrap=column.names,
            overflow="ellipsis" if column.names else "fold",
        )
    for row in cells:
        grid.add_row(*map(Text, row))
    out = io.StringIO()
    total = sum(sizes) + GAP * len(sizes)
    Console(file=out, width=total, color_system=None, force_terminal=False).print(grid)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def _fitting(
    head: Sequence[TextColumn], cells: Sequence[Sequence[str]], width: int | None
) -> tuple[Sequence[TextColumn], Sequence[Sequence[str]]]:
    """Return the columns for which there is room, and their cells."""
    from rich.cells import cell_len

    while width is not None and any(column.spare for column in head):
        needed = GAP * (len(head) - 1)
        for column, (title, *texts) in zip(head, zip(*cells, strict=True), strict=True):
            longest = max(map(cell_len, (*title.split(), *texts)), default=0)
            needed += min(longest, LEGIBLE) if column.names else longest
        if needed <= width:
            break
        last = max(range(len(head)), key=lambda place: head[place].spare)
        head = [*head[:last], *head[last + 1 :]]
        cells = [[*row[:last], *row[last + 1 :]] for row in cells]
    return head, cells


def _sizes(
    head: Sequence[TextColumn], cells: Sequence[Sequence[str]], width: int | None
) -> list[int]:
    """Return the width of each column: names are narrowed first, the others to whole words."""
    from rich.cells import cell_len

    texts = list(zip(*cells, strict=True))
    sizes = [
        max(cell_len(line) for cell in column for line in cell.split("\n")) for column in texts
    ]
    least = [
        min(size, SHORTEST) if column.names else max(map(cell_len, " ".join(words).split()))
        for column, words, size in zip(head, texts, sizes, strict=True)
    ]
    over = 0 if width is None else sum(sizes) + GAP * (len(sizes) - 1) - width
    for names in (True, False):
        some = [i for i, column in enumerate(head) if column.names is names]
        while over > 0 and (able := [i for i in some if sizes[i] > least[i]]):
            sizes[max(able, key=lambda i: sizes[i])] -= 1
            over -= 1
    return sizes
