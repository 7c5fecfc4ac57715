"""The figure of costs: money over time, against the budget."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from pilotbench.results.analysis.formatting import joined, usd
from pilotbench.results.summary.figures import theme
from pilotbench.results.summary.figures.base import Drawing, Figure, Rows, Section, Source, spec_of

MOST_LINES = 7
"""Models that have a line of their own, the most expensive ones; the others share one."""
BUDGET_FITS = 5.0
"""A budget of more than so many times the cost is not drawn: the lines would be flat."""
TOTAL = "all models"
DAY_S = 86_400
DASHES = ([1, 0], [8, 3], [2, 2], [8, 3, 2, 3])


def money(source: Source) -> Drawing | None:
    """Draw what answers have cost until each moment, by model and in total, and the budget."""
    costs = source.costs
    if costs is None or costs.times.empty or not costs.times["usd"].max() > 0:
        return None
    wide = _wide(costs.times)
    total, last = float(wide.iloc[-1].sum()), wide.iloc[-1].sort_values(ascending=False)
    priced = [str(name) for name, spent in last.items() if spent > 0]
    lines, names = _lines(wide[priced], source.data.model_names)
    fits = costs.budget_usd is not None and costs.budget_usd <= BUDGET_FITS * total
    rows: Rows = [
        {"line": name, "at": round(1000 * at), "usd": float(spent)}
        | ({"model": name} if name in source.data.model_names else {})
        for name in names
        for at, spent in _steps(lines[name])
    ]
    days = (wide.index[-1] - wide.index[0]) / DAY_S
    layers = [_drawn(names, source.data.model_names, "%H:%M" if days < 1 else "%d %b")]
    if fits:
        rows.append({"budget": costs.budget_usd})
        layers += _limit(float(costs.budget_usd or 0))
    return Drawing(
        "Money over time",
        _words(total, costs.budget_usd, fits, sorted(set(source.data.model_names) - set(priced))),
        f"Cost over time: {usd(total)} in all; {priced[0]} cost most, {usd(float(last.iloc[0]))}. "
        "The table next to it has every model.",
        spec_of(*layers, rows=rows, height=260),
    )


def _wide(times: pd.DataFrame) -> pd.DataFrame:
    """Return the sums at every moment, one column per model."""
    return times.pivot(index="at", columns="model", values="usd").ffill().fillna(0.0)


def _lines(wide: pd.DataFrame, order: list[str]) -> tuple[pd.DataFrame, list[str]]:
    """Return the lines to draw and their names: models in their order, the rest, the total."""
    kept = wide.columns[: MOST_LINES if len(wide.columns) > MOST_LINES + 1 else None]
    rest = [name for name in wide.columns if name not in kept]
    found = {name: wide[name] for name in order if name in kept}
    if rest:
        found[f"{len(rest)} other models"] = wide[rest].sum(axis=1)
    if len(wide.columns) > 1:
        found[TOTAL] = wide.sum(axis=1)
    return pd.DataFrame(found), list(found)


def _steps(line: pd.Series) -> list[tuple[float, float]]:
    """Return the moments at which a line rises, and its ends."""
    rises = line.diff().fillna(1.0) > 0
    rises.iloc[-1] = True
    return [(float(str(at)), float(spent)) for at, spent in line[rises].items()]


def _drawn(names: list[str], order: list[str], times: str) -> Any:
    colours = theme.colours(order)
    known = dict(zip(colours["domain"], colours["range"], strict=True))
    hues = [known.get(name, theme.INK if name == TOTAL else theme.GREY) for name in names]
    dashes = [
        DASHES[order.index(name) % len(DASHES)] if name in order else [1, 0] for name in names
    ]
    legend = alt.Legend(title="Model", symbolType="stroke", symbolSize=400, symbolStrokeWidth=2.5)
    at = alt.Axis(format=times, tickCount=6, labelOverlap="greedy", labelSeparation=10)
    return (
        alt.Chart()
        .transform_filter("isValid(datum.line)")
        .mark_line(interpolate="step-after", clip=True)
        .encode(
            x=alt.X("at:T", title="time (UTC)", scale=alt.Scale(type="utc"), axis=at),
            y=alt.Y("usd:Q", title="USD", axis=alt.Axis(format="$,.3~r", tickCount=5)),
            color=alt.Color(
                "line:N", scale=alt.Scale(domain=names, range=hues), sort=None, legend=legend
            ),
            strokeDash=alt.StrokeDash(
                "line:N", scale=alt.Scale(domain=names, range=dashes), sort=None, legend=legend
            ),
            strokeWidth=alt.condition(f"datum.line == '{TOTAL}'", alt.value(5), alt.value(2)),
            strokeOpacity=alt.condition(f"datum.line == '{TOTAL}'", alt.value(0.4), alt.value(1)),
            tooltip=[
                alt.Tooltip("line:N", title="model"),
                alt.Tooltip("at:T", format="%Y-%m-%d %H:%M", title="time"),
                alt.Tooltip("usd:Q", format="$,.4~g", title="until then"),
            ],
        )
    )


def _limit(budget: float) -> list[Any]:
    base = alt.Chart().transform_filter("isValid(datum.budget)")
    words = alt.value(f"budget {usd(budget)}")
    return [
        base.mark_rule(color=theme.LIMIT, strokeWidth=2, strokeDash=[6, 4]).encode(y="budget:Q"),
        base.mark_text(align="left", baseline="bottom", dx=4, dy=-3).encode(
            x=alt.value(0), y="budget:Q", text=words
        ),
    ]


def _words(total: float, budget: float | None, fits: bool, unpriced: list[str]) -> str:
    says = (
        "Cost of the answers until each moment, those of earlier runs included; the answers of "
        "unfinished episodes and unusable ones are not."
    )
    if budget is not None and not fits:
        says += f" The budget of {usd(budget)} is {budget / total:,.0f} times as much."
    if unpriced:
        says += f" Not drawn, since their cost is unknown or 0: {joined(unpriced[:MOST_LINES])}"
        says += f" and {len(unpriced) - MOST_LINES} more." if len(unpriced) > MOST_LINES else "."
    return says


FIGURES = (Figure("money", Section.COST, "cost", money),)
