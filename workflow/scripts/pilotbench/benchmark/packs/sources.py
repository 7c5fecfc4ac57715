"""The table that a pack's `source` names: a file beside task.yaml, or a dataset of the hub."""

from __future__ import annotations

from pathlib import Path

from pilotbench.benchmark.packs import hub_datasets, tables
from pilotbench.ground.errors import TaskError


def read(where: str, folder: Path, source: str, sheet: str | None = None) -> tables.Table:
    """Return the table of `source`. Raises TaskError, one line."""
    if source.startswith(hub_datasets.SCHEME):
        return hub_datasets.read(f"{where}: source", folder, source)
    path = folder / source
    if not path.resolve().is_relative_to(folder.resolve()):
        raise TaskError(f"{where}: source: {source} is outside of the pack: copy it to {folder}")
    return tables.read(path, sheet)
