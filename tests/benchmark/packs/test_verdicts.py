"""What was read of an answer is in the score, the record, the database, the metrics and `show`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from benchmark.packs.test_question_pack import TOOLED, write
from pilotbench.__main__ import main
from pilotbench.asking.asker import KeyAllowance
from pilotbench.benchmark.packs.question_pack import QuestionPack
from pilotbench.benchmark.tasks.task import Score, Transcript, Turn
from pilotbench.episodes.evaluate import evaluate
from pilotbench.episodes.shard_file import episode_schema, read_shard
from pilotbench.matrix import config_files
from pilotbench.matrix.experiment import load_experiment
from pilotbench.results import metrics
from pilotbench.results.database.rows import episode_row
from support.build import ROOT

NUMBER = "description: d\nscorer: {kind: number%s}\n"
LINE = '{"question": "6 * 7?", "answer": 42}\n'


def scored(folder: Path, options: str, reply: Any, task: str = NUMBER) -> Score:
    settings = task % options if "%s" in task else task
    pack = QuestionPack(write(folder, settings, LINE))
    instance = pack.instance("none", 0)
    turns = [Turn(0, str(reply), None, None)]
    transcript = Transcript(instance.content_hash, "none", 0, turns, "no_call", reply)
    return pack.score(instance, transcript)


@pytest.mark.parametrize(
    ("options", "reply", "success", "right", "in_form"),
    [
        ("", "42", True, True, True),
        ("", "Answer: 42", True, True, False),
        ("", "41", False, False, False),
        (", form: required", "42", True, True, True),
        (", form: required", "Answer: 42", False, True, False),
        (", extract: anywhere", "It is 42.", True, True, False),
        (", extract: marked", "42", False, False, False),
        (", extract: alone", "So:\n42", False, False, False),
    ],
)
def test_success_is_the_flexible_match_unless_the_pack_requires_the_form(
    options: str, reply: str, success: bool, right: bool, in_form: bool, tmp_path: Path
) -> None:
    score = scored(tmp_path, options, reply)
    assert score.verdict is not None
    assert (score.success, score.verdict["right"], score.verdict["in_form"]) == (
        success,
        right,
        in_form,
    )
    assert score.verdict["wanted"] == 42


def test_the_argument_of_finish_has_a_verdict_too(tmp_path: Path) -> None:
    verdict = scored(tmp_path, "", 42, TOOLED).verdict
    assert verdict is not None
    assert (verdict["right"], verdict["in_form"], verdict["rule"]) == (True, True, "argument")


def test_no_answer_has_a_verdict_that_says_so(tmp_path: Path) -> None:
    verdict = scored(tmp_path, "", None).verdict
    assert verdict is not None
    assert (verdict["right"], verdict["read"], verdict["why"]) == (False, None, "no answer")


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The records of the reference player on two questions of a pack."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").symlink_to(ROOT / "config")
    chosen = {"models": "oracle", "prompts": "baseline", "tasks": "everyday_arithmetic"}
    loaded = load_experiment(
        config_files.read([], {**chosen, "instances": 2, "limits_dir": "limits"})
    )
    [shard] = loaded.plan.shards
    out = Path("results/shards", shard.path)
    evaluate(loaded, shard, out, KeyAllowance("players_local", 1, True, {}))
    return read_shard(out)[1]


def test_the_record_and_show_say_what_was_read(
    records: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    import jsonschema

    jsonschema.validate(records[0], episode_schema())
    verdict = records[0]["verdict"]
    assert verdict["right"]
    assert verdict["in_form"]
    assert main(["show", "oracle/baseline/everyday_arithmetic/none/none", "0"]) == 0
    text = capsys.readouterr().out
    assert f"wanted: {verdict['wanted']}" in text
    assert "by the rule: last line" in text
    assert "right: yes (right); in form: yes" in text


def test_the_database_has_a_column_for_each_and_nulls_for_records_of_old(
    records: list[Any],
) -> None:
    row = episode_row("s", records[0], provisional=False)
    assert (row["flexible_match"], row["strict_match"]) == (True, True)
    assert row["read_by"] == "last line"
    assert row["verdict"] == "right"
    old = {key: value for key, value in records[0].items() if key != "verdict"}
    row = episode_row("s", old, provisional=False)
    names = ("flexible_match", "strict_match", "read_answer", "read_by", "verdict")
    assert [row[name] for name in names] == [None] * len(names)


def test_the_metrics_are_shares_of_the_answers_that_have_a_verdict() -> None:
    named = {metric.name: metric.sql for metric in metrics.METRICS}
    rows = "(true, true), (true, false), (false, false), (NULL, NULL)"
    query = (
        f"SELECT {named['right_so_far']}, {named['in_form_so_far']} "
        f"FROM (VALUES {rows}) AS episodes(flexible_match, strict_match)"
    )
    flexible, strict = duckdb.sql(query).fetchall()[0]
    assert (round(flexible, 3), round(strict, 3)) == (0.667, 0.333)
