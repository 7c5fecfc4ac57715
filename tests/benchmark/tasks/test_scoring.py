"""Scoring: replay, goals, levels, kinds of error, transient failures, answers, misfits."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, replace
from itertools import product
from typing import Any

import pytest

from dev.check_benchmark import play_locally
from pilotbench.benchmark.instances import Instance, Step
from pilotbench.benchmark.tasks import TASKS
from pilotbench.benchmark.tasks.scoring import ERROR_KINDS, score
from pilotbench.benchmark.tasks.task import Score, Transcript, Turn
from pilotbench.benchmark.world.objects import DataObject
from pilotbench.benchmark.world.session import WorldSession
from pilotbench.ground.errors import TranscriptError

Call = tuple[str, dict[str, Any]]
ROWS = [{"id": "x", "amount": 1500}, {"id": "y", "amount": 2600}]
WORLD: dict[str, Any] = {
    "salt": "s",
    "files": {"in/a.csv": {"kind": "text", "value": "id,amount\nx,1500\ny,2600\n"}},
    "tables": {"sales": {"kind": "table", "value": ROWS}},
    "inboxes": {"ann": [], "bob": []},
    "services": {"desk": {"credential": "cr-1"}},
    "endpoints": {"https://desk/x": {"service": "desk", "posts": [], "body": None}},
}
PLAN = (
    Step(
        "data_processing_aggregator",
        {"data": "sales", "column": "amount", "function": "max"},
        "aggregate a column",
        "take the largest `amount`",
    ),
    Step(
        "utility_notifier",
        {"to": "ann", "data": {"$step": 0, "path": "handle"}},
        "notify a person with data",
        "notify its person with the outcome",
        (0,),
    ),
)
TOLD = {
    "kind": "received",
    "object": "inbox:ann",
    "content": DataObject("number", 2600, (), (), "").content,
    "roots": ["table:sales"],
    "ops": ["aggregate"],
    "says": "ann has the figure",
}
WANTED = {"kind": "answer", "type": "number", "value": 2600, "tolerance": 0, "says": "it is 2600"}
INSTANCE = Instance(
    task="simple_task",
    difficulty="easy",
    index=0,
    request="Tell ann the largest amount.",
    world=WORLD,
    goal=(TOLD, WANTED),
    protected={"allow": ["inbox:ann"]},
    plan=PLAN,
)

MAX: Call = ("data_processing_aggregator", {"data": "sales", "column": "amount", "function": "max"})
HANDLE = WorldSession(INSTANCE).call(*MAX)["result"]["handle"]
TELL: Call = ("utility_notifier", {"to": "ann", "data": HANDLE})
DONE: Call = ("finish", {"answer": 2600})
READ: Call = ("file_operations_reader", {"path": "in/a.csv"})
TEXT = WorldSession(INSTANCE).call(*READ)["result"]["handle"]
PARSE: Call = ("data_processing_parser", {"data": TEXT})
EARLY: Call = ("data_processing_aggregator", {"data": TEXT, "column": "amount", "function": "max"})
SIGN: Call = ("integration_authenticator", {"service": "desk", "credential": "cr-1"})
POST: Call = ("network_poster", {"url": "https://desk/x", "data": HANDLE})


def played(
    *calls: Call | None,
    instance: Instance = INSTANCE,
    rate: str = "1.0",
    repeat: int = 0,
    end_reason: str = "no_call",
    answer: Any = None,
) -> Transcript:
    """Return the transcript of these calls (None: a message without one)."""
    session = WorldSession(instance, rate, repeat)
    turns = [
        Turn(place, "well", None, {"note": "no call"}, parse_error="no call")
        if call is None
        else Turn(
            place, None, {"tool": call[0], "arguments": call[1]}, session.call(call[0], call[1])
        )
        for place, call in enumerate(calls)
    ]
    if session.finished:
        end_reason, answer = "finish", session.answer
    return Transcript(instance.content_hash, rate, repeat, turns, end_reason, answer)


def scored(*calls: Call | None, instance: Instance = INSTANCE, **more: Any) -> Score:
    return score(instance, played(*calls, instance=instance, **more), WorldSession)


def kinds(found: Score) -> list[str | None]:
    return [row["kind"] for row in found.calls]


@pytest.mark.parametrize(
    ("calls", "level", "progress", "weight", "broken"),
    [
        ((MAX, TELL, DONE), "full_success", 1.0, 1.0, []),
        ((), "failure", 0.0, 0.0, []),
        ((DONE,), "partial_success", 0.5, 0.5, []),
        ((MAX, TELL), "partial_success", 0.5, 0.5, []),
        ((MAX, ("finish", {"answer": 2601})), "failure", 0.0, 0.0, []),
        (
            (MAX, TELL, ("utility_notifier", {"to": "bob", "data": HANDLE}), DONE),
            "failure", 1.0, 0.0, ["inbox:bob"],
        ),
        ((MAX, TELL, TELL, DONE), "failure", 1.0, 0.0, ["inbox:ann"]),
        (
            (("utility_notifier", {"to": "ann", "text": "2600"}), DONE),
            "failure", 0.5, 0.0, ["inbox:ann"],
        ),
    ],
    ids=["all", "nothing", "answer only", "world only", "wrong answer", "somebody else told",
         "told twice", "typed in"],
)  # fmt: skip
def test_a_level_follows_from_goals_and_protected_objects(
    calls: tuple[Call, ...], level: str, progress: float, weight: float, broken: list[str]
) -> None:
    found = scored(*calls)
    assert (found.level, found.progress, found.weighted_score) == (level, progress, weight)
    assert found.success == (level == "full_success")
    assert found.broken == broken
    assert found.collateral_damage == bool(broken)


def test_goals_say_in_words_what_holds() -> None:
    assert scored(DONE).goals == [
        {"kind": "received", "holds": False, "says": "ann has the figure", "object": "inbox:ann"},
        {"kind": "answer", "holds": True, "says": "it is 2600"},
    ]


def test_changed_objects_are_shown_before_and_after() -> None:
    (change,) = scored(MAX, TELL, DONE).world_diff
    assert change["object"] == "inbox:ann"
    assert change["before"] != change["after"]


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ((("data_processing_summer", {}), DONE), ["tool_selection", None]),
        ((("utility_notifier", {"to": "bob", "data": "sales"}), DONE), ["tool_selection", None]),
        ((("utility_notifier", {"to": "ann"}), DONE), ["parameter_config", None]),
        ((("utility_notifier", {"to": 7, "data": "sales"}),), ["parameter_config"]),
        ((("utility_notifier", {"to": "eve", "data": "sales"}),), ["parameter_config"]),
        ((("file_operations_reader", {"path": "in/b.csv"}),), ["parameter_config"]),
        ((("finish", {"result": 2600}),), ["parameter_config"]),
        ((READ, EARLY, PARSE), [None, "sequence_order", None]),
        ((READ, EARLY), [None, "dependency"]),
        ((READ, PARSE, EARLY), [None, None, "parameter_config"]),
        ((MAX, POST, SIGN), [None, "sequence_order", None]),
        ((MAX, POST), [None, "dependency"]),
        ((MAX, POST, POST), [None, "dependency", "dependency"]),
        ((MAX, SIGN, POST), [None, None, "tool_selection"]),
        ((MAX, TELL, DONE), [None, None, None]),
    ],
)
def test_each_call_has_the_first_kind_of_error_that_fits(
    calls: tuple[Call, ...], expected: list[str | None]
) -> None:
    found = scored(*calls)
    assert kinds(found) == expected
    counted = {kind: expected.count(kind) for kind in ERROR_KINDS if kind in expected}
    assert {k: n for k, n in found.errors.items() if k != "no_rule_error"} == counted


def test_turns_without_a_call_are_format_errors_and_no_calls() -> None:
    found = scored(None, MAX, None, None, answer="2600")
    assert found.errors == {"tool_call_format": 3}
    assert [row["turn"] for row in found.calls] == [1]


def test_running_out_of_turns_is_counted_once_and_gives_no_answer() -> None:
    found = scored(MAX, TELL, end_reason="max_turns", answer=2600)
    assert found.errors == {"max_turns": 1}
    assert not found.success


@pytest.mark.parametrize("end_reason", ["context_overflow", "length"])
def test_an_episode_cut_short_is_scored_on_the_current_world(end_reason: str) -> None:
    found = scored(MAX, TELL, end_reason=end_reason)
    assert found.progress == 0.5
    assert found.errors == {"no_rule_error": 1}


def test_only_a_failed_episode_without_any_error_has_no_rule_error() -> None:
    assert scored(MAX, ("finish", {"answer": 1})).errors == {"no_rule_error": 1}
    assert scored(MAX, TELL, DONE).errors == {}
    assert scored(("nonsense", {}), ("finish", {"answer": 1})).errors == {"tool_selection": 1}


def _failing_first(call: Call, times: int) -> int:
    """Return a repeat in which `call` fails exactly its first `times` tries at 0.6."""
    for repeat in range(500):
        session = WorldSession(INSTANCE, "0.6", repeat)
        tries = [session.call(*call)["ok"] for _ in range(times + 1)]
        if tries == [False] * times + [True]:
            return repeat
    raise AssertionError("no such repeat")


@pytest.mark.parametrize(
    ("failures", "tries", "counts", "expected"),
    [
        (1, 2, (1, 1, 1), [None, None]),
        (2, 3, (2, 2, 2), [None, None, None]),
        (1, 1, (1, 0, 0), ["timeout"]),
        (2, 2, (2, 1, 0), ["timeout", "timeout"]),
    ],
)
def test_transient_failures_are_met_retried_and_recovered(
    failures: int, tries: int, counts: tuple[int, int, int], expected: list[str | None]
) -> None:
    repeat = _failing_first(MAX, failures)
    found = scored(*[MAX] * tries, rate="0.6", repeat=repeat)
    assert tuple(found.transient.values()) == counts
    assert list(found.transient) == ["met", "retried", "recovered"]
    assert kinds(found) == expected


def test_another_call_is_no_retry() -> None:
    repeat = _failing_first(MAX, 1)
    other = (MAX[0], {**MAX[1], "function": "min"})
    found = scored(MAX, other, rate="0.6", repeat=repeat)
    assert found.transient["met"] >= 1
    assert found.transient["retried"] == 0
    assert kinds(found)[0] == "timeout"


TOKEN = {"kind": "answer", "type": "token", "value": "Heron-12", "says": "t"}
SET = {"kind": "answer", "type": "set", "value": ["red", "blue"], "says": "s"}
NEAR = {**WANTED, "tolerance": 0.5}


@pytest.mark.parametrize(
    ("wanted", "answer", "holds"),
    [
        (WANTED, 2600, True),
        (WANTED, "2600", True),
        (WANTED, "2,600", True),
        (WANTED, 2600.0, True),
        (WANTED, "about 2600", False),
        (WANTED, "2600 or 2601", False),
        (WANTED, [2600, 2601], False),
        (WANTED, 2601, False),
        (WANTED, True, False),
        (NEAR, 2600.4, True),
        (NEAR, 2600.6, False),
        (TOKEN, " heron-12. ", True),
        (TOKEN, "heron-12 and heron-13", False),
        (TOKEN, "heron-1", False),
        (SET, ["blue", "red"], True),
        (SET, "red, blue", True),
        (SET, "red", False),
        (SET, ["red", "blue", "green"], False),
    ],
)
def test_an_answer_is_one_answer_of_its_type(
    wanted: dict[str, Any], answer: Any, holds: bool
) -> None:
    instance = replace(INSTANCE, goal=(wanted,))
    assert scored(("finish", {"answer": answer}), instance=instance).success == holds


def test_the_text_of_a_second_message_without_a_call_is_the_answer() -> None:
    assert scored(MAX, TELL, None, None, answer="2600").success
    assert not scored(MAX, TELL, None, None, answer="It is 2600.").success


def _change(transcript: Transcript, **changes: Any) -> Transcript:
    return replace(transcript, **changes)


GOOD = played(MAX, TELL, DONE)
OTHER_REPLY = replace(GOOD.turns[0], reply={"ok": True, "result": {"value": 1}})
AFTER = Turn(3, None, {"tool": "finish", "arguments": {"answer": 1}}, None)


@pytest.mark.parametrize(
    ("transcript", "says"),
    [
        (_change(GOOD, instance="0" * 64), "is of instance 000000000000"),
        (_change(GOOD, turns=[OTHER_REPLY, *GOOD.turns[1:]]), "turn 0: data_processing_aggregator"),
        (_change(GOOD, turns=[*GOOD.turns, AFTER]), "turn 3: a call after finish"),
        (_change(GOOD, end_reason="max_turns"), "end_reason max_turns does not fit"),
        (_change(GOOD, turns=GOOD.turns[:2]), "end_reason finish does not fit"),
        (_change(GOOD, answer=7), "the answer is not the one"),
        (_change(GOOD, end_reason="bored"), "unknown end_reason 'bored'"),
        (_change(GOOD, turns=[replace(GOOD.turns[0], call={"tool": "x"})]), "exactly tool and"),
    ],
)
def test_a_transcript_that_does_not_fit_is_one_clear_line(
    transcript: Transcript, says: str
) -> None:
    with pytest.raises(TranscriptError) as caught:
        score(INSTANCE, transcript, WorldSession)
    assert says in str(caught.value)
    assert str(caught.value).startswith("simple_task easy 0: ")
    assert "\n" not in str(caught.value)


def test_another_rate_or_repeat_than_was_played_is_found_out() -> None:
    repeat = _failing_first(MAX, 1)
    transcript = played(MAX, MAX, rate="0.6", repeat=repeat)
    with pytest.raises(TranscriptError, match="turn 0"):
        score(INSTANCE, _change(transcript, tool_success_rate="1.0"), WorldSession)


def test_a_score_depends_on_nothing_but_instance_and_transcript() -> None:
    again = json.loads(json.dumps(asdict(GOOD)))
    turns = [Turn(**turn) for turn in again.pop("turns")]
    assert score(INSTANCE, Transcript(**again, turns=turns), WorldSession) == score(
        INSTANCE, GOOD, WorldSession
    )


def test_a_score_is_plain_json() -> None:
    plain = asdict(scored(MAX, POST, TELL, None, DONE))
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain


def test_the_signature_of_each_applicable_flaw_is_in_the_score() -> None:
    assert scored(TELL, MAX, DONE).flaws["sequence_disorder"] == "followed"
    assert scored(MAX, TELL, DONE).flaws["sequence_disorder"] == "corrected"
    assert scored().flaws["sequence_disorder"] == "not_reached"


def test_an_instance_without_a_plan_has_no_flaws() -> None:
    assert scored(DONE, instance=replace(INSTANCE, plan=())).flaws == {}


@pytest.mark.parametrize("task", TASKS)
def test_what_a_random_player_does_is_scored_without_contradiction(task: str) -> None:
    for difficulty, index in product(("easy", "hard"), range(4)):
        found = play_locally(TASKS[task].instance(difficulty, index), "random", "baseline", "0.7")
        by_kind = Counter(row["kind"] for row in found["calls"] if row["kind"] is not None)
        once = {kind: n for kind, n in found["errors"].items() if kind not in by_kind}
        assert {kind: n for kind, n in found["errors"].items() if kind in by_kind} == by_kind
        assert set(once) <= {"tool_call_format", "max_turns", "no_rule_error"}
        assert found["success"] == (found["level"] == "full_success")
        assert found["collateral_damage"] == bool(found["broken"])
        assert found["progress"] == sum(g["holds"] for g in found["goals"]) / len(found["goals"])
        for row in found["calls"]:
            assert row["valid"] or not row["ok"]
            assert (row["code"] is None) == row["ok"]
            assert not (row["ok"] and row["kind"] not in (None, "tool_selection"))
            assert row["valid"] or row["kind"] is not None
