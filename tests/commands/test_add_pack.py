"""From a table to a pack that runs, in one command; what is wrong is one line."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pyarrow
import pytest
import yaml
from openpyxl import Workbook
from pyarrow import parquet

from pilotbench.__main__ import main
from pilotbench.benchmark.packs.pack_folders import load_tasks
from pilotbench.benchmark.packs.question_pack import JUDGED_SYSTEM, QuestionPack
from pilotbench.benchmark.packs.scorer_guess import guessed
from pilotbench.matrix import config_files
from pilotbench.matrix.experiment import load_experiment
from support.build import ROOT

CSV = "Nr;Frage;Lösung;Thema\na1;Wie viel, genau?;42;Zahl\na2;多少？;7,5;数\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    for entry in (ROOT / "config").iterdir():
        if entry.name != "tasks":
            (tmp_path / "config" / entry.name).symlink_to(entry)
    (tmp_path / "quiz.csv").write_text(CSV, encoding="utf-8")


def test_a_spreadsheet_becomes_a_pack_and_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["add-pack", "quiz.csv"]) == 0
    chosen = "--config tasks=quiz prompts=baseline instances=all"
    assert capsys.readouterr().out.splitlines() == [
        "2 questions",
        "  question: column Frage",
        "  answer:   column Lösung",
        "  id:       column Nr",
        "  metadata: Thema",
        "  scorer:   number (every answer is a number)",
        "  1. Wie viel, genau?",
        "     answer: 42",
        "  2. 多少？",
        "     answer: 7.5",
        "written: config/tasks/quiz/task.yaml",
        f"next: python -m pilotbench estimate {chosen}",
        f"next: snakemake {chosen}",
    ]
    assert sorted(path.name for path in Path("config/tasks").iterdir()) == ["quiz"]
    assert sorted(path.name for path in Path("config/tasks/quiz").iterdir()) == [
        "quiz.csv",
        "task.yaml",
    ]
    config = {"models": "oracle", "tasks": "quiz", "prompts": "baseline", "instances": "all"}
    assert load_experiment(config_files.read((), config)).plan.episodes == 2


def test_the_pack_can_have_another_name_place_scorer_and_columns(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["--name", "own", "--into", "packs", "--scorer", "exact", "--question", "Thema"]
    assert main(["add-pack", "quiz.csv", *words, "--answer", "Frage", "--id", "Nr", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["folder"] == "packs/own"
    assert said["fields"] == {"question": "Thema", "answer": "Frage", "id": "Nr"}
    assert said["metadata"] == ["Lösung"]
    assert all(command.endswith(" task_folders=packs") for command in said["commands"])
    pack = load_tasks([Path("packs")], ["own"])["own"]
    assert isinstance(pack, QuestionPack)
    assert pack.scorer.kind == "exact"
    assert pack.instance("none", 1).extra == {
        "answer": "多少？",
        "id": "a2",
        "metadata": {"Lösung": "7,5"},
    }


def test_a_sheet_of_excel_becomes_a_pack(capsys: pytest.CaptureFixture[str]) -> None:
    book = Workbook()
    sheet = book.create_sheet("Second")
    for row in (["prompt", "expected"], ["q", "007"]):
        sheet.append(row)
    book.save("book.xlsx")
    assert main(["add-pack", "book.xlsx", "--sheet", "Second", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["scorer"], said["first"]) == ("exact", [["q", "007"]])
    assert load_tasks([Path("config/tasks")], ["book"])["book"].size == 1


SHOT: list[dict[str, Any]] = [
    {"role": "user", "content": "1+1?"},
    {"role": "assistant", "content": "2"},
    {"role": "user", "content": "2+2?"},
]
SHARE = [{"from": "human", "value": "2+2?"}, {"from": "gpt", "value": "4"}]
WITH_MESSAGES: dict[str, tuple[list[dict[str, Any]], dict[str, str], str, Any]] = {
    "messages and answers": (
        [{"messages": SHOT, "answer": "4"}],
        {"question": "messages", "answer": "answer"},
        "[2 messages before] 2+2?",
        [["user", "1+1?"], ["assistant", "2"]],
    ),
    "the form of training data": (
        [{"messages": [*SHOT, {"role": "assistant", "content": "4"}], "topic": "sums"}],
        {"question": "messages", "answer": "messages"},
        "[2 messages before] 2+2?",
        [["user", "1+1?"], ["assistant", "2"]],
    ),
    "sharegpt": (
        [{"conversations": SHARE, "topic": "sums"}],
        {"question": "conversations", "answer": "conversations"},
        "2+2?",
        [],
    ),
    "messages beside a question": (
        [{"messages": "kept", "question": "2+2?", "answer": "4"}],
        {"question": "question", "answer": "answer"},
        "2+2?",
        [],
    ),
}


@pytest.mark.parametrize("ending", ["jsonl", "parquet", "csv"])
@pytest.mark.parametrize("case", WITH_MESSAGES)
def test_messages_are_found(case: str, ending: str, capsys: pytest.CaptureFixture[str]) -> None:
    rows, fields, first, before = WITH_MESSAGES[case]
    path = Path(f"chat.{ending}")
    if ending == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif ending == "parquet":
        parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    else:
        with path.open("w", newline="") as file:
            sheet = csv.DictWriter(file, list(rows[0]))
            sheet.writeheader()
            cells = [{k: v if isinstance(v, str) else json.dumps(v) for k, v in row.items()}
                     for row in rows]  # fmt: skip
            sheet.writerows(cells)
    assert main(["add-pack", str(path), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["fields"], said["scorer"], said["first"]) == (fields, "number", [[first, "4"]])
    pack = load_tasks([Path("config/tasks")], ["chat"])["chat"]
    instance = pack.instance("none", 0)
    assert (instance.request, instance.extra["answer"]) == ("2+2?", 4)
    assert [[one.role, one.text] for one in instance.earlier] == before


TOOL = {"name": "weather", "parameters": {"type": "object", "properties": {"city": {}}}}
CALLED = [{"name": "weather", "arguments": {"city": "Lomé"}}]


@pytest.mark.parametrize("ending", ["jsonl", "parquet", "csv"])
@pytest.mark.parametrize("column", ["tools", "functions"])
def test_tools_are_found(ending: str, column: str, capsys: pytest.CaptureFixture[str]) -> None:
    path = Path(f"calls.{ending}")
    rows = [{"question": "q", "answer": json.dumps(CALLED), column: json.dumps([TOOL])}]
    if ending == "parquet":
        parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    elif ending == "jsonl":
        path.write_text(json.dumps({"question": "q", "answer": CALLED, column: [TOOL]}))
    else:
        with path.open("w", newline="") as file:
            sheet = csv.DictWriter(file, list(rows[0]))
            sheet.writeheader()
            sheet.writerows(rows)
    assert main(["add-pack", str(path), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["fields"] == {"question": "question", "answer": "answer", "tools": column}
    assert (said["scorer"], said["why"]) == ("calls", "questions have tools")
    pack = load_tasks([Path("config/tasks")], ["calls"])["calls"]
    (tool,) = pack.tools(pack.instance("none", 0))
    assert tool.name == "weather"


def test_a_column_called_tools_can_be_metadata(capsys: pytest.CaptureFixture[str]) -> None:
    Path("x.csv").write_text("question,answer,tools\nWhat is 1+1?,2,pen and paper\n")
    assert main(["add-pack", "x.csv", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["metadata"], said["scorer"]) == (["tools"], "number")


def test_nothing_is_replaced(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["add-pack", "quiz.csv"]) == 0
    Path("config/tasks/quiz/task.yaml").write_text("mine")
    assert main(["add-pack", "quiz.csv"]) == 2
    wanted = "error: config/tasks/quiz exists; choose another name with --name, or delete it\n"
    assert capsys.readouterr().err == wanted
    assert Path("config/tasks/quiz/task.yaml").read_text() == "mine"


WRONG: list[tuple[list[str], str | None, str]] = [
    (["absent.csv"], None, "absent.csv: no such file"),
    (["quiz.csv", "--scorer", "numbr"], None, "unknown scorer 'numbr'; did you mean number?"),
    (["quiz.csv", "--answer", "Lösng"], None, "--answer: no column 'Lösng'; did you mean Lösung?"),
    (["quiz.csv", "--name", "a b"], None, "--name: 'a b': state one of letters, digits"),
    (["quiz.csv", "--name", "basic_task"], None, "basic_task is a task of the benchmark"),
    (["题.csv"], CSV, "题.csv gives no name of a pack: state one of letters"),
    (["x.csv"], "a;b\n1;2\n", "none looks like it: state --question COLUMN; columns: a, b"),
    (
        ["x.csv"],
        'messages,answer\n"[{""role"": ""user""",4\n',
        "x.csv: line 2: column messages: not JSON",
    ),
    (
        ["x.csv", "--question", "m", "--answer", "m"],
        "m,n\nq,a\n",
        "x.csv: line 2: column m: it is both question and answer, so it must be messages",
    ),
    (["x.csv"], "question,answer\nq,a\nr,\n", "x.csv: line 3: column answer is empty"),
    (["x.csv"], "question,answer\nq,a\nq,a\n", "x.csv: line 3: the same instance as line 2"),
    (
        ["x.csv", "--scorer", "number"],
        "question,answer\nq,a\n",
        "x.csv: line 2: column answer: 'a'",
    ),
    (["hf://o/n"], None, "hf://o/n has no revision; a dataset can change"),
]


@pytest.mark.parametrize(("words", "content", "said"), WRONG)
def test_what_is_wrong_is_one_line_and_leaves_nothing(
    words: list[str], content: str | None, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        Path(words[0]).write_text(content, encoding="utf-8")
    assert main(["add-pack", *words]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert ".add-pack" not in error
    assert not list(Path("config").glob("tasks/*"))


GUESSES: list[tuple[list[Any], str, int]] = [
    (["1", "2.5", "-3", "1,5"], "number", 0),
    ([1, 2.5], "number", 0),
    (["007", "008"], "exact", 0),
    (["2024-01-02", "2024-01-03"], "exact", 0),
    (['{"a": 1}', '{"b": [2]}'], "json_equality", 0),
    ([{"a": 1}], "json_equality", 0),
    ([["a", "b"], ["c"]], "one_of", 0),
    ([[1], ["c"]], "json_equality", 0),
    ([True, False], "json_equality", 0),
    (["A", "B", "A", "C", "B", "A"], "exact", 0),
    (["yes", "no"] * 5, "exact", 0),
    (["1", "2", "3", "about four"], "exact", 1),
    (["word " * 30, "x"], "exact", 1),
    ([], "exact", 0),
]


@pytest.mark.parametrize(("answers", "kind", "notes"), GUESSES)
def test_the_scorer_fits_the_answers(answers: list[Any], kind: str, notes: int) -> None:
    found = guessed(answers)
    assert (found.kind, len(found.notes)) == (kind, notes)


def test_questions_can_be_held_out_as_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["add-pack", "quiz.csv", "--hold-out", "1"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "1 question, 1 held out as examples"
    pack = load_tasks([Path("config/tasks")], ["quiz"])["quiz"]
    assert (pack.size, len(pack.examples)) == (1, 1)


def test_no_question_would_be_left(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["add-pack", "quiz.csv", "--hold-out", "2"]) == 2
    said = capsys.readouterr().err
    assert (
        "config/tasks/quiz/task.yaml: examples: takes all 2 questions; none is left to ask" in said
    )
    assert not list(Path("config/tasks").glob("*"))


def test_a_scoring_function_begins_with_a_file_that_works(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["add-pack", "quiz.csv", "--scorer", "python"]) == 0
    assert "note: config/tasks/quiz/score.py is a first version" in capsys.readouterr().out
    pack = QuestionPack(Path("config/tasks/quiz"))
    pack.check()
    names: dict[str, Any] = {}
    exec(Path("config/tasks/quiz/score.py").read_text(), names)
    assert names["score"]("It is 42.", {"answer": "42"})
    assert not names["score"]("It is 41.", {"answer": "42"})


@pytest.mark.parametrize("answers", [True, False])
def test_judges_begin_with_a_rubric_and_need_no_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], answers: bool
) -> None:
    text = "question,answer\nWhy?,Because.\n" if answers else "question,topic\nWhy?,causes\n"
    (tmp_path / "letters.csv").write_text(text)
    assert main(["add-pack", "letters.csv", "--scorer", "judge"]) == 0
    said = capsys.readouterr().out
    assert "note: config/tasks/letters/rubric.md is a first version" in said
    assert "names the judges: gpt-4o-mini" in said
    assert ("answer: Because." in said) is answers
    pack = QuestionPack(Path("config/tasks/letters"))
    pack.check()
    assert pack.judging is not None
    assert pack.judging.rubric.startswith("A good reply")
    assert f"# {JUDGED_SYSTEM}" in Path("config/tasks/letters/task.yaml").read_text()


def test_programs_are_asked_for_as_code(tmp_path: Path) -> None:
    (tmp_path / "sums.csv").write_text('question,answer\nWrite add.,"assert add(1, 2) == 3"\n')
    assert main(["add-pack", "sums.csv", "--scorer", "code"]) == 0
    settings = yaml.safe_load(Path("config/tasks/sums/task.yaml").read_text())
    assert "Python code" in settings["system"]


def test_images_beside_the_table_come_along(tmp_path: Path) -> None:
    (tmp_path / "shots").mkdir()
    (tmp_path / "shots" / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "seen.csv").write_text("question,answer,image\nWhat?,a cat,shots/a.png\n")
    assert main(["add-pack", "seen.csv"]) == 0
    assert (tmp_path / "config/tasks/seen/shots/a.png").is_file()
    found = QuestionPack(Path("config/tasks/seen")).instance("none", 0)
    assert found.extra["image"]["type"] == "image/png"


@pytest.mark.parametrize("image", ["missing.png", "../outside.png", "/etc/hostname"])
def test_an_image_that_cannot_come_along_is_one_line(
    image: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path.parent / "outside.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "seen.csv").write_text(f"question,answer,image\nWhat?,a cat,{image}\n")
    assert main(["add-pack", "seen.csv"]) == 2
    [line] = capsys.readouterr().err.strip().splitlines()
    assert image in line
    assert ".add-pack" not in line
    assert not Path("config/tasks/seen").exists()
