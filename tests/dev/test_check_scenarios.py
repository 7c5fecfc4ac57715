"""Playing version 4 with the reference players: the episodes, the counts, the tables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dev import check_scenarios
from dev.check_benchmark import play_locally
from dev.expected_scenarios import PLAYERS, SLIPS, Cell
from pilotbench.benchmark.players import PLAYERS as KNOWN
from pilotbench.benchmark.scenarios.levels import LEVELS
from pilotbench.benchmark.scenarios.task import TASKS

PLACES = [
    ("workflow", "very_hard"),
    ("recovery", "committed"),
    ("dialogue", "completes"),
    ("dialogue", "asked"),
]


@pytest.mark.parametrize(("task", "level"), PLACES)
@pytest.mark.parametrize("player", ["oracle", "naive", "slips_20", "do_nothing", "searcher"])
def test_an_episode_is_that_of_the_episode_loop(player: str, task: str, level: str) -> None:
    instance = TASKS[task].instance(level, 3)
    score = check_scenarios.play(instance, player, "0.8")
    record = play_locally(instance, player, "baseline", "0.8", task=TASKS[task])
    assert (score.success, score.goals) == (record["success"], record["goals"])
    assert [(one["tool"], one["ok"]) for one in score.calls] == [
        (one["tool"], one["ok"]) for one in record["calls"]
    ]


def test_longer_lists_get_fewer_instances(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, int] = {}
    monkeypatch.setattr(check_scenarios, "cell", lambda job: asked.update({job[1]: len(job[4])}))
    places = [("horizon", level) for level in ("n2", "n16", "n32", "n64")]
    check_scenarios.play_all(places, instances=8, jobs=1)
    assert asked == {"n2": 8, "n16": 8, "n32": 4, "n64": 2}


def test_every_bound_holds_on_a_few_instances_of_every_level() -> None:
    places = [
        (task, level) for task, levels in LEVELS.items() for level in levels
        if levels[level].items <= 16
    ]  # fmt: skip
    result = check_scenarios.Result(check_scenarios.play_all(places, instances=1, jobs=1), [])
    assert [one for one in result.verdicts if not one.holds] == []


def test_levels_of_workflow_are_in_order_for_players_of_graded_skill() -> None:
    """The wide bound of few instances; `make check-benchmark` holds the strict one."""
    result = check_scenarios.Result([], check_scenarios.play_order(16, jobs=1))
    assert [one for one in result.verdicts if not one.holds] == []
    assert len(result.order) == len(SLIPS) * len(LEVELS["workflow"])


def test_parts_of_a_cell_are_added_up(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = check_scenarios.play_order(3, jobs=1)
    monkeypatch.setattr(check_scenarios, "CHUNK", 2)
    assert check_scenarios.play_order(3, jobs=1) == whole


def test_a_result_is_kept_as_json() -> None:
    cells = check_scenarios.play_all([("horizon", "n2")], instances=2, jobs=1)
    result = check_scenarios.Result(cells, [])
    again = check_scenarios.Result.from_json(result.as_json())
    assert check_scenarios.report(again) == check_scenarios.report(result)


def test_the_part_of_the_page_says_when_and_on_how_many_instances(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = check_scenarios.play_all([("horizon", "n2")], instances=2, jobs=1)
    order = check_scenarios.play_order(1, jobs=1)
    path = tmp_path / "scores.json"
    result = check_scenarios.Result(cells, order, "2031-01-02")
    path.write_text(json.dumps({"scenarios": result.as_json()}))
    assert check_scenarios.main([str(path)]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(
        "Played on 2031-01-02: 2 instances per level, 1 for the order of levels; n32 has half as "
        "many, n64 a quarter. Benchmark version 4, scoring version "
    )
    assert "\n| very_hard | 1         | " in shown


@pytest.mark.parametrize("text", ["", "[]", "{}", "{"])
def test_a_file_without_scores_is_one_line_and_exits_2(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "scores.json"
    path.write_text(text)
    assert check_scenarios.main([str(path)]) == 2
    assert capsys.readouterr().err.endswith("not an output of dev.check_benchmark --json\n")


def test_the_report_has_a_row_per_level_a_column_per_player_and_what_is_broken() -> None:
    cells = check_scenarios.play_all([("horizon", "n2")], instances=2, jobs=1)
    failed = [*cells[1:], check_scenarios.cell(("horizon", "n2", "do_nothing", "1.0", range(2)))]
    shown = check_scenarios.report(check_scenarios.Result(cells, []))
    head = next(line for line in shown.splitlines() if line.startswith("| task"))
    assert all(f"| {player} " in head for player, _ in PLAYERS)
    assert "| horizon | n2    | 2         |" in shown
    assert "BROKEN" not in shown
    failed[-1] = Cell(**{**vars(failed[-1]), "passed": 1})
    assert "BROKEN: do_nothing, horizon n2: 0 %: 1 of 2" in check_scenarios.report(
        check_scenarios.Result(failed, [])
    )


def test_every_player_that_is_checked_exists() -> None:
    assert {player for player, _ in PLAYERS} <= set(KNOWN)
