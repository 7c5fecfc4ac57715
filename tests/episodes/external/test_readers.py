"""What programs wrote becomes samples; the logs are of inspect-ai 0.3.285 and lm-eval 0.4.13."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pilotbench.benchmark.packs.external_task import READERS, Reading
from pilotbench.episodes.external import readers
from pilotbench.episodes.external.sample import Sample
from pilotbench.ground.errors import CommandFailed
from support.build import ROOT

LOGS = ROOT / "tests" / "data" / "external" / "logs"


def reading(kind: str, **chosen: Any) -> Reading:
    usual = {"file": READERS[kind], "score": None, "filter": None, "best": 1, "success_at": 1}
    return Reading(kind, **{**usual, "fields": {}, **chosen})


def read_log(folder: Path, name: str, how: Reading, indices: range = range(3)) -> dict[int, Sample]:
    (folder / "sub").mkdir(exist_ok=True)
    shutil.copy(LOGS / name, folder / "sub" / name)
    return readers.read(folder, how, indices)


def test_every_declared_kind_is_read() -> None:
    assert set(readers.READ) == set(READERS)


def test_a_log_of_inspect(tmp_path: Path) -> None:
    found = read_log(tmp_path, "inspect_several.json", reading("inspect", score="includes"))
    first, second, third = (found[n] for n in range(3))
    assert (first.name, first.value, first.share(1)) == ("1", "C", 1.0)
    assert (first.reply, first.read) == ("Say Default output", "say default output")
    assert (first.target, first.rule) == ("Default", "inspect: includes")
    assert first.metrics == {"share": 0.25}
    assert (second.prompt, second.target) == ("Say it, which fails", ["x", "y"])
    assert second.error == "ValueError('the tool of sample 2 is not there')"
    assert (third.prompt, third.error) == ("Say no", None)
    shares = read_log(tmp_path, "inspect_several.json", reading("inspect", score="share"))
    assert (shares[0].share(1), shares[0].why) == (0.25, "one of four points")


def test_the_samples_of_a_log_are_those_of_the_shard(tmp_path: Path) -> None:
    how = reading("inspect", score="includes")
    found = read_log(tmp_path, "inspect_several.json", how, range(10, 13))
    assert [(index, one.name) for index, one in found.items()] == [(10, "1"), (11, "2"), (12, "3")]


@pytest.mark.parametrize(
    ("name", "score", "indices", "words"),
    [
        ("inspect_several.json", None, range(3), "several scores: name one in reader.score"),
        ("inspect_several.json", "shares", range(3), "no score shares"),
        ("inspect_several.json", "share", range(4), "3 records for 4 samples"),
        ("inspect_epochs.json", "share", range(1), "several epochs; write --epochs 1"),
        ("inspect_shuffled.json", "share", range(3), "the data set is shuffled"),
        ("inspect_failed.json", "share", range(3), "the status is error: ValueError"),
        ("samples_two_filters.jsonl", None, range(3), r"wrote no \*\*/\*\.json below \{out\}"),
    ],
)
def test_a_log_of_inspect_that_cannot_be_read(
    tmp_path: Path, name: str, score: str | None, indices: range, words: str
) -> None:
    with pytest.raises(CommandFailed, match=words):
        read_log(tmp_path, name, reading("inspect", score=score), indices)


def test_the_usual_form_of_logs_is_told_apart(tmp_path: Path) -> None:
    (tmp_path / "one.eval").write_bytes(b"PK")
    with pytest.raises(CommandFailed, match="write --log-format json in the command"):
        readers.read(tmp_path, reading("inspect"), range(3))


def test_samples_of_lm_eval(tmp_path: Path) -> None:
    how = reading("lm_eval", filter="first")
    found = read_log(tmp_path, "samples_two_filters.jsonl", how, range(1, 3))
    assert [(n, one.share(1), one.read) for n, one in found.items()] == [
        (1, 1.0, "9"),
        (2, 0.0, "[invalid]"),
    ]
    assert found[1].prompt == "Answer these sums.\n\n\nSay 9 and 10."
    assert (found[1].reply, found[1].target) == ("Say 9 and 10.", "9")
    assert found[1].rule == "lm_eval: exact_match, filter first"
    last = read_log(tmp_path, "samples_two_filters.jsonl", reading("lm_eval", filter="last"))
    assert [one.share(1) for one in last.values()] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("chosen", "indices", "words"),
    [
        ({}, range(3), r"2 filters: name one in reader.filter \(there are: first, last\)"),
        ({"filter": "f"}, range(3), "no filter f"),
        ({"filter": "last", "score": "bleu"}, range(3), "no metric bleu.*exact_match"),
        ({"filter": "last"}, range(2), "sample 2 is in the results of the samples 0 to 1"),
    ],
)
def test_samples_of_lm_eval_that_cannot_be_read(
    tmp_path: Path, chosen: dict[str, Any], indices: range, words: str
) -> None:
    with pytest.raises(CommandFailed, match=words):
        read_log(tmp_path, "samples_two_filters.jsonl", reading("lm_eval", **chosen), indices)


CSV = "index,id,prompt,reply,target,score\n4,a,Six?,6,6,1\n5,b,Seven?,x,7,0.5\n"


def test_a_table(tmp_path: Path) -> None:
    (tmp_path / "out.csv").write_text(
        CSV.replace("score\n", "points,topic\n")
        .replace("1\n5", "1,x\n5")
        .replace("0.5\n", "0.5,y\n")
    )
    how = reading("csv", fields={"score": "points"})
    found = readers.read(tmp_path, how, range(4, 7))
    assert [(n, one.name, one.share(1)) for n, one in found.items()] == [
        (4, "a", 1.0),
        (5, "b", 0.5),
    ]
    assert (found[4].prompt, found[4].reply, found[4].target) == ("Six?", "6", "6")
    assert found[5].metadata == {"topic": "y", "question": "Seven?", "target": "7"}


def test_records_without_numbers_are_in_the_order_of_the_shard(tmp_path: Path) -> None:
    (tmp_path / "out.jsonl").write_text('{"ok": true, "why": null}\n{"ok": false, "why": "down"}\n')
    how = reading("json", fields={"success": "ok", "error": "why"})
    found = readers.read(tmp_path, how, range(7, 9))
    assert [(n, one.success, one.error) for n, one in found.items()] == [
        (7, True, None),
        (8, False, "down"),
    ]
    assert [one.share(1) for one in found.values()] == [1.0, 0.0]


@pytest.mark.parametrize(
    "text", ['[{"score": 1}, {"score": 0}]', '{"samples": [{"score": 1}, {"score": 0}]}']
)
def test_the_forms_of_json(tmp_path: Path, text: str) -> None:
    (tmp_path / "out.json").write_text(text)
    found = readers.read(tmp_path, reading("json"), range(2))
    assert [one.share(1) for one in found.values()] == [1.0, 0.0]


@pytest.mark.parametrize("reply", ["a\u2028b\u2029c\x85d", "x" * 200_000, "a\nb", 'say "no"'])
@pytest.mark.parametrize("kind", ["csv", "json"])
def test_a_reply_of_any_text_is_read(tmp_path: Path, kind: str, reply: str) -> None:
    rows = [{"index": n, "score": 1, "reply": reply} for n in range(2)]
    with (tmp_path / f"out.{kind}").open("w", encoding="utf-8", newline="") as file:
        if kind == "csv":
            writer = csv.DictWriter(file, ["index", "score", "reply"])
            writer.writeheader()
            writer.writerows(rows)
        else:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    found = readers.read(tmp_path, reading(kind), range(2))
    assert [found[n].reply for n in range(2)] == [reply, reply]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("inspect", '{"eval": {}, "status": "success", "samples": 5}'),
        ("inspect", '{"eval": {}, "status": "success", "samples": [{}]}'),
        ("inspect", '{"eval": 5, "status": "success", "samples": []}'),
        ("lm_eval", '{"filter": "none", "doc_id": "x", "metrics": ["em"], "em": 1}'),
        ("lm_eval", '{"filter": {}, "doc_id": 0, "metrics": ["em"], "em": 1}'),
    ],
)
def test_a_log_of_another_form_is_refused(tmp_path: Path, kind: str, text: str) -> None:
    (tmp_path / "samples_1.json").write_text(text)
    with pytest.raises(CommandFailed, match=f"not in the form of the reader {kind}") as caught:
        readers.read(tmp_path, reading(kind, file="*.json"), range(2))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "text", "fields", "words"),
    [
        ("csv", 'index,score,reply\n0,1,"a\n1,1,b\n', {}, "unexpected end of data"),
        ("csv", "score,index,score\n0,0,1\n", {}, "the column 'score' appears twice"),
        ("csv", "score\n1\n", {}, "1 records for 2 samples: name the key or column"),
        ("csv", "index,score\n0,1\n0,1\n", {}, "sample 0 is twice"),
        ("csv", "index,score\n0.5,1\n", {}, "the number '0.5' of a sample is not whole"),
        ("csv", "index,score\n0,\n", {}, "sample 0 has no score and no success"),
        ("csv", "index,score\n0,1,2\n", {}, "not as many cells as the header"),
        ("csv", "nr,score\n0,1\n", {"index": "n"}, "reader.fields.index: no n; did you mean nr"),
        ("csv", "index,success\n0,perhaps\n", {}, "success 'perhaps' is not true or false"),
        ("json", '{"a": 1', {}, "not whole JSON"),
        ("json", "[1]", {}, "not a list of JSON objects"),
        (
            "json",
            '[{"index": 9, "score": 1}]',
            {},
            "sample 9 is in the results of the samples 0 to 1",
        ),
    ],
)
def test_a_table_that_cannot_be_read(
    tmp_path: Path, kind: str, text: str, fields: dict[str, str], words: str
) -> None:
    (tmp_path / f"out.{kind}").write_text(text)
    with pytest.raises(CommandFailed, match=words) as caught:
        readers.read(tmp_path, reading(kind, fields=fields), range(2))
    assert "\n" not in str(caught.value)
