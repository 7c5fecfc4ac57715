"""The page: one self-contained HTML file that opens from disk, offline."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from pilotbench.benchmark.catalogue import TASKS
from pilotbench.ground import atomic_files
from pilotbench.matrix.axes import AXES, NAMES, NONE
from pilotbench.results.analysis.formatting import (
    grid,
    hidden,
    shown,
    title,
)
from pilotbench.results.analysis.load import CELL
from pilotbench.results.analysis.model import Report
from pilotbench.results.metrics import Metric, shown_in
from pilotbench.results.statistics import SCREENING
from pilotbench.results.summary import page_data
from pilotbench.results.summary.figures import theme
from pilotbench.results.summary.figures.base import Drawings, Section
from pilotbench.results.summary.page_templates import asset, environment, script_json

FILTERS = NAMES[:4]
"""The axes that the page can be filtered by."""
FIRST_ROWS = 30
MARKS = {"floor": " ▼", "ceiling": " ▲"}
BESIDE = {"COST": "cost", "PROFILE": "profile"}
"""Sections of figures that begin with a table, open."""
BOUND_WORDS = {
    "ceiling": "the oracle",
    "floor": "the random player",
    "floor and ceiling": "the random player or the oracle",
}
CELL_COLUMNS = (
    *("model", "protocol", *NAMES[1:]),
    *("success_rate_all", "planned", "oracle_ceiling"),
    *(metric.name for metric in shown_in("cell list") if metric.name != "success_rate_all"),
)


def write(report: Report, drawings: Drawings, script: str, path: Path) -> None:
    """Write the page; `script` is Vega, Vega-Lite and Vega-Embed."""
    html = environment().get_template("index.html.j2").render(context(report, drawings, script))
    live = path.with_name(page_data.LIVE)
    if not live.exists():  # the page loads it, and a browser reports what is missing
        atomic_files.write_text(live, "window.pilotbenchLive(null);\n")
    atomic_files.write_text(path, html)


def context(report: Report, drawings: Drawings, script: str) -> dict[str, Any]:
    """Return what the template sees."""
    themes = {"light": theme.config(), "dark": theme.config(dark=True), "onDark": theme.ON_DARK}
    sections = {
        section: [
            (figure, drawing) for figure, drawing in drawings.items() if figure.section is section
        ]
        for section in Section
    }
    return {
        "report": report,
        "facts": report.facts,
        "shape": shape(report),
        "ranking": report.ranking,
        "measured": measured(report),
        "has_bounds": report.data.has_bounds,
        "bounds": BOUND_WORDS,
        "screening": SCREENING,
        "beside": {section: name for section, name in BESIDE.items() if name in report.tables},
        "sections": {section: found for section, found in sections.items() if found},
        "grids": {n: grid(t.frame, report.data) for n, t in report.tables.items() if n != "cells"},
        "answers": answer_links(report),
        "cells": cells(report),
        "axes": axes(report),
        "specs": script_json({figure.name: drawing.spec for figure, drawing in drawings.items()}),
        "themes": script_json(themes),
        "vega": script,
        "css": asset("page.css"),
        "js": asset("page.js"),
        "sort": asset("sort.js"),
        "live": asset("live_poll.js"),
    }


def measured(report: Report) -> list[Metric]:
    """Return the metrics of the ranking: a share that no model has is left out."""
    rows = report.ranking.rows
    return [
        metric
        for metric in shown_in("ranking")
        if metric.name not in report.data.meaningless
        and (metric.unit != "share" or metric.name not in rows or rows[metric.name].notna().any())
    ]


def shape(report: Report) -> str:
    """Return what was run in one line: each axis by its only word, or by how many it has."""
    selection, models = report.facts.selection, report.data.model_names
    chosen = {
        **{(axis.title, axis.plural): selection[axis.key] for axis in AXES},
        ("model", "models"): models,
        _instances(report): selection["instances"],
        ("repeat", "repeats"): selection["repeats"],
    }
    return " · ".join(
        _axis(*nouns, words) for nouns, words in chosen.items() if words and words != [NONE]
    )


def _instances(report: Report) -> tuple[str, str]:
    """Return the nouns for instances, and whether some task has fewer than were asked for."""
    wanted, sizes = report.facts.selection["instances"], report.data.episodes.groupby("task")
    played = sizes["index"].nunique()
    if isinstance(wanted, int) and len(played) and played.max() == wanted > played.min():
        return "instance of each", "instances of each at most"
    return "instance of each", "instances of each"


def _axis(one: str, more: str, words: Any) -> str:
    if isinstance(words, list):
        return f"{one} {words[0]}" if len(words) == 1 else f"{len(words):,} {more}"
    return f"{words} {one if words == 1 else more}"


def answer_links(report: Report) -> list[dict[str, Any]]:
    """Return the pages of answers: task, link, how many questions or instances, and their noun."""
    from pilotbench.results.summary.answer_pages import page_link, tasks_with_page

    data, place = report.data, ["task", "difficulty", "tool_success_rate", "index"]
    known = pd.concat([data.episodes[place], data.owed[place]]).drop_duplicates()
    return [
        {
            "task": task,
            "link": page_link(task),
            "count": int((known["task"] == task).sum()),
            "noun": "instance" if task in TASKS else "question",
        }
        for task in tasks_with_page(data)
    ]


def axes(report: Report) -> dict[str, list[str]]:
    """Return the words that the page can be filtered by."""
    frame = report.tables["cells"].frame if "cells" in report.tables else None
    if frame is None:
        return {}
    found = {name: [str(word) for word in dict.fromkeys(frame[name])] for name in FILTERS}
    return {name: words for name, words in found.items() if len(words) > 1}


def cells(report: Report) -> dict[str, Any]:
    """Return the table of cells as titles, first rows, and every row as JSON for the script.

    A row is [texts, sort values (None: the text), link to its transcripts]. `axes` says in which
    column the words of each filter are, `bar` which column is drawn as a bar (-1: none).
    """
    from pilotbench.results.summary.transcripts import link

    if "cells" not in report.tables:
        return {"titles": [], "rows": [], "json": "[]", "count": 0, "bar": -1, "axes": "{}"}
    frame = report.tables["cells"].frame
    names = [n for n in CELL_COLUMNS if n in frame.columns and not hidden(n, frame, report.data)]
    bar = names.index("success_rate_all") if "success_rate_all" in names else -1
    first = _first_shards(report)
    rows = []
    for row in frame.to_dict("records"):
        parts = [shown(name, row, report.data) for name in names]
        texts = [part.text for part in parts]
        sorts = [None if part.sort == part.text else part.sort for part in parts]
        texts[bar] += "".join(sign for w, sign in MARKS.items() if row.get(f"at_{w}") is True)
        path = first.get(tuple(str(row[word]) for word in CELL))
        rows.append([texts, sorts, link(path) if path else ""])
    return {
        "titles": [title(name) for name in names],
        "bar": bar,
        "axes": json.dumps({axis: names.index(axis) for axis in FILTERS if axis in names}),
        "numeric": [name not in CELL_COLUMNS[:5] for name in names],
        "rows": rows[:FIRST_ROWS],
        "json": script_json(rows),
        "count": len(rows),
    }


def _first_shards(report: Report) -> dict[tuple[str, ...], str]:
    """Return the first shard of each cell that has a page."""
    first: dict[tuple[str, ...], str] = {}
    if report.data.shards.empty:
        return first
    for row in report.data.shards.sort_values("path").to_dict("records"):
        if row.get("state") != "damaged":
            first.setdefault(tuple(str(row[word]) for word in CELL), str(row["path"]))
    return first
