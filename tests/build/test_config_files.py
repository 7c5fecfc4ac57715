"""Config files are checked before Snakemake merges them, and completed for importing workflows."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pilotbench.build import config_files
from support.build import ROOT


def workflow(namespace: str | None, *files: str) -> Any:
    return SimpleNamespace(modifier=SimpleNamespace(namespace=namespace), configfiles=list(files))


def test_the_files_of_this_workflow_are_read_from_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert config_files.check(workflow(None)) == [
        Path(f"config/{name}.yaml") for name in ("config", "models", "providers")
    ]
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match=r"error: config/config.yaml: no such config file"):
        config_files.check(workflow(None))


def test_a_broken_file_of_an_importing_workflow_is_named(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("- a list\n")
    with pytest.raises(SystemExit, match=r"mine\.yaml: must be a mapping"):
        config_files.check(workflow("pilot", str(file)))


def test_only_the_config_of_an_importing_workflow_is_completed() -> None:
    mine = {"models": ["oracle"], "model_catalog": {"own": {"provider": "players"}}}
    assert config_files.complete(workflow(None), mine) is mine
    whole = config_files.complete(workflow("pilot"), mine)
    assert whole["models"] == ["oracle"]
    assert {"own", "oracle"} <= set(whole["model_catalog"])
    assert "providers" in whole
    assert "providers" not in mine
