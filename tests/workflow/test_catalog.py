"""What the Snakemake workflow catalog asks of a workflow with standardized usage."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from support.build import ROOT, Build


@pytest.mark.parametrize(
    "file", ["LICENSE", "README.md", "config/README.md", "config/config.yaml", "workflow/Snakefile"]
)
def test_the_files_are_where_the_catalog_looks_for_them(file: str) -> None:
    assert (ROOT / file).read_text().strip()


def test_the_usage_names_flags_and_deployment() -> None:
    catalog = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())
    assert set(catalog) == {"usage"}
    assert set(catalog["usage"]["mandatory-flags"]) == {"desc", "flags"}
    assert catalog["usage"]["software-stack-deployment"]["conda"] is True
    assert catalog["usage"]["report"] is True


def test_every_rule_has_an_environment_that_conda_can_create() -> None:
    environment = yaml.safe_load((ROOT / "envs/pilotbench.yaml").read_text())
    assert environment["dependencies"]
    for file in (ROOT / "workflow/rules").glob("*.smk"):
        text = file.read_text()
        assert text.count("\n    script:") == text.count("\n    conda:"), file


def test_the_workflow_in_its_folder_makes_everything_too(tmp_path: Path) -> None:
    build = Build(tmp_path, {"models": ["oracle"], "instances": 2, "tasks": ["simple_task"]})
    usual = build.planned()
    assert usual["evaluate"] > 0
    in_its_folder = build.planned("--snakefile", "workflow/Snakefile")
    renamed = {"everything" if name == "all" else name: n for name, n in usual.items()}
    assert in_its_folder == renamed
