"""The table of players on briefed pipelines: who reads the plan passes, who guesses does not."""

from __future__ import annotations

import pytest

from dev import briefed_players
from pilotbench.benchmark.briefed.task import TASK


def test_the_oracle_passes_and_the_guesser_does_not(capsys: pytest.CaptureFixture[str]) -> None:
    lines = briefed_players.table(3).splitlines()
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines[2:]]
    rows = {(player, prompt): rest for player, prompt, *rest in cells}
    assert rows["oracle", "`baseline`"] == ["0.0 %", "", "", "–"]
    assert rows["oracle", "`optimal`"][-1] == "100.0 %"
    assert rows["guesser", "`optimal`, values not read"][-1] == "0.0 %"
    assert rows["plan_follower", "`optimal`"][-1] == "100.0 %"
    assert rows["plan_follower", "`flawed_tool_misuse`"][-3:] == ["100.0 %", "100.0 %", "0.0 %"]


def test_a_guess_is_like_the_value_and_never_known() -> None:
    for index in range(40):
        instance = TASK.instance("easy", index)
        for (place, name), guess in briefed_players.guesses(instance).items():
            value = instance.plan[place].arguments[name]
            assert type(guess) is type(value)
            assert guess != value
            assert briefed_players.passes(instance, {(place, name): value})
