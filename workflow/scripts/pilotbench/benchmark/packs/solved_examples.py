"""The solved examples of a pack, which the prompt `few_shot` shows; none of them is asked.

They are questions that `hold_out` or `where` takes from the pack's own, or those of another table.
Their order is drawn: by a hash of the seed and the question, so that it does not depend on their
places and a question that is added or removed moves no other.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from pilotbench.benchmark.instances import Example
from pilotbench.benchmark.packs.pack_lines import PackLines, lines_of
from pilotbench.benchmark.packs.question import QuestionReader
from pilotbench.benchmark.scorers import SCORERS
from pilotbench.benchmark.scorers.scorer import as_text
from pilotbench.ground.canonical_json import digest
from pilotbench.ground.errors import TaskError, hint

Json = dict[str, Any]
PLACES = ("hold_out", "where", "source")


def split(folder: Path, settings: Json, found: PackLines) -> tuple[PackLines, PackLines]:
    """Return the lines that are asked, and those of the examples in the order of the draw.

    Raises TaskError, one line, where `examples` of task.yaml does not fit the table.
    """
    chosen = settings.get("examples")
    if chosen is None:
        return found, replace(found, lines=())
    where, seed = f"{folder / 'task.yaml'}: examples", chosen.get("seed", 0)
    if len(given := [name for name in PLACES if name in chosen]) != 1:
        raise TaskError(f"{where}: state one of {', '.join(PLACES)}, not {len(given)}")
    solved = "solution" in found.fields or "solution" in settings.get("templates", {})
    if SCORERS[settings["scorer"]["kind"]].shown is None and not solved:
        kind = settings["scorer"]["kind"]
        raise TaskError(f"{where}: the answers of the scorer {kind} are not replies to show")
    if "source" in chosen:
        table = {key: value for key, value in settings.items() if key != "sheet"}
        others = lines_of(folder, {**table, "source": chosen["source"]})
        return found, _drawn(others, seed, range(len(others.lines)))
    if "where" in chosen:
        held = _matching(where, found, chosen["where"])
    else:
        every = _drawn(found, seed, range(len(found.lines)))
        numbers = {number for number, _ in every.lines[: chosen["hold_out"]]}
        held = [i for i, (number, _) in enumerate(found.lines) if number in numbers]
    if len(held) == len(found.lines):
        raise TaskError(f"{where}: takes all {len(held)} questions; none is left to ask")
    kept_out = set(held)
    asked = [line for i, line in enumerate(found.lines) if i not in kept_out]
    return replace(found, lines=tuple(asked)), _drawn(found, seed, held)


def examples(lines: PackLines, reader: QuestionReader) -> tuple[Example, ...]:
    """Return the examples of the lines. Raises TaskError naming file and line."""
    found = []
    for index, (_, text) in enumerate(lines.lines):
        question = reader.read(lines.place(index), text)
        shown = (question.scorer or reader.scorer).scorer.shown
        reply = question.solution
        if reply is None and shown is not None and question.answer is not None:
            reply = shown(question.answer)
        if reply is None:
            raise TaskError(f"{lines.place(index)}: an example needs an answer")
        if question.asked.before or question.asked.images or question.images:
            raise TaskError(f"{lines.place(index)}: an example is a text, without other messages")
        found.append(Example(question.asked.request, reply))
    return tuple(found)


def _drawn(lines: PackLines, seed: int, indices: range | list[int]) -> PackLines:
    """Return the lines of the indices in the order of the draw."""
    key = next(key for key, field in lines.keys.items() if field == "question")
    drawn = {i: digest([seed, lines.row(i).get(key)]) for i in indices}
    return replace(lines, lines=tuple(lines.lines[i] for i in sorted(drawn, key=drawn.__getitem__)))


def _matching(where: str, lines: PackLines, wanted: Json) -> list[int]:
    """Return the indices of the rows that have all these values."""
    rows = [lines.row(i) for i in range(len(lines.lines))]
    for column, value in wanted.items():
        seen = {as_text(row[column]) for row in rows if column in row}
        if not seen:
            names = list(dict.fromkeys(name for row in rows for name in row))
            raise TaskError(f"{where}.where: no column {column!r}{hint(column, names)}")
        if as_text(value) not in seen:
            near = hint(as_text(value), sorted(seen)[:20])
            raise TaskError(f"{where}.where: no question has {column} {as_text(value)!r}{near}")
    return [
        i
        for i, row in enumerate(rows)
        if all(as_text(row.get(column)) == as_text(value) for column, value in wanted.items())
    ]
