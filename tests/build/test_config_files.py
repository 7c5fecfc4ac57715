"""Config files are checked before Snakemake merges them, and completed for importing workflows."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pilotbench.build import config_files
from pilotbench.matrix.config_files import read
from support.build import ROOT


class Rules(SimpleNamespace):
    """What `load` needs of Snakemake's workflow; `read` are the files merged into its config."""

    read: list[str]

    def configfile(self, file: str) -> None:
        self.read.append(file)


def workflow(namespace: str | None, *files: str) -> Any:
    return Rules(modifier=SimpleNamespace(namespace=namespace), configfiles=list(files), read=[])


def test_in_the_checkout_its_own_files_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    rules = workflow(None)
    files = [f"config/{name}.yaml" for name in ("config", "models", "providers")]
    assert config_files.load(rules) == list(map(Path, files))
    assert rules.read == files


def test_elsewhere_the_files_of_the_working_folder_follow_the_shipped_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shipped = [ROOT / f"config/{name}.yaml" for name in ("config", "models", "providers")]
    assert config_files.load(workflow(None)) == shipped
    Path("config").mkdir()
    Path("config/models.yaml").write_text("model_catalog: {mine: {provider: players}}\n")
    rules = workflow(None)
    assert config_files.load(rules) == [*shipped, Path("config/models.yaml")]
    assert rules.read[-1] == "config/models.yaml"
    assert {"mine", "oracle"} <= set(read()["model_catalog"])


def test_a_broken_file_of_the_working_folder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("config").mkdir()
    Path("config/config.yaml").write_text("- a list\n")
    with pytest.raises(SystemExit, match=r"error: config/config\.yaml: must be a mapping"):
        config_files.load(workflow(None))


def test_a_broken_file_of_an_importing_workflow_is_named(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("- a list\n")
    with pytest.raises(SystemExit, match=r"mine\.yaml: must be a mapping"):
        config_files.load(workflow("pilot", str(file)))


def test_only_the_config_of_an_importing_workflow_is_completed() -> None:
    mine = {"models": ["oracle"], "model_catalog": {"own": {"provider": "players"}}}
    assert config_files.complete(workflow(None), mine) is mine
    whole = config_files.complete(workflow("pilot"), mine)
    assert whole["models"] == ["oracle"]
    assert {"own", "oracle"} <= set(whole["model_catalog"])
    assert "providers" in whole
    assert "providers" not in mine
