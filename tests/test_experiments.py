"""The standard experiments plan the stated numbers of episodes and share the stated cells."""

from __future__ import annotations

from pathlib import Path

import pytest

from pilotbench.benchmark.tasks import TASKS
from pilotbench.matrix import config_files
from pilotbench.matrix.experiment import load_experiment
from pilotbench.matrix.plan import Plan

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "config" / "experiments"
EPISODES = {
    "5.1_baseline": 200,
    "5.1_full": 1250,
    "5.2_scale": 200,
    "5.3_flawed": 700,
    "5.4_tool_reliability": 400,
    "5.5_prompt_sensitivity": 200,
    "5.5_full": 1250,
    "standard": 1600,
}
FLAT = {
    *("experiment", "prompts", "tasks", "benchmark", "difficulties", "tool_success_rates"),
    "instances",
}
SCREENINGS = sorted(name for name in EPISODES if name[0] == "5" and not name.endswith("full"))
SHARED = [  # episodes that two experiments have in common
    ("5.1_baseline", "5.1_full", 200),
    ("5.1_baseline", "5.5_prompt_sensitivity", 100),
    ("5.1_full", "5.5_full", 625),
    ("5.1_baseline", "5.2_scale", 0),
    ("5.1_baseline", "5.3_flawed", 0),
    ("5.1_baseline", "5.4_tool_reliability", 0),
    ("5.5_prompt_sensitivity", "5.5_full", 200),
]


def planned(name: str, monkeypatch: pytest.MonkeyPatch, model: str = "oracle") -> Plan:
    """Return the plan of a standard experiment for one model."""
    monkeypatch.chdir(ROOT)
    file = FOLDER / f"{name}.yaml"
    merged = config_files.read([file], {"models": model})
    files = [*map(Path, config_files.BASE_FILES), file]
    return load_experiment(merged, files).plan


@pytest.mark.parametrize(("name", "episodes"), EPISODES.items())
def test_an_experiment_plans_the_stated_episodes(
    name: str, episodes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = planned(name, monkeypatch)
    assert plan.episodes == episodes
    assert {cell.task for cell in plan.cells} == set(TASKS)


@pytest.mark.parametrize(("one", "other", "episodes"), SHARED)
def test_experiments_share_cells_by_path(
    one: str, other: str, episodes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (planned(name, monkeypatch).by_path for name in (one, other))
    assert sum(len(first[path].indices) for path in first.keys() & second.keys()) == episodes


def test_the_reliability_sweep_leaves_out_the_rate_of_the_baseline(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rates = {cell.tool_success_rate for cell in planned("5.4_tool_reliability", monkeypatch).cells}
    assert rates == {"1.0", "0.9", "0.7", "0.6"}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("5.*.yaml")), ids=lambda path: path.stem)
def test_an_experiment_file_has_flat_keys_and_its_own_name(path: Path) -> None:
    content = config_files.load_file(path)
    assert set(content) == FLAT
    assert content["experiment"] == path.stem
    assert path.stem in EPISODES


def test_the_standard_matrix_is_the_five_experiments_each_cell_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = planned("standard", monkeypatch).shards
    parts = [shard for name in SCREENINGS for shard in planned(name, monkeypatch).shards]
    assert len(SCREENINGS) == 5
    assert len(whole) == len(set(whole)) == 80
    assert set(whole) == set(parts)
