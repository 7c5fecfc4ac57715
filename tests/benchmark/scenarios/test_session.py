"""Messages of several calls, unconfirmed calls, and the person who speaks."""

from __future__ import annotations

from itertools import pairwise

import pytest

from pilotbench.benchmark.scenarios.session import NO_CALL, ScenarioSession
from pilotbench.benchmark.tasks.conversation import Said
from pilotbench.benchmark.world.references import resolve
from support.scenarios import Game, acting, followed, made, wanted

FINISH = {"tool": "finish", "arguments": {"answer": 1}}
NOTE = {"tool": "utility_helper", "arguments": {"topic": "nothing"}}


def test_calls_of_a_message_are_executed_in_order_until_finish() -> None:
    session = ScenarioSession(made("horizon", "n2", 0))
    response = session.hear(Said((NOTE, FINISH, NOTE)))
    assert [reply["ok"] for reply in response.replies if isinstance(reply, dict)] == [False, True]
    assert session.finished
    assert session.answer == 1


def test_a_second_silent_message_in_a_row_ends_the_episode() -> None:
    session = ScenarioSession(made("horizon", "n2", 0))
    assert session.hear(Said(text="Hm.")).user == NO_CALL
    session.hear(Said((NOTE,)))
    assert session.hear(Said(text="Hm.")).user == NO_CALL
    response = session.hear(Said(text="4711"))
    assert (response.end_reason, session.finished, session.answer) == ("no_call", True, "4711")


def test_a_message_cut_off_before_a_call_ends_the_episode() -> None:
    session = ScenarioSession(made("horizon", "n2", 0))
    assert session.hear(Said(text="Let me", is_cut=True)).end_reason == "length"


@pytest.mark.parametrize("level", ["completes", "changes"])
def test_the_person_speaks_after_the_second_message_and_once(level: str) -> None:
    game = followed(made("dialogue", level, 3))
    said = [turn.user for turn in game.turns]
    assert said[0] is None
    assert said[1]
    assert not any(said[2:])


@pytest.mark.parametrize("level", ["completes", "changes"])
def test_the_person_speaks_to_a_model_that_waits(level: str) -> None:
    game = Game(made("dialogue", level, 3))
    game.say(text="I am waiting.")
    assert game.turns[0].user not in (None, NO_CALL)


def test_the_person_answers_a_question_with_the_limit() -> None:
    instance = made("dialogue", "asked", 3)
    game = Game(instance)
    reply = game.use("requester_ask", question="What is the limit?")
    assert reply["result"]["reply"] == instance.world["speaker"][1]


def test_a_call_that_is_not_confirmed_may_have_been_carried_out() -> None:
    """What the auditor finds next tells which; one of them at least has been."""
    found = []
    for index in range(30):
        game = followed(made("recovery", "committed", index))
        for turn, following in pairwise(game.turns):
            assert isinstance(turn.reply, dict)
            assert isinstance(following.reply, dict)
            assert turn.call is not None
            if not turn.reply["ok"]:
                assert turn.reply["error"]["code"] == "unconfirmed"
                assert not turn.reply["error"]["transient"]
                key = str(turn.call["arguments"]["data"])
                record = game.session.world.made[key].value
                held = [entry["key"] for entry in following.reply["result"]["entries"]]
                found.append(any(key in held for key in record.values()))
    assert found.count(True) >= 30
    assert found.count(False) >= 10


def test_repeating_an_unconfirmed_call_blindly_fails() -> None:
    """Who repeats each of them without looking passes some records on twice."""
    failed = 0
    for index in range(20):
        instance = made("recovery", "committed", index)
        first = list(acting(instance))
        game = Game(instance)
        results: list[dict[str, object]] = []
        for place, step in enumerate(instance.plan):
            if "auditor" in step.tool:
                results.append({})
                continue
            reply = game.use(step.tool, **resolve(step.arguments, results))
            if place in first and not reply["ok"]:
                reply = game.use(step.tool, **resolve(step.arguments, results))
            results.append(reply.get("result", {}))
        failed += not game.finish(wanted(instance)).success
    assert failed == 20


def test_keeping_records_in_the_cache_uses_up_no_unconfirmed_call() -> None:
    """It passes them on to nobody."""
    instance = made("recovery", "committed", 3)
    first = list(acting(instance))
    game = Game(instance)
    results: list[dict[str, object]] = []
    for place, step in enumerate(instance.plan):
        arguments = resolve(step.arguments, results)
        if place in first:
            game.use("utility_cache", key=f"kept-{place}", action="put", data=arguments["data"])
        results.append(game.use(step.tool, **arguments).get("result", {}))
    unconfirmed = [one.tool for one in game.session.log if one.code == "unconfirmed"]
    assert len(unconfirmed) == len(instance.world["unconfirmed"])
    assert "utility_cache" not in unconfirmed
