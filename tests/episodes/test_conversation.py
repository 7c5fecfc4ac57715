"""A task whose messages may have several calls, or none: every protocol, every wire format."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from pilotbench.benchmark.instances import Example, Image, Instance
from pilotbench.benchmark.prompts import prompt_files
from pilotbench.benchmark.tasks.conversation import Calling, Conversation, Response, Said
from pilotbench.benchmark.tasks.task import Score, ToolSpec, Transcript
from pilotbench.commands.show import _turn
from pilotbench.episodes.episode import course, play
from pilotbench.episodes.episode_spec import EpisodeSpec
from pilotbench.episodes.shard_file import episode_schema
from pilotbench.providers.answer import Answer, Completion
from pilotbench.providers.messages import compact
from pilotbench.providers.protocols import PROTOCOLS
from pilotbench.providers.protocols.protocol import tool_list
from pilotbench.providers.request import Request
from pilotbench.providers.settings import Model

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
PROMPT = prompt_files.load([ROOT / "config" / "prompts"], ["baseline"])["baseline"]
VALIDATOR = Draft202012Validator(episode_schema())
OPEN = ToolSpec("open", "Open a door.", {"type": "object", "properties": {"n": {"type": "number"}}})
CLOSE = ToolSpec("close", "Close a door.", {"type": "object", "properties": {}})
ONE, TWO, SHUT = (
    {"tool": "open", "arguments": {"n": 1}},
    {"tool": "open", "arguments": {"n": 2}},
    {"tool": "close", "arguments": {}},
)
RULES = "Say a word when you are done."


class Doors:
    """Executes all calls but the third of a message; words end a part of the script."""

    def __init__(self, script: list[str]) -> None:
        self.finished = False
        self.answer: Any = None
        self.tools: tuple[ToolSpec, ...] = (OPEN,)
        self.heard: list[Said] = []
        self._script = list(script)

    def hear(self, said: Said) -> Response:
        self.heard.append(said)
        if said.calls:
            return Response(tuple(f"done {compact(call)}" for call in said.calls[:2]))
        if self._script:
            self.tools = (OPEN, CLOSE)
            return Response(user=self._script.pop(0))
        self.finished, self.answer = True, said.text
        return Response()


class Task:
    """One instance: a conversation that began before the request."""

    name, description = "doors", "Doors."
    difficulties: tuple[str, ...] = ("none",)
    rated, planned, size, longest_plan = False, False, 1, 1
    examples: tuple[Example, ...] = ()
    judging: None = None
    scoring_version = rules_version = "1"
    benchmark_version = None

    def __init__(self, calling: Calling, script: list[str], earlier: list[list[str]]) -> None:
        self.calling = calling
        self.session = Doors(script)
        self._earlier = earlier

    def instance(self, difficulty: str, index: int) -> Instance:
        extra = {"earlier": self._earlier} if self._earlier else {}
        return Instance(self.name, "none", index, "Open two doors.", extra=extra)

    def check(self) -> None: ...

    def tools(self, instance: Instance) -> tuple[ToolSpec, ...]:
        return (OPEN,)

    def images(self, instance: Instance) -> tuple[Image, ...]:
        return ()

    def start(self, instance: Instance, tool_success_rate: str, repeat: int) -> Conversation:
        return self.session

    def score(self, instance: Instance, transcript: Transcript) -> Score:
        nothing = {"met": 0, "retried": 0, "recovered": 0}
        won = [call for turn in transcript.turns for call in turn.calls] == [ONE, TWO, SHUT]
        return Score(won, 1.0, "full_success", 1.0, False, [], [], {}, [], nothing, {}, [])

    def max_turns(self, difficulty: str) -> int:
        return 9


def calling_message(api: str, *calls: Json) -> Json:
    """Return a service's message with tool calls."""
    named = [(f"c-{n}-{one['tool']}", one["tool"], one["arguments"]) for n, one in enumerate(calls)]
    match api:
        case "chat":
            made = [
                {"id": i, "type": "function", "function": {"name": n, "arguments": compact(a)}}
                for i, n, a in named
            ]
            return {"role": "assistant", "content": None, "tool_calls": made}
        case "responses":
            return {
                "output": [
                    {"type": "function_call", "call_id": i, "name": n, "arguments": compact(a)}
                    for i, n, a in named
                ]
            }
        case "messages":
            blocks = [{"type": "tool_use", "id": i, "name": n, "input": a} for i, n, a in named]
            return {"role": "assistant", "content": blocks}
    parts = [{"functionCall": {"id": i, "name": n, "args": a}} for i, n, a in named]
    return {"role": "model", "parts": parts}


def words(api: str, text: str) -> Json:
    """Return a service's message in words."""
    match api:
        case "chat":
            return {"role": "assistant", "content": text}
        case "responses":
            content = [{"type": "output_text", "text": text}]
            return {"output": [{"type": "message", "role": "assistant", "content": content}]}
        case "messages":
            return {"role": "assistant", "content": [{"type": "text", "text": text}]}
    return {"role": "model", "parts": [{"text": text}]}


def run(task: Task, messages: list[Json], protocol: str = "native", api: str = "chat") -> Any:
    """Play the messages; return the record and the bodies that were sent."""
    sent: list[Json] = []

    def ask(request: Request) -> Answer:
        sent.append(request.body)
        message = messages[len(sent) - 1]
        reason = "length" if message.get("cut") else "stop"
        return Answer(Completion(message, reason, "m"), "k", 0.0, 0.0, 0.0, 1)

    model = Model("m", "p", "m", protocol, {"max_tokens": 9} if api == "messages" else {}, api=api)
    instance = task.instance("none", 0)
    record = play(task, instance, PROMPT, PROTOCOLS[protocol], model, "none", 0, 9, ask).record
    VALIDATOR.validate(record)
    return record, sent


def several(**changes: Any) -> Task:
    """Return the task with rules of its own and one further user message."""
    calling = Calling(RULES, several=True, exact=changes.pop("exact", False))
    return Task(calling, changes.pop("script", ["And close one."]), changes.pop("earlier", []))


RESULTS = ['done {"tool":"open","arguments":{"n":1}}', 'done {"tool":"open","arguments":{"n":2}}']


def results_in(api: str, body: Json) -> list[tuple[str, str]]:
    """Return the id (of Gemini, the name) and the content of each result in a request."""
    match api:
        case "chat":
            rows = [one for one in body["messages"] if one["role"] == "tool"]
            return [(one["tool_call_id"], one["content"]) for one in rows]
        case "responses":
            rows = [one for one in body["input"] if one.get("type") == "function_call_output"]
            return [(one["call_id"], one["output"]) for one in rows]
        case "messages":
            blocks = [b for m in body["messages"] for b in m["content"] if isinstance(b, dict)]
            rows = [one for one in blocks if one["type"] == "tool_result"]
            return [(one["tool_use_id"], one["content"]) for one in rows]
    parts = [part for content in body["contents"] for part in content["parts"]]
    rows = [part["functionResponse"] for part in parts if "functionResponse" in part]
    return [(one["id"], one["response"]["result"]) for one in rows]


@pytest.mark.parametrize("api", ["chat", "responses", "messages", "gemini"])
def test_every_wire_format_sends_a_result_for_each_call_and_the_next_user_message(api: str) -> None:
    task = several()
    messages = [
        calling_message(api, ONE, TWO),
        words(api, "Opened."),
        calling_message(api, SHUT),
        words(api, "Closed."),
    ]
    record, sent = run(task, messages, api=api)
    assert results_in(api, sent[1]) == [("c-0-open", RESULTS[0]), ("c-1-open", RESULTS[1])]
    assert "And close one." not in json.dumps(sent[1])
    assert "And close one." in json.dumps(sent[2])
    assert json.dumps(sent[2]).index("Opened.") < json.dumps(sent[2]).index("And close one.")
    assert ("Close a door." in json.dumps(sent[1]), "Close a door." in json.dumps(sent[2])) == (
        False,
        True,
    )
    assert (record["success"], record["end_reason"], record["answer"]) == (
        True,
        "finish",
        "Closed.",
    )
    assert (record["tool_calls"], record["distinct_tools"], record["parsed_turns"]) == (3, 2, 4)
    first, second, *_ = record["transcript"]
    assert (first["call"], first["reply"]) == (ONE, RESULTS[0])
    assert first["further"] == [{**TWO, "reply": RESULTS[1]}]
    assert (second["call"], second["user"], "further" in second) == (None, "And close one.", False)
    assert (first["surplus"], second["parse_error"]) == (0, None)


WRITTEN = {
    "text": lambda calls: "\n".join(f"```call\n{compact(one)}\n```" for one in calls),
    "json": lambda calls: compact({"thought": None, "tool_calls": calls, "text": None}),
}


@pytest.mark.parametrize("protocol", WRITTEN)
def test_written_protocols_state_the_form_and_give_one_line_per_result(protocol: str) -> None:
    written = WRITTEN[protocol]
    closing = written([]) or "Done."
    messages = [written([ONE, TWO]), closing, written([SHUT]), closing]
    task = several()
    record, sent = run(task, [words("chat", text) for text in messages], protocol)
    system = sent[0]["messages"][0]["content"]
    assert RULES in system
    assert ("tool_calls" in system or "several" in system, "finish" in system) == (True, False)
    assert sent[1]["messages"][-1] == {"role": "user", "content": "\n".join(RESULTS)}
    announced = tool_list([CLOSE])
    assert sent[2]["messages"][-1]["content"] == f"{announced}\n\nAnd close one."
    assert record["transcript"][1]["user"] == f"{announced}\n\nAnd close one."
    assert [len(one.calls) for one in task.session.heard] == [2, 0, 1, 0]
    assert (record["success"], record["parsed_turns"]) == (True, 4)
    if protocol == "json":
        schema = sent[2]["response_format"]["json_schema"]["schema"]
        offered = schema["properties"]["tool_calls"]["items"]["anyOf"]
        assert [one["properties"]["tool"]["const"] for one in offered] == ["open", "close"]
        Draft202012Validator(schema).validate(json.loads(messages[0]))


def test_calls_that_are_not_executed_are_answered_too() -> None:
    messages = [calling_message("chat", ONE, TWO, SHUT), words("chat", "x")]
    record, sent = run(several(script=[]), messages)
    contents = [content for _, content in results_in("chat", sent[1])]
    assert contents[:2] == RESULTS
    assert json.loads(contents[2])["error"]["code"] == "not_executed"
    assert record["transcript"][0]["further"] == [
        {**TWO, "reply": RESULTS[1]},
        {**SHUT, "reply": None},
    ]


def broken(arguments: str, name: str = "open") -> Json:
    """Return a message whose second call has these arguments."""
    message = calling_message("chat", ONE, TWO)
    message["tool_calls"][1]["function"] = {"name": name, "arguments": arguments}
    return message


@pytest.mark.parametrize(
    ("message", "exact", "calls"),
    [
        (broken('{"n": 2}'), True, [ONE, TWO]),
        (broken('{"n": 2'), False, []),
        (broken("{'n': 2}"), False, [ONE, TWO]),
        (broken("{'n': 2}"), True, []),
        (broken('"{\\"n\\": 2}"'), True, []),
        (broken('{"n": 2}', "functions.open"), False, [ONE, TWO]),
        (broken('{"n": 2}', "functions.open"), True, [ONE, {**TWO, "tool": "functions.open"}]),
        (words("chat", WRITTEN["text"]([ONE, TWO])), False, [ONE, TWO]),
        (words("chat", WRITTEN["text"]([ONE, TWO])), True, []),
        ({**words("chat", ""), "cut": True}, True, []),
    ],
    ids=str,
)
def test_one_call_that_cannot_be_read_makes_the_message_one_without_calls(
    message: Json, exact: bool, calls: list[Json]
) -> None:
    task = several(exact=exact, script=[])
    record, _ = run(task, [message, words("chat", "x")])
    assert list(task.session.heard[0].calls) == calls
    turn = record["transcript"][0]
    assert (turn["call"] is None, turn["parse_error"] is None) == (
        not calls,
        bool(calls) or bool(message.get("cut")),
    )
    assert record["end_reason"] == ("length" if message.get("cut") else "finish")


def test_what_was_said_before_the_request_is_sent_before_it() -> None:
    earlier = [["system", "You guard doors."], ["user", "Hi."], ["assistant", "Hello."]]
    _, sent = run(several(script=[], earlier=earlier), [words("chat", "x")])
    assert [(one["role"], one["content"]) for one in sent[0]["messages"]] == [
        ("system", f"{RULES}\n\nYou guard doors."),
        ("user", "Hi."),
        ("assistant", "Hello."),
        ("user", "Open two doors."),
    ]


def test_a_task_without_rules_has_no_system_message() -> None:
    task = Task(Calling("", several=True), [], [])
    record, sent = run(task, [words("chat", "x")])
    assert [one["role"] for one in sent[0]["messages"]] == ["user"]
    assert record["user"] == "Open two doors."


def test_show_prints_all_calls_and_the_user(capsys: pytest.CaptureFixture[str]) -> None:
    messages = [calling_message("chat", ONE, TWO), words("chat", "Done."), words("chat", "x")]
    record, _ = run(several(), messages)
    lines = [line for turn in record["transcript"] for line in _turn(turn)]
    assert lines == [
        "[0] model:",
        '    call: open {"n":1}',
        f"    reply: {RESULTS[0]}",
        '    call: open {"n":2}',
        f"    reply: {RESULTS[1]}",
        "[1] model: Done.",
        "    user: And close one.",
        "[2] model: x",
    ]


def test_a_conversation_asks_the_same_requests_in_batches() -> None:
    messages = [calling_message("chat", ONE, TWO), words("chat", "Done."), words("chat", "x")]
    _, sent = run(several(), messages)
    task, model = several(), Model("m", "p", "m")
    instance = task.instance("none", 0)
    spec = EpisodeSpec(task, instance, PROMPT, PROTOCOLS["native"], model, "none", 0, 9)
    turns, asked = course(spec), []
    request = next(turns)
    with suppress(StopIteration):
        for message in messages:
            asked.append(request.body)
            completion = Completion(message, "stop", "m")
            request = turns.send(Answer(completion, "k", 0.0, 0.0, 0.0, 1))
    assert asked == sent
