"""Which column of a pack's table is what, and its rows as lines of instances.

A line has question and answer, and if there are any image, tools, scorer, world, id and metadata.
Metadata are all other columns: they are kept with the question. No model sees them, and of the
scorers only those that run code.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pilotbench.benchmark.packs.conversations import looks_like_messages, parted
from pilotbench.benchmark.packs.pack_files import json_value
from pilotbench.benchmark.packs.question_tools import is_tools
from pilotbench.benchmark.packs.scorer_choice import ScorerChoice, chosen
from pilotbench.benchmark.packs.tables import Table
from pilotbench.benchmark.scorers import SCORERS
from pilotbench.benchmark.scorers.numerals import number_of
from pilotbench.ground.errors import TaskError, hint

Json = dict[str, Any]
_NAMES = {
    "question": (
        "question questions prompt input query problem task_text instruction question_text "
        "frage fragen aufgabe pregunta domanda pergunta vraag вопрос "
        "问题 题目 提问 問題 题干 質問 질문"
    ),
    "answer": (
        "answer answers target expected output solution label reference gold ideal correct "
        "correct_answer expected_answer expected_output ground_truth gold_answer "
        "antwort lösung réponse reponse respuesta risposta resposta antwoord ответ "
        "答案 正确答案 参考答案 标准答案 回答 解答 答え 정답"
    ),
    "id": "id nr nr. no. # qid question_id uid uuid key identifier 编号 序号 題號 番号",
    "image": "image",
}
USUAL = {field: tuple(names.split()) for field, names in _NAMES.items()}
"""The usual names of columns, in any case; `-` and spaces count as `_`."""
TOOLS = ("tools", "functions")
"""The usual names of columns with function schemas."""
CONVERSATIONS = ("messages", "conversations", "conversation")
"""The usual names of columns with conversations, where no other is the question."""
NEEDED = ("question", "answer")


def needed(kind: str | None) -> tuple[str, ...]:
    """Return the fields that a table must have for a scorer."""
    return NEEDED if kind is None or SCORERS[kind].needs_answer else NEEDED[:1]


STATED = "fields.{} in task.yaml"
NAMED = 5
JSON_CELLS: dict[str, Callable[[str], bool]] = {
    "question": looks_like_messages,
    "image": lambda cell: cell.lstrip().startswith("["),
    "tools": lambda cell: True,
    "scorer": lambda cell: cell.lstrip().startswith("{"),
}
"""Fields whose cells may be JSON, and which cells are."""
_AMBIGUOUS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")


def fields_of(
    where: str,
    table: Table,
    given: Json,
    ignore: Iterable[str],
    tools: bool,
    how: str = STATED,
    kind: str | None = None,
) -> dict[str, str]:
    """Return the column of each field; `how` says how a user states one.

    `kind` is the scorer, None if it is not known yet.

    Raises TaskError where a column is unknown or unclear.
    """
    for field, column in given.items():
        if column not in table.columns:
            near, key = hint(column, table.columns), how.format(field).split()[0]
            raise TaskError(f"{where}: {key}: no column {column!r}{near}{_has(table)}")
    columns = [c for c in table.columns if c not in ignore and c not in given.values()]
    found = {field: candidates(field, columns) for field in USUAL if field not in given}
    if found.get("question") == []:
        found["question"] = [column for column in columns if _plain(column) in CONVERSATIONS]
    if found.get("answer") == []:
        asked = [given["question"]] if "question" in given else found["question"]
        found["answer"] = asked if len(asked) == 1 and _ends_answered(table, asked[0]) else []
    if tools and "world" not in given:
        found["world"] = candidates("world", columns)
    if not tools and "tools" not in given:
        named = [column for column in columns if _plain(column) in TOOLS]
        found["tools"] = [column for column in named if _has_tools(table, column)]
    chosen: dict[str, str] = dict(given)
    for field, names in found.items():
        if len(names) == 1:
            chosen[field] = names[0]
        elif field in needed(kind):
            words = "none looks like it" if not names else f"it may be {' or '.join(names)}"
            raise TaskError(
                f"{table.name}: which column is the {field}? {words}: state "
                f"{how.format(field)}{_has(table)}"
            )
    return chosen


def _ends_answered(table: Table, column: str) -> bool:
    """Return whether each cell of a column is messages that end with one of the assistant."""
    values = (_cell(table, n, "question", column, row.get(column)) for n, row in table.rows)
    return all(parted(value) is not None for value in values)


def _has_tools(table: Table, column: str) -> bool:
    """Return whether the cells of a column that are not empty are function schemas."""
    cells = [row[column] for _, row in table.rows if not _is_empty(row.get(column))]
    return bool(cells) and all(is_tools(_value(cell)) for cell in cells)


def _value(cell: Any) -> Any:
    """Return the value of a cell that may be JSON."""
    try:
        return json_value("", cell) if isinstance(cell, str) else cell
    except TaskError:
        return None


def answers_of(table: Table, fields: dict[str, str]) -> list[Any]:
    """Return the answers as the table has them."""
    column, is_within = fields["answer"], fields["answer"] == fields["question"]
    if not is_within:
        return [row.get(column) for _, row in table.rows]
    cells = (_cell(table, n, "question", column, row.get(column)) for n, row in table.rows)
    return [found[1] for cell in cells if (found := parted(cell)) is not None]


def _has(table: Table) -> str:
    return f"; columns: {', '.join(table.columns)}"


def candidates(field: str, columns: Iterable[str]) -> list[str]:
    """Return the columns whose name is a usual one of a field."""
    names = USUAL.get(field, (field,))
    return [column for column in columns if _plain(column) in names]


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", unicodedata.normalize("NFKC", name).casefold().strip())


def lines_of(
    table: Table, fields: dict[str, str], ignore: Sequence[str], scorer: ScorerChoice
) -> list[tuple[int, str]]:
    """Return each row as the JSON of a line, with its number. Raises TaskError."""
    for field in needed(scorer.kind):
        _refuse_empty(table, fields[field])
    if "id" in fields:
        _refuse_repeated(table, fields["id"])
    others = [c for c in table.columns if c not in fields.values() and c not in ignore]
    return [(n, json.dumps(_line(table, n, row, fields, others, scorer))) for n, row in table.rows]


def _line(
    table: Table,
    number: int,
    row: Json,
    fields: dict[str, str],
    others: Iterable[str],
    scorer: ScorerChoice,
) -> Json:
    line = {
        field: _cell(table, number, field, c, row[c])
        for field, c in fields.items()
        if not _is_empty(row.get(c))
    }
    if fields.get("answer") == fields["question"]:
        line |= _parted(f"{table.at(number)}: column {fields['question']}", line["question"])
    if "scorer" in line:
        scorer = chosen(f"{table.at(number)}: column {fields['scorer']}", line["scorer"])
    is_read = scorer.kind in ("number", "calls") or fields.get("answer") in table.made
    if isinstance(line.get("answer"), str) and (table.written or is_read):
        where = f"{table.at(number)}: column {fields['answer']}"
        line["answer"] = reader(scorer.kind, scorer.options)(where, line["answer"])
    if table.written and "world" in line:
        line["world"] = json_value(f"{table.at(number)}: {fields['world']}", line["world"])
    if "id" in line:
        line["id"] = str(line["id"]).strip()
    metadata = {name: row[name] for name in others if not _is_empty(row.get(name))}
    return line | ({"metadata": metadata} if metadata else {})


def _cell(table: Table, number: int, field: str, column: str, cell: Any) -> Any:
    """Return the messages or the list of images that a cell has as JSON, else the cell."""
    if not isinstance(cell, str) or not (table.written or field == "tools"):
        return cell
    is_json = JSON_CELLS.get(field)
    if is_json is None or not is_json(cell):
        return cell
    return json_value(f"{table.at(number)}: column {column}", cell)


def _parted(where: str, question: Any) -> Json:
    """Return question and answer of a conversation that ends with the answer."""
    found = parted(question)
    if found is None:
        raise TaskError(
            f"{where}: it is both question and answer, so it must be messages of which the last "
            "one is the assistant's"
        )
    return {"question": found[0], "answer": found[1]}


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _refuse_empty(table: Table, column: str) -> None:
    empty = [number for number, row in table.rows if _is_empty(row.get(column))]
    if empty:
        numbers = ", ".join(map(str, empty[:NAMED])) + (", …" if len(empty) > NAMED else "")
        word = table.word if len(empty) == 1 else f"{table.word}s"
        raise TaskError(
            f"{table.name}: {word} {numbers}: column {column} is empty; fill it in or delete the "
            f"{table.word}"
        )


def _refuse_repeated(table: Table, column: str) -> None:
    _refuse_empty(table, column)
    seen: dict[str, int] = {}
    for number, row in table.rows:
        name = str(row[column]).strip()
        first = seen.setdefault(name, number)
        if first != number:
            raise TaskError(
                f"{table.at(number)}: column {column}: {name!r} is also the name of {table.word} "
                f"{first}; make them differ, or put {column} under `ignore` in task.yaml"
            )


def reader(kind: str, options: Json) -> Callable[[str, str], Any]:
    """Return what makes of an answer's text the value that a scorer compares with."""
    if kind == "number":
        return lambda where, text: _number(where, text, options.get("unit", ""))
    if kind in ("json_equality", "json_schema", "calls"):
        return json_value
    if kind == "code":
        return _tests
    return _accepted if kind == "one_of" else lambda where, text: text


def _tests(where: str, text: str) -> Any:
    """Return the tests of a cell: a JSON list, or code as it stands."""
    is_list = text.lstrip().startswith(("[{", '["'))
    return json_value(where, text) if is_list else text


def _accepted(where: str, text: str) -> Any:
    """Return the accepted texts of a cell: a JSON list, or texts separated by `|`."""
    if text.lstrip().startswith("["):
        return json_value(where, text)
    return [part.strip() for part in text.split("|")]


def _number(where: str, text: str, unit: str) -> int | float:
    if _AMBIGUOUS.fullmatch(text.strip()):
        plain = text.strip()
        raise TaskError(
            f"{where}: {plain} may be {plain.replace(',', '')} or {plain.replace(',', '.')}; "
            "write the one that is meant"
        )
    value = number_of(text, unit)
    if value is None:
        raise TaskError(f"{where}: {text[:60]!r} is not a number; the scorer number needs one")
    return int(value) if value.is_integer() and abs(value) < 2**53 else value
