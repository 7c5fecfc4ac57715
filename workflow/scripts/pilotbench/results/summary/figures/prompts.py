"""Figures of what a prompt changes: paired differences and flaws that were followed."""

from __future__ import annotations

from typing import Any

import altair as alt

from pilotbench.results.summary.figures.base import (
    PERCENT,
    POINTS,
    RATE,
    Drawing,
    Figure,
    Json,
    Rows,
    Section,
    Source,
    alt_words,
    by,
    roomy,
    shape,
    spec_of,
    tips,
    worst_cases,
)

WORST = " Dotted: episodes are owed, the worst cases are shown and no conclusion is drawn."


def prompt_effect(source: Source) -> Drawing | None:
    """Draw what each prompt changes within a model, as paired differences."""
    return _differences(
        source,
        "contrasts_prompts",
        "What the prompt changes",
        "Difference in success from baseline on the same instances, with 95 % intervals.",
        ("model", source.data.model_names),
    )


def flaw_effect(source: Source) -> Drawing | None:
    """Draw what each flaw costs a model, as paired differences to the optimal plan."""
    return _differences(
        source,
        "contrasts_flaws",
        "What a flawed plan costs",
        "Difference in success to the plan without the flaw, on the instances that both have.",
        ("arm", _flawed(source)),
    )


def followed_excess(source: Source) -> Drawing | None:
    """Draw how much more often each flaw is followed than its calls occur without it."""
    return _differences(
        source,
        "contrasts_followed",
        "What a flawed plan makes a model do",
        "How much more often the flaw is followed than the same calls occur under the plan without "
        "it, on the instances that both have, with 95 % intervals.",
        ("arm", _flawed(source)),
        "followed beyond optimal",
    )


def _flawed(source: Source) -> list[str]:
    return [p for p in source.data.prompt_names if source.data.prompts[p].flaw]


def _differences(
    source: Source,
    table: str,
    title: str,
    says: str,
    down: tuple[str, list[str]],
    what: str = "difference in success",
) -> Drawing | None:
    rows = source.rows(table)
    if not rows:
        return None
    for row in rows:
        row["prompt"], row["arm_shown"] = row["arm"], source.data.label(str(row["arm"]))
    axis, order = down
    series, names = ("model", source.data.model_names) if axis == "arm" else ("arm_shown", [])
    names = names or list(dict.fromkeys(row["arm_shown"] for row in rows))
    words = alt_words(title, rows, axis, "difference")
    owed = WORST if any(row["owed"] for row in rows) else ""
    return Drawing(title, says + owed, words, forest(rows, axis, order, series, names, what))


def forest(
    rows: Rows,
    axis: str,
    order: list[str],
    series: str,
    names: list[str],
    what: str = "difference in success",
) -> Json:
    """Return the spec of differences: one band per word of `axis`, one line per series.

    A series of one needs no legend.
    """
    title = "Model" if series == "model" else "Prompt"
    colour, kind = by(series, title, names), shape(series, title, names)
    if len(names) < 2:
        colour, kind = colour.legend(None), kind.legend(None)
    base = alt.Chart().encode(
        y=alt.Y(f"{axis}:N", sort=order, title=None, axis=unflawed()),
        yOffset=alt.YOffset(f"{series}:N", sort=names),
    )
    return spec_of(
        alt.Chart().mark_rule(strokeDash=[3, 3]).encode(x=alt.datum(0)),
        worst_cases(base.encode(color=colour), alt.X("lower:Q"), alt.X2("upper:Q")),
        base.mark_rule(strokeWidth=2).encode(x="low:Q", x2="high:Q", color=colour),
        base.mark_point(filled=True, size=70, opacity=1).encode(
            x=alt.X("difference:Q", axis=POINTS, title=f"{what}, points"),
            color=colour,
            shape=kind,
            tooltip=tips(
                ["model", "base", "arm"],
                ["difference", "low", "high", "detectable"],
                ["n", "differ", "p_holm"],
            ),
        ),
        rows=rows,
        step=roomy(len(rows)),
        lines=[axis, series],
    )


def followed(source: Source) -> Drawing | None:
    """Draw how often a flaw was followed, from the share under the plan without it."""
    rows = source.rows("flaws")
    if not rows:
        return None
    for row in rows:
        if not row["owed"]:
            row["followed_lower"] = row["followed_upper"] = row["followed"]
    names = source.data.model_names
    colour = by("model", "Model", names)
    base = alt.Chart().encode(
        y=alt.Y("prompt:N", title=None, sort=source.data.prompt_names, axis=unflawed()),
        yOffset=alt.YOffset("model:N", sort=names),
    )
    return Drawing(
        "Was the flaw followed?",
        "The point is the share of episodes that followed the flaw, the bar the share that make "
        "the same calls when the plan has no flaw: the difference is due to the flaw."
        + (WORST if any(row["owed"] for row in rows) else ""),
        alt_words("Share of episodes that followed the flaw", rows, "prompt", "followed"),
        spec_of(
            base.mark_tick(thickness=3, size=12, opacity=1).encode(
                x=alt.X("same_under_optimal:Q", title=""), color=colour
            ),
            worst_cases(
                base.encode(color=colour), alt.X("followed_lower:Q"), alt.X2("followed_upper:Q")
            ),
            base.mark_rule(strokeWidth=2)
            .encode(x="same_under_optimal:Q", x2="followed:Q", color=colour)
            .transform_filter("isValid(datum.followed)"),
            base.mark_point(filled=True, size=70, opacity=1).encode(
                x=alt.X("followed:Q", scale=RATE, axis=PERCENT, title="share of episodes"),
                color=colour,
                shape=shape("model", "Model", names),
                tooltip=tips(
                    ["model", "prompt"],
                    ["followed", "corrected", "not_reached", "excess_over_optimal"],
                    ["n", "p_holm", "followed_success", "followed_failure"],
                ),
            ),
            rows=rows,
            step=15,
            lines=["prompt", "model"],
        ),
    )


def unflawed() -> Any:
    """Return an axis of flaws without their common prefix."""
    flaw = "replace(slice(datum.label, 7), /_/g, ' ')"
    return alt.Axis(labelExpr=f"indexof(datum.label, 'flawed_') == 0 ? {flaw} : datum.label")


FIGURES = (
    Figure("prompt_effect", Section.PROMPTS, "contrasts_prompts", prompt_effect),
    Figure("flaw_effect", Section.FLAWS, "contrasts_flaws", flaw_effect),
    Figure("followed", Section.FLAWS, "flaws", followed),
    Figure("followed_excess", Section.FLAWS, "contrasts_followed", followed_excess),
)
