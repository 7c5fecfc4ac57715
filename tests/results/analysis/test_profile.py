"""The profile: a horizon and a rate per axis, from episodes of known skill."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from pilotbench.benchmark.scenarios.levels import LEVELS
from pilotbench.ground.canonical_json import unit_interval
from pilotbench.matrix.cells import Cell
from pilotbench.results.analysis.contrasts import outcomes
from pilotbench.results.analysis.horizons import horizon_contrasts
from pilotbench.results.analysis.profile import AXES, profile
from pilotbench.results.analysis.scores import prepared
from pilotbench.results.analysis.tables import with_protocol
from support import simulated_models as sim

TRUTH = {"strong": 24.0, "weak": 6.0}
LEVEL = {"control": 0.9, "other": 0.6}


def cells(models: tuple[str, ...] = tuple(TRUTH)) -> list[Cell]:
    tasks = ("horizon", "policy", "abstention")
    levels = [(task, level) for task in tasks for level in LEVELS[task]]
    return [Cell(m, "baseline", task, level, "0.8") for m in models for task, level in levels]


def chance(model: str, task: str, level: str) -> float:
    point = LEVELS[task][level]
    if task == "horizon":
        return float(0.5 ** (point.items / TRUTH[model]))
    return LEVEL["control" if level == next(iter(LEVELS[task])) else "other"]


def made(
    monkeypatch: pytest.MonkeyPatch, repeats: int = 1, instances: int = 60, **more: Any
) -> Any:
    monkeypatch.setattr(
        sim, "chance", lambda cell, index: chance(cell.model, cell.task, cell.difficulty)
    )
    monkeypatch.setattr(sim, "TASKS", tuple(LEVELS))
    data = sim.data(sim.records(cells(**more), instances, repeats))
    return data, prepared(data)


def test_horizons_and_rates_are_the_known_ones(monkeypatch):
    data, episodes = made(monkeypatch)
    rows = {row["model"]: row for row in profile(data, episodes).models.to_dict("records")}
    for model, truth in TRUTH.items():
        row = rows[model]
        assert row["horizon_low"] <= truth <= row["horizon_high"]
        for axis, rate in (("policy", 0.6), ("abstention", (2 * 0.54 + 0.6) / 3)):
            assert row[f"{axis}_low"] - 0.02 <= rate <= row[f"{axis}_high"] + 0.02
        assert row["policy_difference"] == pytest.approx(-0.3, abs=0.15)
        assert "abstention_difference" not in row  # success depends on that of the control
        absent = {f"{axis}_low" for axis in AXES} - {"policy_low", "abstention_low"}
        assert not absent & set(row)


def test_axes_are_one_family_and_horizons_another(monkeypatch):
    data, episodes = made(monkeypatch)
    found = profile(data, episodes)
    assert set(found.contrasts.task) == {"policy"}
    assert len(found.contrasts) == 2
    assert (found.contrasts["p_holm"] >= found.contrasts["p"]).all()
    assert found.contrasts["told_apart"].all()
    ((base, arm, value),) = found.horizons[["base", "arm", "ratio"]].to_numpy()
    assert value == pytest.approx(TRUTH[arm] / TRUTH[base], rel=0.5)
    assert found.horizons["told_apart"].all()


def test_lengths_and_levels_have_a_row_each(monkeypatch):
    data, episodes = made(monkeypatch)
    found = profile(data, episodes)
    assert list(found.lengths["items"]) == [2, 4, 8, 16, 32, 64] * 2
    assert (found.lengths.groupby("model")["fitted"].diff().dropna() < 0).all()
    assert len(found.levels) == 2 * sum(len(LEVELS[t]) for t in ("horizon", "policy", "abstention"))


def test_owed_episodes_leave_worst_cases_and_no_conclusion(monkeypatch):
    data, _ = made(monkeypatch, instances=30)
    lost = data.episodes[(data.episodes["model"] == "weak") & (data.episodes["index"] < 2)]
    data = replace(data, episodes=data.episodes.drop(lost.index), owed=lost)
    rows = profile(data, prepared(data))
    row = rows.models.set_index("model").loc["weak"]
    assert row["horizon"] != row["horizon"]
    assert row["horizon_lower"] < TRUTH["weak"] * 1.5
    assert row["horizon_lower"] < row["horizon_upper"]
    assert row["policy_lower"] < row["policy_upper"]
    assert rows.horizons.empty
    assert rows.contrasts.set_index("model").loc[["weak"], "p"].isna().all()


def test_repeats_give_reliability_and_instructions_met_give_their_share(monkeypatch):
    data, episodes = made(monkeypatch, repeats=5, instances=20, models=("strong",))
    injected = episodes["difficulty"] == "injected"
    told = ["followed" if unit_interval("i", i) < 0.5 else "resisted" for i in episodes["index"]]
    episodes = episodes.assign(injection=told).assign(
        injection=lambda frame: frame["injection"].where(injected)
    )
    row = profile(data, episodes).models.iloc[0]
    assert 0 < row["pass^5_low"] < row["pass^5"] < row["pass^5_high"] < 1
    assert row["injections_followed_low"] < 0.5 < row["injections_followed_high"]


def test_numbers_over_several_tasks_have_the_core_as_their_unit(monkeypatch):
    """Cores that are solved everywhere or nowhere tell no more in three tasks than in one."""
    monkeypatch.setattr(sim, "TASKS", tuple(LEVELS))
    monkeypatch.setattr(sim, "chance", lambda cell, index: float(index % 2))
    every = sim.data(sim.records(cells(("strong",)), 10, 5))
    alone = sim.data(sim.records([c for c in cells(("strong",)) if c.task == "policy"], 10, 5))
    three, one = (profile(data, prepared(data)).models.iloc[0] for data in (every, alone))
    for end in ("low", "high"):
        assert three[f"pass^5_{end}"] == pytest.approx(one[f"pass^5_{end}"], abs=0.01)


def test_owed_episodes_of_other_tasks_leave_reliability_as_it_is(monkeypatch):
    data, episodes = made(monkeypatch, repeats=5, instances=10, models=("strong",))
    other = data.episodes.iloc[:1].assign(task="simple_task", difficulty="easy")
    row = profile(replace(data, owed=other), episodes).models.iloc[0]
    assert 0 <= row["pass^5_low"] <= row["pass^5"]


def test_a_profile_is_of_one_tool_success_rate(monkeypatch):
    data, episodes = made(monkeypatch, instances=20, models=("strong",))
    alone = profile(data, episodes)
    failing = [replace(cell, tool_success_rate="0.6") for cell in cells(("strong",))]
    monkeypatch.setattr(sim, "chance", lambda cell, index: 0.0)
    worse = sim.data(sim.records(failing, 20))
    both = replace(
        data,
        cells=pd.concat([data.cells, worse.cells]),
        episodes=pd.concat([data.episodes, worse.episodes], ignore_index=True),
    )
    mixed = profile(both, prepared(both))
    assert (mixed.rate, alone.rate) == ("0.8", "0.8")
    pd.testing.assert_frame_equal(mixed.models, alone.models)
    pd.testing.assert_frame_equal(mixed.lengths, alone.lengths)
    pd.testing.assert_frame_equal(mixed.levels, alone.levels)
    assert profile(worse, prepared(worse)).rate == "0.6"


def test_horizons_with_unlike_repeats_are_compared_with_those_of_each(monkeypatch):
    data, _ = made(monkeypatch, instances=20, repeats=3)
    weak = (data.episodes["model"] == "weak") & (data.episodes["repeat"] > 0)
    unlike = replace(data, episodes=data.episodes[~weak])
    swapped = replace(unlike, selection={**data.selection, "models": ["weak", "strong"]})
    one, other = (
        horizon_contrasts(outcomes(d, prepared(d)).sort_values("model", ascending=ascending))
        for d, ascending in ((unlike, True), (swapped, False))
    )
    assert one["ratio"].iloc[0] == pytest.approx(1 / other["ratio"].iloc[0])
    assert one["ratio_low"].iloc[0] == pytest.approx(1 / other["ratio_high"].iloc[0])


def test_without_a_task_of_version_4_there_is_nothing():
    data = sim.data(sim.records(sim.standard_cells(("strong",))[:3], 5))
    found = profile(data, prepared(data))
    assert all(getattr(found, name).empty for name in vars(found) if name != "rate")


def test_the_protocol_stands_next_to_the_model(monkeypatch):
    data, episodes = made(monkeypatch, instances=10)
    frame = with_protocol(profile(data, episodes).models, data)
    assert list(frame.columns[:2]) == ["model", "protocol"]
