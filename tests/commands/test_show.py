"""A look at one instance, before and after it was played."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pilotbench.__main__ import main
from pilotbench.asking.asker import KeyAllowance
from pilotbench.benchmark.packs.question_pack import QuestionPack
from pilotbench.commands.show import index_of
from pilotbench.episodes.evaluate import evaluate
from pilotbench.ground.errors import UserError
from pilotbench.matrix import config_files
from pilotbench.matrix.experiment import load_experiment
from support.build import ROOT
from support.pack_lab import unpacked

CELL = "oracle/optimal/simple_task/easy/0.8"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").symlink_to(ROOT / "config")


SIMPLE = {"models": "oracle", "prompts": "optimal", "tasks": "simple_task", "instances": 2}


def play(chosen: Mapping[str, Any] = SIMPLE) -> None:
    loaded = load_experiment(config_files.read([], {**chosen, "limits_dir": "limits"}))
    [shard] = loaded.plan.shards
    evaluate(
        loaded,
        shard,
        Path("results/shards", shard.path),
        KeyAllowance("players_local", 1, True, {}),
    )


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert main(["show", *words]) == 0
    return capsys.readouterr().out


def test_before_a_run_it_shows_prompt_and_instance(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, CELL, "1")
    for part in ("## request", "## sent: system", "## sent: user", "Plan:", "## sent: tools"):
        assert part in text
    assert text.endswith("## transcript\nnone: not asked yet\n")


@pytest.mark.parametrize("kept", ["results", "journal"])
def test_after_a_run_it_shows_the_transcript_of_file_or_journal(
    kept: str, capsys: pytest.CaptureFixture[str]
) -> None:
    play()
    shutil.rmtree({"results": "journal", "journal": "results"}[kept])
    text = shown(capsys, CELL, "1")
    assert ("its shard file" if kept == "results" else "the journal") in text
    assert "success: True" in text
    found = json.loads(shown(capsys, CELL, "1", "--json"))
    assert found["record"]["index"] == 1
    assert found["cell"]["model"] == "oracle"
    path = f"results/shards/{CELL}/00000-00001.jsonl.gz"
    assert shown(capsys, path, "1") == text


def test_raw_turns_are_as_sent_and_as_received(capsys: pytest.CaptureFixture[str]) -> None:
    play()
    found = json.loads(shown(capsys, CELL, "1", "--raw"))
    assert [one["turn"] for one in found] == list(range(len(found)))
    for before, after in itertools.pairwise(found):
        messages = before["request"]["messages"]
        assert after["request"]["messages"][: len(messages)] == messages
        assert before["answer"]["completion"]["message"] in after["request"]["messages"]
    path = f"results/shards/{CELL}/00000-00001.jsonl.gz"
    words = shown(capsys, path, "0", "--raw", "--page")
    file = Path(f"results/summary/transcripts/{CELL}/00000-00001.raw.js")
    assert words == f"written: {file}\n"
    kept = unpacked(file)
    assert {name.split()[0] for name in kept} == {"0", "1"}
    assert kept["1 0 0"] == found[0]


def test_raw_turns_need_a_file_for_the_page_and_a_journal() -> None:
    play()
    shutil.rmtree("journal")
    path = f"results/shards/{CELL}/00000-00001.jsonl.gz"
    assert main(["show", CELL, "0", "--raw", "--page"]) != 0
    assert main(["show", path, "0", "--raw", "--page"]) != 0


def test_a_flaw_that_does_not_apply_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    cell = "oracle/flawed_sequence_disorder/simple_task/easy/0.8"
    texts = [shown(capsys, cell, str(index)) for index in range(2)]
    assert ["not applicable" in text for text in texts] == [False, True]


def test_a_question_pack_has_no_plan_and_no_tools(capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(capsys, "oracle/baseline/everyday_arithmetic/none/none", "0")
    assert "## sent: tools\nnone" in text
    titles = [line for line in text.splitlines() if line.startswith("## ")]
    assert titles[:3] == ["## request", "## wanted", "## sent: system"]


def test_a_reply_that_judges_decide_about_is_neither_right_nor_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "letters.csv").write_text("question,answer\nWhy?,Because.\n")
    assert main(["add-pack", "letters.csv", "--scorer", "judge", "--into", "packs"]) == 0
    chosen = {"models": "oracle", "prompts": "baseline", "tasks": "letters", "instances": 1}
    play({**chosen, "task_folders": ["packs"]})
    show = ["show", "oracle/baseline/letters/none/none", "0", "--config", "task_folders=packs"]
    assert main(show) == 0
    assert "right: not known yet (the judges decide)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["oracle/optimal/simple_task/easy", "0"], "must be MODEL/PROMPT/TASK/DIFFICULTY/RATE"),
        (["oracel/optimal/simple_task/easy/0.8", "0"], "unknown model 'oracel'"),
        (["oracle/optimal/simple_task/easy/often", "0"], "must be a tool success rate"),
        ([CELL, "-1"], "must be 0 or more"),
        (["oracle/baseline/everyday_arithmetic/none/none", "100000"], "has the indices 0 to"),
        (["oracle/baseline/everyday_arithmetic/none/none", "q7"], "or the id of a question"),
    ],
)
def test_a_mistake_is_one_line(
    words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", "--", *words]) == 2
    assert message in capsys.readouterr().err


def test_a_question_is_found_by_its_name(tmp_path: Path) -> None:
    pack = tmp_path / "quiz"
    pack.mkdir()
    (pack / "task.yaml").write_text("description: d\nscorer: {kind: exact}\nsource: q.csv\n")
    (pack / "q.csv").write_text("id,question,answer\nseven,q,a\n7,r,b\n")
    task = QuestionPack(pack)
    found = {word: index_of(task, word) for word in ("seven", "id=seven", "id=7", "7", "0")}
    assert found == {"seven": 0, "id=seven": 0, "id=7": 1, "7": 7, "0": 0}
    with pytest.raises(UserError, match=r"did you mean seven\?"):
        index_of(task, "sevn")


def test_a_request_in_another_wire_format_is_shown_alike(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    google = {"kind": "gemini", "base_url": "http://127.0.0.1:9", "keys": {"k": {"env": "K"}}}
    model = {"provider": "google", "deployment": "gemini-2.5-flash"}
    more = {"providers": {"google": google}, "model_catalog": {"flash": model}, "models": ["flash"]}
    (tmp_path / "more.json").write_text(json.dumps(more))
    words = (CELL.replace("oracle", "flash"), "1", "--configfile", "more.json")
    text = shown(capsys, *words)
    for part in ("## sent: system", "## sent: user", "Plan:", "finish"):
        assert part in text
    assert "contents" in json.loads(shown(capsys, *words, "--json"))["request"]
