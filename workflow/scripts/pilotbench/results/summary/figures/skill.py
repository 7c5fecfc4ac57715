"""Figures of success: by prompt, by cost, by task, by difficulty, by tool success rate."""

from __future__ import annotations

from functools import partial
from typing import Any

import altair as alt
import pandas as pd

from pilotbench.benchmark.world.levels import DIFFICULTIES
from pilotbench.matrix.axes import NONE
from pilotbench.results.analysis.group_scores import plain_prompts
from pilotbench.results.summary.figures import theme
from pilotbench.results.summary.figures.base import (
    PERCENT,
    RATE,
    Drawing,
    Figure,
    Json,
    Rows,
    Section,
    Source,
    alt_words,
    by,
    by_model,
    log_axis,
    roomy,
    scored,
    shape,
    shared_words,
    shown,
    spec_of,
    tips,
    widest,
    worst_cases,
)

ORACLE = "The grey tick is the oracle on the same instances, draws and turns. "
BOUNDS = " ▲ cannot be distinguished from the oracle on these draws, ▼ from the random player."
NAMED = (*DIFFICULTIES, NONE)
"""The difficulties of the heat map. The levels of version 4's axes are in the profile."""
OWED = "Dotted: episodes are owed, from all of them failed to all of them passed."


def success(source: Source) -> Drawing | None:
    """Draw success with intervals by model and prompt, the oracle's score as a tick."""
    plain = plain_prompts(source.data)
    rows = scored(source.rows("success"))
    if not rows:
        return None
    colour = by("shown", "Prompt", [source.data.label(p) for p in plain])
    base = by_model(source)
    return Drawing(
        "Success by model and prompt",
        f"Success {shared_words(source)}; refusals count as not solved; 95 % intervals. "
        + ORACLE * source.data.has_bounds
        + (OWED if any(row["owed"] for row in rows) else ""),
        alt_words("Success rate", rows, "shown", "success_rate_all"),
        spec_of(
            base.mark_tick(thickness=2, size=10, color="#8a939d").encode(x="oracle_ceiling:Q"),
            worst_cases(base.encode(color=colour), alt.X("lower:Q", scale=RATE), alt.X2("upper:Q")),
            base.mark_rule(strokeWidth=2).encode(
                x=alt.X("success_rate_all_low:Q", scale=RATE, title=""),
                x2="success_rate_all_high:Q",
                color=colour,
            ),
            base.mark_point(filled=True, size=70, opacity=1).encode(
                x=alt.X("success_rate_all:Q", scale=RATE, axis=PERCENT, title="success rate"),
                color=colour,
                shape=shape("shown", "Prompt", [source.data.label(p) for p in plain]),
                tooltip=tips(
                    ["model", "protocol", "shown"],
                    ["success_rate_all", "success_rate_all_low", "success_rate_all_high"],
                    ["completed", "planned", "owed"],
                ),
            ),
            rows=rows,
            step=roomy(len(rows)),
            lines=["model", "shown"],
        ),
    )


def pareto(source: Source) -> Drawing | None:
    """Draw success against cost, or against tokens if no price is known or everything is free."""
    paid = source.rows("model_prompt", lambda f: f["prompt"] == source.data.headline)
    cost = any(row.get("cost_usd") for row in paid)
    x = "cost_per_episode" if cost else "tokens_per_episode"
    for row in paid:
        done = (row["completed"] or 0) + (row["refused"] or 0)
        row["cost_per_episode"] = row["cost_usd"] / done if row.get("cost_usd") and done else None
    rows = [row for row in scored(paid) if row.get(x)]
    if not rows:
        return None
    front = _front(rows, x)
    for row in rows:
        row["front"] = row["model"] in front
    there = [m for m in source.data.model_names if any(row["model"] == m for row in rows)]
    colour = by("model", "Model", source.data.model_names).legend(values=there)
    base = alt.Chart()
    title = "USD per episode (log)" if cost else "tokens per episode (log)"
    scale, axis = log_axis([row[x] for row in rows])
    at = alt.X(f"{x}:Q", scale=scale, axis=axis, title=title)
    return Drawing(
        "Cost against success" if cost else "Tokens against success",
        _pareto_words(source, rows, cost),
        alt_words("Success against cost", rows, "model", "success_rate_all"),
        spec_of(
            base.mark_line(interpolate="step-after", color="#8a939d", strokeDash=[4, 3])
            .encode(x=at, y="success_rate_all:Q")
            .transform_filter("datum.front"),
            worst_cases(base.encode(x=at, color=colour), alt.Y("lower:Q"), alt.Y2("upper:Q")),
            base.mark_rule(strokeWidth=2).encode(
                x=at, y="success_rate_all_low:Q", y2="success_rate_all_high:Q", color=colour
            ),
            base.mark_point(filled=True, size=90, opacity=1).encode(
                x=at,
                y=alt.Y("success_rate_all:Q", scale=RATE, axis=PERCENT, title="success rate"),
                color=colour,
                shape=shape("model", "Model", source.data.model_names).legend(values=there),
                tooltip=tips(["model"], ["success_rate_all"], [x, "tokens_per_success"]),
            ),
            rows=rows,
            height=230,
        ),
    )


def _pareto_words(source: Source, rows: Rows, cost: bool) -> str:
    prompt = source.data.label(str(source.data.headline))
    words = (
        f"Headline prompt ({prompt}). "
        "The line connects the models that no other model beats on both; "
        "left and up is better. Models without a known price are not shown. "
        if cost
        else f"Headline prompt ({prompt}); no prices are known or everything is free. "
    )
    return words + (OWED if any(row["owed"] for row in rows) else "")


def _front(rows: Rows, x: str) -> set[str]:
    best, front = -1.0, set()
    known = [row for row in rows if row["success_rate_all"] is not None]
    for row in sorted(known, key=lambda r: (r[x], -r["success_rate_all"])):
        if row["success_rate_all"] > best:
            best = row["success_rate_all"]
            front.add(str(row["model"]))
    return front


def heat(source: Source, axis: str) -> Drawing | None:
    """Draw model x task, or model x difficulty, as a heat map."""
    rows = [
        row for row in scored(source.rows(f"by_{axis}")) if row.get("difficulty", NONE) in NAMED
    ]
    if not rows:
        return None
    for row in rows:
        row["label"] = _label(row)
    prompt = widest(source, rows, axis)
    seen = list(pd.unique(source.tables["cells"].frame[axis]))
    base = alt.Chart().encode(
        x=alt.X(
            f"{axis}:N",
            sort=list(NAMED) if axis == "difficulty" else seen,
            title=None,
            axis=_wrapped(),
        ),
        y=alt.Y("model:N", sort=source.data.model_names, title=None),
    )
    return Drawing(
        f"Model and {axis}",
        "Success rate in per cent, refusals counted as not solved."
        + BOUNDS * source.data.has_bounds
        + (" Two numbers: episodes are owed, worst and best case." * any(r["owed"] for r in rows)),
        alt_words(f"Heat map of success by model and {axis}", rows, axis, "success_rate_all"),
        spec_of(
            base.mark_rect(cornerRadius=3).encode(
                color=alt.Color(
                    "success_rate_all:Q",
                    scale=alt.Scale(domain=[0, 1], range=list(theme.SEQUENCE)),
                    legend=None,
                ),
                tooltip=tips(
                    ["model", "shown", axis],
                    ["success_rate_all", "success_rate_all_low", "success_rate_all_high"],
                    ["completed", "planned"],
                ),
            ),
            base.mark_text(fontSize=12).encode(
                text="label:N",
                color=alt.condition(
                    "datum.success_rate_all > 0.5", alt.value("white"), alt.value("#1b1f24")
                ),
            ),
            rows=rows,
            step=34,
            lines=["model"],
            choose=[prompt, *(p for p in shown(rows) if p != prompt)],
        ),
    )


def _label(row: Json) -> str:
    if row["success_rate_all"] is None:
        return f"{100 * row['lower']:.0f}–{row['upper']:.0%}"
    bound = "▲" if row["at_ceiling"] else "▼" if row["at_floor"] else ""
    return f"{row['success_rate_all']:.0%}{bound}"


def _wrapped() -> Any:
    return alt.Axis(labelAngle=0, labelExpr="split(datum.label, '_')", labelLimit=110)


def reliability(source: Source) -> Drawing | None:
    """Draw success against the tool success rate, one line per model."""
    rows = source.rows("by_tool_success_rate", lambda f: f["tool_success_rate"] != "none")
    rows = [row | {"rate": float(row["tool_success_rate"])} for row in scored(rows)]
    if not rows:
        return None
    prompt = widest(source, rows, "tool_success_rate")
    colour = by("model", "Model", source.data.model_names)
    x = alt.X(
        "rate:Q",
        title="nominal tool success rate",
        scale=alt.Scale(domain=_span(rows), nice=False),
        axis=alt.Axis(values=sorted({row["rate"] for row in rows}), format=".0%"),
    )
    base = alt.Chart().encode(x=x, color=colour)
    return Drawing(
        "When tools fail more often",
        "All models get the same failures, and those at a higher rate are a subset of those at a "
        "lower one. The dashed line is the oracle. "
        + (OWED if any(row["owed"] for row in rows) else ""),
        alt_words("Success by tool success rate", rows, "tool_success_rate", "success_rate_all"),
        spec_of(
            base.mark_area(opacity=0.13).encode(
                y="success_rate_all_low:Q", y2="success_rate_all_high:Q"
            ),
            alt.Chart()
            .mark_line(strokeDash=[4, 3], color="#8a939d")
            .encode(x=x, y="mean(oracle_ceiling):Q"),
            worst_cases(base, alt.Y("lower:Q"), alt.Y2("upper:Q")),
            base.mark_line(strokeWidth=2)
            .encode(y="success_rate_all:Q")
            .transform_filter("isValid(datum.success_rate_all)"),
            base.mark_point(filled=True, size=70, opacity=1).encode(
                y=alt.Y("success_rate_all:Q", scale=RATE, axis=PERCENT, title="success rate"),
                shape=shape("model", "Model", source.data.model_names),
                tooltip=tips(
                    ["model", "shown", "tool_success_rate"],
                    ["success_rate_all", "effective_rate", "recovered_share"],
                    ["completed"],
                ),
            ),
            rows=rows,
            height=280,
            choose=[prompt, *(p for p in shown(rows) if p != prompt)],
        ),
    )


def _span(rows: Rows) -> list[float]:
    rates = [row["rate"] for row in rows]
    return [min(rates) - 0.02, max(rates) + 0.02]


FIGURES = (
    Figure("success", Section.AHEAD, "success", success),
    Figure("pareto", Section.AHEAD, "model_prompt", pareto),
    Figure("heat_task", Section.TASKS, "by_task", partial(heat, axis="task")),
    Figure("heat_difficulty", Section.TASKS, "by_difficulty", partial(heat, axis="difficulty")),
    Figure("reliability", Section.RELIABILITY, "by_tool_success_rate", reliability),
)
