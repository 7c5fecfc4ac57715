"""Every figure of the summary: one function a figure, all listed in `figures`.

A figure's data are rows of the tables, never numbers of its own; each row carries the words
(model, prompt, task, difficulty) that the page's filters know.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import altair as alt
import pandas as pd

from pilotbench.summary import theme
from pilotbench.summary.data import CONDITION, Data
from pilotbench.summary.scores import ERRORS
from pilotbench.summary.tables import Table
from pilotbench.summary.usage import KeyUse

Json = dict[str, Any]
Rows = list[Json]
RATE = alt.Scale(domain=[0, 1], nice=False)
PERCENT = alt.Axis(format=".0%", grid=True, tickCount=6)


@dataclass(frozen=True)
class Figure:
    """One figure: a Vega-Lite spec, words for those who cannot see it, the table it shows."""

    name: str
    title: str
    says: str
    alt: str
    spec: Json
    table: str
    section: str


@dataclass(frozen=True)
class Source:
    """What the figures are drawn from."""

    data: Data
    tables: dict[str, Table]
    episodes: pd.DataFrame
    uses: Sequence[KeyUse] = field(default_factory=tuple)

    def rows(self, name: str, keep: Any = None) -> Rows:
        """Return the rows of a table as plain JSON, prompts with their labels; [] without it."""
        if name not in self.tables:
            return []
        frame = self.tables[name].frame
        return plain_rows(frame[keep(frame)] if keep else frame, self.data)


def plain_rows(frame: pd.DataFrame, data: Data) -> Rows:
    """Return rows of JSON types; missing numbers are None; `shown` is the prompt's label."""
    clean = frame.astype(object).where(frame.notna(), None)
    rows: Rows = [dict(row) for row in clean.to_dict("records")]
    for row in rows:
        if "prompt" in row:
            row["shown"] = data.label(str(row["prompt"]))
    return rows


def figures(source: Source) -> list[Figure]:
    """Return the figures that the selection has data for, in the order of the page."""
    makers = (
        success,
        pareto,
        by_task,
        by_difficulty,
        prompt_effect,
        reliability,
        flaw_effect,
        followed,
        turns,
        tokens,
        errors,
        latency,
        timeline,
    )
    return [figure for maker in makers if (figure := maker(source)) is not None]


def success(source: Source) -> Figure | None:
    """Draw success with intervals by model and prompt, the oracle's score as a tick."""
    plain = _plain_prompts(source)
    rows = source.rows("model_prompt", lambda f: f["prompt"].isin(plain))
    rows = [row for row in rows if row.get("success_rate_all") is not None]
    if not rows:
        return None
    colour = _by("shown", "Prompt", [source.data.label(p) for p in plain])
    base = _rows_of_models(rows, source, "shown")
    return Figure(
        "success",
        "Success by model and prompt",
        "Share of planned instances solved, refusals counted as not solved, with 95 % Wilson "
        "intervals. The grey tick is the oracle on the same instances, draws and turns.",
        _alt("Success rate", rows, "shown", "success_rate_all"),
        _spec(
            base.mark_tick(thickness=2, size=10, color="#8a939d").encode(x="oracle_ceiling:Q"),
            base.mark_rule(strokeWidth=2).encode(
                x=_x("success_rate_all_low", ""), x2="success_rate_all_high:Q", color=colour
            ),
            base.mark_point(filled=True, size=70, opacity=1).encode(
                x=alt.X("success_rate_all:Q", scale=RATE, axis=PERCENT, title="success rate"),
                color=colour,
                shape=_shape("shown", "Prompt", [source.data.label(p) for p in plain]),
                tooltip=_tips(
                    ["model", "protocol", "shown"],
                    ["success_rate_all", "success_rate_all_low", "success_rate_all_high"],
                    ["completed", "planned", "owed"],
                ),
            ),
            rows=rows,
        ),
        "model_prompt",
        "Who is ahead",
    )


def pareto(source: Source) -> Figure | None:
    """Draw success against cost, or against tokens where no price is known or all is free."""
    paid = source.rows("model_prompt", lambda f: f["prompt"] == source.data.headline)
    cost = any(row.get("cost_usd") for row in paid)
    x = "cost_per_episode" if cost else "tokens_per_episode"
    for row in paid:
        done = (row["completed"] or 0) + (row["refused"] or 0)
        row["cost_per_episode"] = row["cost_usd"] / done if row.get("cost_usd") and done else None
    rows = [row for row in paid if row.get(x) and row.get("success_rate_all") is not None]
    if not rows:
        return None
    front = _front(rows, x)
    for row in rows:
        row["front"] = row["model"] in front
    colour = _by("model", "Model", source.data.model_names)
    base = alt.Chart()
    title = "USD per episode (log)" if cost else "tokens per episode (log)"
    at = alt.X(f"{x}:Q", scale=alt.Scale(type="log", padding=24), title=title)
    return Figure(
        "pareto",
        "Cost against success" if cost else "Tokens against success",
        f"Headline prompt ({source.data.headline}). The line joins the models that nothing else "
        "beats on both; left and up is better. Models without a known price are not shown."
        if cost
        else f"Headline prompt ({source.data.headline}); no prices are known or all is free.",
        _alt("Success against cost", rows, "model", "success_rate_all"),
        _spec(
            base.mark_line(interpolate="step-after", color="#8a939d", strokeDash=[4, 3])
            .encode(x=at, y="success_rate_all:Q")
            .transform_filter("datum.front"),
            base.mark_rule(strokeWidth=2).encode(
                x=at, y="success_rate_all_low:Q", y2="success_rate_all_high:Q", color=colour
            ),
            base.mark_point(filled=True, size=90, opacity=1).encode(
                x=at,
                y=alt.Y("success_rate_all:Q", scale=RATE, axis=PERCENT, title="success rate"),
                color=colour,
                shape=_shape("model", "Model", source.data.model_names),
                tooltip=_tips(["model"], ["success_rate_all"], [x, "tokens_per_success"]),
            ),
            rows=rows,
            height=280,
        ),
        "model_prompt",
        "Who is ahead",
    )


def _front(rows: Rows, x: str) -> set[str]:
    best, front = -1.0, set()
    for row in sorted(rows, key=lambda r: (r[x], -r["success_rate_all"])):
        if row["success_rate_all"] > best:
            best = row["success_rate_all"]
            front.add(str(row["model"]))
    return front


def by_task(source: Source) -> Figure | None:
    """Draw model x task as a heat map."""
    return _heat(source, "task", "by_task", "Model and task")


def by_difficulty(source: Source) -> Figure | None:
    """Draw model x difficulty as a heat map."""
    return _heat(source, "difficulty", "by_difficulty", "Model and difficulty")


def _heat(source: Source, axis: str, table: str, title: str) -> Figure | None:
    rows = [r for r in source.rows(table) if r.get("success_rate_all") is not None]
    if not rows:
        return None
    for row in rows:
        bound = "▲" if row["at_ceiling"] else "▼" if row["at_floor"] else ""
        row["label"] = f"{row['success_rate_all']:.0%}{bound}"
    prompt = _widest(source, rows, axis)
    order = list(pd.unique(source.tables["cells"].frame[axis]))
    base = alt.Chart().encode(
        x=alt.X(f"{axis}:N", sort=_levels(axis, order), title=None, axis=_wrapped()),
        y=alt.Y("model:N", sort=source.data.model_names, title=None),
    )
    return Figure(
        f"heat_{axis}",
        title,
        "Success rate in per cent, refusals counted as not solved. ▲ the interval reaches the "
        "oracle's score, ▼ it reaches the random player's: such cells do not rank.",
        _alt(f"Heat map of success by model and {axis}", rows, axis, "success_rate_all"),
        _spec(
            base.mark_rect(cornerRadius=3).encode(
                color=alt.Color(
                    "success_rate_all:Q",
                    scale=alt.Scale(domain=[0, 1], range=list(theme.SEQUENCE)),
                    legend=None,
                ),
                tooltip=_tips(
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
            height=alt.Step(34),
            choose=[prompt, *(p for p in _shown(rows) if p != prompt)],
        ),
        table,
        "Tasks and difficulties",
    )


def _wrapped() -> Any:
    return alt.Axis(labelAngle=0, labelExpr="split(datum.label, '_')", labelLimit=110)


def _widest(source: Source, rows: Rows, axis: str) -> str:
    """Return the headline prompt, or the one with more levels of `axis` where it has but one."""
    counts: dict[str, set[str]] = {}
    for row in rows:
        counts.setdefault(row["shown"], set()).add(str(row[axis]))
    head = source.data.label(str(source.data.headline))
    most = max(counts, key=lambda shown: len(counts[shown]))
    return head if len(counts.get(head, ())) > 1 else most


def prompt_effect(source: Source) -> Figure | None:
    """Draw what each prompt changes within a model, as paired differences."""
    rows = source.rows("contrasts_prompts")
    return _forest(
        source,
        rows,
        "prompt_effect",
        "What the prompt changes",
        "Difference in success to baseline on the same instances, with 95 % intervals.",
        ("model", source.data.model_names),
        "contrasts_prompts",
        "Prompts",
    )


def flaw_effect(source: Source) -> Figure | None:
    """Draw what each flaw costs a model, as paired differences to the optimal plan."""
    rows = source.rows("contrasts_flaws")
    return _forest(
        source,
        rows,
        "flaw_effect",
        "What a flawed plan costs",
        "Difference in success to the plan without the flaw, on the instances that both have.",
        ("arm", [p for p in source.data.prompt_names if source.data.prompts[p].flaw]),
        "contrasts_flaws",
        "Flawed plans",
    )


def _forest(
    source: Source,
    rows: Rows,
    name: str,
    title: str,
    says: str,
    down: tuple[str, list[str]],
    table: str,
    section: str,
) -> Figure | None:
    rows = [row for row in rows if row["difference"] is not None]
    if not rows:
        return None
    for row in rows:
        row["prompt"], row["arm_shown"] = row["arm"], source.data.label(str(row["arm"]))
    axis, order = down
    series, names = ("model", source.data.model_names) if axis == "arm" else ("arm_shown", [])
    names = names or list(dict.fromkeys(row["arm_shown"] for row in rows))
    colour = _by(series, "Model" if series == "model" else "Prompt", names)
    base = alt.Chart().encode(
        y=alt.Y(f"{axis}:N", sort=order, title=None),
        yOffset=alt.YOffset(f"{series}:N", sort=names),
    )
    return Figure(
        name,
        title,
        says,
        _alt(title, rows, axis, "difference"),
        _spec(
            alt.Chart().mark_rule(strokeDash=[3, 3]).encode(x=alt.datum(0)),
            base.mark_rule(strokeWidth=2).encode(x="low:Q", x2="high:Q", color=colour),
            base.mark_point(filled=True, size=70, opacity=1).encode(
                x=alt.X(
                    "difference:Q",
                    axis=alt.Axis(format="+.0%", tickCount=7),
                    title="difference in success rate",
                ),
                color=colour,
                shape=_shape(series, "Model" if series == "model" else "Prompt", names),
                tooltip=_tips(
                    ["model", "base", "arm"],
                    ["difference", "low", "high", "detectable"],
                    ["n", "differ", "p_holm"],
                ),
            ),
            rows=rows,
            height=_height(len(rows), 15),
        ),
        table,
        section,
    )


def reliability(source: Source) -> Figure | None:
    """Draw success against the tool success rate, one line a model."""
    rows = source.rows("by_tool_success_rate", lambda f: f["tool_success_rate"] != "none")
    rows = [
        row | {"rate": float(row["tool_success_rate"])}
        for row in rows
        if row.get("success_rate_all") is not None
    ]
    if not rows:
        return None
    prompt = _widest(source, rows, "tool_success_rate")
    colour = _by("model", "Model", source.data.model_names)
    x = alt.X(
        "rate:Q",
        title="nominal tool success rate",
        scale=alt.Scale(domain=_span(rows), nice=False),
        axis=alt.Axis(values=sorted({row["rate"] for row in rows}), format=".0%"),
    )
    base = alt.Chart().encode(x=x, color=colour)
    return Figure(
        "reliability",
        "When tools fail more often",
        "All models meet the same failures, and those at a higher rate are a subset of those at a "
        "lower one. The dashed line is the oracle.",
        _alt("Success by tool success rate", rows, "tool_success_rate", "success_rate_all"),
        _spec(
            base.mark_area(opacity=0.13).encode(
                y="success_rate_all_low:Q", y2="success_rate_all_high:Q"
            ),
            alt.Chart()
            .mark_line(strokeDash=[4, 3], color="#8a939d")
            .encode(x=x, y="mean(oracle_ceiling):Q"),
            base.mark_line(strokeWidth=2).encode(y="success_rate_all:Q"),
            base.mark_point(filled=True, size=70, opacity=1).encode(
                y=alt.Y("success_rate_all:Q", scale=RATE, axis=PERCENT, title="success rate"),
                shape=_shape("model", "Model", source.data.model_names),
                tooltip=_tips(
                    ["model", "shown", "tool_success_rate"],
                    ["success_rate_all", "effective_rate", "recovered_share"],
                    ["completed"],
                ),
            ),
            rows=rows,
            height=280,
            choose=[prompt, *(p for p in _shown(rows) if p != prompt)],
        ),
        "by_tool_success_rate",
        "Tool reliability",
    )


def _span(rows: Rows) -> list[float]:
    rates = [row["rate"] for row in rows]
    return [min(rates) - 0.02, max(rates) + 0.02]


def followed(source: Source) -> Figure | None:
    """Draw how often a flaw was followed, from the share under the plan without it."""
    rows = [row for row in source.rows("flaws") if row["followed"] is not None]
    if not rows:
        return None
    names = source.data.model_names
    colour = _by("model", "Model", names)
    base = alt.Chart().encode(
        y=alt.Y("prompt:N", title=None, sort=source.data.prompt_names),
        yOffset=alt.YOffset("model:N", sort=names),
    )
    return Figure(
        "followed",
        "Was the flaw followed?",
        "The point is the share of episodes that followed the flaw, the bar the share that make "
        "the same calls when the plan has no flaw: what lies between is due to the flaw.",
        _alt("Share of episodes that followed the flaw", rows, "prompt", "followed"),
        _spec(
            base.mark_tick(thickness=3, size=12, opacity=1).encode(
                x=alt.X("same_under_optimal:Q", title=""), color=colour
            ),
            base.mark_rule(strokeWidth=2).encode(
                x="same_under_optimal:Q", x2="followed:Q", color=colour
            ),
            base.mark_point(filled=True, size=70, opacity=1).encode(
                x=alt.X("followed:Q", scale=RATE, axis=PERCENT, title="share of episodes"),
                color=colour,
                shape=_shape("model", "Model", names),
                tooltip=_tips(
                    ["model", "prompt"],
                    ["followed", "corrected", "not_reached", "excess_over_optimal"],
                    ["n", "followed_success", "followed_failure"],
                ),
            ),
            rows=rows,
            height=_height(len(rows), 15),
        ),
        "flaws",
        "Flawed plans",
    )


def turns(source: Source) -> Figure | None:
    """Draw how many turns episodes took: median, quartiles, tenth and ninetieth percentile."""
    frame = source.episodes
    if frame.empty:
        return None
    frame = frame[frame["prompt"].isin(_plain_prompts(source))]
    cuts = frame.groupby(["model", "prompt"], sort=False)["turns"].quantile(
        [0.1, 0.25, 0.5, 0.75, 0.9]
    )
    wide = cuts.unstack()
    wide.columns = ["p10", "p25", "p50", "p75", "p90"]
    rows = _lined(plain_rows(wide.reset_index(), source.data))
    colour = _by("model", "Model", source.data.model_names).legend(None)
    base = alt.Chart().encode(y=_lines(rows))
    return Figure(
        "turns",
        "Turns an episode takes",
        "Median, quartiles (thick) and 10th to 90th percentile (thin).",
        _alt("Median turns", rows, "shown", "p50", percent=False),
        _spec(
            base.mark_rule(strokeWidth=1.5).encode(x="p10:Q", x2="p90:Q", color=colour),
            base.mark_rule(strokeWidth=6, opacity=0.45).encode(x="p25:Q", x2="p75:Q", color=colour),
            base.mark_point(filled=True, size=60, opacity=1).encode(
                x=alt.X("p50:Q", title="turns", scale=alt.Scale(zero=True)),
                color=colour,
                tooltip=_tips(["model", "shown"], [], ["p10", "p25", "p50", "p75", "p90"]),
            ),
            rows=rows,
            height=alt.Step(19),
        ),
        "model_prompt",
        "Effort",
    )


def tokens(source: Source) -> Figure | None:
    """Draw tokens an episode, split into fresh and cached input, output and reasoning."""
    frame = source.episodes
    if frame.empty:
        return None
    names = ["tokens_input", "tokens_cached", "tokens_output", "tokens_reasoning"]
    frame = frame[frame["prompt"].isin(_plain_prompts(source))]
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
    rows = _lined(plain_rows(long, source.data))
    return Figure(
        "tokens",
        "Tokens an episode takes",
        "Mean per episode. Cached is the part of the input that the provider had in its cache.",
        _alt("Tokens per episode", [r for r in rows if r["order"] == 0], "shown", "tokens", False),
        _stacked("tokens", "tokens per episode", list(kinds), rows),
        "model_prompt",
        "Effort",
    )


def errors(source: Source) -> Figure | None:
    """Draw the kinds of error, stacked, per 100 episodes."""
    if "errors" not in source.tables:
        return None
    wide = source.tables["errors"].frame
    long = wide.melt(["model", "prompt"], list(ERRORS), "kind", "calls")
    long["order"] = long["kind"].map({kind: i for i, kind in enumerate(ERRORS)})
    rows = _lined(plain_rows(long[long["calls"] > 0], source.data))
    if not rows:
        return None
    return Figure(
        "errors",
        "What went wrong",
        "Calls with an error, per 100 completed episodes, by the first rule that fits.",
        _alt("Errors per 100 episodes", rows, "kind", "calls", False),
        _stacked("calls", "per 100 episodes", list(ERRORS), rows),
        "errors",
        "Errors",
    )


def _stacked(value: str, title: str, kinds: list[str], rows: Rows) -> Json:
    bars = (
        alt.Chart()
        .mark_bar()
        .encode(
            y=_lines(rows),
            x=alt.X(f"{value}:Q", title=title, stack="zero", axis=alt.Axis(tickCount=6)),
            color=_by("kind", "Kind", kinds),
            order=alt.Order("order:Q"),
            tooltip=[
                *(alt.Tooltip(f"{n}:N", title=_title(n)) for n in ("model", "shown", "kind")),
                alt.Tooltip(f"{value}:Q", format=",.1f"),
            ],
        )
    )
    return _spec(bars, rows=rows, height=alt.Step(19))


def _plain_prompts(source: Source) -> list[str]:
    """Return the prompts without a flaw; all of them where every one has a flaw."""
    names = source.data.prompt_names
    return [p for p in names if source.data.prompts[p].flaw is None] or names


def _lined(rows: Rows) -> Rows:
    """Add the words of a line that stands for one model under one prompt."""
    return [row | {"line": f"{row['model']} · {row['shown']}"} for row in rows]


def _lines(rows: Rows) -> Any:
    order = list(dict.fromkeys(row["line"] for row in rows))
    return alt.Y("line:N", sort=order, title=None, axis=alt.Axis(labelLimit=300))


def latency(source: Source) -> Figure | None:
    """Draw latency percentiles by model on a log axis."""
    if "latency" not in source.tables:
        return None
    frame = source.tables["latency"].frame
    marks = [name for name in frame.columns if name.startswith("p")]
    rows = plain_rows(frame.melt(["model", "requests"], marks, "percentile", "s"), source.data)
    base = alt.Chart().encode(y=alt.Y("model:N", sort=source.data.model_names, title=None))
    return Figure(
        "latency",
        "How long an answer takes",
        "Seconds from sending a request to its whole answer: 50th, 90th, 95th, 99th percentile.",
        _alt(
            "Latency in seconds", [r for r in rows if r["percentile"] == "p50"], "model", "s", False
        ),
        _spec(
            base.mark_line(strokeWidth=2, color="#8a939d").encode(x="s:Q", detail="model:N"),
            base.mark_point(filled=True, size=80, opacity=1).encode(
                x=alt.X("s:Q", scale=alt.Scale(type="log", padding=12), title="seconds (log)"),
                color=_by("percentile", "Percentile", marks),
                shape=_shape("percentile", "Percentile", marks),
                tooltip=_tips(["model", "percentile"], [], ["s", "requests"]),
            ),
            rows=rows,
            height=alt.Step(30),
        ),
        "latency",
        "Requests and keys",
    )


def timeline(source: Source) -> Figure | None:
    """Draw requests in flight on each key over the active time, its slots as a line."""
    rows = [
        {"key": use.key, "slots": use.slots, "at": float(at), "in_flight": float(level)}
        for use in source.uses[:12]
        for at, level in zip(use.load.at / 60, use.load.in_flight, strict=True)
    ]
    if not rows:
        return None
    x = alt.X("at:Q", title="minutes of active time (pauses over a minute are cut out)")
    each = alt.layer(
        alt.Chart()
        .mark_area(interpolate="step", opacity=0.55, color=theme.SERIES[0], line=True)
        .encode(x=x, y=alt.Y("in_flight:Q", title="in flight", axis=alt.Axis(tickCount=3))),
        alt.Chart()
        .mark_rule(color=theme.SERIES[1], strokeWidth=2)
        .encode(y=alt.Y("mean(slots):Q", title="in flight")),
    ).properties(height=70, width=620)
    header = alt.Header(labelAngle=0, labelAlign="left", labelOrient="top")
    chart = each.facet(
        row=alt.Row("key:N", title=None, header=header), data=alt.Data(values=rows)
    ).resolve_scale(y="independent")
    spec = chart.to_dict(validate=False)
    spec["usermeta"] = {"inner": True}
    busiest = source.uses[0]
    return Figure(
        "timeline",
        "Requests in flight on each key",
        "Mean in flight over time; the line is the key's slots.",
        f"Requests in flight over time on {len(source.uses)} keys; the busiest is {busiest.key}"
        + (f", used {busiest.utilisation:.0%}." if busiest.utilisation is not None else "."),
        spec,
        "keys",
        "Requests and keys",
    )


def _rows_of_models(rows: Rows, source: Source, series: str) -> Any:
    names = [source.data.label(p) for p in source.data.prompt_names]
    ranked = source.tables.get("ranking")
    order = list(ranked.frame["model"]) if ranked is not None else source.data.model_names
    return alt.Chart().encode(
        y=alt.Y("model:N", sort=order, title=None),
        yOffset=alt.YOffset(f"{series}:N", sort=names),
    )


def _spec(*layers: Any, rows: Rows, height: Any = None, choose: Sequence[str] = ()) -> Json:
    """Return the Vega-Lite JSON of the layers over one inline data set.

    `choose` adds a menu of prompts, the first one chosen, that filters the rows by `shown`.
    """
    sized = {"width": "container", "height": height or _height(len(rows), 13)}
    chart = alt.layer(*layers).properties(**sized)
    if len(choose) > 0:
        menu = alt.param(
            name="prompt_menu",
            value=choose[0],
            bind=alt.binding_select(options=list(choose), name="Prompt "),
        )
        chart = chart.add_params(menu).transform_filter("datum.shown == prompt_menu")
    spec: Json = chart.to_dict(validate=False)
    for layer in spec["layer"]:
        layer.pop("data", None)  # the library's placeholder would hide the data above it
    spec.pop("config", None)
    spec["data"] = {"values": _needed(rows, spec)}
    return spec


def _needed(rows: Rows, spec: Json) -> Rows:
    """Return the rows with the fields that the spec names and the words of the filters."""
    named = set(re.findall(r'"field": "([^"]+)"|datum\.(\w+)', json.dumps(spec)))
    fields = {word for pair in named for word in pair} | {"model", "prompt", "shown", *CONDITION}
    return [{k: v for k, v in row.items() if k in fields} for row in rows]


def _height(rows: int, step: int) -> Any:
    return alt.Step(step, **{"for": "offset"})


def _x(field_: str, title: str) -> Any:
    return alt.X(f"{field_}:Q", scale=RATE, title=title)


def _by(field_: str, title: str, names: list[str]) -> Any:
    return alt.Color(f"{field_}:N", title=title, scale=alt.Scale(**theme.colours(names)))


def _shape(field_: str, title: str, names: list[str]) -> Any:
    return alt.Shape(f"{field_}:N", title=title, scale=alt.Scale(**theme.shapes(names)))


def _tips(words: list[str], rates: list[str], counts: list[str]) -> list[Any]:
    return [
        *(alt.Tooltip(f"{name}:N", title=_title(name)) for name in words),
        *(alt.Tooltip(f"{name}:Q", format=".1%", title=_title(name)) for name in rates),
        *(alt.Tooltip(f"{name}:Q", format=",.4~g", title=_title(name)) for name in counts),
    ]


def _title(name: str) -> str:
    return {"shown": "prompt"}.get(name, name.replace("_", " "))


def _shown(rows: Rows) -> list[str]:
    return list(dict.fromkeys(row["shown"] for row in rows))


def _levels(axis: str, order: list[str]) -> list[str]:
    from pilotbench.config import DIFFICULTIES

    return [d for d in DIFFICULTIES if d in order] if axis == "difficulty" else order


def _alt(what: str, rows: Rows, series: str, value: str, percent: bool = True) -> str:
    """Return one sentence for a screen reader: the range, and where its ends are."""
    known = [row for row in rows if row.get(value) is not None]
    if not known:
        return f"{what}: nothing to show."
    low, high = (pick(known, key=lambda row: row[value]) for pick in (min, max))
    form = "{:.0%}" if percent else "{:,.3g}"

    def place(row: Json) -> str:
        words = dict.fromkeys(str(row[k]) for k in ("model", series) if row.get(k))
        return f"{form.format(row[value])} ({', '.join(words)})"

    return f"{what}: from {place(low)} to {place(high)}. The table beside it has every number."
