"""The table for the terminal, Markdown and JSON say the same as the page."""

from __future__ import annotations

import json
import re

import pytest

from pilotbench.results.analysis.formatting import number, shown, usd
from pilotbench.results.summary import terminal_table, write_all
from support import simulated_models as sim


@pytest.fixture(scope="module")
def written(standard, tmp_path_factory):
    """The summary folder of the standard matrix, without transcripts."""
    out = tmp_path_factory.mktemp("results") / "summary"
    write_all.write(standard, out)
    return out


@pytest.mark.slow
def test_the_page_is_self_contained_and_small(written):
    html = (written / "index.html").read_text(encoding="utf-8")
    assert len(html) < 5_000_000
    assert 'http-equiv="Content-Security-Policy" content="default-src \'none\'' in html
    assert "<script src=" not in html
    assert '<link rel="stylesheet"' not in html


@pytest.mark.slow
def test_every_figure_is_written_as_svg_and_png_on_request(written, standard):
    assert not (written / "figures").exists()
    write_all.draw(standard, written / "figures")
    svg = {path.stem for path in (written / "figures").glob("*.svg")}
    png = {path.stem for path in (written / "figures").glob("*.png")}
    assert svg == png
    assert len(svg) == 15
    text = (written / "figures" / "success.svg").read_text(encoding="utf-8")
    assert "<title>Success by model and prompt</title>" in text


@pytest.mark.slow
def test_json_and_csv_have_the_same_cells(written):
    said = json.loads((written / "summary.json").read_text())
    lines = (written / "tables" / "cells.csv").read_text().splitlines()
    assert len(said["tables"]["cells"]["rows"]) == len(lines) - 1 == 240
    assert said["tables"]["cells"]["columns"] == lines[0].split(",")


@pytest.mark.slow
def test_markdown_ranks_and_says_where_the_figures_are(written):
    text = (written / "summary.md").read_text(encoding="utf-8")
    assert "| 1 | strong | native | 76.0 % [66.8, 83.3] | a | 100/100 |" in text
    assert "Figures: [the page](index.html). As SVG and PNG files: `snakemake figures`." in text


@pytest.mark.slow
def test_the_terminal_table_has_protocol_counts_rates_and_cost(written):
    db_path = written.parent / "master.duckdb"
    db_path.touch()
    (written / "summary.json").touch()
    lines = terminal_table.terminal(db_path, width=120).splitlines()
    head = next(line for line in lines if line.startswith("strong") and "baseline" in line)
    for word in ("native", "100/100", "76.0 % [66.8, 83.3]", "99.0 %", "$2.93"):
        assert word in head
    assert any(line.startswith("oracle") and "(a bound)" in line for line in lines)
    assert all(len(line) <= 120 for line in lines)
    assert any("optimal (plan given)" in line for line in lines)
    assert any("like with like" in line for line in lines)
    flawed = [line for line in lines if line.startswith("strong") and "flawed_tool_misuse" in line]
    assert len(flawed) == 2  # its success, and how far the flaw was followed
    assert re.search(r"\d+\.\d % +\+\d+\.\d \[-?\d+\.\d, \d+\.\d\] +< 0", flawed[1])


@pytest.mark.slow
def test_owed_rows_show_bounds_and_the_command_that_pays(tmp_path):
    cells = [c for c in sim.standard_cells(("strong", "weak")) if c.prompt == "baseline"]
    write_all.write(sim.data(sim.records(cells), {cells[0]: 6}), tmp_path / "summary")
    (tmp_path / "master.duckdb").touch()
    (tmp_path / "summary" / "summary.json").touch()
    text = terminal_table.terminal(tmp_path / "master.duckdb")
    assert "100/106" in text
    assert "6 episodes are owed:" in text
    assert "to finish 6 of them: snakemake" in text
    html = (tmp_path / "summary" / "index.html").read_text(encoding="utf-8")
    assert "6 of 206 episodes are owed" in html


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("success_rate_all", 0.7614, "76.1 %"),
        ("difference", -0.031, "-3.1"),
        ("p_holm", 0.0001, "< 0.001"),
        ("planned", 12345.0, "12,345"),
        ("latency", 0.12345, "0.123"),
        ("cost_usd", 0.0312, "$0.031"),
    ],
)
def test_numbers_are_formatted_for_people(name, value, shown):
    assert number(name, value) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "$0"), (1234.5, "$1,234.50"), (0.8, "$0.80"), (0.00001, "$1.0e-05")]
)
def test_amounts(value, shown):
    assert usd(value) == shown


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.2, 0.5, "$0.30 [$0.20, $0.50]"),
        (0.2, float("nan"), "$0.30 [$0.20 or more]"),
        (float("nan"), float("nan"), "$0.30"),
    ],
)
def test_a_cost_per_success_is_shown_with_its_limits(low, high, said):
    row = {"cost_per_success": 0.3, "cost_per_success_low": low, "cost_per_success_high": high}
    assert shown("cost_per_success", row, None).text == said
