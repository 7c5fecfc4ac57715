"""A disk that fills up while the database is written: one clear error, and no draft remains."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pilotbench.build import outputs
from pilotbench.ground.errors import UserError
from support.database_lab import filled

ROOM_KIB = [0, 8, 48, 100, 144, 160, 200, 500, 1000]
"""Sizes at which the copy, the commit and the checkpoint of the database fail."""


@contextmanager
def room_for(kib: int) -> Iterator[None]:
    """Let this process write no file of more than `kib` KiB, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (kib << 10, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("before", [False, True], ids=["first update", "update"])
def test_a_full_disk_is_one_error_and_leaves_the_database_as_it_was(
    tmp_path: Path, before: bool
) -> None:
    lab = filled(tmp_path / "results")
    if before:
        lab.update()
        lab.write(*lab.plan.shards[:2], salt="other")
    content = lab.database.read_bytes() if before else None
    for kib in ROOM_KIB:
        with (
            pytest.raises((UserError, OSError), match=r"cannot be written|too large"),
            outputs.database_errors(lab.database),
            room_for(kib),
        ):
            lab.update()
        drafts = list(lab.database.parent.glob(".master*"))
        assert drafts == []
        assert (lab.database.read_bytes() if lab.database.exists() else None) == content
    lab.update()
    assert lab.value("SELECT count(*) FROM episodes") > 0
