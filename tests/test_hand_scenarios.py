"""The instances of version 4 that were solved by hand are still solved by the same calls."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pilotbench.benchmark.instances import Step
from pilotbench.benchmark.scenarios.instance import ScenarioInstance
from pilotbench.benchmark.scenarios.levels import LEVELS
from support.scenarios import Game

Json = dict[str, Any]
FOLDER = Path(__file__).resolve().parents[1] / "docs" / "hand"


def kept() -> list[Json]:
    with gzip.open(FOLDER / "version_4.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def solved(row: Json) -> ScenarioInstance:
    """Return the instance as it was solved: later versions of the generator make others."""
    given = row["instance"]
    plan = tuple(Step(**{**step, "needs": tuple(step["needs"])}) for step in given["plan"])
    return ScenarioInstance(**{**given, "plan": plan, "goal": tuple(given["goal"])})


ROWS = kept()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["case"])
def test_the_calls_still_have_the_recorded_outcome(row: Json) -> None:
    game = Game(solved(row))
    for message in row["messages"]:
        game.say(*message["calls"], text=message.get("text", ""))
    assert game.session.finished
    score = game.score("finish", game.session.answer)
    assert score.success == row["success"], (score.goals, score.broken)


def test_the_page_counts_what_is_kept() -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    places = [(row["instance"]["task"], row["instance"]["difficulty"]) for row in ROWS]
    done = Counter(place for place, row in zip(places, ROWS, strict=True) if row["success"])
    assert f"{done.total()} of {len(ROWS)} instances of version 4" in page
    for task in LEVELS:
        mine = [place for place in places if place[0] == task]
        assert f"| `{task}` | {len(mine)} |" in page
