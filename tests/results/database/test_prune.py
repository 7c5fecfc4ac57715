"""Prune removes only what no table needs."""

from __future__ import annotations

import pytest

from pilotbench.ground.errors import UserError
from pilotbench.matrix.cells import Shard
from pilotbench.matrix.plan import Plan
from pilotbench.results.database.prune import prunable, remove
from support.database_lab import CELLS, SIZE, Lab, half, pruned


def test_prune_lists_what_no_table_needs(lab: Lab) -> None:
    assert {file.kind: file.path for file in prunable(pruned(lab).results)} == {
        "superseded": str(Shard(CELLS[0], 0, SIZE - 1).path),
        "damaged": str(Shard(CELLS[2], 0, SIZE - 1).path),
        "outside": str(Shard(CELLS[3], 0, SIZE - 1).path),
    }


@pytest.mark.parametrize("kind", ["superseded", "outside", "damaged"])
def test_prune_removes_only_what_is_requested(lab: Lab, kind: str) -> None:
    files = prunable(pruned(lab).results)
    gone = remove(lab.results, [kind])
    assert [file.kind for file in gone] == [kind]
    assert prunable(lab.results) == [file for file in files if file.kind != kind]
    assert not (lab.results / "shards" / gone[0].path).exists()
    assert lab.value("SELECT count(*) FROM shards WHERE path = ?", gone[0].path) == 0
    updated = lab.content()
    lab.database.unlink()
    lab.update()
    assert lab.content() == updated


def test_a_file_is_not_superseded_by_a_journal(lab: Lab) -> None:
    """Another shard size, nothing built yet: no other file has these episodes."""
    lab.plan = Plan(tuple(Shard(CELLS[0], i, i) for i in range(SIZE)), 1)
    lab.update(half)
    assert {file.kind for file in prunable(lab.results)} == {"outside"}
    assert lab.value("SELECT count(*) FROM episodes WHERE current AND NOT provisional") == SIZE


def test_prune_removes_no_current_episode(lab: Lab) -> None:
    pruned(lab)
    before = lab.rows("SELECT * FROM episodes WHERE current ORDER BY episode")
    remove(lab.results, ["superseded", "outside", "damaged"])
    assert lab.rows("SELECT * FROM episodes WHERE current ORDER BY episode") == before


def test_prune_refuses_if_files_are_newer_than_the_database(lab: Lab) -> None:
    pruned(lab)
    lab.write(Shard(CELLS[3], 0, SIZE - 1), salt="new")
    with pytest.raises(UserError, match="bring it up to date first: snakemake summary"):
        remove(lab.results, ["outside"])
    assert lab.path(Shard(CELLS[3], 0, SIZE - 1)).exists()


def test_prune_refuses_if_a_recorded_file_is_missing(lab: Lab) -> None:
    pruned(lab)
    lab.path(Shard(CELLS[0], 0, 0)).unlink()
    with pytest.raises(UserError, match="bring it up to date first: snakemake summary"):
        remove(lab.results, ["superseded"])
    assert lab.path(Shard(CELLS[0], 0, SIZE - 1)).exists()
