"""The fixture of the commands that read results."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.database_lab import Lab, filled


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """Four cells of one shard each, all planned and written."""
    return filled(tmp_path / "results")
