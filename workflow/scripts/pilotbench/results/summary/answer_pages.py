"""The files of the tables of answers: per task a folder with a page and the data that it loads.

`rows-N.js` have the rows, those with the most disagreement first; `replies-N.js` have the replies
to a range of questions. What models wrote is only in there, and reaches the page as text nodes.
Shards whose replies have not changed are not read. Episodes of the benchmark's own tasks are long:
their page has no replies of its own, and loads the files of the transcripts.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pilotbench.benchmark.catalogue import TASKS
from pilotbench.benchmark.tasks.task import Task
from pilotbench.ground import links
from pilotbench.matrix.cells import SUFFIX
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
from pilotbench.results.summary.transcripts import config_words

Json = dict[str, Any]
FOLDER = "answers"
PAGE = "index.html"
SCRIPTS = "_page"
"""The folder of style sheet and scripts, which no task can be named."""
ASSETS = (
    *("text.js", "files.js", "shards_data.js", "answers.css", "answers_data.js"),
    *("answers_panel.js", "answers_labels.js", "answers.js"),
)
ROWS = 1000
"""Rows in one file."""


MOST_PLAYED = 100_000
"""Episodes of a benchmark task from which on it has no page: no browser would sort its rows."""


def tasks_with_page(data: SummaryData) -> list[str]:
    """Return the tasks of the selection that have such a page."""
    asked = data.cells[data.cells["model"].isin(data.model_names)]
    planned = asked.groupby("task", sort=False)["planned"].sum()
    return [
        str(task) for task, count in planned.items() if task not in TASKS or count <= MOST_PLAYED
    ]


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
        if task in TASKS:
            written += _write_played(answer_table(data, task, None), folder / task)
            continue
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
    """Write data and page of a pack's task."""
    names, written = answer_replies.write(table, shards, folder)
    more = {"perFile": answer_replies.per_file(table), "folder": _folder(source), "shards": None}
    return written + _write_rows(table, {}, folder, names, more)


def _write_played(table: AnswerTable, folder: Path) -> int:
    """Write data and page of a task of the benchmark, which loads the files of the transcripts."""
    cells = (cell for row in table.rows for cell in row.cells if cell)
    used = dict.fromkeys(entry.shard for cell in cells for entry in cell if entry.shard)
    shards = {path: number for number, path in enumerate(used)}
    return _write_rows(
        table, shards, folder, set(), {"shards": [path.removesuffix(SUFFIX) for path in used]}
    )


def _write_rows(
    table: AnswerTable,
    shards: Mapping[str, int],
    folder: Path,
    names: Collection[str],
    more: Json,
) -> int:
    """Write the rows, then the page; remove what is neither of them nor among `names`."""
    numbers = {row.place: number for number, row in enumerate(table.rows)}
    ordered = sorted(table.rows, key=lambda row: (-row.disagreement, numbers[row.place]))
    parts, written, keep = range(0, len(ordered), ROWS), 0, {*names, PAGE}
    for number, first in enumerate(parts):
        rows = [_row(row, numbers, shards) for row in ordered[first : first + ROWS]]
        name = f"rows-{number}"
        written += page_data.write(folder / f"{name}.js", page_data.packed(name, rows))
        keep.add(f"{name}.js")
    html = (
        environment()
        .get_template("answers.html.j2")
        .render(
            table=table,
            head=script_json(_head(table, len(parts)) | more),
            noun="question" if more["shards"] is None else "instance",
        )
    )
    written += page_data.write(folder / PAGE, html)
    for old in folder.iterdir():
        if old.name not in keep:
            old.unlink()
    return written


def _head(table: AnswerTable, row_files: int) -> Json:
    return {
        "task": table.task,
        "columns": [[column.model, column.prompt] for column in table.columns],
        "metadata": table.metadata,
        "rows": len(table.rows),
        "rowFiles": row_files,
        "repeats": table.repeats,
        "options": config_words(),
    }


def _folder(source: Task | None) -> str:
    return str(getattr(source, "folder", None) or "")


def _row(row: Row, numbers: Mapping[Place, int], shards: Mapping[str, int]) -> list[Any]:
    """Return a row as the page reads it; an entry has the number of its shard among `shards`."""
    difficulty, rate, index = row.place
    question, known = row.question, row.question.metadata or {}
    return [
        numbers[row.place],
        index,
        question.name,
        shown(question.text, QUESTION_LIMIT),
        "" if question.target is None else shown(question.target),
        {name: shown(value) for name, value in known.items()},
        [cell and [_entry(entry, shards) for entry in cell] for cell in row.cells],
        [word for word in (difficulty, rate) if word != "none"],
    ]


def _entry(entry: Entry, shards: Mapping[str, int]) -> list[Any]:
    if entry.shard is not None and entry.shard in shards:
        return [entry.mark, entry.read, entry.progress, shards[entry.shard]]
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
