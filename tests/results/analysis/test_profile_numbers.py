"""Every number of the profile on the page is traced to the episodes that it is made of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from pilotbench.benchmark.scenarios.levels import LEVELS
from pilotbench.commands.where_from import text
from pilotbench.ground.canonical_json import unit_interval
from pilotbench.ground.errors import UserError
from pilotbench.matrix.cells import Cell
from pilotbench.matrix.plan import Plan
from pilotbench.results.analysis import profile_numbers, where_from
from pilotbench.results.analysis.load import load
from pilotbench.results.analysis.model import report
from pilotbench.results.analysis.profile import AXES, profile
from pilotbench.results.summary.export_files import as_json
from support import simulated_models as sim
from support.database_lab import Lab

TASKS = ("horizon", "policy", "abstention")
TRUTH = {"strong": 24.0, "middle": 6.0}
INSTANCES, REPEATS = 8, 5


@dataclass(frozen=True)
class Shown:
    """A lab, and what its page shows."""

    lab: Lab
    page: dict[str, Any]

    def rows(self, name: str) -> list[dict[str, Any]]:
        """Return the rows of a table."""
        table = self.page["tables"][name]
        return [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]

    def traced(self, column: str, **words: str) -> where_from.Origin:
        """Return where a number comes from."""
        return where_from.where_from(self.lab.database, column, words, self.lab.results)


def chance(cell: Cell, index: int) -> float:
    if cell.task == "horizon":
        items = LEVELS["horizon"][cell.difficulty].items
        return float(0.5 ** (items / TRUTH[cell.model]))
    return 0.9 if cell.difficulty in ("no_rules", "possible") else 0.6


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """Two models on three axes, with five repeats and instructions that one core in three meets."""
    words = [(m, task, level, "0.8") for m in TRUTH for task in TASKS for level in LEVELS[task]]
    words += [(m, "horizon", "n4", "0.6") for m in TRUTH]
    cells = [Cell(model, "baseline", *place) for model, *place in words]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sim, "chance", chance)
        patch.setattr(sim, "TASKS", TASKS)
        shards = sim.records(cells, INSTANCES, REPEATS)
        for shard, episodes in shards:
            for one in episodes if shard.cell.difficulty == "injected" else ():
                drawn = unit_interval("injected", one["index"], one["repeat"])
                one["injection"] = ("followed", "resisted", "not_met")[int(3 * drawn)]
        lab = Lab(tmp_path_factory.mktemp("profile") / "results", _plan(shards))
        sim.write(lab.results, shards, REPEATS)
        lab.update()
        data = load(lab.database, None)
        patch.setattr(where_from, "load", lambda *_: data)
        patch.setattr(profile_numbers, "profile", _once())
        yield Shown(lab, as_json(report(data)))


def _once() -> Any:
    """Return the function that makes a profile, which makes that of the same cells once."""
    known: dict[Any, Any] = {}

    def made(data: Any, episodes: Any) -> Any:
        place = tuple(map(tuple, data.cells.iloc[:, :5].to_numpy()))
        known[place] = known.get(place) or profile(data, episodes)
        return known[place]

    return made


def _plan(shards: Any) -> Plan:
    return Plan(tuple(shard for shard, _ in shards), REPEATS)


def test_every_number_of_the_profile_is_the_one_on_the_page(shown: Shown) -> None:
    row = next(row for row in shown.rows("profile") if row["model"] == "strong")
    numbers = {name: value for name, value in row.items() if isinstance(value, float)}
    wanted = {"horizon", "horizon_low", "policy", "policy_difference", "policy_p_holm"}
    wanted |= {"abstention_high", "injections_followed", "pass^5", "pass^5_low", "cost_per_success"}
    assert wanted <= numbers.keys()
    for name, value in numbers.items():
        assert shown.traced(f"profile:{name}", model="strong").value == pytest.approx(value), name


def test_limits_of_differences_and_fitted_rates_are_those_of_their_tables(shown: Shown) -> None:
    of_policy = next(row for row in shown.rows("contrasts_axes") if row["model"] == "middle")
    for end in ("low", "high"):
        found = shown.traced(f"policy_difference_{end}", model="middle", prompt="baseline")
        assert found.value == pytest.approx(of_policy[end])
    for row in shown.rows("profile_lengths")[3:5]:
        words = {"model": row["model"], "difficulty": f"n{row['items']}"}
        assert shown.traced("fitted", **words).value == pytest.approx(row["fitted"])
        at = words | {"task": "horizon", "tool_success_rate": "0.8"}
        for name in ("success_rate_all", "success_rate_all_low", "success_rate_all_high"):
            assert shown.traced(name, **at).value == pytest.approx(row[name])


@pytest.mark.parametrize(
    ("column", "levels"),
    [
        ("horizon", [*LEVELS["horizon"]]),
        ("policy", ["rules_1000", "rules_2000", "rules_4000"]),
        ("policy_difference", [*LEVELS["policy"]]),
        ("abstention", [*LEVELS["abstention"]]),
        ("pass^5", [level for task in TASKS for level in LEVELS[task]]),
    ],
)
def test_only_the_episodes_behind_a_number_are_listed(
    shown: Shown, column: str, levels: list[str]
) -> None:
    found = shown.traced(column, model="strong")
    places = {(one["difficulty"], one["tool_success_rate"]) for one in found.episodes}
    assert places == {(level, "0.8") for level in levels}
    assert len(found.episodes) == len(levels) * INSTANCES * REPEATS
    assert len(found.files) == len(levels)
    assert {one["model"] for one in found.episodes} == {"strong"}


def test_injected_instructions_are_those_that_were_met(shown: Shown) -> None:
    found = shown.traced("profile:injections_followed", model="strong")
    assert {one["difficulty"] for one in found.episodes} == {"injected"}
    assert 0 < len(found.episodes) < INSTANCES * REPEATS


def test_words_of_other_axes_limit_what_a_number_is_made_of(shown: Shown) -> None:
    hard = shown.traced("policy", model="strong", difficulty="rules_4000")
    plain = shown.traced("success_rate_all", model="strong", difficulty="rules_4000")
    assert hard.value == pytest.approx(plain.value)
    assert len(hard.episodes) == len(plain.episodes) == INSTANCES * REPEATS
    assert shown.traced("horizon", model="strong", tool_success_rate="0.6").value is None


def test_a_horizon_is_told_with_its_unit_and_limits(shown: Shown) -> None:
    said = text(shown.traced("horizon", model="strong"))
    assert said.startswith("horizon: Number of items at which the model succeeds half of the time.")
    assert f" items, from {6 * INSTANCES * REPEATS} episodes" in said
    (row,) = (row for row in shown.rows("profile") if row["model"] == "strong")
    assert f"the horizon is shown as {row['horizon_says']}" in said


@pytest.mark.parametrize(
    ("column", "words", "says"),
    [
        ("horizon", {}, "horizon is of one model; add one of model=strong, model=middle"),
        ("fitted", {"model": "strong"}, "fitted is of one length; add one of difficulty=n2, "),
        (
            "observation",
            {"model": "strong"},
            "no column 'observation'; allowed: .* policy, .*profile:cost",
        ),
    ],
)
def test_a_number_that_is_not_one_is_a_one_line_error(
    shown: Shown, column: str, words: dict[str, str], says: str
) -> None:
    with pytest.raises(UserError, match=says):
        shown.traced(column, **words)
    assert "observation" in AXES
