"""Labels of people: a table beside task.yaml that says which replies are right.

One line per reply and person, or per pair of replies. It changes no request and no score, so it is
in no version; what is wrong with a line is a TaskError of one line that names file and line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pilotbench.benchmark.packs import tables
from pilotbench.ground.canonical_json import digest
from pilotbench.ground.errors import TaskError, hint

Json = dict[str, Any]
FILE = "labels.csv"
PERSON = "person"
HASH_LENGTH = 16
FEW = 12  # names that an error lists
COLUMNS = {
    "question": ("question", "question_id", "id"),
    "index": ("index",),
    "model": ("model",),
    "label": ("label",),
    "prompt": ("prompt",),
    "repeat": ("repeat",),
    "rater": ("rater",),
    "other": ("other",),
    "note": ("note",),
    "reply_sha256": ("reply_sha256",),
    "task": ("task",),
}
"""The columns that are read, with their names; others are for people."""
WORDS = {
    True: ("right", "correct", "yes", "true", "1", "对", "正确", "是"),
    False: ("wrong", "incorrect", "no", "false", "0", "错", "错误", "否"),
}
WINNERS = ("first", "second", "tie")


@dataclass(frozen=True)
class Scale:
    """The scores that a label may be: from `low` to `high`, a success from `threshold` (0 to 1)."""

    low: float = 0.0
    high: float = 1.0
    threshold: float = 1.0
    stated: bool = False


def scale_of(options: Json) -> Scale:
    """Return the scale of the scores of a pack, from the options of its scorer."""
    scale, threshold = options.get("scale"), options.get("threshold")
    if scale is None:
        return Scale(threshold=1.0 if threshold is None else threshold)
    return Scale(scale[0], scale[1], 0.5 if threshold is None else threshold, stated=True)


@dataclass(frozen=True)
class Label:
    """What one person says about a reply, or about two: `winner` is of (model, other).

    `prompt`, `repeat` and `reply`, the beginning of the reply's SHA-256, are None where the file
    does not say; `place` is file and line.
    """

    place: str
    task: str
    index: int
    model: str
    rater: str = PERSON
    prompt: str | None = None
    repeat: int | None = None
    reply: str | None = None
    right: bool | None = None
    score: float | None = None
    other: str | None = None
    winner: str | None = None
    note: str | None = None

    @property
    def subject(self) -> tuple[Any, ...]:
        """What is labelled, and by whom."""
        reply = (self.index, self.model, self.prompt, self.repeat, self.reply, self.other)
        return (self.task, *reply, self.rater)

    @property
    def said(self) -> tuple[Any, ...]:
        """The label itself."""
        return self.right, self.score, self.winner


@dataclass(frozen=True)
class Questions:
    """The questions of a pack: its name, their number, and the index of each that has a name."""

    task: str
    size: int
    names: Mapping[str, int]

    def index(self, where: str, name: str, index: str) -> int:
        """Return the index of a question by name, otherwise by index. Raises TaskError."""
        if name in self.names:
            return self.names[name]
        for word in (name, index):
            if word.isdecimal() and int(word) < self.size:
                return int(word)
        if not name and not index:
            raise TaskError(f"{where}: question is empty")
        near = hint(name, self.names) if len(self.names) <= FEW else f"; it has {self.size}"
        raise TaskError(f"{where}: unknown question {name or index!r}{near}")


def digest_of(labels: Sequence[Label]) -> str | None:
    """Return a digest of labels, None if there are none."""
    return digest([asdict(label) for label in labels]) if labels else None


def path_of(folder: Path, settings: Json) -> Path | None:
    """Return the file of labels, None if the pack has none. Raises TaskError."""
    name = settings.get("labels", FILE)
    path: Path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise TaskError(f"{folder / 'task.yaml'}: labels: {name} is outside of the pack")
    if path.is_file():
        return path
    if "labels" in settings:
        raise TaskError(f"{folder / 'task.yaml'}: labels: {path}: no such file")
    return None


def read(path: Path, questions: Questions, scale: Scale) -> tuple[Label, ...]:
    """Return the labels of a file. Raises TaskError, one line that names file and line."""
    table = tables.of_file(path)
    names = _columns(table)
    return tuple(_once(_labels(table, names, questions, scale)))


def _columns(table: tables.Table) -> dict[str, list[str]]:
    """Return the names of each known column in the file, the preferred one first."""
    plain = {name.strip().lower(): name for name in table.columns}
    found = {
        key: [plain[name] for name in names if name in plain] for key, names in COLUMNS.items()
    }
    for key in ("model", "label"):
        if not found[key]:
            raise TaskError(
                f"{table.name}: no column {key}{hint(key, plain)}; needed: question, model, label"
            )
    if not found["question"] and not found["index"]:
        raise TaskError(f"{table.name}: no column question; needed: question, model, label")
    for name in plain:
        near = [key for key in get_close_matches(name, COLUMNS, n=1, cutoff=0.8) if not found[key]]
        if near:
            raise TaskError(f"{table.name}: unknown column {name!r}; did you mean {near[0]}?")
    return found


def _labels(
    table: tables.Table, names: dict[str, list[str]], questions: Questions, scale: Scale
) -> Iterator[Label]:
    for number, row in table.rows:
        cells = {key: _cell(row, columns) for key, columns in names.items()}
        if cells["label"] and cells["task"] in ("", questions.task):
            yield _label(table.at(number), cells, questions, scale)


def _cell(row: Json, columns: Iterable[str]) -> str:
    """Return the first cell that is not empty, as text."""
    values = (row.get(name) for name in columns)
    texts = ("" if value is None else str(value).strip() for value in values)
    return next(filter(None, texts), "")


def _label(where: str, cells: dict[str, str], questions: Questions, scale: Scale) -> Label:
    if not cells["model"]:
        raise TaskError(f"{where}: model is empty")
    repeat = cells["repeat"]
    if repeat and not repeat.isdecimal():
        raise TaskError(f"{where}: repeat: {repeat!r} is not a whole number from 0")
    label = Label(
        place=where,
        task=questions.task,
        index=questions.index(where, cells["question"], cells["index"]),
        model=cells["model"],
        rater=cells["rater"] or PERSON,
        prompt=cells["prompt"] or None,
        repeat=int(repeat) if repeat else None,
        reply=cells["reply_sha256"].lower()[:HASH_LENGTH] or None,
        note=cells["note"] or None,
    )
    if cells["other"]:
        if cells["other"] == cells["model"]:
            raise TaskError(f"{where}: other: {cells['other']} is the model itself")
        return replace(label, other=cells["other"], winner=_winner(where, cells["label"]))
    right, score = _verdict(where, cells["label"], scale)
    return replace(label, right=right, score=score)


def _winner(where: str, word: str) -> str:
    if word.lower() not in WINNERS:
        raise TaskError(
            f"{where}: label: {word!r} says nothing about a pair; allowed: {', '.join(WINNERS)}"
        )
    return word.lower()


def _verdict(where: str, word: str, scale: Scale) -> tuple[bool, float | None]:
    """Return (right, score) of a label; a number is a score where the pack has a scale."""
    words = next((right for right, known in WORDS.items() if word.lower() in known), None)
    number = _number(word)
    if words is not None and (number is None or not scale.stated):
        return words, None
    if number is None or not scale.low <= number <= scale.high:
        raise TaskError(
            f"{where}: label: {word!r} is no label; allowed: right, wrong (also yes, no, true, "
            f"false, 1, 0), or a score from {scale.low:g} to {scale.high:g}"
            + ("; for a pair, name the other model in the column other" * (word in WINNERS))
        )
    score = (number - scale.low) / (scale.high - scale.low)
    return score >= scale.threshold - 1e-9, score


def _number(word: str) -> float | None:
    try:
        return float(word)
    except ValueError:
        return None


def _once(labels: Iterable[Label]) -> Iterator[Label]:
    """Yield each label once. Raises TaskError where a person contradicts herself."""
    seen: dict[tuple[Any, ...], Label] = {}
    for label in labels:
        first = seen.setdefault(label.subject, label)
        if first is label:
            yield label
        elif first.said != label.said:
            earlier = first.place.rpartition(": ")[2]
            raise TaskError(
                f"{label.place}: {label.rater} has labelled this reply otherwise in {earlier}"
            )
