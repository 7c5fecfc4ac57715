"""How far a flaw is followed beyond the plan without it: interval, test and family are known."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import binomtest

from pilotbench.results.analysis.flaws import flaw_row, flaw_table, followed_family
from pilotbench.results.analysis.load import SummaryData
from pilotbench.results.analysis.scores import prepared
from pilotbench.results.statistics.paired import paired_limits
from support import simulated_models as sim

FLAWED = ("flawed_tool_misuse", "flawed_missing_step")
INSTANCES = 40


def selection(signs: dict[str, dict[str, list[str | None]]], repeats: int = 1) -> SummaryData:
    """Return one model on one task; `signs` are prompt -> flaw -> signature by episode."""
    cells = [
        cell
        for cell in sim.standard_cells(("strong",))
        if cell.prompt in signs and cell.task == "basic_task"
        if (cell.difficulty, cell.tool_success_rate) == ("easy", "0.8")
    ]
    data = sim.data(sim.records(cells, INSTANCES // repeats, repeats))
    frame = data.episodes.copy()
    for prompt, flaws in signs.items():
        for flaw, found in flaws.items():
            frame.loc[frame["prompt"] == prompt, f"flaw_{flaw}"] = np.array(found, dtype=object)
    return replace(data, episodes=frame)


def signs(followed: int, from_place: int = 0) -> list[str | None]:
    """Return INSTANCES signatures of which some, from a place on, are followed."""
    there = range(from_place, from_place + followed)
    return ["followed" if place in there else "corrected" for place in range(INSTANCES)]


def both(flawed: list[str | None], optimal: list[str | None]) -> dict[str, Any]:
    return {
        "flawed_tool_misuse": {"tool_misuse": flawed, "missing_step": signs(0)},
        "optimal": {"tool_misuse": optimal, "missing_step": signs(0)},
    }


# followed only under the flaw, followed only under the optimal plan, followed under both
CASES = [(0, 0, 0), (1, 0, 0), (6, 0, 2), (12, 3, 5), (3, 12, 0), (40, 0, 0), (0, 0, 40)]


@pytest.mark.parametrize(("flawed", "optimal", "shared"), CASES)
def test_the_excess_has_the_paired_interval_and_mcnemars_test(
    flawed: int, optimal: int, shared: int
) -> None:
    data = selection(both(signs(flawed + shared), signs(shared + optimal, flawed)))
    row = followed_family(data, prepared(data)).iloc[0]
    d = np.repeat([1.0, -1.0, 0.0], [flawed, optimal, INSTANCES - flawed - optimal])
    wanted = binomtest(flawed, flawed + optimal).pvalue if flawed + optimal else 1.0
    assert row["difference"] == pytest.approx((flawed - optimal) / INSTANCES)
    assert (row["low"], row["high"]) == pytest.approx(paired_limits(d))
    assert row["p"] == pytest.approx(wanted)
    assert (row["n"], row["differ"]) == (INSTANCES, flawed + optimal)
    assert row["test"] == "McNemar's exact test"


def test_all_flaws_are_one_holm_family() -> None:
    data = selection(
        {
            "flawed_tool_misuse": {"tool_misuse": signs(7), "missing_step": signs(0)},
            "flawed_missing_step": {"tool_misuse": signs(0), "missing_step": signs(6)},
            "optimal": {"tool_misuse": signs(0), "missing_step": signs(0)},
        }
    )
    found = followed_family(data, prepared(data)).set_index("arm")
    smaller, larger = binomtest(7, 7).pvalue, binomtest(6, 6).pvalue
    assert found["p_holm"].to_dict() == pytest.approx(
        {"flawed_tool_misuse": 2 * smaller, "flawed_missing_step": max(2 * smaller, larger)}
    )
    assert found["told_apart"].all()


def test_instances_without_a_signature_are_left_out_of_the_pairs() -> None:
    flawed = [*signs(10)[:30], *[None] * 10]
    data = selection(both(flawed, signs(0)))
    row = followed_family(data, prepared(data)).iloc[0]
    assert (row["n"], row["difference"]) == (30, pytest.approx(10 / 30))


def test_with_repeats_the_unit_is_the_instance() -> None:
    data = selection(both(signs(5), signs(0)), repeats=2)  # 2 of 2, 2 of 2 and 1 of 2
    row = followed_family(data, prepared(data)).iloc[0]
    assert (row["n"], row["differ"]) == (INSTANCES // 2, 3)
    assert row["p"] == pytest.approx(2 / 2**3)
    assert row["test"] == "sign-flip permutation"


def test_without_the_optimal_plan_there_is_no_excess() -> None:
    data = selection({"flawed_tool_misuse": {"tool_misuse": signs(5)}})
    episodes = prepared(data)
    assert followed_family(data, episodes).empty
    row = flaw_table(data, episodes).iloc[0]
    assert row["followed"] == 5 / INSTANCES
    assert row["excess_over_optimal"] is None
    assert row["p_holm"] is None


def test_the_table_has_the_excess_of_the_family_with_its_interval(told: Any) -> None:
    family = told.tables["contrasts_followed"].frame.set_index(["model", "arm"])
    rows = told.tables["flaws"].frame.set_index(["model", "prompt"])
    for place, row in rows.iterrows():
        of = family.loc[place]
        assert row["excess_over_optimal"] == of["difference"]
        assert row["p_holm"] == of["p_holm"]
        limits = (row["excess_over_optimal_low"], row["excess_over_optimal_high"])
        assert limits == (of["low"], of["high"])


def test_the_row_of_some_cells_has_their_pairs_only() -> None:
    data = selection(both(signs(8), signs(0)))
    words = {"model": "strong", "prompt": "flawed_tool_misuse"}
    assert flaw_row(data, words)["excess_over_optimal"] == pytest.approx(0.2)
    assert flaw_row(data, words | {"task": "basic_task"}) == flaw_row(data, words)
    assert flaw_row(data, words | {"task": "simple_task"}) == {}
    assert flaw_row(data, {"model": "strong"}) == {}
