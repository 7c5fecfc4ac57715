"""The command line: commands are found in their folder, and all follow the same contract."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pilotbench import commands
from pilotbench.__main__ import CommandModule, all_commands, main

HEAVY = ("pandas", "duckdb", "openai", "numpy", "jsonschema", "rich")
NEW = '''
"""Greet somebody, at 100 %.

It is polite.
"""
import json
from pilotbench.ground.errors import UserError, PilotbenchError

def add_arguments(parser):
    parser.add_argument("name")

def run(args):
    if args.name == "nobody":
        raise UserError("nobody: must be somebody")
    if args.name == "broken":
        raise PilotbenchError("broken")
    if args.name == "slow":
        raise KeyboardInterrupt
    print(json.dumps({"hello": args.name}) if args.json else f"hello {args.name}")
    return 0
'''


@pytest.fixture
def greet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Add a folder with one command and one module that is not a command."""
    (tmp_path / "greet_me.py").write_text(NEW)
    (tmp_path / "helper.py").write_text('"""No command."""\n')
    monkeypatch.setattr(commands, "__path__", [*commands.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "pilotbench.commands.greet_me", raising=False)


def printed(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 0
    return capsys.readouterr().out


@pytest.mark.usefixtures("greet")
def test_a_new_file_is_a_new_command(capsys: pytest.CaptureFixture[str]) -> None:
    listed = printed(["--help"], capsys)
    assert "greet-me  Greet somebody, at 100 %\n" in listed
    assert "helper" not in listed
    assert "It is polite." in printed(["greet-me", "--help"], capsys)
    assert main(["greet-me", "you"]) == 0
    assert main(["greet-me", "you", "--json"]) == 0
    assert capsys.readouterr().out == 'hello you\n{"hello": "you"}\n'


@pytest.mark.usefixtures("greet")
@pytest.mark.parametrize(
    ("name", "code", "error"),
    [
        ("nobody", 2, "error: nobody: must be somebody\n"),
        ("broken", 1, "error: broken\n"),
        ("slow", 130, ""),
    ],
)
def test_the_exit_code_says_what_kind_of_error_it_was(
    name: str, code: int, error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["greet-me", name]) == code
    assert capsys.readouterr().err == error


@pytest.mark.parametrize("command", all_commands(), ids=lambda command: command.name)
def test_every_command_has_a_help_line_and_json(
    command: CommandModule, capsys: pytest.CaptureFixture[str]
) -> None:
    assert 0 < len(command.help) <= 80
    assert command.name in printed(["--help"], capsys)
    assert "--json" in printed([command.name, "--help"], capsys)


def test_a_word_that_is_no_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["nonsense"])
    assert ended.value.code == 2
    assert "'nonsense'" in capsys.readouterr().err


WHERE = ["where-from", "success_rate"]


@pytest.mark.parametrize("order", [["model=a", "--results", "X"], ["--results", "X", "model=a"]])
def test_a_selection_may_precede_or_follow_options(
    order: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*WHERE, *order]) == 2
    assert capsys.readouterr().err.startswith("error: X/master.duckdb: ")


@pytest.mark.parametrize(
    ("words", "passed"),
    [
        (["-n", "--config", "a=1", "--", "all"], ["-n", "--config", "a=1", "--", "all"]),
        (["--", "--help"], ["--help"]),
        (["summary", "--json"], ["summary", "--json"]),
        ([], []),
    ],
    ids=" ".join,
)
def test_the_words_of_run_are_passed_on_unchanged(
    words: list[str], passed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--json", *words]) == 0
    command = json.loads(capsys.readouterr().out)
    assert command[:4] == [sys.executable, "-P", "-m", "snakemake"]
    assert command[len(command) - len(passed) :] == passed


def test_an_unknown_option_is_named_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([*WHERE, "--configuration", "mine.yaml", "model=a"])
    assert capsys.readouterr().err.endswith("error: unknown option: --configuration\n")


@pytest.mark.parametrize("words", [["--help"], ["unlock", "--help"]])
def test_help_imports_no_heavy_library(words: list[str]) -> None:
    code = (
        "import sys, json\nfrom pilotbench.__main__ import main\n"
        f"try:\n    main({words})\nexcept SystemExit:\n    pass\n"
        f"print(json.dumps(sorted(set({HEAVY}) & set(sys.modules))), file=sys.stderr)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(ran.stderr) == []
