"""Which models are ranked."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from pilotbench.results.analysis.load import CONDITION
from pilotbench.results.analysis.model import report
from pilotbench.results.analysis.ranking import ranking
from pilotbench.results.analysis.scores import prepared
from support import simulated_models as sim


def baseline(models=("strong", "middle"), **owed):
    cells = [c for c in sim.standard_cells(models) if c.prompt == "baseline"]
    return cells, sim.data(sim.records(cells), {c: owed.get(c.model, 0) for c in cells})


def forced(data, model, success, tasks=sim.TASKS):
    """Return the data with every episode of a model on some tasks set to one outcome."""
    frame = data.episodes.copy()
    rows = (frame["model"] == model) & frame["task"].isin(tasks)
    frame.loc[rows, "success"] = success
    frame.loc[rows, "level"] = "full_success" if success else "failure"
    return replace(data, episodes=frame)


def rows_of(data):
    found = ranking(data, prepared(data))
    return found, {row["model"]: row for row in found.rows.to_dict("records")}


def test_a_model_that_owes_has_bounds_and_no_rank():
    _, data = baseline(strong=4)
    _, rows = rows_of(data)
    strong, middle = rows["strong"], rows["middle"]
    assert strong["rank"] is None or strong["rank"] != strong["rank"]
    assert strong["why"] == "20 owed"
    assert strong["lower"] == pytest.approx(strong["full_success"] / 120)
    assert strong["upper"] == pytest.approx((strong["full_success"] + 20) / 120)
    assert middle["rank"] == 1


def test_refusals_count_against_the_rank_and_not_against_the_completed():
    _, data = baseline()
    frame = data.episodes.astype({"success": object})
    refused = frame.index[(frame["model"] == "strong") & frame["success"].astype(bool)][:10]
    frame.loc[refused, ["status", "success", "progress", "level"]] = ["refused", None, None, None]
    before = rows_of(data)[1]["strong"]
    after = rows_of(replace(data, episodes=frame))[1]["strong"]
    assert after["success_rate_all"] == pytest.approx(before["success_rate_all"] - 0.10)
    assert after["success_rate"] == pytest.approx((before["full_success"] - 10) / 90)


def with_player(player, models=("strong", "middle")):
    cells = [c for c in sim.standard_cells((*models, player)) if c.prompt == "baseline"]
    return sim.data(sim.records(cells))


def test_a_model_at_the_ceiling_ranks_first_and_is_qualified():
    data = forced(forced(with_player("oracle"), "oracle", True), "strong", True)
    _, rows = rows_of(data)
    assert (rows["strong"]["rank"], rows["strong"]["bound"]) == (1, "ceiling")
    assert (rows["middle"]["rank"], rows["middle"]["bound"]) == (2, "")
    assert report(data).verdict == (
        "strong: 100.0 % [96.3, 100.0] under baseline, at the ceiling (cannot be distinguished "
        "from the oracle on these draws), ahead of middle."
    )


@pytest.mark.parametrize(("lost", "bound"), [(4, "ceiling"), (5, "")])
def test_the_ceiling_is_a_paired_comparison_with_the_oracle(lost, bound):
    """4 of 4 against the model has p 0.0625, 5 of 5 0.031, whatever an interval reaches."""
    data = forced(forced(with_player("oracle"), "oracle", True), "strong", True)
    frame = data.episodes.copy()
    frame.loc[frame.index[frame["model"] == "strong"][:lost], "success"] = False
    assert rows_of(replace(data, episodes=frame))[1]["strong"]["bound"] == bound


def test_models_at_the_floor_keep_their_ranks_and_their_conditions():
    data = with_player("random")
    for model in ("strong", "middle", "random"):
        data = forced(data, model, False, tasks=["simple_task"])
    found, rows = rows_of(data)
    assert found.contrasts["n"].tolist() == [100]
    assert [rows[model]["rank"] for model in ("strong", "middle")] == [1, 2]
    for model in ("strong", "middle"):
        data = forced(data, model, False)
    _, rows = rows_of(data)
    assert {(rows[m]["rank"], rows[m]["bound"]) for m in ("strong", "middle")} == {(1, "floor")}


def test_few_instances_are_tested_and_called_a_screening():
    cells = [c for c in sim.standard_cells(("strong", "weak")) if c.prompt == "baseline"]
    told = report(sim.data(sim.records(cells, instances=8)))
    row = told.ranking.contrasts.iloc[0]
    assert (row["n"], row["note"], bool(row["told_apart"])) == (40, "screening", True)
    assert told.verdict.endswith("under baseline, ahead of weak.")


def test_conditions_that_all_models_solve_count_in_the_difference():
    data = forced(with_player("oracle"), "oracle", True)
    tasks = sim.TASKS[1:]
    for model in ("strong", "middle"):
        data = forced(data, model, True, tasks=tasks)
        data = forced(data, model, model == "strong", tasks=sim.TASKS[:1])
    row = rows_of(data)[0].contrasts.iloc[0]
    assert (row["n"], abs(row["difference"])) == (100, pytest.approx(0.2))


def test_a_comparison_with_owed_episodes_has_bounds_and_no_conclusion():
    data = baseline()[1]
    data = forced(forced(data, "strong", True), "middle", False)
    solved = data.episodes
    owed = solved[(solved["model"] == "strong") & (solved["index"] < 4)]
    data = replace(
        data,
        episodes=solved.drop(owed.index),
        owed=owed[["model", "prompt", *CONDITION, "index", "repeat"]].assign(kind="x", message=""),
        cells=data.cells.assign(
            planned=20, owed=[4 if model == "strong" else 0 for model in data.cells["model"]]
        ),
    )
    found, rows = rows_of(data)
    row = found.contrasts.iloc[0]
    assert (row["n"], row["owed"], bool(row["told_apart"])) == (100, 20, False)
    assert sorted((abs(row["lower"]), abs(row["upper"]))) == pytest.approx([0.8, 1.0])
    assert all(row[name] is None or row[name] != row[name] for name in ("difference", "low", "p"))
    assert {rows[model]["letters"] for model in rows} == {""}
    assert report(data).verdict == (
        "middle: 0.0 % [0.0, 3.7] under baseline, the only model with complete results; "
        "strong owes 20 episodes."
    )


def test_models_without_a_shared_condition_are_not_ranked():
    cells = [
        c
        for c in sim.standard_cells(("strong", "middle"))
        if c.prompt == "baseline" and (c.task == "simple_task") == (c.model == "strong")
    ]
    told = report(sim.data(sim.records(cells)))
    assert told.verdict.startswith("No ranking: under baseline no condition")
    assert set(told.ranking.rows["why"]) == {"no condition shared by all models"}
    assert told.ranking.rows["success_rate_all"].notna().all()


@pytest.mark.parametrize(
    ("prompts", "label"),
    [
        (("optimal", "cot"), "cot"),
        (("flawed_tool_misuse", "optimal"), "optimal (plan given)"),
        (("flawed_tool_misuse",), ""),
        (("cot", "baseline"), "baseline"),
    ],
)
def test_the_ranking_prefers_a_prompt_without_a_plan(prompts, label):
    cells = [c for c in sim.standard_cells(("strong", "weak")) if c.prompt in prompts]
    told = report(sim.data(sim.records(cells, instances=5)))
    assert told.ranking.label == label
    assert (len(told.ranking.rows) > 0) == (label != "")
    assert ("plan" in " ".join(told.notes)) == ("plan given" in label)


def test_an_unexpected_model_name_is_in_the_notes_and_in_its_row():
    data = baseline()[1]
    frame = data.episodes.copy()
    frame.loc[frame["model"] == "strong", "model_reported"] = "qwen-turbo"
    frame.loc[frame["model"] == "middle", "model_reported"] = "middle-2026-01-01"
    told = report(replace(data, episodes=frame))
    assert told.notes[0] == (
        "strong: answered as qwen-turbo, asked for strong; if that is right, write reports: "
        "qwen-turbo."
    )
    rows = told.ranking.rows.set_index("model")
    assert rows["answered_as"].to_dict() == {"strong": "qwen-turbo", "middle": ""}


def test_equal_models_are_reported_as_indistinguishable():
    cells = [c for c in sim.standard_cells(("strong", "middle")) if c.prompt == "baseline"]
    shards = sim.records(cells)
    data = sim.data(shards)
    frame = data.episodes.copy()
    copied = frame[frame["model"] == "middle"].index
    outcome = ["success", "level"]
    frame.loc[copied, outcome] = frame.loc[frame["model"] == "strong", outcome].to_numpy()
    told = report(replace(data, episodes=frame))
    assert told.verdict == "strong and middle are tied at 76.0 % under baseline."
    assert set(told.ranking.rows["letters"]) == {"a"}
    assert set(told.ranking.rows["rank"]) == {1}


def test_a_single_model_is_ahead_of_no_other():
    _, data = baseline(("strong",))
    assert report(data).verdict.endswith("there is no other model to compare with.")


def test_a_single_model_under_two_prompts_says_what_the_prompt_changes():
    cells = [c for c in sim.standard_cells(("strong",)) if c.prompt in ("baseline", "optimal")]
    told = report(sim.data(sim.records(cells)))
    assert "no other model" not in told.verdict
    assert re.search(r"; .*(points \[.*\] better|cannot be distinguished from it)", told.verdict)


def test_a_selection_of_players_is_shown_and_not_ranked():
    cells = [c for c in sim.standard_cells(("oracle", "random")) if c.prompt == "baseline"]
    told = report(sim.data(sim.records(cells)))
    assert set(told.ranking.rows["why"]) == {"reference player"}
    assert told.verdict == "Only reference players are selected: there is no model to rank."
    assert told.ranking.players.empty
