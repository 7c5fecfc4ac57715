"""The files of the tables of answers: per task a folder with a page and the data that it loads.

`rows-N.js` have the rows, those with the most disagreement first; `replies-N.js` have the replies
to a range of questions. What models wrote is only in there, and reaches the page as text nodes.
Shards whose replies have not changed are not read.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from pilotbench.benchmark.catalogue import TASKS
from pilotbench.benchmark.tasks.task import Task
from pilotbench.ground import links
from pilotbench.results.analysis.load import SummaryData
from pilotbench.results.summary import answer_replies, page_data
from pilotbench.results.summary.answer_table import (
    QUESTION_LIMIT,
    AnswerTable,
    Entry,
    Place,
    Row,
    answer_table,
    shown,
)
from pilotbench.results.summary.page_templates import asset, environment, script_json

Json = dict[str, Any]
FOLDER = "answers"
PAGE = "index.html"
SCRIPTS = "_page"
"""The folder of style sheet and scripts, which no task can be named."""
ASSETS = (
    *("text.js", "answers.css", "answers_data.js", "answers_panel.js", "answers_labels.js"),
    "answers.js",
)
ROWS = 1000
"""Rows in one file."""


def tasks_with_page(data: SummaryData) -> list[str]:
    """Return the tasks of the selection that have such a page: all but the benchmark's own."""
    return [str(task) for task in pd.unique(data.cells["task"]) if task not in TASKS]


def page_link(task: str) -> str:
    """Return the relative URL of a task's page from the summary folder."""
    return f"{FOLDER}/{quote(task)}/{PAGE}"


def write(
    data: SummaryData, tasks: Mapping[str, Task], db_path: Path, results: Path, out: Path
) -> int:
    """Write the pages of answers, return how many files were written; others stay untouched.

    Pages and data of tasks that are not selected are removed.
    """
    folder = out / FOLDER
    links.cut(out, folder)
    chosen = tasks_with_page(data)
    written = 0
    for task in chosen:
        table = answer_table(data, task, tasks.get(task))
        kept = 2 * max(1, len(table.columns))
        shards = answer_replies.Shards(data.shards, db_path, results, kept)
        written += _write_table(table, shards, tasks.get(task), folder / task)
    if chosen:
        written += sum(page_data.write(folder / SCRIPTS / name, asset(name)) for name in ASSETS)
    _remove_others(folder, chosen)
    return written


def _write_table(
    table: AnswerTable, shards: answer_replies.Shards, source: Task | None, folder: Path
) -> int:
    """Write data and page of one task; the page comes last."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers = {row.place: number for number, row in enumerate(table.rows)}
    ordered = sorted(table.rows, key=lambda row: (-row.disagreement, numbers[row.place]))
    names, written = answer_replies.write(table, shards, folder)
    parts = range(0, len(ordered), ROWS)
    for number, first in enumerate(parts):
        rows = [_row(row, numbers) for row in ordered[first : first + ROWS]]
        name = f"rows-{number}"
        written += page_data.write(folder / f"{name}.js", page_data.packed(name, rows))
        names.add(f"{name}.js")
    head = _head(table, source, len(parts))
    html = environment().get_template("answers.html.j2").render(table=table, head=script_json(head))
    written += page_data.write(folder / PAGE, html)
    for old in folder.iterdir():
        if old.name not in names | {PAGE}:
            old.unlink()
    return written


def _head(table: AnswerTable, source: Task | None, row_files: int) -> Json:
    return {
        "task": table.task,
        "columns": [[column.model, column.prompt] for column in table.columns],
        "metadata": table.metadata,
        "rows": len(table.rows),
        "rowFiles": row_files,
        "perFile": answer_replies.per_file(table),
        "repeats": table.repeats,
        "folder": str(getattr(source, "folder", None) or ""),
    }


def _row(row: Row, numbers: Mapping[Place, int]) -> list[Any]:
    """Return a row as the page reads it."""
    difficulty, rate, index = row.place
    question, known = row.question, row.question.metadata or {}
    return [
        numbers[row.place],
        index,
        question.name,
        shown(question.text, QUESTION_LIMIT),
        "" if question.target is None else shown(question.target),
        {name: shown(value) for name, value in known.items()},
        [cell and [_entry(entry) for entry in cell] for cell in row.cells],
        [word for word in (difficulty, rate) if word != "none"],
    ]


def _entry(entry: Entry) -> list[Any]:
    if entry.progress is not None:
        return [entry.mark, entry.read, entry.progress]
    return [entry.mark, entry.read] if entry.read else [entry.mark]


def _remove_others(folder: Path, keep: Sequence[str]) -> None:
    """Remove the folders of other tasks; without any task, those of the scripts too."""
    if not folder.is_dir():
        return
    wanted = [*keep, SCRIPTS] if keep else []
    for other in [path for path in folder.iterdir() if path.is_dir() and path.name not in wanted]:
        shutil.rmtree(other)
