"""The table of a task: a row per question or instance, a column per model and prompt.

Instances of the benchmark's own tasks are not generated for it, which would cost seconds: their
rows have difficulty and tool success rate, and their episodes how they ended.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from pilotbench.benchmark.catalogue import TASKS
from pilotbench.benchmark.packs.external_task import QUESTION, TARGET, is_external
from pilotbench.benchmark.packs.question_pack import QuestionPack
from pilotbench.benchmark.scorers.calls import wanted_in_words
from pilotbench.benchmark.tasks.task import Task
from pilotbench.ground.errors import PilotbenchError
from pilotbench.results.analysis.load import SummaryData

Json = dict[str, Any]
QUESTION_LIMIT = 300
TEXT_LIMIT = 120
"""Characters of a target, a read answer or a value that the table shows; the panel has them all."""
OWED = "o"
MARKS = {"refused": "r", "not_applicable": "n"}
NEEDED = (
    *("model", "prompt", "difficulty", "tool_success_rate", "index", "repeat", "shard", "status"),
    *("success", "progress", "flexible_match", "strict_match", "read_answer", "answer"),
    *("question_id", "metadata", "episode"),
)
"""Columns of episodes and owed ones."""
OF_PACKS = {"flexible_match", "strict_match", "read_answer", "question_id", "metadata", "episode"}
ENDING = "ending"
"""How an episode of a benchmark task ended that is no success: its first error, or the reason."""
Place = tuple[str, str, int]
"""Difficulty, tool success rate and index of an instance."""
RIGHT = {"1": 1, "1~": 1, "0": 0, "0~": 0, "r": 0}
"""The marks of outcomes; `~`: what was read is right, and not in the form that was asked for."""


@dataclass(frozen=True)
class Entry:
    """One episode in the table; without a shard there is no record of it.

    `read` is what was read as the answer, `progress` that of a partial success.
    """

    mark: str
    read: str = ""
    progress: float | None = None
    shard: str | None = None
    episode: str | None = None


Cell = list[Entry]
"""One entry per repeat."""


@dataclass(frozen=True)
class Column:
    """A column with replies: one model under one prompt."""

    model: str
    prompt: str


@dataclass(frozen=True)
class Question:
    """What is known of a question without asking anybody; the target of a pack's question only.

    `earlier` is what was said before the text, as text.
    """

    name: str | None = None
    text: str = ""
    earlier: str = ""
    target: Any = None
    metadata: Json | None = None


@dataclass(frozen=True)
class Row:
    """One question and what each column has for it; None where nothing is planned."""

    place: Place
    question: Question
    cells: list[Cell | None]

    @property
    def index(self) -> int:
        """The index of the instance."""
        return self.place[2]

    @property
    def disagreement(self) -> float:
        """How evenly the finished replies are divided into right and wrong: 0 to 1."""
        marks = [entry.mark for cell in self.cells for entry in cell or () if entry.mark in RIGHT]
        share = sum(map(RIGHT.__getitem__, marks)) / len(marks) if marks else 0.0
        return 4 * share * (1 - share)


@dataclass(frozen=True)
class AnswerTable:
    """The table of one task; the rows are in the order of their places."""

    task: str
    columns: list[Column]
    metadata: list[str]
    rows: list[Row]
    repeats: int


def answer_table(data: SummaryData, task: str, source: Task | None) -> AnswerTable:
    """Return the table of a task of the selection."""
    played = task in TASKS
    episodes = _of(data, data.episodes, task, played)
    owed = _of(data, data.owed, task)
    cells = _of(data, data.cells, task)
    planned = set(zip(cells["model"], cells["prompt"], strict=True))
    columns = [
        Column(model, prompt)
        for model in data.model_names
        for prompt in data.prompt_names
        if (model, prompt) in planned
    ]
    found: dict[Place, list[Cell | None]] = {}
    names = {column: number for number, column in enumerate(columns)}
    known: dict[Place, Question] = {}
    for row in _rows(episodes):
        place = _place(row)
        _put(found, names, row, _entry(row))
        if place not in known:
            known[place] = _conditions(place) if played else _recorded(row)
    for row in _rows(owed):
        _put(found, names, row, Entry(OWED))
    asked = _asker(source)
    rows = [
        Row(place, asked(place, known.get(place, Question())), found[place])
        for place in sorted(found)
    ]
    metadata = dict.fromkeys(name for row in rows for name in row.question.metadata or ())
    if played:
        metadata = dict.fromkeys(
            n
            for n in metadata
            if len({r.question.metadata[n] for r in rows if r.question.metadata}) > 1
        )
    repeats = max((len(cell) for row in rows for cell in row.cells if cell), default=1)
    return AnswerTable(task, columns, list(metadata), rows, repeats)


def _of(data: SummaryData, frame: pd.DataFrame, task: str, played: bool = False) -> pd.DataFrame:
    """Return what the table needs of the rows of the task: a frame has far more columns."""
    chosen = frame[(frame["task"] == task) & frame["model"].isin(data.model_names)]
    names = [name for name in NEEDED if name in chosen and not (played and name in OF_PACKS)]
    return chosen[names].assign(**{ENDING: _endings(chosen)}) if played else chosen[names]


def _endings(frame: pd.DataFrame) -> pd.Series[Any]:
    """Return how the episodes ended that are no success; missing for the others."""
    kinds = [name for name in frame if str(name).startswith("error_")]
    counts = frame[kinds].to_numpy(dtype=float, na_value=0.0) > 0
    names = pd.Series([str(kind).removeprefix("error_").replace("_", " ") for kind in kinds])
    ends = frame["end_reason"].astype(object)
    if kinds:
        first = names.iloc[counts.argmax(axis=1)].set_axis(frame.index)
        ends = first.where(counts.any(axis=1), ends)
    return ends.mask(frame["success"].eq(True))


def _rows(frame: pd.DataFrame) -> Iterator[Json]:
    """Yield the rows as dictionaries; `to_dict` of pandas is slower."""
    names = [str(name) for name in frame]
    for values in zip(*(frame[name].tolist() for name in names), strict=True):
        yield dict(zip(names, values, strict=True))


def _place(row: Mapping[Any, Any]) -> Place:
    return str(row["difficulty"]), str(row["tool_success_rate"]), int(row["index"])


def _put(
    found: dict[Place, list[Cell | None]],
    names: Mapping[Column, int],
    row: Mapping[Any, Any],
    entry: Entry,
) -> None:
    """Put an entry where it belongs; the repeats before it that are not there are owed."""
    cells = found.setdefault(_place(row), [None] * len(names))
    number = names[Column(str(row["model"]), str(row["prompt"]))]
    cell = cells[number] if cells[number] is not None else []
    assert cell is not None
    repeat = int(row["repeat"])
    cell.extend([Entry(OWED)] * (repeat + 1 - len(cell)))
    cell[repeat] = entry
    cells[number] = cell


def _entry(row: Mapping[Any, Any]) -> Entry:
    read, progress, ending = row.get("read_answer"), row.get("progress"), row.get(ENDING)
    return Entry(
        mark=_mark(row),
        read=str(ending)
        if _is_text(ending)
        else _known_text(read if _is_text(read) else row.get("answer")),
        progress=round(float(progress), 4) if progress and 0 < progress < 1 else None,
        shard=str(row["shard"]),
        episode=row.get("episode"),
    )


def _mark(row: Mapping[Any, Any]) -> str:
    if row["status"] in MARKS:
        return MARKS[row["status"]]
    loose = row.get("flexible_match") is True and row.get("strict_match") is False
    return f"{int(bool(row['success']))}{'~' * loose}"


def _known_text(value: Any) -> str:
    """Return a value that is stored as JSON, perhaps cut, as text for a cell."""
    if not _is_text(value):
        return ""
    try:
        return shown(json.loads(value))
    except ValueError:
        return shown(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def shown(value: Any, limit: int = TEXT_LIMIT) -> str:
    """Return a value as text, cut at `limit` characters."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = text.encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _conditions(place: Place) -> Question:
    """Return what is known of an instance of the benchmark without generating it."""
    words = zip(("difficulty", "tool success rate"), place[:2], strict=True)
    return Question(metadata={name: word for name, word in words if word != "none"})


def _recorded(row: Mapping[Any, Any]) -> Question:
    """Return what an episode says of its question."""
    name, metadata = row.get("question_id"), row.get("metadata")
    return Question(
        name=name if _is_text(name) else None,
        metadata=json.loads(str(metadata)) if _is_text(metadata) else None,
    )


def _reported(known: Question) -> Question:
    """Return the question of an external task, which has its text and target as metadata."""
    others = dict(known.metadata or {})
    text, target = others.pop(QUESTION, ""), others.pop(TARGET, None)
    return replace(known, text=shown(text, QUESTION_LIMIT), target=target, metadata=others or None)


def _target(source: Task, extra: Mapping[str, Any]) -> Any:
    """Return what a question wants; calls as people write them."""
    if isinstance(source, QuestionPack):
        own = extra.get("scorer") or source.scorer.kind
        if (own if isinstance(own, str) else own["kind"]) == "calls":
            return wanted_in_words(extra["answer"])
    return extra.get("answer")


def _asker(source: Task | None) -> Callable[[Place, Question], Question]:
    """Return what completes a question with what the task says of it, where the task has it."""

    def asked(place: Place, known: Question) -> Question:
        if is_external(source):
            return _reported(known)
        if source is None or (source.size is not None and place[2] >= source.size):
            return known
        try:
            instance = source.instance(place[0], place[2])
        except PilotbenchError:  # the task has changed, and its results are not yet scored again
            return known
        extra = instance.extra
        return Question(
            name=extra.get("id", known.name),
            text=instance.request,
            earlier="\n\n".join(f"{one.role}: {one.text}" for one in instance.earlier),
            target=_target(source, extra),
            metadata=extra.get("metadata", known.metadata),
        )

    return asked
