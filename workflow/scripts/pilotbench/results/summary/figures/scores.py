"""The figure of scores and further numbers that the scorers of packs give."""

from __future__ import annotations

from typing import Any

import altair as alt

from pilotbench.ground.untrusted_text import visible
from pilotbench.results.summary.figures.base import (
    Drawing,
    Figure,
    Rows,
    Section,
    Source,
    alt_words,
    by,
    model_order,
    roomy,
    shape,
    tips,
)

MOST = 12  # drawn; the table has them all
LABEL = 120
"""px of a model's name beside each chart."""


def metrics(source: Source) -> Drawing | None:
    """Draw the mean of each number with its interval by model and prompt, one chart below another.

    Each chart has a scale of its own.
    """
    every = [row for row in source.rows("metrics") if row["mean"] is not None]
    rows = _named(every)
    if not rows:
        return None
    names, models = [source.data.label(p) for p in source.data.prompt_names], model_order(source)
    charts = list(dict.fromkeys(row["chart"] for row in rows))
    colour, kind = by("shown", "Prompt", names), shape("shown", "Prompt", names)
    if len(names) < 2:
        colour, kind = colour.legend(None), kind.legend(None)
    base = alt.Chart().encode(
        y=alt.Y("model:N", sort=models, title=None, axis=alt.Axis(labelLimit=LABEL)),
        yOffset=alt.YOffset("shown:N", sort=names),
        color=colour,
    )
    scale = alt.Scale(zero=False)
    lines = len({(row["model"], row["shown"]) for row in rows})
    each = alt.layer(
        base.mark_rule(strokeWidth=2).encode(x=alt.X("mean_low:Q", scale=scale), x2="mean_high:Q"),
        base.mark_point(filled=True, size=70, opacity=1).encode(
            x=alt.X("mean:Q", scale=scale, title=None, axis=alt.Axis(tickCount=6)),
            shape=kind,
            tooltip=tips(
                ["model", "shown", "task", "metric"],
                [],
                ["mean", "mean_low", "mean_high", "n", "missing"],
            ),
        ),
    ).properties(height=roomy(lines, 120) * lines, width=560)
    header = alt.Header(labelAngle=0, labelAnchor="start", labelOrient="top", labelLimit=400)
    row = alt.Row("chart:N", title=None, header=header, sort=charts)
    values: Any = alt.Data(values=rows)  # type: ignore[no-untyped-call]  # Altair has no annotation
    spec = each.facet(row=row, data=values).resolve_scale(x="independent").to_dict(validate=False)
    beside = min(LABEL, 7 * max(len(model) for model in models))
    spec["usermeta"] = {"inner": True, "beside": beside + 60}
    first = [one for one in rows if one["chart"] == charts[0]]
    left = len({(row["task"], row["metric"]) for row in every}) - len(charts)
    return Drawing(
        "Scores and metrics",
        "Means over the instances with 95 % intervals, each on its own scale. More need not be "
        "better. A mean without an interval has too few, or equal, values."
        + (f" {left} more are in the table." if left else ""),
        alt_words(f"Mean {charts[0]}", first, "shown", "mean", percent=False),
        spec,
    )


def _named(every: Rows) -> Rows:
    """Return the rows of the first MOST numbers, with the name of the chart that they are in."""
    several = len({row["task"] for row in every}) > 1
    for row in every:
        name = visible(str(row["metric"]), 60)
        row["chart"] = f"{name} ({row['task']})" if several else name
    charts = list(dict.fromkeys(row["chart"] for row in every))[:MOST]
    kept = ("model", "prompt", "shown", "task", "metric", "chart", "n", "missing")
    numbers = ("mean", "mean_low", "mean_high")
    return [
        {name: row[name] for name in (*kept, *numbers)} for row in every if row["chart"] in charts
    ]


FIGURES = (Figure("metrics", Section.METRICS, "metrics", metrics),)
