"""What a careful reader is told before trusting a number, and what is not said for nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pilotbench.summary.report import report
from support import simulated_models as sim


@pytest.fixture(scope="module")
def data():
    cells = [c for c in sim.standard_cells(("strong", "middle")) if c.prompt == "baseline"]
    return sim.data(sim.records(cells, 4))


def warnings(data):
    return report(data).facts.warnings


def versions(data, task, model, version):
    shards = data.shards.copy()
    shards.loc[(shards["task"] == task) & (shards["model"] == model), "scoring_version"] = version
    return replace(data, shards=shards)


def test_two_packs_with_scorers_of_their_own_are_no_mixture(data):
    for model in ("strong", "middle"):
        data = versions(data, "simple_task", model, "1-pack")
    assert not any("versions" in words for words in warnings(data))


def test_one_task_scored_by_two_versions_is(data):
    found = warnings(versions(data, "simple_task", "strong", "0"))
    assert "simple_task: results of several scoring versions stand side by side: 0, 1." in found


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("strong", "strong"), False),
        (("strong-2024-08-06", "strong-2024-11-20"), True),
        (("strong", "qwen-turbo"), False),  # a wrong name is in the headline's notes
    ],
)
def test_two_dated_versions_of_one_model_are_named(data, names, said):
    frame = data.episodes.copy()
    mine = frame.index[frame["model"] == "strong"]
    frame.loc[mine, "model_reported"] = [names[place % 2] for place in range(len(mine))]
    told = report(replace(data, episodes=frame))
    assert any("several versions have answered" in words for words in told.facts.warnings) == said
    assert any("qwen-turbo" in words for words in told.notes) == ("qwen-turbo" in names)


def test_a_missing_bound_is_said(data):
    """These simulated instances are none of the benchmark's: nobody can play them."""
    assert any("cells have no oracle ceiling" in words for words in warnings(data))
