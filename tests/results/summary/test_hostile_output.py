"""What models and providers write is shown and never run."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from html import unescape
from types import SimpleNamespace

import pytest
from docutils.core import publish_parts
from jinja2 import Environment

from pilotbench.ground.untrusted_text import csv_safe, markdown, visible
from pilotbench.results.analysis.model import report
from pilotbench.results.summary import export_files, write_all
from pilotbench.results.summary.figures import FIGURES
from pilotbench.results.summary.figures.base import Drawing
from pilotbench.results.summary.render_figures import captions
from support import simulated_models as sim

SCRIPT = "</script><script>document.title='run'</script></textarea><img src=x onerror=alert(1)>"
HOSTILE = (SCRIPT, "\x1b[31mred\x1b[0m", "\u202eabc", "=cmd()|' /C calc'!A0", "x" * 1_000_000)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "␛[31mred"),
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("plain\ttext\n", "plain\ttext\n"),
        ("\udcff", "⟨U+DCFF⟩"),
        ("x" * 30, "x" * 10 + "… (30 characters)"),
    ],
)
def test_invisible_characters_are_shown_and_length_is_cut(text, shown):
    assert visible(text, 25 if len(text) < 25 else 10) == shown


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\t=1", "  =1", "＝1", "\r=1"])
def test_a_formula_cell_gets_an_apostrophe(cell):
    assert csv_safe(cell) == "'" + cell.replace("\r", "\\r")


@pytest.mark.parametrize("cell", [-1.5, 3, "plain", "a=b", None])
def test_other_cells_are_kept(cell):
    assert csv_safe(cell) == cell


def test_markdown_shows_markup_as_text():
    assert markdown("a|b <i>`x`</i>\n# no") == r"a\|b \<i\>\`x\`\</i\> \# no"


@pytest.mark.parametrize(
    "says",
    [
        "50 % of *all* `calls`_, |x| [1]_ :ref:`y`",
        ".. raw:: html\n\n   <script>",
        '}} {% if 1 %} {{ 1 }} "quoted" \\ \'',
        "▲ reaches 🎯_",
    ],
)
def test_a_caption_shows_markup_as_text(says):
    figure, drawing = FIGURES[0], Drawing("title", says, "alt", {})
    template = Environment().from_string(captions({figure: drawing}))
    wildcards = SimpleNamespace(figure=figure.name)
    text = template.render(snakemake=SimpleNamespace(wildcards=wildcards))
    body = publish_parts(text, writer="html")["body"]
    assert unescape(body) == f"<p>{' '.join(says.split())}</p>\n"


@pytest.fixture
def attacked():
    """A model whose provider answers under hostile names and whose owed messages are hostile."""
    cells = [c for c in sim.standard_cells(("strong",)) if c.prompt == "baseline"]
    data = sim.data(sim.records(cells, instances=5), {cells[0]: len(HOSTILE)})
    frame = data.episodes.copy()
    frame["model_reported"] = [HOSTILE[i % len(HOSTILE)] for i in range(len(frame))]
    owed = data.owed.reindex(range(len(HOSTILE))).assign(kind=list("abcde"), message=HOSTILE)
    return replace(data, episodes=frame, owed=owed)


@pytest.mark.slow
def test_files_show_hostile_names_as_text(attacked, tmp_path):
    write_all.write(attacked, tmp_path)
    html = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "<script>document.title" not in html
    assert "&lt;script&gt;document.title" in html
    assert "\x1b" not in html
    assert "\u202e" not in html
    assert len(html) < 2_500_000
    text = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert not re.search(r"(?<!\\)<script", text)
    with (tmp_path / "tables" / "served.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines))
    assert any(cell.startswith("'=cmd()") for row in rows for cell in row)
    assert not any(cell.startswith("=") for row in rows for cell in row)


def test_summary_json_keeps_hostile_names_as_data(attacked):
    said = export_files.as_json(report(attacked))
    served = [row[3] for row in said["tables"]["served"]["rows"]]
    assert SCRIPT in served
