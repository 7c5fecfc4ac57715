"""Snakemake's own report of a real run."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest

from support.build import ROOT, Build

CAPTIONS = (ROOT / "workflow/report/figure.rst").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    build = Build(tmp_path_factory.mktemp("report"), {"instances": 2})
    run = build.snakemake()
    assert run.returncode == 0, run.stdout
    return build


def test_the_report_contains_page_figures_and_tables_with_captions(
    build: Build,
) -> None:
    run = build.snakemake("--report", "report.zip")
    assert run.returncode == 0, run.stdout
    with zipfile.ZipFile(build.folder / "report.zip") as report:
        names = {Path(name).name for name in report.namelist()}
        html = report.read("report/report.html").decode()
    summary = build.folder / "results/summary"
    figures = {file.name for file in (summary / "figures").glob("*.svg")}
    tables = {file.name for file in (summary / "tables").glob("*.csv")}
    assert figures
    assert tables
    assert {"index.html", *figures, *tables} <= names
    shown = {file.removesuffix(".svg") for file in figures}
    for name, caption in captions().items():
        assert (caption in html) == (name in shown), name
    for words in ("Who is ahead", "Effort", "Tables", "Summary", "every difference is paired"):
        assert words in html


def captions() -> dict[str, str]:
    """Return the captions of figures by name, up to an apostrophe: HTML may write it otherwise."""
    return dict(re.findall(r'^  "(\w+)": "([^"\']+)', CAPTIONS, re.M))


def test_every_figure_has_its_caption() -> None:
    from pilotbench.results.summary.figures import MAKERS

    assert list(captions()) == [maker.__name__ for maker in MAKERS]
