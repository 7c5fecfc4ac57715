"""Tables as packs: every kind of file gives the same questions, what is wrong is one line."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from openpyxl import Workbook
from pyarrow import parquet

from pilotbench.benchmark.packs import hub_datasets
from pilotbench.benchmark.packs.question_pack import QuestionPack
from pilotbench.ground.errors import TaskError
from pilotbench.ground.shipped import how_to_install

HEAD = ["Nr", "Frage", "Lösung", "topic"]
ROWS = [
    ["a1", "Wie viel?", "007", "Zahl"],
    ["a2", "哪一个？", "NA", ""],
    ["a3", "Q\nR", "1.50", "x"],
]
CSV = 'Nr,Frage,Lösung,topic\na1,Wie viel?,007,Zahl\na2,哪一个？,NA,\na3,"Q\nR",1.50,x\n'
OBJECTS = [{key: cell for key, cell in zip(HEAD, row, strict=True) if cell} for row in ROWS]


def write(
    folder: Path, name: str, content: bytes | str, *lines: str, scorer: str = "exact"
) -> Path:
    """Write a pack with a source and return its folder."""
    pack = folder / "quiz"
    pack.mkdir(exist_ok=True)
    settings = [f"description: d\nscorer: {{kind: {scorer}}}\nsource: {name}", *lines]
    (pack / "task.yaml").write_text("\n".join(settings) + "\n", encoding="utf-8")
    raw = content if isinstance(content, bytes) else content.encode()
    (pack / name).write_bytes(raw)
    return pack


def workbook(path: Path, rows: list[list[Any]], **others: list[list[Any]]) -> bytes:
    """Return the bytes of an Excel file; `others` are further sheets."""
    book = Workbook()
    for name, content in {"Sheet": rows, **others}.items():
        sheet = book[name] if name in book.sheetnames else book.create_sheet(name)
        for row in content:
            sheet.append(row)
    book.save(path)
    return path.read_bytes()


def in_parquet(path: Path) -> bytes:
    parquet.write_table(pyarrow.Table.from_pylist(OBJECTS), path)
    return path.read_bytes()


def questions(pack: QuestionPack) -> list[tuple[Any, ...]]:
    """Return name, question, answer and metadata of each instance."""
    pack.check()
    assert pack.size is not None
    found = (pack.instance("none", index) for index in range(pack.size))
    return [
        (one.extra.get("id"), one.request, one.extra["answer"], one.extra.get("metadata", {}))
        for one in found
    ]


WANTED = [(r[0], r[1], r[2], {"topic": r[3]} if r[3] else {}) for r in ROWS]
KINDS: dict[str, Any] = {
    "q.csv": CSV,
    "bom.csv": b"\xef\xbb\xbf" + CSV.encode(),
    "crlf.csv": CSV.replace("\n", "\r\n").replace("Q\r\nR", "Q\nR"),
    "semicolon.csv": CSV.replace(",", ";"),
    "tabs.csv": CSV.replace(",", "\t"),
    "quoted.csv": CSV.replace("Nr,Frage,Lösung,topic", '"Nr";"Frage";"Lösung";"topic"').replace(
        ",", ";"
    ),
    "stated.csv": "sep=;\n" + CSV.replace(",", ";"),
    "blank.csv": CSV.replace("\na2", "\n\n,,,\na2") + ",,,\n",
    "trailing.csv": CSV.replace("topic\n", "topic,\n").replace("Zahl\n", "Zahl,\n"),
    "q.tsv": CSV.replace(",", "\t"),
    "q.jsonl": "\n".join(json.dumps(row, ensure_ascii=False) for row in OBJECTS) + "\n",
    "q.json": json.dumps(OBJECTS),
    "q.parquet": in_parquet,
    "q.xlsx": lambda path: workbook(path, [HEAD, *ROWS]),
}


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_file_gives_the_same_questions(name: str, tmp_path: Path) -> None:
    content = KINDS[name]
    raw = content(tmp_path / name) if callable(content) else content
    pack = write(tmp_path, name, raw, "fields: {answer: Lösung, question: Frage, id: Nr}")
    assert questions(QuestionPack(pack)) == WANTED
    assert questions(QuestionPack(write(tmp_path, name, raw))) == WANTED


@pytest.mark.parametrize(
    "answer", ["007", "1.50", "NA", "null", "TRUE", "nan", "1e5", "2024-01-02", " x "]
)
def test_an_answer_of_a_csv_stays_as_it_is_written(answer: str, tmp_path: Path) -> None:
    pack = QuestionPack(write(tmp_path, "q.csv", f"question,answer\nq,{answer}\n"))
    assert pack.instance("none", 0).extra["answer"] == answer


@pytest.mark.parametrize(
    ("cell", "text"), [(42, "42"), (42.0, "42"), (0.1, "0.1"), (True, "TRUE"), ("007", "007")]
)
def test_a_cell_of_excel_is_the_text_that_it_shows(cell: Any, text: str, tmp_path: Path) -> None:
    raw = workbook(tmp_path / "q.xlsx", [["question", "answer"], ["q", cell]])
    assert questions(QuestionPack(write(tmp_path, "q.xlsx", raw)))[0][2] == text


def test_a_sheet_can_be_named(tmp_path: Path) -> None:
    rows = [["question", "answer"], ["q", "second"]]
    raw = workbook(tmp_path / "q.xlsx", [["notes"], ["nothing"]], Other=rows)
    pack = write(tmp_path, "q.xlsx", raw, "sheet: Other")
    assert questions(QuestionPack(pack))[0][2] == "second"
    with pytest.raises(TaskError, match="no sheet 'Othr'; it has: Sheet, Other"):
        QuestionPack(write(tmp_path, "q.xlsx", raw, "sheet: Othr"))


ANSWERS = [
    ("number", "149", 149),
    ("number", '"1,234.5"', 1234.5),
    ("number", '"1,5"', 1.5),
    ("number", "42 kg", 42),
    ("one_of", "GB|UK", ["GB", "UK"]),
    ("one_of", '"[""a|b"", ""c""]"', ["a|b", "c"]),
    ("json_equality", '"{""a"": 1}"', {"a": 1}),
    ("json_schema", '"{""type"": ""object""}"', {"type": "object"}),
    ("contained_text", "1.50", "1.50"),
]


@pytest.mark.parametrize(("scorer", "cell", "wanted"), ANSWERS)
def test_a_scorer_gets_the_value_that_a_cell_means(
    scorer: str, cell: str, wanted: Any, tmp_path: Path
) -> None:
    pack = write(tmp_path, "q.csv", f"question,answer\nq,{cell}\n", scorer=scorer)
    assert questions(QuestionPack(pack))[0][2] == wanted


WRONG: dict[str, tuple[str, Any, str]] = {
    "an empty answer": (
        "q.csv",
        'question,answer\nq,a\nr,\n"s\nt", \nu,b\nv,\n',
        "q.csv: lines 3, 4, 7: column answer is empty; fill it in or delete the line",
    ),
    "an empty question": (
        "q.csv",
        "question,answer\n,a\n",
        "q.csv: line 2: column question is empty; fill it in or delete the line",
    ),
    "a name twice": (
        "q.csv",
        "id,question,answer\n1,q,a\n2,r,b\n1,s,c\n",
        "q.csv: line 4: column id: '1' is also the name of line 2; make them differ, or put id "
        "under `ignore` in task.yaml",
    ),
    "no answer column": (
        "q.csv",
        "question,comment\nq,a\n",
        "q.csv: which column is the answer? none looks like it: state fields.answer in task.yaml; "
        "columns: question, comment",
    ),
    "two question columns": (
        "q.csv",
        "question,prompt,answer\nq,p,a\n",
        "q.csv: which column is the question? it may be question or prompt: state fields.question "
        "in task.yaml; columns: question, prompt, answer",
    ),
    "Latin-1": (
        "q.csv",
        "question,answer\nq,a\nWo?,Köln\n".encode("latin-1"),
        "q.csv: line 3: byte 0xf6 is not UTF-8; save it as UTF-8 (Excel: File > Save As > CSV "
        "UTF-8; LibreOffice: Save As > Text CSV > Edit filter settings > Unicode (UTF-8))",
    ),
    "UTF-16": ("q.csv", "question,answer\nq,a\n".encode("utf-16"), "q.csv: line 1: this is UTF-16"),
    "Excel": ("q.csv", b"PK\x03\x04x", "q.csv: not text but an archive; if Excel opens it"),
    "one column": (
        "q.csv",
        "question\nq\n",
        "q.csv: line 1: only one column; the first line has the names of the columns, separated by "
        "one of: tab, comma, semicolon",
    ),
    "an open quote": (
        "q.csv",
        'question,answer\nq,a\n"r,b\n',
        "q.csv: line 3: unexpected end of data; put a cell that contains quotes, line breaks or "
        "the separator in quotes, and double the quotes within it",
    ),
    "a cell too many": (
        "q.csv",
        "question,answer\nq,a\nHow many,roughly,7\n",
        "q.csv: line 3: column 3 has no name in the first row but the content '7'; name the "
        "column, or put a cell that contains the separator in quotes",
    ),
    "a column twice": (
        "q.csv",
        "question,answer,answer\nq,a,b\n",
        "q.csv: line 1: the column 'answer' appears twice",
    ),
    "no rows": ("q.csv", "question,answer\n", "q.csv: no questions"),
    "nothing": ("q.csv", "", "q.csv: line 1: only one column"),
    "a broken line": ("q.jsonl", '{"question": "q"}\n{"', "q.jsonl: line 2: not JSON"),
    "no list": ("q.json", '{"question": "q"}', "q.json: not a list of objects"),
    "no object": ("q.json", "[1]", "q.json: row 1: not an object"),
    "no Parquet": ("q.parquet", "x", "q.parquet: not a Parquet file"),
    "no Excel": ("q.xlsx", "x", "q.xlsx: not an Excel file (.xlsx)"),
    "old Excel": ("q.xls", "x", "q.xls: .xls files cannot be read; save it as .xlsx or"),
    "another kind": ("q.txt", "x", "q.txt: unknown kind of file '.txt'; allowed: .csv, .tsv"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_is_one_line_that_says_where_and_how_to_mend_it(
    case: str, tmp_path: Path
) -> None:
    name, content, words = WRONG[case]
    pack = write(tmp_path, name, content)
    with pytest.raises(TaskError) as error:
        QuestionPack(pack)
    message = str(error.value)
    assert message.startswith(f"{pack}/{words}")
    assert "\n" not in message


WRONG_ANSWERS = [
    ("number", "seven eleven", "line 2: column answer: 'seven eleven' is not a number"),
    ("number", '"1,234"', "line 2: column answer: 1,234 may be 1234 or 1.234; write the one"),
    ("json_equality", "{a", "line 2: column answer: not JSON"),
    ("one_of", '"[1"', "line 2: column answer: not JSON"),
    ("regular_expression", "(", "line 2: answer"),
]


@pytest.mark.parametrize(("scorer", "cell", "words"), WRONG_ANSWERS)
def test_an_answer_that_its_scorer_cannot_use_is_one_line(
    scorer: str, cell: str, words: str, tmp_path: Path
) -> None:
    pack = write(tmp_path, "q.csv", f"question,answer\nq,{cell}\n", scorer=scorer)
    with pytest.raises(TaskError) as error:
        QuestionPack(pack).check()
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (
            ["fields: {answer: Lösng}"],
            "no column 'Lösng'; did you mean Lösung?; columns: Nr, Frage",
        ),
        (["source: ../q.csv"], "source: ../q.csv is outside of the pack: copy it to"),
        (["source: absent.csv"], "absent.csv: no such file"),
        (["sheet: x"], "sheet is for .xlsx files"),
    ],
)
def test_a_wrong_task_yaml_is_one_line(lines: list[str], words: str, tmp_path: Path) -> None:
    pack = write(tmp_path, "q.csv", CSV)
    text = (pack / "task.yaml").read_text()
    kept = [one for one in text.splitlines() if not one.startswith(lines[0].split(":")[0] + ":")]
    (pack / "task.yaml").write_text("\n".join([*kept, *lines]))
    with pytest.raises(TaskError) as error:
        QuestionPack(pack)
    assert words in str(error.value)


def test_metadata_and_name_are_no_part_of_what_is_asked(tmp_path: Path) -> None:
    before = QuestionPack(write(tmp_path, "q.csv", CSV)).instance("none", 0)
    for change in (("Zahl", "Text"), ("a1", "b1"), ("007", "008")):
        after = QuestionPack(write(tmp_path, "q.csv", CSV.replace(*change))).instance("none", 0)
        assert after.question_hash == before.question_hash
        assert after.content_hash != before.content_hash
    other = QuestionPack(write(tmp_path, "q.csv", CSV.replace("Wie", "So"))).instance("none", 0)
    assert other.question_hash != before.question_hash


def test_an_ignored_column_is_not_kept(tmp_path: Path) -> None:
    pack = QuestionPack(write(tmp_path, "q.csv", CSV, "ignore: [topic, Nr]"))
    assert [one[3] for one in questions(pack)] == [{}] * 3
    assert pack.names == {}


def test_a_question_that_stands_twice_is_refused_though_its_name_differs(tmp_path: Path) -> None:
    text = "id,question,answer\n1,q,a\n2,q,a\n"
    with pytest.raises(TaskError, match="line 3: the same instance as line 2"):
        QuestionPack(write(tmp_path, "q.csv", text)).check()


def test_a_question_with_two_answers_is_refused(tmp_path: Path) -> None:
    text = "question,answer\nq,a\nr,a\nq,b\n"
    with pytest.raises(TaskError, match="line 4: asks the same as line 2, with another answer; wh"):
        QuestionPack(write(tmp_path, "q.csv", text)).check()


def test_questions_of_jsonl_can_have_names_too(tmp_path: Path) -> None:
    lines = [{"nr": n, "question": f"q{n}", "answer": "a"} for n in (5, 7)]
    pack = write(tmp_path, "instances.jsonl", "\n".join(map(json.dumps, lines)))
    settings = "description: d\nscorer: {kind: exact}\nfields: {id: nr}\n"
    (pack / "task.yaml").write_text(settings)
    assert QuestionPack(pack).names == {"5": 0, "7": 1}
    (pack / "instances.jsonl").write_text("\n".join(json.dumps(x | {"nr": 5}) for x in lines))
    with pytest.raises(TaskError, match="line 2: '5' is also the name of line 1"):
        QuestionPack(pack).check()


HUB = {
    "hf://o/n": "has no revision; a dataset can change: write hf://OWNER/NAME@REVISION",
    "hf://": "is not of the form hf://OWNER/NAME@REVISION",
    "hf://o/n@v1?splt=test": "unknown option 'splt'; allowed: split, subset",
}


@pytest.mark.parametrize("source", HUB)
def test_a_dataset_needs_a_revision(source: str) -> None:
    with pytest.raises(TaskError) as error:
        hub_datasets.parsed("task.yaml", source)
    assert HUB[source] in str(error.value)


def test_a_dataset_has_name_revision_split_and_subset() -> None:
    found = hub_datasets.parsed("task.yaml", "hf://o/n@abc123?split=test&subset=main")
    assert found == ("o/n", "abc123", {"split": "test", "subset": "main"})


def test_rows_that_are_kept_need_neither_network_nor_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = "hf://o/n@abc123?split=test"
    pack = write(tmp_path, "unused", "")
    (pack / "task.yaml").write_text(f"description: d\nscorer: {{kind: exact}}\nsource: {source}\n")
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(TaskError, match=re.escape(f"needs the extra hf: {how_to_install('hf')}")):
        QuestionPack(pack)
    (pack / hub_datasets.kept_name(source)).write_text('{"question": "q", "answer": "a", "n": 1}\n')
    assert questions(QuestionPack(pack)) == [(None, "q", "a", {"n": 1})]


def test_excel_without_its_extra_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = write(tmp_path, "q.xlsx", workbook(tmp_path / "q.xlsx", [HEAD, *ROWS]))
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(TaskError, match=re.escape(how_to_install("tables"))):
        QuestionPack(pack)
