"""BFCL's tests through our episodes: reference players, the oracle's exceptions, hostile calls."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pilotbench.benchmark import bfcl
from pilotbench.benchmark.bfcl import checker as checkers
from pilotbench.benchmark.bfcl import official as package
from pilotbench.benchmark.bfcl.checker import NOT_A_CALL, TOO_LONG, as_python, checker
from pilotbench.benchmark.bfcl.instance import NONE
from pilotbench.benchmark.prompts import prompt_files
from pilotbench.episodes.episode import play
from pilotbench.episodes.shard_file import episode_schema
from pilotbench.providers.answer import Answer
from pilotbench.providers.protocols import PROTOCOLS
from pilotbench.providers.protocols.players import answer
from pilotbench.providers.request import Request
from pilotbench.providers.settings import Model
from support.bfcl import needs_bfcl

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[3]
PROMPT = prompt_files.load([ROOT / "config" / "prompts"], ["baseline"])["baseline"]
VALIDATOR = Draft202012Validator(episode_schema())
REFUSED = {
    "simple_java_36": "value_error:list/tuple",
    "simple_java_65": "value_error:list/tuple",
    "live_simple_106-63-0": "simple_function_checker:missing_required",
    "live_simple_112-68-0": "simple_function_checker:missing_required",
    "live_multiple_862-181-3": "simple_function_checker:missing_optional",
    "live_multiple_964-207-0": "simple_function_checker:missing_required",
}
"""The tests of which BFCL's checker refuses its own accepted answer, and its kind of error."""


@pytest.fixture(autouse=True)
def _package() -> None:
    needs_bfcl()


def ask(request: Request) -> Answer:
    return Answer(answer(request), "k", 0.0, 0.0, 0.0, 1)


def played(task: Any, index: int, player: str = "oracle", protocol: str = "native") -> Json:
    """Return the record of a reference player."""
    instance, model = task.instance(NONE, index), Model(player, "p", player, protocol)
    turns = task.max_turns(NONE)
    record = play(task, instance, PROMPT, PROTOCOLS[protocol], model, NONE, 0, turns, ask).record
    VALIDATOR.validate(record)
    return record


@pytest.mark.parametrize("name", bfcl.NAMES)
def test_the_oracle_succeeds_in_every_protocol(name: str) -> None:
    task = bfcl.load(name)
    for index in range(0, task.size or 0, max(1, (task.size or 0) // 12)):
        protocol = ("native", "text", "json")[index % 3]
        record = played(task, index, protocol=protocol)
        if record["question_id"] not in REFUSED:
            assert record["success"], (record["question_id"], protocol, record["verdict"])


@pytest.mark.parametrize("name", REFUSED)
def test_a_test_whose_answer_bfcl_refuses_is_scored_with_its_reason(name: str) -> None:
    category = name.rsplit("_", 1)[0]
    index = int(name.rsplit("_", 1)[1].split("-")[0])
    record = played(bfcl.load(f"bfcl_{category}"), index)
    assert record["question_id"] == name
    assert (record["success"], record["verdict"]["rule"]) == (False, REFUSED[name])


@pytest.mark.parametrize("player", ["random", "do_nothing", "spammer"])
def test_other_players_play_and_seldom_succeed(player: str) -> None:
    names = [name for name in bfcl.NAMES if "relevance" not in name]
    records = [played(bfcl.load(name), index, player) for name in names for index in (0, 5, 11)]
    assert sum(record["success"] for record in records) <= 2
    assert all(record["verdict"]["why"] for record in records)


def test_silence_is_right_where_no_call_is_wanted_and_wrong_where_one_is() -> None:
    outcomes = {
        (name, player): played(bfcl.load(f"bfcl_live_{name}"), 3, player)["success"]
        for name in ("irrelevance", "relevance")
        for player in ("do_nothing", "random")
    }
    assert outcomes == {
        ("irrelevance", "do_nothing"): True,
        ("irrelevance", "random"): False,
        ("relevance", "do_nothing"): False,
        ("relevance", "random"): True,
    }


def test_a_record_names_the_test_and_shows_what_was_wanted_and_read() -> None:
    record = played(bfcl.load("bfcl_parallel"), 0)
    assert record["question_id"] == "parallel_0"
    assert record["metadata"] == {"category": "parallel", "group": "non_live"}
    assert (len(record["verdict"]["wanted"]), len(record["verdict"]["read"])) == (2, 2)
    assert (record["tool_calls"], record["end_reason"], record["turns"]) == (2, "finish", 1)


def test_functions_that_come_later_are_offered_and_announced_where_tools_are_text() -> None:
    task = bfcl.load("bfcl_multi_turn_miss_func")
    native, text = (played(task, 0, protocol=one) for one in ("native", "text"))
    said = [
        [turn["user"] for turn in one["transcript"] if "What about now" in turn.get("user", "")]
        for one in (native, text)
    ]
    assert [len(one) for one in said] == [1, 1]
    assert ("parameters" in said[0][0], "parameters" in said[1][0]) == (False, True)
    assert native["success"]
    assert text["success"]


CALLS: list[tuple[str, Json, str]] = [
    ("cd", {"folder": "document"}, "cd(folder='document')"),
    ("cd", {"x=print('now'), folder": "a"}, NOT_A_CALL),
    ("cd", {"folder": "a') or print('now'"}, "cd(folder=\"a') or print('now'\")"),
    ("__import__('os').getcwd", {}, NOT_A_CALL),
    ("cd(), ls", {}, NOT_A_CALL),
    ("functions.cd", {}, NOT_A_CALL),
    ("", {}, NOT_A_CALL),
    ("a\nb", {}, NOT_A_CALL),
]


@pytest.mark.parametrize(("tool", "arguments", "written"), CALLS, ids=str)
def test_only_a_call_with_literals_is_evaluated(tool: str, arguments: Json, written: str) -> None:
    assert as_python({"tool": tool, "arguments": arguments}) == written


def test_a_call_of_what_is_not_offered_is_an_error_and_does_nothing(tmp_path: Path) -> None:
    target = tmp_path / "made"
    calls = [
        {"tool": "open", "arguments": {"file": str(target), "mode": "w"}},
        {"tool": "no_such_function", "arguments": {}},
        {"tool": "importlib", "arguments": {"name": "os"}},
        {"tool": "pwd", "arguments": {}},
    ]
    results = checker().executed("multi_turn_base", 0, [[as_python(call) for call in calls]])
    assert not target.exists()
    assert ["is not defined" in one for one in results] == [True, True, True, False]


def test_a_call_that_does_not_end_is_answered_and_the_next_is_executed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checkers, "CALL_S", 0.5)
    monkeypatch.setattr("pilotbench.benchmark.sandbox.pack_process.GRACE_S", 0.5)
    category, index = next(
        (category, index)
        for category in ("multi_turn_base",)
        for index in range(200)
        if "MathAPI" in package.official().entry(category, index)["involved_classes"]
    )
    endless = {"value": 2.0, "base": 10.0, "precision": 10**9}
    stuck = as_python({"tool": "logarithm", "arguments": endless})
    assert checker().executed(category, index, [[stuck]]) == [TOO_LONG]
    monkeypatch.setattr(checkers, "CALL_S", 30.0)
    fine = as_python({"tool": "add", "arguments": {"a": 1, "b": 2}})
    assert checker().executed(category, index, [[fine]]) == ['{"result": 3}']


def test_the_modules_of_this_process_are_left_as_they_were() -> None:
    code = (
        "import sys, tenacity, filelock\n"
        "from pilotbench.benchmark.bfcl.official import official\n"
        "official().tools(official().entry('simple_java', 0, True)['function'])\n"
        "print(sys.modules['tenacity'] is tenacity, sys.modules['filelock'] is filelock,\n"
        "      [n for n in sys.modules if n.endswith('_config')])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("True True [")
    assert "model_config" not in done.stdout
    assert "eval_config" not in done.stdout
