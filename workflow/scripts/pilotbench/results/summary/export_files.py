"""The files beside the page: CSV tables and summary.json."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from pilotbench.ground import (atomic_files)
from pilotbench.ground.untrusted_text import (csv_safe)
from pilotbench.results.summary.common_conditions import (is_balanced)
from pilotbench.results.summary.figures.base import (Figure)
from pilotbench.results.summary.model import (Report)
from pilotbench.results.summary.tables import (model_cells)

FORMAT = 1


def write_csv(report: Report, folder: Path) -> None:
    """Write `folder`/{table}.csv of every table, whole, formula cells neutralised."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in report.tables.items():
        with atomic_files.drafted(folder / f"{name}.csv") as draft:
            table.frame.map(csv_safe).to_csv(draft, index=False, lineterminator="\n")


def write_json(report: Report, figures: Iterable[Figure], path: Path) -> None:
    """Write every number of the summary as JSON: facts, verdict and tables by column."""
    text = json.dumps(as_json(report, figures), ensure_ascii=True, indent=1)
    atomic_files.write_text(path, text + "\n")


def as_json(report: Report, figures: Iterable[Figure] = ()) -> dict[str, Any]:
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
                "title": figure.title,
                "section": figure.section,
                "says": figure.says,
                "table": figure.table,
            }
            for figure in figures
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
