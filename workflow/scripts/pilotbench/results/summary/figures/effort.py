"""Figures of effort: turns, tokens, errors, latency, and the use of the keys."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from pilotbench.benchmark.tasks.scoring import ERROR_KINDS
from pilotbench.results.analysis.common_conditions import inside
from pilotbench.results.analysis.group_scores import plain_cells
from pilotbench.results.analysis.usage import KeyUse
from pilotbench.results.statistics.usage import PERCENTILES
from pilotbench.results.summary.figures import theme
from pilotbench.results.summary.figures.base import (
    Drawing,
    Figure,
    Json,
    Rows,
    Section,
    Source,
    alt_words,
    by,
    log_axis,
    plain_rows,
    shape,
    shared_words,
    spec_of,
    tips,
    title_of,
)

MOST_KEYS = 12  # drawn; the table has them all


def turns(source: Source) -> Drawing | None:
    """Draw how many turns episodes took: median, quartiles, tenth and ninetieth percentile."""
    frame = like_for_like(source)
    if frame.empty or not source.data.has_turns:
        return None
    cuts = frame.groupby(["model", "prompt"], sort=False)["turns"].quantile(
        [0.1, 0.25, 0.5, 0.75, 0.9]
    )
    wide = cuts.unstack()
    wide.columns = ["p10", "p25", "p50", "p75", "p90"]
    rows = _lined(plain_rows(wide.reset_index(), source.data), source)
    colour = by("model", "Model", source.data.model_names).legend(None)
    base = alt.Chart().encode(y=_lines(rows))
    return Drawing(
        "Turns per episode",
        f"Median, quartiles (thick), 10th to 90th percentile (thin), {shared_words(source)}.",
        alt_words("Median turns", rows, "shown", "p50", percent=False),
        spec_of(
            base.mark_rule(strokeWidth=1.5).encode(x="p10:Q", x2="p90:Q", color=colour),
            base.mark_rule(strokeWidth=6, opacity=0.45).encode(x="p25:Q", x2="p75:Q", color=colour),
            base.mark_point(filled=True, size=60, opacity=1).encode(
                x=alt.X("p50:Q", title="turns", scale=alt.Scale(zero=True)),
                color=colour,
                tooltip=tips(["model", "shown"], [], ["p10", "p25", "p50", "p75", "p90"]),
            ),
            rows=rows,
            step=19,
            lines=["line"],
        ),
    )


def tokens(source: Source) -> Drawing | None:
    """Draw tokens per episode, split into fresh and cached input, output and reasoning."""
    frame = like_for_like(source)
    if frame.empty:
        return None
    names = ["tokens_input", "tokens_cached", "tokens_output", "tokens_reasoning"]
    means = frame.groupby(["model", "prompt"], sort=False)[names].mean().reset_index()
    kinds = {
        "input, fresh": means["tokens_input"] - means["tokens_cached"],
        "input, cached": means["tokens_cached"],
        "output": means["tokens_output"] - means["tokens_reasoning"],
        "reasoning": means["tokens_reasoning"],
    }
    long = pd.concat(
        means[["model", "prompt"]].assign(kind=kind, tokens=values, order=place)
        for place, (kind, values) in enumerate(kinds.items())
    )
    rows = _lined(plain_rows(long, source.data), source)
    whole = means.assign(tokens=means["tokens_input"] + means["tokens_output"])
    return Drawing(
        "Tokens per episode",
        f"Mean per episode, {shared_words(source)}. Cached is the part of the input that the "
        "provider had in its cache.",
        alt_words("Tokens per episode", plain_rows(whole, source.data), "shown", "tokens", False),
        _stacked("tokens", "tokens per episode", list(kinds), rows),
    )


def errors(source: Source) -> Drawing | None:
    """Draw the kinds of error, stacked, per 100 episodes."""
    if "errors" not in source.tables:
        return None
    wide = source.tables["errors"].frame
    long = wide.melt(["model", "prompt"], list(ERROR_KINDS), "kind", "calls")
    long["order"] = long["kind"].map({kind: i for i, kind in enumerate(ERROR_KINDS)})
    rows = _lined(plain_rows(long[long["calls"] > 0], source.data), source)
    if not rows:
        return None
    return Drawing(
        "What went wrong",
        "Calls with an error, per 100 completed episodes, by the first matching rule.",
        alt_words("Errors per 100 episodes", rows, "kind", "calls", False),
        _stacked("calls", "per 100 episodes", list(ERROR_KINDS), rows),
    )


def _stacked(value: str, title: str, kinds: list[str], rows: Rows) -> Json:
    bars = (
        alt.Chart()
        .mark_bar()
        .encode(
            y=_lines(rows),
            x=alt.X(f"{value}:Q", title=title, stack="zero", axis=alt.Axis(tickCount=6)),
            color=by("kind", "Kind", kinds),
            order=alt.Order("order:Q"),
            tooltip=[
                *(alt.Tooltip(f"{n}:N", title=title_of(n)) for n in ("model", "shown", "kind")),
                alt.Tooltip(f"{value}:Q", format=",.1f"),
            ],
        )
    )
    return spec_of(bars, rows=rows, step=19, lines=["line"])


def like_for_like(source: Source) -> pd.DataFrame:
    """Return the episodes under prompts without a flaw, on the conditions that these share."""
    return inside(source.episodes, plain_cells(source.data))


def _lined(rows: Rows, source: Source) -> Rows:
    """Add the label of the line of each model and prompt, in the order of both."""
    models = {name: place for place, name in enumerate(source.data.model_names)}
    prompts = {name: place for place, name in enumerate(source.data.prompt_names)}
    ordered = sorted(rows, key=lambda row: (models[row["model"]], prompts[row["prompt"]]))
    return [row | {"line": f"{row['model']} · {row['shown']}"} for row in ordered]


def _lines(rows: Rows) -> Any:
    order = list(dict.fromkeys(row["line"] for row in rows))
    return alt.Y("line:N", sort=order, title=None, axis=alt.Axis(labelLimit=300))


def latency(source: Source) -> Drawing | None:
    """Draw latency percentiles by model on a log axis."""
    if "latency" not in source.tables:
        return None
    frame = source.tables["latency"].frame
    marks = [f"p{percent}" for percent in PERCENTILES]
    rows = plain_rows(frame.melt(["model", "requests"], marks, "percentile", "s"), source.data)
    base = alt.Chart().encode(y=alt.Y("model:N", sort=source.data.model_names, title=None))
    scale, axis = log_axis([max(row["s"], 0.001) for row in rows if row["s"] is not None])
    return Drawing(
        "How long an answer takes",
        "Seconds from sending a request to its complete answer: 50th, 90th, 95th, 99th percentile.",
        alt_words(
            "Latency in seconds", [r for r in rows if r["percentile"] == "p50"], "model", "s", False
        ),
        spec_of(
            base.mark_line(strokeWidth=2, color="#8a939d").encode(x="s:Q", detail="model:N"),
            base.mark_point(filled=True, size=80, opacity=1).encode(
                x=alt.X("s:Q", scale=scale, axis=axis, title="seconds (log)"),
                color=by("percentile", "Percentile", marks),
                shape=shape("percentile", "Percentile", marks),
                tooltip=tips(["model", "percentile"], [], ["s", "requests"]),
            ),
            rows=rows,
            step=44,
            lines=["model"],
        ),
    )


def timeline(source: Source) -> Drawing | None:
    """Draw requests in flight on each key over the active time, its slots as a line."""
    rows = [
        {"key": use.key, "slots": slots, "at": float(at), "in_flight": float(level)}
        for use in source.uses[:MOST_KEYS]
        for at, level, slots in zip(
            use.load.at / 60, use.load.in_flight, _allowed(use), strict=True
        )
    ]
    if not rows:
        return None
    x = alt.X("at:Q", title="minutes of active time", scale=alt.Scale(nice=False))
    layers = [
        alt.Chart()
        .mark_area(interpolate="step", opacity=0.55, color=theme.SERIES[0], line=True)
        .encode(x=x, y=alt.Y("in_flight:Q", title="in flight", axis=alt.Axis(tickCount=3)))
    ]
    if all(use.slots for use in source.uses[:MOST_KEYS]):
        layers.append(
            alt.Chart()
            .mark_line(interpolate="step", color=theme.SERIES[1], strokeWidth=2)
            .encode(x=x, y=alt.Y("slots:Q", title="in flight"))
        )
    each = alt.layer(*layers).properties(height=70, width=620)
    header = alt.Header(labelAngle=0, labelAnchor="start", labelOrient="top")
    values: Any = alt.Data(values=rows)  # type: ignore[no-untyped-call]  # Altair has no annotation
    row = alt.Row("key:N", title=None, header=header, sort=[use.key for use in source.uses])
    chart = each.facet(row=row, data=values).resolve_scale(y="independent")
    spec = chart.to_dict(validate=False)
    spec["usermeta"] = {"inner": True}
    busiest = source.uses[0]
    return Drawing(
        "Requests in flight on each key",
        "Mean in flight over active time (without pauses of more than a minute); the line is the "
        "key's slots.",
        f"Requests in flight over time on {len(source.uses)} keys; the busiest is {busiest.key}"
        + (f", used {busiest.utilisation:.0%}." if busiest.utilisation is not None else "."),
        spec,
    )


def _allowed(use: KeyUse) -> list[float | None]:
    """Return the slots in force in each bin."""
    slots = use.load.slots
    return (
        [None] * len(use.load.at) if slots is None else [round(float(count), 3) for count in slots]
    )


FIGURES = (
    Figure("turns", Section.EFFORT, "model_prompt", turns),
    Figure("tokens", Section.EFFORT, "model_prompt", tokens),
    Figure("errors", Section.ERRORS, "errors", errors),
    Figure("latency", Section.KEYS, "latency", latency),
    Figure("timeline", Section.KEYS, "keys", timeline),
)
