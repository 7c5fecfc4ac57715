"""BFCL's package where it is not installed, and the one command that installs it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from pilotbench.benchmark import bfcl
from pilotbench.benchmark.bfcl import official as package
from pilotbench.benchmark.packs.pack_folders import known, load_tasks
from pilotbench.ground.errors import TaskError

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("found", [None, "2025.1.1"])
def test_without_the_package_one_line_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, found: str | None
) -> None:
    def version(name: str) -> str:
        if found is None:
            raise PackageNotFoundError(name)
        return found

    monkeypatch.setattr(package, "version", version)
    package.size.cache_clear()
    with pytest.raises(TaskError) as raised:
        load_tasks([], ["bfcl_multiple"])
    package.size.cache_clear()
    line = str(raised.value)
    assert line.startswith("tasks: bfcl_multiple needs")
    assert line.endswith(package.INSTALL)
    assert (found or "the package bfcl-eval") in line
    assert "\n" not in line


def test_categories_are_known_by_name_but_not_among_all_tasks() -> None:
    assert set(bfcl.NAMES) <= set(known([]))
    assert not set(bfcl.NAMES) & set(load_tasks([]))
    with pytest.raises(TaskError, match="did you mean bfcl_multiple"):
        load_tasks([], ["bfcl_multipel"])


def test_the_command_is_the_same_everywhere_and_has_the_pins_of_the_constraints() -> None:
    for name in ("docs/bfcl.md", "docs/zh/bfcl.md"):
        assert package.INSTALL in (ROOT / name).read_text(), name
    pins = ["mpmath==1.3.0", f"bfcl-eval=={package.VERSION}"]
    assert all(f'"{pin}"' in (ROOT / "envs" / "install.py").read_text() for pin in pins)
    constraints = (ROOT / "envs" / "constraints.txt").read_text().splitlines()
    assert set(pins) <= set(constraints)
