"""`matrix.svg`: the rules of a run, how many jobs each has, and what each needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import jinja2

from pilotbench.ground import (atomic_files)

Edge = tuple[str, str]
TEMPLATE = Path(__file__).parent / "templates" / "matrix.svg.j2"
LETTER, PAD, TALL, GAP, STEP, MARGIN = 8.9, 32, 52, 60, 76, 20


@dataclass(frozen=True)
class Node:
    """A rule: where its box is, in pixels, and how many jobs it has."""

    name: str
    jobs: int
    x: float
    y: float
    width: float

    @property
    def middle(self) -> float:
        """The height at which arrows come in and go out."""
        return self.y + TALL / 2


def draw(edges: Iterable[Edge], jobs: Mapping[str, int], words: str, path: Path) -> None:
    """Write the graph of `jobs` (rule -> how many), `words` below; an edge is (needed, needs)."""
    kept = direct(edges)
    nodes = placed(columns(jobs, kept), jobs)
    path.parent.mkdir(parents=True, exist_ok=True)
    template = jinja2.Template(TEMPLATE.read_text("utf-8"), autoescape=True, trim_blocks=True)
    svg = template.render(
        nodes=list(nodes.values()),
        arrows=[(nodes[a], nodes[b]) for a, b in sorted(kept)],
        tall=TALL,
        margin=MARGIN,
        width=max(node.x + node.width for node in nodes.values()) + MARGIN,
        height=max(node.y for node in nodes.values()) + TALL + MARGIN + 30,
        words=words,
    )  # fmt: skip
    atomic_files.write_text(path, svg)


def direct(edges: Iterable[Edge]) -> set[Edge]:
    """Return the edges that no longer way stands for (the transitive reduction)."""
    every = {(a, b) for a, b in edges if a != b}
    after: dict[str, set[str]] = {}
    for a, b in every:
        after.setdefault(a, set()).add(b)
    return {(a, b) for a, b in every if not any(_reaches(c, b, after) for c in after[a] - {b})}


def _reaches(start: str, end: str, after: Mapping[str, set[str]]) -> bool:
    return start == end or any(_reaches(c, end, after) for c in after.get(start, ()))


def columns(names: Iterable[str], edges: Iterable[Edge]) -> list[list[str]]:
    """Return the rules column by column: each right of all that it needs."""
    before: dict[str, set[str]] = {name: set() for name in names}
    for a, b in edges:
        before[b].add(a)
    rank: dict[str, int] = {}
    for name in TopologicalSorter(before).static_order():
        rank[name] = 1 + max((rank[other] for other in before[name]), default=-1)
    return [[n for n in before if rank[n] == at] for at in range(max(rank.values(), default=0) + 1)]


def placed(rules: list[list[str]], jobs: Mapping[str, int]) -> dict[str, Node]:
    """Return the boxes: columns from left to right, each centred."""
    tallest = max(len(column) for column in rules)
    nodes, x = {}, float(MARGIN)
    for column in rules:
        width = max(len(label) for name in column for label in (name, f"{jobs[name]:,} jobs"))
        top = MARGIN + (tallest - len(column)) * STEP / 2
        for place, name in enumerate(column):
            y = top + place * STEP
            nodes[name] = Node(name, jobs[name], x, y, width * LETTER + PAD)
        x += width * LETTER + PAD + GAP
    return nodes
