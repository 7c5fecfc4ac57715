"""Figures of the profile: success against length, and a row of charts for the axes."""

from __future__ import annotations

from typing import Any

import altair as alt

from pilotbench.results.analysis.profile import AXES
from pilotbench.results.summary.figures.base import (
    PERCENT,
    RATE,
    Drawing,
    Figure,
    Json,
    Section,
    Source,
    alt_words,
    by,
    log_axis,
    model_order,
    roomy,
    shape,
    tips,
)

LABEL = 120
"""px of a model's name beside each chart."""


def lengths(source: Source) -> Drawing | None:
    """Draw success against the number of items, one chart per model, with the fitted curve."""
    rows = source.rows("profile_lengths")
    if not rows:
        return None
    scale, axis = log_axis([row["items"] for row in rows])
    axis.values = sorted({row["items"] for row in rows})
    x = alt.X("items:Q", scale=scale, axis=axis, title="items (N)")
    colour, kind = _by_prompt(source)
    base = alt.Chart().encode(x=x, color=colour)
    rate = alt.Y("success_rate_all:Q", scale=RATE, axis=_percent(), title="success")
    each = alt.layer(
        alt.Chart().mark_rule(strokeDash=[3, 3]).encode(y=alt.datum(0.5)),
        base.mark_line(strokeWidth=2, interpolate="monotone").encode(y=alt.Y("fitted:Q")),
        base.mark_rule(strokeWidth=1.5).encode(
            y=alt.Y("success_rate_all_low:Q"), y2="success_rate_all_high:Q"
        ),
        base.mark_point(filled=True, size=55, opacity=1).encode(
            y=rate,
            shape=kind,
            tooltip=tips(
                ["model", "shown"],
                ["success_rate_all", "success_rate_all_low", "success_rate_all_high"],
                ["items", "n"],
            ),
        ),
    ).properties(height=110, width=560)
    return Drawing(
        "Success against length",
        "Success by the number of items with 95 % intervals, and the fitted curve. The horizon is "
        "where the curve crosses one half.",
        alt_words("Success by number of items", rows, "shown", "success_rate_all"),
        _faceted(each, "model", model_order(source), rows, 70),
    )


def axes(source: Source) -> Drawing | None:
    """Draw the success on each axis, one chart per axis, one line per model and prompt."""
    rows = [
        {
            **{word: row[word] for word in ("model", "prompt", "shown")},
            **{"axis": axis, "rate": row[axis]},
            **{end: row.get(f"{axis}_{end}") for end in ("low", "high", "lower", "upper")},
        }
        for row in source.rows("profile")
        for axis in AXES
        if row.get(axis) is not None or row.get(f"{axis}_lower") is not None
    ]
    if not rows:
        return None
    models = model_order(source)
    names = [source.data.label(p) for p in source.data.prompt_names]
    y = alt.Y("model:N", sort=models, title=None, axis=alt.Axis(labelLimit=LABEL))
    colour, kind = _by_prompt(source)
    base = alt.Chart().encode(y=y, yOffset=alt.YOffset("shown:N", sort=names), color=colour)
    lines = len({(row["model"], row["shown"]) for row in rows})
    each = alt.layer(
        base.mark_rule(strokeWidth=2, strokeDash=[2, 3]).encode(x="lower:Q", x2="upper:Q"),
        base.mark_rule(strokeWidth=2).encode(x="low:Q", x2="high:Q"),
        base.mark_point(filled=True, size=70, opacity=1).encode(
            x=alt.X("rate:Q", scale=RATE, axis=PERCENT, title=None),
            shape=kind,
            tooltip=tips(["model", "shown", "axis"], ["rate", "low", "high"], []),
        ),
    ).properties(height=roomy(lines, 120) * lines, width=560)
    there = [axis for axis in AXES if any(row["axis"] == axis for row in rows)]
    beside = min(LABEL, 7 * max(len(model) for model in models))
    return Drawing(
        "Success on each axis",
        "Success on the levels of an axis other than its control, with 95 % intervals. Dotted: "
        "episodes are owed, the worst cases are shown.",
        alt_words("Success by axis", rows, "axis", "rate"),
        _faceted(each, "axis", there, rows, beside + 60),
    )


def _by_prompt(source: Source) -> tuple[Any, Any]:
    """Return colour and shape by prompt; a prompt of one needs no legend."""
    names = [source.data.label(p) for p in source.data.prompt_names]
    colour, kind = by("shown", "Prompt", names), shape("shown", "Prompt", names)
    if len(names) < 2:
        colour, kind = colour.legend(None), kind.legend(None)
    return colour, kind


def _percent() -> Any:
    return alt.Axis(format=".0%", grid=True, values=[0, 0.5, 1])


def _faceted(each: Any, field: str, order: list[str], rows: list[Json], beside: int) -> Json:
    """Return one chart below another by the words of a field."""
    header = alt.Header(labelAngle=0, labelAnchor="start", labelOrient="top", labelLimit=400)
    row = alt.Row(f"{field}:N", title=None, header=header, sort=order)
    values: Any = alt.Data(values=rows)  # type: ignore[no-untyped-call]  # Altair has no annotation
    spec: Json = each.facet(row=row, data=values).to_dict(validate=False)
    spec["usermeta"] = {"inner": True, "beside": beside}
    return spec


FIGURES = (
    Figure("profile_lengths", Section.PROFILE, "profile_lengths", lengths),
    Figure("profile_axes", Section.PROFILE, "profile", axes),
)
