"""The pages of answers: written where something has changed, removed with their task."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pilotbench.results.replies import sha256_of
from pilotbench.results.summary import answer_pages, answer_replies
from support.pack_lab import PackLab, unpacked


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> PackLab:
    """Thirty questions to three models in two shards each, the last shard of model-c missing."""
    lab = PackLab(tmp_path_factory.mktemp("pack"), 30, size=20)
    pack = lab.write_pack()
    lab.write_shards(pack, lab.lab.plan.shards[:-1])
    lab.lab.update()
    lab.write_pages(pack)
    return lab


@pytest.fixture
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten questions per file."""
    monkeypatch.setattr(answer_replies, "REPLIES", 30)
    monkeypatch.setattr(answer_pages, "ROWS", 10)


def folder(lab: PackLab) -> Path:
    return lab.out / "answers" / "trivia"


def head(lab: PackLab) -> Any:
    html = (folder(lab) / "index.html").read_text(encoding="utf-8")
    found = re.search(r'id="head">(.*?)</script>', html)
    assert found
    return json.loads(found[1])


def test_the_page_knows_its_columns_and_files(built: PackLab) -> None:
    said = head(built)
    assert said["columns"] == [[m, "baseline"] for m in ("model-a", "model-b", "model-c")]
    assert (said["rows"], said["rowFiles"], said["metadata"]) == (30, 1, ["language", "topic"])
    assert said["folder"] == str(built.folder / "packs" / "trivia")


def test_rows_come_with_the_most_disagreement_first(built: PackLab) -> None:
    rows = unpacked(folder(built) / "rows-0.js")
    assert {row[0] for row in rows} == set(range(30))
    right = [
        [e[0][0] == "1" for cell in row[6] for e in (cell or []) if e[0] != "o"] for row in rows
    ]
    split = [4 * sum(r) / len(r) * (1 - sum(r) / len(r)) for r in right]
    assert split == sorted(split, reverse=True)
    assert split[0] > split[-1]
    first = next(row for row in rows if row[0] == 4)
    assert first[1:6] == [
        *(4, "q4", "Which number comes 4 after one hundred?", "104"),
        {"language": "fr", "topic": "t4"},
    ]
    assert next(row for row in rows if row[0] == 29)[6][2] == [["o"]]


def test_replies_have_the_text_the_reading_and_where_they_are_from(built: PackLab) -> None:
    said = unpacked(folder(built) / "replies-0.js")
    question, target, cells = said["rows"][4]
    assert (question, target) == ("Which number comes 4 after one hundred?", 104)
    reply = cells[0][0]
    assert reply["reply"].endswith(reply["read"])
    assert {"rule", "why"} <= set(reply)
    link, command = said["shards"][reply["shard"]]
    page, _, place = link.partition("#")
    assert (built.out / page).is_file()
    assert (built.out / "transcripts" / f"{place}.js").is_file()
    assert command.startswith("python -m pilotbench show ")
    assert command.endswith("model-a/baseline/trivia/none/none/00000-00019.jsonl.gz")
    assert said["rows"][29][2][2] == [None]


def test_nothing_is_written_or_read_again_without_a_change(
    built: PackLab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any) -> None:
        raise AssertionError("a shard was read")

    monkeypatch.setattr(answer_replies, "read_shard", never)
    assert built.write_pages(built.write_pack()) == 0


def test_a_changed_shard_changes_its_files_alone(tmp_path: Path, small_files: None) -> None:
    lab = PackLab(tmp_path, 40, size=20)
    pack = lab.built()
    assert lab.write_pages(pack) == 4 + 4 + 1 + len(answer_pages.ASSETS)
    before = {f.name: f.read_bytes() for f in folder(lab).iterdir()}
    other = lab.changed(
        reply=lambda cell, index, repeat: f"It is {100 + index}, I think.\n{100 + index}"
    )
    other.write_shards(pack, [lab.lab.plan.shards[0]])
    other.lab.update()
    other.write_pages(pack)
    changed = {f.name for f in folder(lab).iterdir() if before[f.name] != f.read_bytes()}
    assert changed & {f"replies-{n}.js" for n in range(4)} == {"replies-0.js", "replies-1.js"}


def test_a_long_reply_is_cut_with_its_length_and_hash(tmp_path: Path) -> None:
    long = "x" * 1_000_000
    lab = PackLab(tmp_path, 1, models=("model-a",), reply=lambda *_: long)
    pack = lab.built()
    lab.write_pages(pack)
    [[[reply]]] = [row[2] for row in unpacked(folder(lab) / "replies-0.js")["rows"]]
    assert len(reply["reply"]) == answer_replies.REPLY_LIMIT
    assert (reply["length"], reply["sha256"]) == (len(long), sha256_of(long))


def test_pages_of_tasks_that_are_not_selected_are_removed(tmp_path: Path) -> None:
    lab = PackLab(tmp_path, 2, models=("model-a",))
    lab.write_pages(lab.built())
    other = lab.out / "answers" / "gone"
    other.mkdir()
    (other / "rows-0.js").write_text("", encoding="utf-8")
    lab.write_pages()
    assert not other.exists()


def test_what_models_wrote_is_in_no_page(tmp_path: Path) -> None:
    script = "</script><script>alert(1)</script><img src=x onerror=alert(1)> \u202e"
    lab = PackLab(tmp_path, 1, models=("model-a",), reply=lambda *_: script)
    lab.write_pages(lab.built())
    for file in folder(lab).iterdir():
        assert b"<img" not in file.read_bytes()
        assert b"alert" not in file.read_bytes()
