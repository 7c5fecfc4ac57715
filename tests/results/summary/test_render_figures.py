from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pilotbench.ground.errors import PilotbenchError
from pilotbench.results.summary import render_figures


def script() -> str:
    """Return the script of the page."""
    with render_figures.javascript() as wait:
        return wait()


def test_the_environment_keeps_the_script_of_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    made = script()
    assert "vegaEmbed" in made
    assert render_figures.bundle_file().read_text() == made
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert script() == made


def test_a_read_only_environment_keeps_no_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "prefix").write_text("no folder")
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "prefix"))
    assert "vegaEmbed" in script()


def test_a_script_that_cannot_be_made_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(PilotbenchError, match="script could not be made"):
        script()
    assert not render_figures.bundle_file().exists()
