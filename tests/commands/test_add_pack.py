"""From a table to a pack that runs, in one command; what is wrong is one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from pilotbench.__main__ import main
from pilotbench.benchmark.packs.pack_folders import load_tasks
from pilotbench.benchmark.packs.question_pack import QuestionPack
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
    assert pack.scorer_kind == "exact"
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
