"""The folders of the library import downwards only, and none depends on another in a circle."""

from __future__ import annotations

from pathlib import Path

from dev import structure

UPWARD: set[str] = set()
"""Imports that are still to be turned round; none may be added."""


def test_every_folder_imports_only_those_below_it() -> None:
    found = {f"{one.importer} -> {one.imported}" for one in structure.measure().upward}
    assert found <= UPWARD


def test_an_import_inside_a_function_counts_and_a_circle_is_found(tmp_path: Path) -> None:
    for folder, text in {
        "ground": "def late():\n    from pilotbench.matrix import one\n    return one\n",
        "matrix": "from pilotbench.ground import one\n",
    }.items():
        path = tmp_path / "pilotbench" / folder
        path.mkdir(parents=True)
        (path / "one.py").write_text(text)
    found = structure.measure(tmp_path)
    assert [str(one.importer) for one in found.upward] == ["pilotbench.ground.one"]
    assert found.cycles == [("ground", "matrix")]
    assert found.layers is None
