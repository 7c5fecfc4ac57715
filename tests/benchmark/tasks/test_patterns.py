"""Patterns of packs end: before the first request where they can be told, else at one episode."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pilotbench.benchmark.packs.question_pack import QuestionPack
from pilotbench.benchmark.scorers import SCORERS, regular_expression
from pilotbench.episodes.evaluate import play_shard
from pilotbench.ground.errors import TaskError, Unscorable
from pilotbench.matrix import config_files
from pilotbench.matrix.experiment import load_experiment
from pilotbench.providers.answer import Answer, Completion, Tokens
from pilotbench.providers.request import Request

ROOT = Path(__file__).resolve().parents[3]
HIDDEN = r"(?:x\d|x\dx\d)+y"
"""Only a specially made text makes it run forever, which no check can guess."""
HARD = "x1" * 200
OPTIONS = {"extract": "whole", "ignore_case": False, "match": "full"}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regular_expression, "PATIENCE_S", 0.2)
    regular_expression._timeouts.clear()
    regular_expression.problem.cache_clear()


def pack(folder: Path, kind: str, *answers: Any) -> QuestionPack:
    """Return a pack with one question for each answer."""
    (folder / "quiz").mkdir()
    (folder / "quiz" / "task.yaml").write_text(f"description: d\nscorer: {{kind: {kind}}}\n")
    lines = (json.dumps({"question": f"q{n}", "answer": one}) for n, one in enumerate(answers))
    (folder / "quiz" / "instances.jsonl").write_text("\n".join(lines))
    return QuestionPack(folder / "quiz")


ENDLESS = ["(a|aa)+$", r"(\w|\w\w)*$", "(z|zz)+y", "(é|éé)+x", "(.|..)+y", "(?:A{1,3})+(?:A|AA)*B"]


@pytest.mark.parametrize("pattern", ENDLESS)
def test_nested_repeats_are_an_error_before_the_first_request(pattern: str, tmp_path: Path) -> None:
    quiz = pack(tmp_path, "regular_expression", pattern)
    with pytest.raises(TaskError, match=r"instances\.jsonl: line 1: answer: .*backtracks") as error:
        quiz.check()
    assert "\n" not in str(error.value)


SCHEMAS = [
    {"pattern": "(a|aa)+$"},
    {"patternProperties": {"(a|aa)+$": {}}},
    {"properties": {"x": {"items": {"pattern": "(a|aa)+$"}}}},
    {"propertyNames": {"pattern": "(a|aa)+$"}},
    {"patternProperties": {"^a": {}}, "unevaluatedProperties": False},
    {"patternProperties": {"(": {}}},
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=json.dumps)
def test_so_they_are_anywhere_in_a_json_schema(schema: Any, tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"instances\.jsonl: line 1: answer") as error:
        pack(tmp_path, "json_schema", schema).check()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "pattern", [r"\d{4}-\d{2}-\d{2}", "(ab){100}", ".*x.*", r"[^,]+(, [^,]+)*"]
)
def test_ordinary_patterns_are_none(pattern: str, tmp_path: Path) -> None:
    pack(tmp_path, "regular_expression", pattern).check()


def test_a_pattern_that_takes_gigabytes_to_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="a million times"):
        pack(tmp_path, "regular_expression", "((a{9}){9999}){9999}").check()


ON_AN_ANSWER = [
    ("regular_expression", HIDDEN, HARD, OPTIONS),
    ("json_schema", {"pattern": HIDDEN}, json.dumps(HARD), {}),
    ("json_schema", {"patternProperties": {HIDDEN: {}}}, json.dumps({HARD: 1}), {}),
    (
        "json_schema",
        {"patternProperties": {HIDDEN: {}}, "additionalProperties": False},
        json.dumps({HARD: 1}),
        {},
    ),
]


@pytest.mark.parametrize(("kind", "wanted", "reply", "options"), ON_AN_ANSWER)
def test_a_pattern_that_goes_on_for_ever_ends_in_time(
    kind: str, wanted: Any, reply: str, options: dict[str, Any]
) -> None:
    assert SCORERS[kind].problem(wanted) is None
    with pytest.raises(Unscorable, match=r"the pattern .* takes longer than 0\.2 s"):
        SCORERS[kind].holds(wanted, reply, options)


def test_a_pattern_that_ran_out_of_time_three_times_is_not_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried = []
    matches = regular_expression._matches
    monkeypatch.setattr(
        regular_expression, "_matches", lambda *words: tried.append(1) or matches(*words)
    )
    for _ in range(5):
        with pytest.raises(Unscorable):
            regular_expression.found(HIDDEN, HARD)
    assert len(tried) == 3


def test_names_are_checked_as_jsonschema_checks_them() -> None:
    schema = {
        "properties": {"a": {}},
        "patternProperties": {"^n": {"type": "number"}},
        "additionalProperties": {"type": "string"},
    }
    replies = {'{"a": [], "n1": 1, "x": "y"}': True, '{"n1": "y"}': False, '{"x": 1}': False}
    assert {one: SCORERS["json_schema"].holds(schema, one, {}) for one in replies} == replies
    closed = {"patternProperties": {"^n": {}}, "additionalProperties": False}
    replies = {'{"n": 1}': True, '{"n": 1, "x": 1}': False, "[1]": True}
    assert {one: SCORERS["json_schema"].holds(closed, one, {}) for one in replies} == replies


def test_one_answer_that_cannot_be_matched_leaves_its_own_episode_unfinished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack(tmp_path, "regular_expression", "b+", HIDDEN, "b+")
    monkeypatch.chdir(ROOT)
    choice = {"models": "oracle", "tasks": "quiz", "prompts": "baseline", "instances": "all"}
    loaded = load_experiment(config_files.read((), choice | {"task_folders": str(tmp_path)}))

    def ask(request: Request) -> Answer:
        text = HARD if request.instance.index == 1 else "bbb"
        message = {"role": "assistant", "content": text}
        return Answer(Completion(message, "stop", "m", Tokens(1, 1)), "k", 0.0, 0.0, 0.0, 1)

    outcome = play_shard(loaded, loaded.plan.shards[0], ask)
    assert [episode["success"] for episode in outcome.episodes] == [True, True]
    (owed,) = outcome.owed
    assert (owed.index, owed.kind) == (1, "Unscorable")
    assert f"{tmp_path / 'quiz' / 'instances.jsonl'}: line 2: the pattern" in owed.message
