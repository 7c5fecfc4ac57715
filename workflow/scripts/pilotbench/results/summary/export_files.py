"""The files beside the page: CSV tables, summary.json and summary.md."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from pilotbench.ground import atomic_files
from pilotbench.ground.untrusted_text import csv_safe, markdown
from pilotbench.results.analysis.common_conditions import is_balanced
from pilotbench.results.analysis.formatting import ShownTable, grid
from pilotbench.results.analysis.group_scores import model_cells
from pilotbench.results.analysis.model import Report
from pilotbench.results.summary.figures.base import Drawings
from pilotbench.results.summary.page_templates import environment

FORMAT = 1
ROWS = 60
SKIPPED = ("ranking", "cells")


def write_csv(report: Report, folder: Path) -> None:
    """Write `folder`/{table}.csv of every table, with formula cells neutralised.

    Tables of an earlier selection are removed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.csv"):
        if old.stem not in report.tables:
            old.unlink()
    for name, table in report.tables.items():
        with atomic_files.drafted(folder / f"{name}.csv") as draft:
            table.frame.map(csv_safe).to_csv(draft, index=False, lineterminator="\n")


def write_json(report: Report, drawings: Drawings, path: Path) -> None:
    """Write every number of the summary as JSON: facts, verdict and tables by column."""
    text = json.dumps(as_json(report, drawings), ensure_ascii=True, indent=1)
    atomic_files.write_text(path, text + "\n")


def as_json(report: Report, drawings: Drawings | None = None) -> dict[str, Any]:
    """Return the summary as JSON types; missing numbers are null."""
    return {
        "format": FORMAT,
        "verdict": report.verdict,
        "headline_prompt": report.ranking.prompt,
        "notes": report.notes,
        "facts": {
            **asdict(report.facts),
            "coverage": report.facts.coverage,
        },
        "prompts": {name: report.data.label(name) for name in report.data.prompt_names},
        "like_for_like": is_balanced(model_cells(report.data), "prompt"),
        "players": report.data.player_names,
        "tables": {
            name: {
                "title": table.title,
                "says": table.says,
                "columns": list(table.frame.columns),
                "rows": json_rows(table.frame),
            }
            for name, table in report.tables.items()
        },
        "figures": {
            figure.name: {
                "title": drawing.title,
                "section": figure.section.title,
                "says": drawing.says,
                "table": figure.table,
            }
            for figure, drawing in (drawings or {}).items()
        },
    }


def json_rows(frame: pd.DataFrame) -> list[list[Any]]:
    """Return the rows of a frame as lists of JSON types."""
    return [[plain(value) for value in row] for row in frame.itertuples(index=False, name=None)]


def plain(value: Any) -> Any:
    """Return a value as a JSON type, None where it is missing; numbers to 10 digits."""
    if value is None or value is pd.NA:
        return None
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return None if math.isnan(value) else float(f"{value:.10g}")
    return value


def write_markdown(report: Report, path: Path) -> None:
    """Write the summary as Markdown."""
    grids = {
        name: grid(table.frame, report.data, ROWS)
        for name, table in report.tables.items()
        if name not in SKIPPED
    }
    text = (
        environment()
        .get_template("summary.md.j2")
        .render(
            report=report,
            facts=report.facts,
            ranking=report.ranking,
            has_bounds=report.data.has_bounds,
            grids={name: markdown_table(found) for name, found in grids.items()},
        )
    )
    atomic_files.write_text(path, text)


def markdown_table(found: ShownTable) -> str:
    """Return a grid as a Markdown table."""
    rows = [found.titles, *([cell.text for cell in row.cells] for row in found.rows)]
    numeric = [cell.numeric for cell in found.rows[0].cells] if found.rows else []
    rule = "|".join(" ---: " if n else " --- " for n in numeric)
    head, *body = ("| " + " | ".join(markdown(word) for word in row) + " |" for row in rows)
    more = [f"\n{found.more:,} more rows in the CSV file."] if found.more else []
    return "\n".join([head, f"|{rule}|", *body, *more])
