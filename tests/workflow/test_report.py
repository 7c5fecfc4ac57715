"""Snakemake's own report and the rule graph, of a real run."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from support.build import ROOT, Build

CAPTIONS = (ROOT / "workflow/report/figure.rst").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    build = Build(tmp_path_factory.mktemp("report"), {"instances": 2})
    run = build.snakemake()
    assert run.returncode == 0, run.stdout
    return build


def test_the_report_holds_page_figures_and_tables_with_captions_and_categories(
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


def test_the_rule_graph_shows_the_rules_their_jobs_and_the_matrix(build: Build) -> None:
    svg = (build.folder / "results/summary/matrix.svg").read_text(encoding="utf-8")
    root = ElementTree.fromstring(svg)
    said = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert said[:-1] == [
        *("evaluate", "4 jobs", "database", "1 job", "exports", "1 job"),
        *("summary_pages", "1 job", "all", "1 job"),
    ]
    experiment = "2 models × 2 prompts × 1 task × 1 difficulty × 1 tool success rate: 8 episodes"
    assert said[-1] == experiment
