"""The rule graph: no arrow too many, every rule right of what it needs, safe words."""

from __future__ import annotations

from xml.etree import ElementTree

from pilotbench.results.summary.rulegraph import columns, direct, draw, placed

EDGES = [
    ("weights", "evaluate"),
    ("evaluate", "database"),
    ("evaluate", "all"),
    ("database", "exports"),
    ("database", "summary_pages"),
    ("database", "all"),
    ("exports", "all"),
    ("summary_pages", "all"),
]
JOBS = {
    "weights": 1,
    "evaluate": 1200,
    "database": 1,
    "exports": 1,
    "summary_pages": 1,
    "all": 1,
}


def test_an_arrow_that_a_longer_way_stands_for_is_left_out():
    assert direct(EDGES) == set(EDGES) - {("evaluate", "all"), ("database", "all")}


def test_every_rule_stands_right_of_what_it_needs_and_no_boxes_overlap():
    rules = columns(JOBS, EDGES)
    assert rules[0] == ["weights"]
    assert rules[3] == ["exports", "summary_pages"]
    nodes = placed(rules, JOBS)
    assert all(nodes[a].x + nodes[a].width < nodes[b].x for a, b in EDGES)
    one, other = nodes["exports"], nodes["summary_pages"]
    assert abs(one.y - other.y) > 52


def test_the_picture_is_xml_and_says_jobs_and_words_as_text(tmp_path):
    draw(EDGES, JOBS, "3 models × <b>10</b> prompts", tmp_path / "a" / "matrix.svg")
    root = ElementTree.fromstring((tmp_path / "a" / "matrix.svg").read_text("utf-8"))
    said = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {*JOBS, "1,200 jobs", "3 models × <b>10</b> prompts"} <= set(said)


def test_one_rule_alone_is_drawn(tmp_path):
    draw([], {"evaluate": 1}, "", tmp_path / "matrix.svg")
    assert "evaluate: 1 job." in (tmp_path / "matrix.svg").read_text("utf-8")
