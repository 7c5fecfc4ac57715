"""The command that checks the benchmark: its table, its JSON, its exit codes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dev import check_benchmark, check_scenarios, expected_scores
from pilotbench.benchmark.instances import Instance, Step
from pilotbench.benchmark.tasks import TASKS

NEWER = ["--instances", "2", "--tasks", "dialogue", "--difficulties", "changes", "--jobs", "1"]
SMALL = ["--instances", "2", "--tasks", "simple_task", "--difficulties", "easy", "--jobs", "1"]


def test_the_table_has_a_row_a_cell_and_a_column_a_player(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert check_benchmark.main(SMALL) == 0
    shown = capsys.readouterr().out
    head = next(line for line in shown.splitlines() if line.startswith("| task"))
    for trial in expected_scores.TRIALS:
        assert trial.label in head or trial.flaw is not None
    (row,) = [line for line in shown.splitlines() if line.startswith("| simple_task")]
    assert [word.strip() for word in row.split("|")[2:4]] == ["easy", "100.0"]
    assert "bounds hold." in shown
    assert "BROKEN" not in shown


def test_json_has_the_counts_and_the_bounds(capsys: pytest.CaptureFixture[str]) -> None:
    assert check_benchmark.main([*SMALL, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    oracle = found["rows"][0]
    assert (oracle["trial"]["player"], oracle["episodes"], oracle["passed"]) == ("oracle", 2, 2)
    assert all(bound["holds"] for bound in found["bounds"])


def test_tasks_of_version_4_have_a_table_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    assert check_benchmark.main(NEWER) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("Version 4: ")
    rows = [line.split("|")[1:5] for line in shown.splitlines() if line.startswith("| dialogue")]
    assert [[word.strip() for word in row[:3]] for row in rows] == [["dialogue", "changes", "2"]]
    assert "BROKEN" not in shown


def test_json_of_version_4_gives_the_same_tables(capsys: pytest.CaptureFixture[str]) -> None:
    assert check_benchmark.main([*NEWER, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["rows"] == []
    again = check_scenarios.Result.from_json(found["scenarios"])
    assert {(one.task, one.level) for one in again.cells} == {("dialogue", "changes")}
    assert again.order == []


@pytest.mark.parametrize(
    ("words", "levels", "is_ordered"),
    [
        (["--tasks", "workflow"], 5, True),
        (["--tasks", "workflow", "--order", "0"], 5, False),
        (["--tasks", "workflow,policy", "--difficulties", "easy,no_rules"], 2, False),
        (["--tasks", "simple_task"], 0, False),
    ],
)
def test_the_order_of_levels_is_checked_where_all_are_played(
    words: list[str], levels: int, is_ordered: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, int] = {}
    monkeypatch.setattr(check_benchmark, "play_all", lambda *given: [])
    monkeypatch.setattr(
        check_scenarios, "play_all", lambda places, *_: asked.update(levels=len(places)) or []
    )
    monkeypatch.setattr(
        check_scenarios, "play_order", lambda instances, jobs: asked.update(order=instances) or []
    )
    assert check_benchmark.main([*words, "--json"]) == 0
    assert asked == {"levels": levels, **({"order": 1500} if is_ordered else {})}


def test_two_processes_count_what_one_does() -> None:
    one = check_benchmark.play_all(["simple_task"], ["easy", "hard"], instances=2, jobs=1)
    assert check_benchmark.play_all(["simple_task"], ["easy", "hard"], instances=2, jobs=2) == one


def test_a_broken_bound_is_named_and_exits_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expected_scores, "NEVER", ("oracle",))
    assert check_benchmark.main(SMALL) == 1
    assert "BROKEN: oracle, simple_task easy: 0 %: 2 of 2" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--tasks", "simple"], "--tasks: unknown 'simple'; allowed: simple_task, "),
        (["--difficulties", "easy,odd"], "--difficulties: unknown 'odd'; allowed: very_easy, "),
        (["--order", "-1"], "--order: must be 0 or more"),
        (["--instances", "0"], "--instances and --jobs: must be 1 or more"),
    ],
)
def test_bad_input_is_one_line_and_exits_2(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check_benchmark.main(words) == 2
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1


def test_help_says_what_the_command_does(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exited:
        check_benchmark.main(["--help"])
    assert exited.value.code == 0
    assert "reference players" in capsys.readouterr().out


def test_an_instance_needs_words_where_a_required_argument_has_no_default() -> None:
    assert check_benchmark.needs_words(TASKS["simple_task"].instance("easy", 0))
    plan = (Step("utility_logger", {"level": "info"}, "log data", "log it"),)
    assert not check_benchmark.needs_words(Instance("simple_task", "easy", 0, "Log it.", plan=plan))
