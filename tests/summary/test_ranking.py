"""Who is ranked, and who is not."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from pilotbench.summary.ranking import Ranking, ranking
from pilotbench.summary.report import report, verdict
from pilotbench.summary.scores import prepared
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
    assert strong["lower"] == pytest.approx(strong["wins"] / 120)
    assert strong["upper"] == pytest.approx((strong["wins"] + 20) / 120)
    assert middle["rank"] == 1


def test_refusals_count_against_the_rank_and_not_against_the_completed():
    _, data = baseline()
    frame = data.episodes.astype({"success": object})
    refused = frame.index[(frame["model"] == "strong") & frame["success"].astype(bool)][:10]
    frame.loc[refused, ["status", "success", "progress", "level"]] = ["refused", None, None, None]
    cells = data.cells.copy()
    before = rows_of(data)[1]["strong"]
    after = rows_of(replace(data, episodes=frame, cells=cells))[1]["strong"]
    assert after["success_rate_all"] == pytest.approx(before["success_rate_all"] - 0.10)
    assert after["success_rate"] == pytest.approx((before["wins"] - 10) / 90)


def test_a_row_at_the_ceiling_is_marked_and_has_no_rank():
    cells = [
        c for c in sim.standard_cells(("strong", "middle", "oracle")) if c.prompt == "baseline"
    ]
    data = forced(sim.data(sim.records(cells)), "strong", True)
    found, rows = rows_of(data)
    assert rows["strong"]["why"] == "at the ceiling"
    assert rows["middle"]["rank"] == 1
    assert "strong" not in str(found.rows[found.rows["rank"] == 1]["model"])


def test_conditions_in_which_all_are_at_one_bound_do_not_rank():
    cells = [
        c for c in sim.standard_cells(("strong", "middle", "random")) if c.prompt == "baseline"
    ]
    data = sim.data(sim.records(cells))
    for model in ("strong", "middle"):
        data = forced(data, model, False, tasks=["simple_task"])
    found, _ = rows_of(data)
    assert found.left_out == ["simple_task · easy · 0.8"]
    assert found.contrasts["n"].tolist() == [80]


def test_fewer_than_fifty_instances_are_descriptive():
    cells = [c for c in sim.standard_cells(("strong", "weak")) if c.prompt == "baseline"]
    told = report(sim.data(sim.records(cells, instances=9)))
    assert told.ranking.contrasts["p"].isna().all()
    assert set(told.ranking.rows["letters"]) == {""}
    assert "too few instances" in told.verdict


def test_equal_models_are_said_not_to_be_told_apart():
    cells = [c for c in sim.standard_cells(("strong", "middle")) if c.prompt == "baseline"]
    shards = sim.records(cells)
    data = sim.data(shards)
    frame = data.episodes.copy()
    copied = frame[frame["model"] == "middle"].index
    frame.loc[copied, "success"] = frame.loc[frame["model"] == "strong", "success"].to_numpy()
    told = report(replace(data, episodes=frame))
    assert "not told apart from middle" in told.verdict
    assert set(told.ranking.rows["letters"]) == {"a"}
    assert set(told.ranking.rows["rank"]) == {1}


def test_the_headline_names_three_models_and_counts_more():
    words = "strong: 50.0 % under baseline, ahead, but not told apart from "
    for others, said in ((["b", "c", "d"], "b, c and d"), (["b", "c", "d", "e"], "4 others")):
        names = ["strong", *others]
        rows = pd.DataFrame({"model": names, "rank": 1.0, "why": "", "success_rate_all": 0.5})
        pairs = pd.DataFrame({"base": "strong", "arm": others, "p": 0.5, "told_apart": False})
        ranked = Ranking("baseline", "baseline", rows, pairs)
        assert verdict(ranked) == f"{words}{said}."


def test_one_model_alone_is_not_ahead_of_anybody():
    _, data = baseline(("strong",))
    assert report(data).verdict.endswith("no other model to compare with.")


def test_the_headline_is_baseline_else_the_first_prompt_with_its_label():
    cells = [c for c in sim.standard_cells(("strong", "weak")) if c.prompt == "optimal"]
    told = report(sim.data(sim.records(cells)))
    assert told.ranking.label == "optimal (plan given)"


def test_players_alone_are_shown_and_not_ranked():
    cells = [c for c in sim.standard_cells(("oracle", "random")) if c.prompt == "baseline"]
    told = report(sim.data(sim.records(cells)))
    assert set(told.ranking.rows["why"]) == {"reference player"}
    assert told.verdict == "Reference players alone: there is no model to rank."
    assert told.ranking.players.empty
