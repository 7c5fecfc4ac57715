"""pass@k and pass^k use the same episodes and instances as the success rate."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pilotbench.matrix.cells import Cell
from pilotbench.results.analysis.repeats import repeat_table
from pilotbench.results.analysis.scores import prepared, scores
from support import simulated_models as sim

CELLS = [Cell("strong", "optimal", "data_pipeline", "easy", rate) for rate in ("0.8", "0.6")]


def tables(cells, change=lambda frame: frame, repeats=3):
    data = sim.data(sim.records(cells, 12, repeats))
    data = replace(data, episodes=change(data.episodes))
    episodes = prepared(data)
    found = repeat_table(data, episodes)
    return found.iloc[0], scores(episodes, data.cells, ["model", "prompt"]).iloc[0]


def refused(frame):
    frame = frame.astype({"success": object, "progress": object, "level": object})
    lost = frame.index[frame["success"].astype(bool)][:7]
    frame.loc[lost, ["status", "success", "progress", "level"]] = ["refused", None, None, None]
    return frame


@pytest.mark.parametrize("change", [lambda frame: frame, refused])
@pytest.mark.parametrize("cells", [CELLS[:1], CELLS])
def test_with_k_of_one_both_are_the_success_rate_with_its_interval(cells, change):
    row, score = tables(cells, change)
    for name in ("pass@1", "pass^1"):
        for end in ("", "_low", "_high"):
            assert row[f"{name}{end}"] == pytest.approx(score[f"success_rate_all{end}"])


def test_k_runs_up_to_the_repeats_played_where_some_were_refused():
    row, _ = tables(CELLS[:1], refused)
    assert [name for name in row.index if name.startswith("pass^") and "_" not in name] == [
        "pass^1",
        "pass^2",
        "pass^3",
    ]
    assert row["pass^3_low"] <= row["pass^3"] <= row["pass^2"] <= row["pass^1"] <= row["pass@3"]


def test_one_repeat_has_no_table():
    data = sim.data(sim.records(CELLS, 5, 1))
    assert repeat_table(data, prepared(data)).empty
