"""Snakemake's own report of a real run."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from support.build import Build


def test_the_report_contains_page_tables_and_requested_figures_with_captions(
    build: Build,
) -> None:
    assert build.snakemake("figures").returncode == 0
    assert build.planned() == {}
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
    summary_json = json.loads((summary / "summary.json").read_text(encoding="utf-8"))
    captions = {name: figure["says"] for name, figure in summary_json["figures"].items()}
    assert set(captions) == {file.removesuffix(".svg") for file in figures}
    for caption in captions.values():
        assert caption.partition("'")[0].strip() in html
    for words in ("Who is ahead", "Effort", "Tables", "Summary", "every difference is paired"):
        assert words in html
