"""The folders of the library import downwards only, and none depends on another in a circle."""

from __future__ import annotations

import re
from pathlib import Path

from dev import structure

UPWARD: set[str] = set()
"""Imports that are still to be turned round; none may be added."""


def test_every_folder_imports_only_those_below_it() -> None:
    found = {f"{one.importer} -> {one.imported}" for one in structure.measure().upward}
    assert found <= UPWARD


def test_no_two_folders_depend_on_each_other() -> None:
    assert structure.measure().cycles == []


def test_the_folders_need_no_more_layers_than_a_shard_has_stages() -> None:
    """Each needs the one before, from the gateway, which external tasks ask, to the commands."""
    found = structure.measure().folder_layers
    assert found is not None
    assert found <= 11


def test_no_unit_depends_on_another_in_a_circle() -> None:
    """The folders inside the simulator are still to be untangled; no other circle may appear."""
    found = structure.measure().cycles
    assert not [circle for circle in found if not all(u.startswith("simulator") for u in circle)]


ASKING_IS_OPEN_AT = {
    "asking.asker",
    "asking.batches.lane",
    "asking.bill",
    "asking.budget",
    "asking.label_asker",
    "asking.prices",
    "asking.unusable",
    "asking.journal.identity",
    "asking.keys.key_status",
    "asking.keys.secrets",
    "asking.keys.usage_file",
}
"""The modules of `asking` that others may import: none of them sends or stores anything itself."""


def test_requests_and_the_journal_are_reached_through_the_asker_only() -> None:
    found = structure.imports(structure.modules())
    used = {
        f"{one.importer} -> {one.imported}"
        for one in found
        if one.imported.startswith("pilotbench.asking.")
        and not one.importer.startswith("pilotbench.asking.")
        and one.imported.removeprefix("pilotbench.") not in ASKING_IS_OPEN_AT
    }
    assert not used
    root = structure.LIBRARY.parents[1]
    outside = [*root.glob("legacy/*.py"), *root.glob("workflow/rules/*.smk")]
    assert outside
    for path in outside:
        assert not re.search(r"asking\.(journal|keys\.key_client)", path.read_text()), path


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
    assert found.folder_layers is None
