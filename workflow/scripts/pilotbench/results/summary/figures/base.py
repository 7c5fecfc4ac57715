"""What all figures share: the source of their rows and the construction of a spec."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from math import ceil, floor, log10, prod
from typing import Any

import altair as alt
import pandas as pd

from pilotbench.results.analysis.common_conditions import is_balanced
from pilotbench.results.analysis.costs import Costs
from pilotbench.results.analysis.formatting import short
from pilotbench.results.analysis.group_scores import plain_cells
from pilotbench.results.analysis.load import CONDITION, SummaryData
from pilotbench.results.analysis.tables import Table
from pilotbench.results.analysis.usage import KeyUse
from pilotbench.results.summary.figures import theme

Json = dict[str, Any]
Rows = list[Json]
RATE = alt.Scale(domain=[0, 1], nice=False)
PERCENT = alt.Axis(format=".0%", grid=True, tickCount=6)
POINTS = alt.Axis(
    labelExpr="datum.value == 0 ? '0' : format(100 * datum.value, '+.3~g')",
    tickCount=7,
    grid=True,
)


class Section(Enum):
    """A section of the page with figures, in the order of the page."""

    AHEAD = "Who is ahead", "Ahead"
    PROFILE = "Profile", "Profile"
    JUDGES = "Judges and people", "Judges"
    METRICS = "Scores and metrics", "Metrics"
    TASKS = "Tasks and difficulties", "Tasks"
    PROMPTS = "Prompts", "Prompts"
    RELIABILITY = "Tool reliability", "Reliability"
    FLAWS = "Flawed plans", "Flaws"
    EFFORT = "Effort", "Effort"
    COST = "Cost", "Cost"
    ERRORS = "Errors", "Errors"
    KEYS = "Requests and keys", "Keys"

    def __init__(self, title: str, short: str) -> None:
        self.title = title
        self.short = short  # in the navigation


@dataclass(frozen=True)
class Source:
    """The data that figures are drawn from."""

    data: SummaryData
    tables: dict[str, Table]
    episodes: pd.DataFrame
    uses: Sequence[KeyUse] = field(default_factory=tuple)
    costs: Costs | None = None

    def rows(self, name: str, keep: Any = None) -> Rows:
        """Return the rows of a table as plain JSON, prompts with their labels; [] without it."""
        if name not in self.tables:
            return []
        frame = self.tables[name].frame
        return plain_rows(frame[keep(frame)] if keep else frame, self.data)


@dataclass(frozen=True)
class Drawing:
    """What a figure shows of a selection: a Vega-Lite spec and its texts.

    `says` is the sentence below the title and the caption in Snakemake's report; `alt` is for
    screen readers.
    """

    title: str
    says: str
    alt: str
    spec: Json


@dataclass(frozen=True)
class Figure:
    """A figure of the summary: its place on the page, the table that has its numbers, its drawing.

    `draw` returns None where the selection has no data for the figure.
    """

    name: str
    section: Section
    table: str
    draw: Callable[[Source], Drawing | None]


Drawings = dict[Figure, Drawing]


def plain_rows(frame: pd.DataFrame, data: SummaryData | None = None) -> Rows:
    """Return rows of JSON types; missing numbers are None; `shown` is the prompt's label."""
    clean = frame.astype(object).where(frame.notna(), None)
    rows: Rows = [dict(row) for row in clean.to_dict("records")]
    for row in rows:
        if "prompt" in row:
            row["shown"] = data.label(str(row["prompt"])) if data else row["prompt"]
    return rows


def spec_of(
    *layers: Any,
    rows: Rows,
    height: int | None = None,
    step: int = 14,
    lines: Sequence[str] = (),
    choose: Sequence[str] = (),
) -> Json:
    """Return the Vega-Lite JSON of the layers over one inline data set.

    Without a `height` in pixels it is `step` for each pair of words of the fields `lines`; they
    stay in `usermeta`, so that the page can do the same when it filters rows. `choose` adds a
    menu of prompts, the first one chosen, that filters the rows by `shown`.
    """
    tall = height or step * prod(len({row[f] for row in rows}) for f in lines)
    chart = alt.layer(*layers).properties(width="container", height=tall)
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
    if height is None:
        spec["usermeta"] = {"step": step, "lines": list(lines)}
    spec["data"] = {"values": _needed(rows, spec)}
    return spec


def _needed(rows: Rows, spec: Json) -> Rows:
    """Return the rows with the fields that the spec names and the words of the filters."""
    named = set(re.findall(r'"field": "([^"]+)"|datum\.(\w+)', json.dumps(spec)))
    fields = {word for pair in named for word in pair} | {"model", "prompt", "shown", *CONDITION}
    return [{k: _short(v) for k, v in row.items() if k in fields} for row in rows]


def _short(value: Any) -> Any:
    return short(value) if isinstance(value, float) else value


def by(field_: str, title: str, names: list[str]) -> Any:
    """Return a colour by the words of a field, the same in every figure."""
    return alt.Color(f"{field_}:N", title=title, scale=alt.Scale(**theme.colours(names)))


def shape(field_: str, title: str, names: list[str]) -> Any:
    """Return a shape by the words of a field."""
    return alt.Shape(f"{field_}:N", title=title, scale=alt.Scale(**theme.shapes(names)))


def tips(words: list[str], rates: list[str], counts: list[str]) -> list[Any]:
    """Return what hovering shows: words, rates in per cent, counts."""
    return [
        *(alt.Tooltip(f"{name}:N", title=title_of(name)) for name in words),
        *(alt.Tooltip(f"{name}:Q", format=".1%", title=title_of(name)) for name in rates),
        *(alt.Tooltip(f"{name}:Q", format=",.4~g", title=title_of(name)) for name in counts),
    ]


def title_of(name: str) -> str:
    """Return the title of a field."""
    return {"shown": "prompt"}.get(name, name.replace("_", " "))


def roomy(lines: int, tall: int = 210) -> int:
    """Return the pixels of one of `lines` lines of points: few lines get more room."""
    return min(30, max(15, tall // max(1, lines)))


def log_axis(values: Sequence[float]) -> tuple[Any, Any]:
    """Return the scale and the axis of positive values over decades: ticks at 1, 2 and 5."""
    low, high = min(values) / 1.15, max(values) * 1.15
    decades = range(floor(log10(low)) - 1, ceil(log10(high)) + 1)
    ticks = [digit * 10.0**power for power in decades for digit in (1, 2, 5)]
    first = max((tick for tick in ticks if tick <= low), default=low)
    last = min((tick for tick in ticks if tick >= high), default=high)
    within = [tick for tick in ticks if first <= tick <= last]
    axis = alt.Axis(values=within, format="~g", grid=True)
    return alt.Scale(type="log", domain=[first, last], nice=False), axis


def shown(rows: Rows) -> list[str]:
    """Return the prompts of the rows as they are shown, each once."""
    return list(dict.fromkeys(row["shown"] for row in rows))


def widest(source: Source, rows: Rows, axis: str) -> str:
    """Return the headline prompt, or the one with more levels of `axis` if it has only one."""
    counts: dict[str, set[str]] = {}
    for row in rows:
        counts.setdefault(row["shown"], set()).add(str(row[axis]))
    head = source.data.label(str(source.data.headline))
    most = max(counts, key=lambda shown: len(counts[shown]))
    return head if len(counts.get(head, ())) > 1 else most


def alt_words(what: str, rows: Rows, series: str, value: str, percent: bool = True) -> str:
    """Return one sentence for a screen reader: the range, and the rows at its ends."""
    known = [row for row in rows if row.get(value) is not None]
    if not known:
        return f"{what}: nothing to show."
    low, high = (pick(known, key=lambda row: row[value]) for pick in (min, max))
    form = "{:.0%}" if percent else "{:,.3g}"

    def place(row: Json) -> str:
        words = dict.fromkeys(str(row[k]) for k in ("model", series) if row.get(k))
        return f"{form.format(row[value])} ({', '.join(words)})"

    return f"{what}: from {place(low)} to {place(high)}. The table next to it has every number."


def shared_words(source: Source) -> str:
    """Return on which conditions a figure compares prompts."""
    if is_balanced(plain_cells(source.data), "prompt"):
        return "on the conditions that all prompts share"
    return "although the prompts share no condition and have different questions"


def scored(rows: Rows) -> Rows:
    """Return the rows with a score or with informative bounds."""
    return [
        row
        for row in rows
        if row.get("success_rate_all") is not None
        or (row.get("lower") is not None and (row["lower"], row["upper"]) != (0, 1))
    ]


def worst_cases(base: Any, low: Any, high: Any) -> Any:
    """Return a dotted line between the bounds of rows with owed episodes: no point, no interval.

    `low` and `high` are channels of the bounds. They are equal if nothing is owed, and the line
    has no length.
    """
    return base.mark_rule(strokeWidth=2, strokeDash=[2, 3]).encode(low, high)


def by_model(source: Source) -> Any:
    """Return a chart with one band per model, best first, and one line per prompt within it."""
    names = [source.data.label(p) for p in source.data.prompt_names]
    return alt.Chart().encode(
        y=alt.Y("model:N", sort=model_order(source), title=None),
        yOffset=alt.YOffset("shown:N", sort=names),
    )


def model_order(source: Source) -> list[str]:
    """Return the models, best first."""
    ranked = source.tables.get("ranking")
    return list(ranked.frame["model"]) if ranked is not None else source.data.model_names
