"""The result table at the end of a run, on one screen of the terminal."""

from __future__ import annotations

from pilotbench.build.waiting import wrapped

BESIDE = 8
"""Lines of the screen that the rest of the end of a run needs."""
FEWEST = 6
"""Lines of the first table that are shown in any case."""


def fitted(text: str, width: int, height: int, file: str) -> str:
    """Return a table of results as it fits a terminal; `file` has the whole.

    The first block ranks the models, the last one says what it means: further tables are left out
    first, then the lowest rows. Nothing is left out where there is room.
    """
    blocks = [_narrowed(block, width) for block in text.strip("\n").split("\n\n")]
    room, tables = max(height - BESIDE, FEWEST), 0
    while len(blocks) > 2 and _size(blocks) + 2 > room:
        del blocks[-2]
        tables += 1
    rows = 0
    while len(blocks[0]) > FEWEST and _size(blocks) + 2 > room:
        blocks[0].pop()
        rows += 1
    counts = [f"{rows:,} more rows"] if rows else []
    counts += [f"{tables:,} more table{'' if tables == 1 else 's'}"] if tables else []
    lines = [line for block in blocks for line in (*block, "")][:-1]
    return "\n".join([*lines, *([f"{' and '.join(counts)}: {file}"] if counts else [])])


def _narrowed(block: str, width: int) -> list[str]:
    """Return the lines of a block; sentences are wrapped between words, tables fit already."""
    return [
        part
        for line in block.split("\n")
        for part in ([line] if len(line) <= width else wrapped(line, width))
    ]


def _size(blocks: list[list[str]]) -> int:
    return sum(map(len, blocks)) + len(blocks) - 1
