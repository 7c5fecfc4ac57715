"""Results of other epochs and benchmark versions are compared unpaired, and said to be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pilotbench.commands.compare import text
from pilotbench.matrix.cells import Cell
from pilotbench.results.summary import compare
from support import simulated_models as sim


def frame(task: str, epoch: str | None, instances: int = 20, level: str = "easy") -> Any:
    cells = [Cell("strong", "baseline", "simple_task", "easy", "0.8")]
    made = sim.data(sim.records(cells, instances=instances)).episodes
    marked = made["instance"].astype(str) + str(epoch)
    return made.assign(epoch=epoch, instance=marked, task=task, difficulty=level)


def compared(base: Any, arm: Any) -> compare.Comparison:
    return compare.compare(base, arm, ("a", "b"), set())


@pytest.mark.parametrize(
    ("base", "arm", "says"),
    [
        (
            frame("horizon", "public", level="n8"),
            frame("horizon", "0123456789ab", 30, "n8"),
            "The epochs differ (public and 0123456789ab): horizon is compared unpaired",
        ),
        (
            frame("simple_task", None),
            frame("workflow", "public", 30),
            "The benchmark versions differ (3 and 4): their tasks are compared unpaired",
        ),
    ],
    ids=["epochs", "versions"],
)
def test_other_instances_are_compared_unpaired(base: Any, arm: Any, says: str) -> None:
    found = compared(base, arm)
    assert found.pairs == found.other_instance == found.only_base == found.only_arm == 0
    assert len(found.unpaired) == 1
    row = found.unpaired.iloc[0]
    assert (row["n_base"], row["n_arm"], row["test"]) == (20, 30, "Fisher's exact test")
    assert row["difference"] == pytest.approx(
        arm["success"].astype(float).mean() - base["success"].astype(float).mean()
    )
    assert found.verdict.startswith(f"{says}; the difference is significant in ")
    assert "on other instances" in text(found, Path("page.html"))
    assert compare.as_json(found)["unpaired"]["rows"]


def test_the_same_epoch_is_paired_and_other_tasks_beside_it_are_too(tmp_path: Path) -> None:
    same = frame("horizon", "public", level="n8")
    assert compared(same, same.copy()).pairs == 20
    assert not compared(same, same.copy()).unpaired_says
    old = frame("simple_task", None)
    found = compared(
        pd.concat([old, same]), pd.concat([old, frame("horizon", "0123456789ab", level="n8")])
    )
    assert (found.pairs, len(found.unpaired)) == (20, 1)
    assert "20 episodes changed" in found.verdict
    assert "The epochs differ" in found.verdict
    compare.write(found, tmp_path / "compare.html", (tmp_path, tmp_path))
    assert "Differences on other instances" in (tmp_path / "compare.html").read_text()
    assert (tmp_path / "compare_unpaired.csv").is_file()


def test_owed_episodes_leave_no_conclusion() -> None:
    base, arm = (frame("horizon", epoch, level="n8") for epoch in ("public", "0123456789ab"))
    arm = arm.astype({"success": object, "level": object})
    arm.loc[arm.index[:3], ["status", "success", "level"]] = ["owed", None, None]
    found = compared(base, arm)
    assert found.unpaired.iloc[0]["note"] == "3 owed: no conclusion"
    assert "significant in 0 of 0 comparisons" in found.verdict
    assert json.dumps(compare.as_json(found))
