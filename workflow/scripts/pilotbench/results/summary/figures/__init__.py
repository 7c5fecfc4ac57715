"""Every figure of the summary, by topic: each module ends in `FIGURES`, its declarations.

A figure's data are rows of the tables; each row carries the words
(model, prompt, task, difficulty) that the page's filters know.
"""

from __future__ import annotations

from itertools import chain

from pilotbench.ground.declarations import declared
from pilotbench.results.summary.figures.base import Drawings, Figure, Section, Source

_DECLARED: dict[str, tuple[Figure, ...]] = declared(__name__, __path__, "FIGURES")
FIGURES = tuple(
    figure
    for section in Section
    for figure in chain.from_iterable(_DECLARED.values())
    if figure.section is section
)
"""The figures in the order of the page."""


def drawings(source: Source) -> Drawings:
    """Return the drawings of the figures that the selection has data for."""
    drawn = {figure: figure.draw(source) for figure in FIGURES}
    return {figure: drawing for figure, drawing in drawn.items() if drawing is not None}
