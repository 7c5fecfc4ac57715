"""Exports of the current selection: episodes as Parquet and CSV, and a CSV for each table.

Text that a model or provider wrote can begin like a formula; in CSV such a cell gets a leading
apostrophe, so that a spreadsheet shows it and runs nothing. Parquet holds it as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pilotbench.ground import atomic_files
from pilotbench.ground.untrusted_text import csv_safe
from pilotbench.results.database import queries

if TYPE_CHECKING:
    import pandas

TABLES: dict[str, Callable[[Path], pandas.DataFrame]] = {
    "cells": queries.cells,
    "leaderboard": queries.leaderboard,
    "errors": queries.errors,
    "metrics": queries.metrics,
    "shards": queries.shards,
    "owed": queries.owed,
}
"""The CSV tables in addition to `episodes`."""


def write(db: Path, folder: Path) -> None:
    """Write `episodes.parquet`, `episodes.csv` and the tables, each atomically."""
    folder.mkdir(parents=True, exist_ok=True)
    episodes = queries.episodes(db)
    _whole(folder / "episodes.parquet", lambda draft: episodes.to_parquet(draft, index=False))
    write_csv(episodes, folder / "episodes.csv")
    for name, table in TABLES.items():
        write_csv(table(db), folder / f"{name}.csv")


def write_csv(frame: pandas.DataFrame, path: Path) -> None:
    """Write a frame as CSV in which no text can be a formula."""
    words = frame.select_dtypes(include=["object", "string", "category"]).columns
    safe = frame.assign(**{name: frame[name].map(csv_safe, na_action="ignore") for name in words})
    _whole(path, lambda draft: safe.to_csv(draft, index=False, lineterminator="\n"))


def _whole(path: Path, write_to: Callable[[Path], object]) -> None:
    with atomic_files.drafted(path) as draft:
        write_to(draft)
