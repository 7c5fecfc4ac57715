"""An episode: what is sent, what ends it, what its record says; players through all protocols."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pilotbench.asking.journal.identity import components, identity
from pilotbench.benchmark.flaws import FLAWED
from pilotbench.benchmark.packs.question_pack import QuestionPack
from pilotbench.benchmark.prompts import prompt_files
from pilotbench.benchmark.tasks import TASKS
from pilotbench.benchmark.tasks.task import Task
from pilotbench.episodes.episode import play
from pilotbench.episodes.episode_record import Episode
from pilotbench.episodes.shard_file import episode_schema
from pilotbench.ground import errors
from pilotbench.ground.canonical_json import digest
from pilotbench.providers.answer import Answer, Completion, Tokens
from pilotbench.providers.messages import compact
from pilotbench.providers.price import Price
from pilotbench.providers.protocols import PROTOCOLS
from pilotbench.providers.protocols.players import answer, call_message
from pilotbench.providers.protocols.protocol import NO_CALL
from pilotbench.providers.request import Request
from pilotbench.providers.settings import Model

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = episode_schema()
PROMPTS = prompt_files.load([ROOT / "config" / "prompts"], ["baseline", "cot", "optimal", *FLAWED])
VALIDATOR = Draft202012Validator(SCHEMA)
TOOLED = ("native", "json", "text")
SIMPLE = TASKS["simple_task"]
SEARCH = {"tool": "utility_helper", "arguments": {"topic": "nothing"}}
FINISH = {"tool": "finish", "arguments": {"answer": "42"}}
Reply = dict[str, Any] | Completion | Exception


class Script:
    """A provider that answers from a list, the last again and again; it keeps the requests."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = replies
        self.requests: list[Request] = []

    def ask(self, request: Request) -> Answer:
        reply = self.replies[min(len(self.requests), len(self.replies) - 1)]
        self.requests.append(request)
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, dict):
            reply = Completion(reply, "stop", "m-2025", Tokens(100, 10, 4, 40))
        return Answer(reply, "key1", 1.5, 0.25, 0.0, 1)


def ask_player(request: Request) -> Answer:
    """Answer as the reference player that the deployment names."""
    return Answer(answer(request), "players_local", 0.0, 0.0, 0.0, 1)


def run(ask: Callable[[Request], Answer], **changes: Any) -> Episode:
    """Play one episode and check its record against the schema."""
    task: Task = changes.pop("task", SIMPLE)
    difficulty = changes.pop("difficulty", task.difficulties[0])
    protocol = changes.pop("protocol", "native")
    model = changes.pop("model", "m")
    parameters = changes.pop("parameters", {})
    prompt = changes.pop("prompt", "baseline")
    values = {
        "task": task,
        "instance": task.instance(difficulty, changes.pop("index", 0)),
        "prompt": PROMPTS[prompt],
        "protocol": PROTOCOLS[protocol],
        "model": Model(model, "p", model, protocol, parameters, changes.pop("price", None)),
        "rate": "1.0",
        "repeat": 0,
        "max_turns": task.max_turns(difficulty),
        "ask": ask,
    }
    episode = play(**{**values, **changes})
    VALIDATOR.validate(episode.record)
    json.dumps(episode.record, ensure_ascii=False, allow_nan=False).encode()
    return episode


def message(call: dict[str, Any], protocol: str = "native") -> dict[str, Any]:
    """Return the assistant's message that makes `call`."""
    return call_message(protocol, call, 0)


@pytest.mark.parametrize("protocol", TOOLED)
@pytest.mark.parametrize("difficulty", ["very_easy", "medium", "very_hard"])
@pytest.mark.parametrize("name", TASKS)
def test_the_oracle_succeeds_in_every_protocol(name: str, difficulty: str, protocol: str) -> None:
    task = TASKS[name]
    for index, rate in ((0, "1.0"), (1, "0.8")):
        record = run(
            ask_player,
            task=task,
            difficulty=difficulty,
            protocol=protocol,
            model="oracle",
            index=index,
            rate=rate,
        ).record
        assert (record["success"], record["end_reason"]) == (True, "finish")
        assert record["parsed_turns"] == record["turns"]
        assert record["errors"] == {}


@pytest.mark.parametrize("name", TASKS)
def test_an_episode_is_the_same_in_every_protocol(name: str) -> None:
    played = [
        run(ask_player, task=TASKS[name], protocol=protocol, model="random", rate="0.7").record
        for protocol in TOOLED
    ]
    seen = [
        ([(turn["call"], turn["reply"]) for turn in record["transcript"]], record["progress"])
        for record in played
    ]
    assert seen[0] == seen[1] == seen[2]


@pytest.mark.parametrize("prompt", FLAWED)
def test_a_flaw_that_is_not_applicable_is_a_record_without_a_request(prompt: str) -> None:
    statuses = set()
    for task in (SIMPLE, TASKS["data_pipeline"]):
        for index in range(4):
            episode = run(
                ask_player, task=task, difficulty="easy", index=index, prompt=prompt, model="oracle"
            )
            record = episode.record
            statuses.add(record["status"])
            if record["status"] == "completed":
                assert record["success"]
                continue
            assert record["reason"]
            assert (record["requests"], record["turns"], record["success"]) == ([], 0, None)
            assert episode.system is None
    assert "completed" in statuses


@pytest.mark.parametrize("prompt", FLAWED)
@pytest.mark.parametrize("difficulty", ["easy", "hard"])
def test_a_literal_reader_of_the_prompt_follows_its_flaw_and_the_oracle_does_not(
    difficulty: str, prompt: str
) -> None:
    flaw = PROMPTS[prompt].flaw
    seen: dict[str, set[str]] = {"plan_follower": set(), "oracle": set()}
    for model, signatures in seen.items():
        for task in (TASKS["basic_task"], TASKS["multi_stage_pipeline"]):
            record = run(
                ask_player, task=task, difficulty=difficulty, prompt=prompt, model=model
            ).record
            if record["status"] == "completed":
                signatures.add(record["flaws"][flaw])
    assert seen == {"plan_follower": {"followed"}, "oracle": {"corrected"}}


def test_the_body_holds_what_the_model_entry_says_and_nothing_else() -> None:
    script = Script(message(FINISH))
    run(script.ask, protocol="text")
    assert set(script.requests[0].body) == {"model", "messages"}
    script = Script(message(FINISH))
    run(script.ask, parameters={"temperature": 0, "seed": 7, "extra_body": {"a": 1}}, repeat=2)
    body = script.requests[0].body
    assert set(body) == {"model", "messages", "tools", "temperature", "seed", "extra_body"}
    assert (body["seed"], body["extra_body"]) == (9, {"a": 1})


def test_a_request_is_a_snapshot_that_later_turns_do_not_change() -> None:
    script = Script(message(SEARCH), message(FINISH))
    record = run(script.ask).record
    first, second = (request.body["messages"] for request in script.requests)
    assert [m["role"] for m in first] == ["system", "user"]
    assert second[:2] == first
    assert [m["role"] for m in second[2:]] == ["assistant", "tool"]
    assert [request.turn for request in script.requests] == [0, 1]
    wanted = [identity(components(Model("m", "p", "m"), request)) for request in script.requests]
    assert [request["identity"] for request in record["requests"]] == wanted


def test_system_and_user_messages_are_in_episode_and_record() -> None:
    script = Script(message(FINISH))
    episode = run(script.ask, prompt="cot")
    system, user = script.requests[0].body["messages"]
    assert episode.system == system["content"]
    assert episode.record["system"] == digest(system["content"])
    assert episode.record["user"] == user["content"]


CUT = Completion({"content": None, "tool_calls": []}, "length", "m")
ENDS: dict[str, Any] = {  # replies -> end_reason, answer, turns, turns with a call
    "finish": ([message(FINISH)], "finish", "42", 1, 1),
    "two messages without a call": (
        [{"content": "One."}, {"content": "Two."}],
        "no_call",
        "Two.",
        2,
        0,
    ),
    "two empty messages": ([{"content": ""}, {}], "no_call", "", 2, 0),
    "one, a call, one, then finish": (
        [{"content": "Hm."}, message(SEARCH), {"content": "Hm."}, message(FINISH)],
        "finish",
        "42",
        4,
        2,
    ),
    "turns run out": ([message(SEARCH)], "max_turns", None, 5, 5),
    "turns run out on a text": (
        [*[message(SEARCH)] * 4, {"content": "One."}],
        "max_turns",
        None,
        5,
        4,
    ),
    "context overflow at once": ([errors.ContextOverflow("long")], "context_overflow", None, 0, 0),
    "context overflow later": (
        [message(SEARCH), errors.ContextOverflow("long")],
        "context_overflow",
        None,
        1,
        1,
    ),
    "cut": ([message(SEARCH), CUT], "length", None, 2, 1),
    "cut after a whole call": (
        [Completion(message(SEARCH), "length", "m"), message(FINISH)],
        "finish",
        "42",
        2,
        2,
    ),
    "broken arguments twice": (
        [{"tool_calls": [{"id": "a", "function": {"name": "finish", "arguments": "{"}}]}],
        "no_call",
        "finish {",
        2,
        0,
    ),
}


@pytest.mark.parametrize("case", ENDS)
def test_what_ends_an_episode(case: str) -> None:
    replies, end_reason, given, turns, parsed = ENDS[case]
    record = run(Script(*replies).ask, max_turns=5).record
    assert (record["status"], record["end_reason"]) == ("completed", end_reason)
    assert (record["answer"], record["turns"], record["parsed_turns"]) == (given, turns, parsed)
    assert record["success"] is False
    assert record["progress"] == 0


def test_the_neutral_reply_is_fixed_and_names_no_tool() -> None:
    script = Script({"content": "I will now read."}, message(FINISH))
    record = run(script.ask).record
    assert script.requests[1].body["messages"][-2:] == [
        {"role": "assistant", "content": "I will now read."},
        {"role": "user", "content": compact(NO_CALL)},
    ]
    tools = [tool.name for tool in SIMPLE.tools(SIMPLE.instance("easy", 0))]
    assert not [name for name in tools if name in compact(NO_CALL)]
    assert record["errors"]["tool_call_format"] == 1


def test_an_empty_message_is_repeated_with_a_word_since_services_refuse_it() -> None:
    script = Script({"content": ""}, message(FINISH))
    run(script.ask)
    assert script.requests[1].body["messages"][2]["content"] == "(empty)"


def test_the_answer_of_a_second_message_is_scored() -> None:
    task, index = next(
        (task, index)
        for task in TASKS.values()
        for index in range(20)
        if any(goal["kind"] == "answer" for goal in task.instance("easy", index).goal)
    )
    goal = task.instance("easy", index).goal
    wanted = next(predicate["value"] for predicate in goal if predicate["kind"] == "answer")
    text = ", ".join(wanted) if isinstance(wanted, list) else str(wanted)
    episode = run(Script({"content": text}).ask, task=task, difficulty="easy", index=index)
    record = episode.record
    assert record["answer"] == text
    assert [goal["holds"] for goal in record["goals"] if goal["kind"] == "answer"] == [True]


REFUSED: dict[str, Any] = {
    "an error": errors.Refused("content filter: violence"),
    "a finish reason": Completion({"content": None}, "content_filter", "m"),
    "a refusal": Completion({"content": None, "refusal": "I can't."}, "stop", "m"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_is_a_status_of_its_own_without_a_score(case: str) -> None:
    record = run(Script(message(SEARCH), REFUSED[case]).ask).record
    assert (record["status"], record["end_reason"]) == ("refused", None)
    assert (record["success"], record["progress"], record["level"]) == (None, None, None)
    assert record["reason"]
    assert record["turns"] == 1


OWED = [
    errors.RateLimited("429"),
    errors.TimedOut("t"),
    errors.ConnectionFailed("c"),
    errors.ServerFailed("500"),
    errors.AuthenticationFailed("401"),
    errors.QuotaSpent("q"),
    errors.BudgetSpent("b"),
    errors.Rejected("400"),
    errors.Stopping("s"),
]


@pytest.mark.parametrize("error", OWED, ids=lambda error: type(error).__name__)
def test_any_other_failure_is_owed_and_never_a_record(error: Exception) -> None:
    with pytest.raises(type(error)):
        run(Script(message(SEARCH), error).ask)


def test_surplus_calls_are_not_executed_and_are_no_error() -> None:
    double = message(SEARCH)
    double["tool_calls"] *= 3
    record = run(Script(double, message(FINISH)).ask).record
    assert record["transcript"][0]["surplus"] == 2
    assert (record["tool_calls"], record["turns"]) == (1, 2)
    assert sum(record["errors"].values()) == 1


@pytest.mark.parametrize("content", ["\ud800", "\x00", "[" * 5000, "é" * 50_000])
def test_hostile_content_costs_a_turn_and_nothing_else(content: str) -> None:
    for protocol in TOOLED:
        script = Script({"content": content}, message(FINISH, protocol))
        record = run(script.ask, protocol=protocol).record
        assert (record["turns"], record["end_reason"]) == (2, "finish")


def test_a_request_has_what_came_beside_its_answer_and_its_cost() -> None:
    received = {
        "id": "c1",
        "request_id": "req_1",
        "fingerprint": "fp_1",
        "usage": {"prompt_tokens": 100},
        "logprobs": {"content": []},
        "choices": [{"index": 1}],
    }
    counts, price = Tokens(100, 10), Price(input=2.0, output=8.0, cached=1.0)
    whole = Completion(message(FINISH), "stop", "m", counts, tier="default", received=received)
    (full,) = run(Script(whole).ask, price=price).record["requests"]
    (bare,) = run(Script(Completion(message(FINISH), "stop", "m")).ask).record["requests"]
    del received["id"]
    beside = {**received, "response_id": "c1", "tier": "default", "cost_usd": 280e-6}
    assert full == {**bare, "tokens": counts.as_json(), **beside}
    assert not beside.keys() & bare.keys()


def test_tokens_and_cost_are_summed_over_requests() -> None:
    script = Script(message(SEARCH), message(FINISH))
    record = run(script.ask, price=Price(input=2.0, output=8.0, cached=1.0)).record
    assert record["tokens"] == {"input": 200, "output": 20, "reasoning": 8, "cached": 80}
    assert record["cost_usd"] == pytest.approx((120 * 2 + 80 * 1 + 20 * 8) / 1e6)
    assert record["model_reported"] == "m-2025"
    assert run(Script(message(FINISH)).ask).record["cost_usd"] is None


def test_writes_to_the_cache_for_an_hour_are_counted_and_charged_apart() -> None:
    counts = Tokens(100, 0, cache_writes=60, cache_writes_1h=50)
    price = Price(input=1.0, output=1.0, cached=1.0, cache_write=2.0, cache_write_1h=4.0)
    record = run(Script(Completion(message(FINISH), "stop", "m", counts)).ask, price=price).record
    assert record["tokens"] == counts.as_json()
    assert record["cost_usd"] == pytest.approx((40 * 1 + 10 * 2 + 50 * 4) / 1e6)


def test_the_cost_of_unknown_tokens_is_unknown() -> None:
    script = Script(message(SEARCH), Completion(message(FINISH), "stop", "m"))
    record = run(script.ask, price=Price(input=2.0, output=8.0, cached=1.0)).record
    assert (record["tokens"], record["cost_usd"]) == (None, None)
    assert [request["tokens"] is None for request in record["requests"]] == [False, True]


def test_calls_through_discovery_count_the_tool_that_is_meant() -> None:
    through = {"tool": "call_tool", "arguments": {"name": "utility_helper", "arguments": {}}}
    look = {"tool": "tool_search", "arguments": {"query": "note"}}
    script = Script(*map(message, (look, through, through, FINISH)))
    record = run(script.ask, difficulty="hard").record
    assert (record["tool_calls"], record["distinct_tools"]) == (3, 2)


def write_pack(folder: Path, settings: str, line: str) -> QuestionPack:
    """Write a pack of one question."""
    (folder / "task.yaml").write_text(settings)
    (folder / "instances.jsonl").write_text(line)
    return QuestionPack(folder)


QUIZ = "description: d\nscorer: {kind: number}\n"
QUESTION = '{"question": "6 * 7?", "answer": 42}'
PLAIN: dict[str, Any] = {  # reply -> success, end_reason, parsed turns
    "right": ({"content": "It is\n42"}, True, "finish", 1),
    "wrong": ({"content": "41"}, False, "finish", 1),
    "reasoning apart": ({"content": "<think>41?</think>42"}, True, "finish", 1),
    "empty": ({"content": ""}, False, "no_call", 0),
    "cut": (Completion({"content": "42"}, "length", "m"), False, "length", 1),
    "a native call": (message(FINISH), False, "no_call", 0),
}


@pytest.mark.parametrize("protocol", TOOLED)
@pytest.mark.parametrize("case", PLAIN)
def test_a_plain_question_is_one_turn_in_every_protocol(
    case: str, protocol: str, tmp_path: Path
) -> None:
    reply, success, end_reason, parsed = PLAIN[case]
    script = Script(reply)
    pack = write_pack(tmp_path, QUIZ, QUESTION)
    record = run(script.ask, task=pack, protocol=protocol, rate="none").record
    assert (record["success"], record["end_reason"]) == (success, end_reason)
    assert (record["protocol"], record["turns"], record["parsed_turns"]) == ("none", 1, parsed)
    assert set(script.requests[0].body) == {"model", "messages"}


def test_a_plain_question_may_be_asked_step_by_step_and_the_oracle_knows_it(tmp_path: Path) -> None:
    pack = write_pack(tmp_path, QUIZ, QUESTION)
    episode = run(ask_player, task=pack, model="oracle", prompt="cot", rate="none")
    assert episode.record["success"]
    assert episode.record["user"].startswith("6 * 7?")
    assert "last line" in (episode.system or "")
    other = run(ask_player, task=pack, model="random", rate="none").record
    assert not other["success"]


@pytest.mark.parametrize("protocol", TOOLED)
def test_a_pack_with_tools_is_played_in_turns(protocol: str, tmp_path: Path) -> None:
    pack = write_pack(tmp_path, QUIZ + "tools: [computation_calculator]\nmax_turns: 4\n", QUESTION)
    compute = {"tool": "computation_calculator", "arguments": {"expression": "6*7"}}
    finish = {"tool": "finish", "arguments": {"answer": 42}}
    script = Script(message(compute, protocol), message(finish, protocol))
    record = run(script.ask, task=pack, protocol=protocol, rate="none").record
    assert record["success"]
    assert (record["protocol"], record["turns"], record["max_turns"]) == (protocol, 2, 4)


def test_an_unknown_player_is_rejected_for_ever() -> None:
    with pytest.raises(errors.Rejected, match="no reference player 'oracel'"):
        run(ask_player, model="oracel")
