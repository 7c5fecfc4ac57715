"""Verdicts of judges and labels of people, in words, by episode."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from pilotbench.results.summary.opinions import opinions
from support.pack_lab import PackLab, unpacked


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> PackLab:
    """Two questions to two models."""
    made = PackLab(tmp_path_factory.mktemp("pack"), 2, models=("model-a", "model-b"))
    made.built()
    return made


def episode(lab: PackLab, model: str) -> tuple[str, str]:
    """Return identity and shard of the first episode of a model."""
    frame = lab.data.episodes
    row = frame[(frame["model"] == model) & (frame["index"] == 0)].iloc[0]
    return str(row["episode"]), str(row["shard"])


def insert(lab: PackLab, table: str, *rows: dict[str, Any]) -> None:
    """Make these rows the only verdicts and labels."""
    with duckdb.connect(str(lab.lab.database)) as connection:
        for each in ("verdicts", "labels"):
            connection.execute(f"DELETE FROM store.{each}")
        for row in rows:
            names, marks = ", ".join(f'"{name}"' for name in row), ", ".join("?" * len(row))
            query = f"INSERT INTO store.{table} ({names}) VALUES ({marks})"
            connection.execute(query, [*row.values()])


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        ({"kind": "single", "right": True, "score": 1.0}, "right"),
        ({"kind": "single", "right": False, "score": 0.0}, "wrong"),
        ({"kind": "single", "right": True, "score": 0.75}, "right, score 0.75"),
        ({"kind": "pair", "winner": "first"}, "better than model-b"),
        ({"kind": "pair", "winner": "second"}, "worse than model-b"),
        ({"kind": "pair", "winner": "tie"}, "as good as model-b"),
    ],
)
def test_a_verdict_is_in_words(lab: PackLab, verdict: dict[str, Any], words: str) -> None:
    (first, shard), (other, _) = (episode(lab, f"model-{name}") for name in "ab")
    pair = {"other": other, "swapped": False} if verdict["kind"] == "pair" else {}
    row = {"episode": first, "shard": shard, "judge": "j", "repeat": 0, "reason": "why"}
    insert(lab, "verdicts", row | pair | verdict)
    found = opinions(lab.lab.database)
    place = " when shown first" if pair else ""
    assert found[first] == [("judge j", words + place, "why")]
    turned = {"better": "worse than model-a", "worse": "better than model-a"}
    if pair:
        word = turned.get(words.split()[0], "as good as model-a")
        assert found[other] == [("judge j", f"{word} when shown second", "why")]


@pytest.mark.parametrize(
    ("winners", "words"),
    [
        (("first", "first"), ["better than model-b"]),
        (("tie", "tie"), ["as good as model-b"]),
        (
            ("first", "second"),
            ["better than model-b when shown first", "worse than model-b when shown second"],
        ),
    ],
)
def test_both_orders_of_a_comparison_are_one_opinion_unless_they_differ(
    lab: PackLab, winners: tuple[str, str], words: list[str]
) -> None:
    (first, shard), (other, _) = (episode(lab, f"model-{name}") for name in "ab")
    fixed = {"episode": first, "shard": shard, "judge": "j", "reason": "why", "other": other}
    rows = [
        {**fixed, "kind": "pair", "repeat": 0, "swapped": swapped, "winner": winner}
        for swapped, winner in zip((False, True), winners, strict=True)
    ]
    insert(lab, "verdicts", *rows)
    assert [says for _, says, _ in opinions(lab.lab.database)[first]] == words


def test_labels_and_verdicts_reach_the_page_and_change_it(lab: PackLab) -> None:
    first, _ = episode(lab, "model-a")
    lab.write_pages()
    insert(lab, "labels", {"episode": first, "rater": "Ada", "right": False, "note": "<b>no</b>"})
    lab.write_pages()
    said = unpacked(lab.out / "answers" / "trivia" / "replies-0.js")["rows"][0][2][0][0]
    assert ["label of Ada", "wrong", "<b>no</b>"] in said["opinions"]


def test_without_a_database_nobody_says_anything(tmp_path: Path) -> None:
    assert opinions(tmp_path / "none.duckdb") == {}
