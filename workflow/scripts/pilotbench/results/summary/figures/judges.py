"""Figures of judges: rates corrected by labels of people, ratings of pairwise comparisons."""

from __future__ import annotations

from typing import Any

import altair as alt

from pilotbench.results.summary.figures.base import (
    PERCENT,
    RATE,
    Drawing,
    Figure,
    Rows,
    Section,
    Source,
    alt_words,
    by,
    roomy,
    shape,
    shown,
    spec_of,
    tips,
)

GREY = "#8a939d"


def corrected(source: Source) -> Drawing | None:
    """Draw the rate of the verdicts and the corrected one, by task and model."""
    rows = [row for row in source.rows("corrected") if row["corrected"] is not None]
    if not rows:
        return None
    rows = _lined(rows)
    base, colour, kind = _lines(source, rows)
    return Drawing(
        "Corrected for the judge's errors",
        "Filled, with 95 % intervals: the share of replies that people would call right, by labels "
        "of some of them. The grey tick is the share that the judge calls right.",
        alt_words("Corrected rate", rows, "shown", "corrected"),
        spec_of(
            base.mark_tick(thickness=2, size=12, color=GREY).encode(x="verdict_rate:Q"),
            base.mark_rule(strokeWidth=2).encode(
                x=alt.X("corrected_low:Q", scale=RATE, title=""),
                x2="corrected_high:Q",
                color=colour,
            ),
            base.mark_point(filled=True, size=70, opacity=1).encode(
                x=alt.X("corrected:Q", scale=RATE, axis=PERCENT, title="right replies"),
                color=colour,
                shape=kind,
                tooltip=tips(
                    ["line", "shown", "from"],
                    ["corrected", "corrected_low", "corrected_high", "verdict_rate"],
                    ["labelled", "replies"],
                ),
            ),
            rows=rows,
            step=roomy(len(rows)),
            lines=["line", "shown"],
        ),
    )


def pairwise(source: Source) -> Drawing | None:
    """Draw the ratings by all judges together, by task and model."""
    every = [row for row in source.rows("pairwise") if row["rating"] is not None]
    first: dict[Any, str] = {}
    for row in every:
        first.setdefault((row["task"], row["prompt"]), row["judge"])
    rows = [row for row in every if first[row["task"], row["prompt"]] == row["judge"]]
    if not rows:
        return None
    rows = _lined(rows)
    base, colour, kind = _lines(source, rows)
    return Drawing(
        "Comparisons won",
        "The expected share of comparisons that a model wins against the others, ties half "
        "(Bradley and Terry), with 95 % intervals.",
        alt_words("Comparisons won", rows, "shown", "rating"),
        spec_of(
            alt.Chart().mark_rule(strokeDash=[3, 3]).encode(x=alt.datum(0.5)),
            base.mark_rule(strokeWidth=2).encode(
                x=alt.X("rating_low:Q", scale=RATE, title=""), x2="rating_high:Q", color=colour
            ),
            base.mark_point(filled=True, size=70, opacity=1).encode(
                x=alt.X("rating:Q", scale=RATE, axis=PERCENT, title="comparisons won"),
                color=colour,
                shape=kind,
                tooltip=tips(
                    ["line", "shown", "judge"],
                    ["rating", "rating_low", "rating_high"],
                    ["won", "tied", "lost"],
                ),
            ),
            rows=rows,
            step=roomy(len(rows)),
            lines=["line", "shown"],
        ),
    )


def _lined(rows: Rows) -> Rows:
    """Return rows with the words of their line: the model, and the task where there are several."""
    several = len({row["task"] for row in rows}) > 1
    return [
        {**row, "line": f"{row['task']}: {row['model']}" if several else row["model"]}
        for row in rows
    ]


def _lines(source: Source, rows: Rows) -> tuple[Any, Any, Any]:
    """Return a chart with one line per row, with colour and shape by prompt."""
    names = shown(rows)
    colour, kind = by("shown", "Prompt", names), shape("shown", "Prompt", names)
    if len(names) < 2:
        colour, kind = colour.legend(None), kind.legend(None)
    order = list(dict.fromkeys(row["line"] for row in rows))
    base = alt.Chart().encode(
        y=alt.Y("line:N", sort=order, title=None, axis=alt.Axis(labelLimit=300)),
        yOffset=alt.YOffset("shown:N", sort=names),
    )
    return base, colour, kind


FIGURES = (
    Figure("corrected", Section.JUDGES, "corrected", corrected),
    Figure("pairwise", Section.JUDGES, "pairwise", pairwise),
)
