"""Questions with tools of their own: what a line may have, what is offered, what is scored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pilotbench.benchmark.packs.question_pack import QuestionPack
from pilotbench.benchmark.prompts import prompt_files
from pilotbench.episodes.episode import play
from pilotbench.ground.errors import TaskError
from pilotbench.providers.answer import Answer, Completion
from pilotbench.providers.protocols import PROTOCOLS
from pilotbench.providers.protocols.players import message_of
from pilotbench.providers.request import Request
from pilotbench.providers.settings import Model

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[3]
PROMPT = prompt_files.load([ROOT / "config" / "prompts"], ["baseline"])["baseline"]
TASK = "description: d\nscorer: {kind: calls}\n"
PYTHON = "description: d\nscorer: {kind: python}\n"
CITY: Json = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "unit": {"enum": ["C", "F"]}},
    "required": ["city"],
}
WEATHER: Json = {"name": "weather", "description": "The weather.", "parameters": CITY}
TIME: Json = {"name": "time"}
PARIS = {"name": "weather", "arguments": {"city": "Paris"}}
ROME = {"name": "weather", "arguments": {"city": "Rome"}}


def line(*wanted: Json, tools: Any = None, **rest: Any) -> Json:
    tools = [WEATHER, TIME] if tools is None else tools
    return {"question": "How is the weather?", "tools": tools, "answer": list(wanted), **rest}


def write(folder: Path, *lines: Json, task: str = TASK, code: str = "") -> QuestionPack:
    folder.mkdir(exist_ok=True)
    (folder / "task.yaml").write_text(task)
    if code:
        (folder / "score.py").write_text(code)
    (folder / "instances.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    return QuestionPack(folder)


def played(pack: QuestionPack, message: Json, protocol: str = "native") -> tuple[Json, Json]:
    """Return the body of the request and the record of the first question."""
    sent: list[Json] = []

    def ask(request: Request) -> Answer:
        sent.append(request.body)
        return Answer(Completion(message, "stop", "m"), "k", 0.0, 0.0, 0.0, 1)

    model, instance = Model("m", "p", "m"), pack.instance("none", 0)
    turns = pack.max_turns("none")
    found = play(pack, instance, PROMPT, PROTOCOLS[protocol], model, "none", 0, turns, ask)
    assert len(sent) == 1
    return sent[0], found.record


def calls_message(protocol: str, calls: list[Json]) -> Json:
    """Return the message that makes these calls, or says that no tool fits."""
    made = [{"tool": one["name"], "arguments": one["arguments"]} for one in calls]
    return message_of(protocol, made, "" if made else "None of the tools fits.", 0)


def words(text: str) -> Json:
    return {"role": "assistant", "content": text}


OFFERED = [
    {"type": "function", "function": WEATHER},
    {
        "type": "function",
        "function": {
            "name": "time",
            "description": "",
            "parameters": {"type": "object", "properties": {}},
        },
    },
]


@pytest.mark.parametrize("protocol", ["native", "json", "text"])
@pytest.mark.parametrize("wanted", [[PARIS], [PARIS, ROME], []], ids=len)
def test_all_calls_of_the_one_message_are_the_answer(
    tmp_path: Path, protocol: str, wanted: list[Json]
) -> None:
    pack = write(tmp_path / "p", line(*wanted))
    pack.check()
    body, record = played(pack, calls_message(protocol, wanted), protocol)
    assert (record["success"], record["end_reason"], record["turns"]) == (True, "finish", 1)
    assert record["answer"] == (wanted or "None of the tools fits.") or protocol == "json"
    assert record["verdict"]["why"] == "right"
    _, other = played(pack, calls_message(protocol, [*wanted, ROME]), protocol)
    assert other["success"] is False
    if protocol == "native":
        assert body["tools"] == OFFERED
        assert [one["role"] for one in body["messages"]] == ["user"]
    else:
        assert '"name":"weather"' in body["messages"][0]["content"]


def test_the_answer_of_an_empty_list_of_json_is_its_text(tmp_path: Path) -> None:
    _, record = played(write(tmp_path / "p", line()), words(""), "native")
    assert (record["success"], record["verdict"]["why"]) == (False, "no answer")


def test_a_call_that_cannot_be_read_is_no_answer(tmp_path: Path) -> None:
    message = calls_message("native", [PARIS])
    message["tool_calls"][0]["function"]["arguments"] = '{"city": "Par'
    for wanted in ([PARIS], []):
        _, record = played(write(tmp_path / "p", line(*wanted)), message)
        assert record["success"] is False
        assert record["answer"] is None
        assert record["verdict"]["why"].startswith("a call cannot be read: ")


@pytest.mark.parametrize(
    ("task", "own", "system"),
    [
        (TASK, [], None),
        (f"{TASK}system: The pack's.\n", [], "The pack's."),
        (f"{TASK}system: The pack's.\n", [{"role": "system", "content": "Own."}], "Own."),
        (TASK, [{"role": "system", "content": "Own."}], "Own."),
    ],
)
def test_the_system_message_is_the_question_s_own_or_the_pack_s(
    tmp_path: Path, task: str, own: list[Json], system: str | None
) -> None:
    asked = [*own, {"role": "user", "content": "How is the weather?"}]
    pack = write(tmp_path / "p", line(PARIS, question=asked), task=task)
    body, _ = played(pack, calls_message("native", [PARIS]))
    first, last = body["messages"][0], body["messages"][-1]
    assert first["content"] == (system or "How is the weather?")
    assert last == {"role": "user", "content": "How is the weather?"}


def test_plain_questions_and_those_with_tools_stand_in_one_pack(tmp_path: Path) -> None:
    plain = {"question": "Capital of Togo?", "answer": "Lomé", "scorer": "exact"}
    pack = write(tmp_path / "p", plain, line(PARIS))
    pack.check()
    body, record = played(pack, words("Lomé"))
    assert (record["success"], record["protocol"], "tools" in body) == (True, "none", False)
    assert body["messages"][0]["role"] == "system"


def test_tools_are_in_the_identity_and_answers_are_not(tmp_path: Path) -> None:
    changed = {**WEATHER, "description": "Weather now."}
    lines = [line(PARIS), line(ROME), line(PARIS, tools=[changed]), line(PARIS, tools=[WEATHER])]
    found = [write(tmp_path / str(n), one).instance("none", 0) for n, one in enumerate(lines)]
    assert len({one.question_hash for one in found}) == 3
    assert len({one.content_hash for one in found}) == 4


def test_a_function_of_the_pack_sees_text_and_calls(tmp_path: Path) -> None:
    code = (
        "def score(reply, row):\n"
        "    names = [call['name'] for call in row['calls']]\n"
        "    return {'success': names == row['names'], 'read': reply}\n"
    )
    pack = write(tmp_path / "p", line(names=["weather"]), task=PYTHON, code=code)
    message = {**calls_message("native", [PARIS]), "content": "Let me see."}
    _, record = played(pack, message)
    assert (record["success"], record["verdict"]["read"]) == (True, "Let me see.")
    _, record = played(pack, words("It is sunny."))
    assert (record["success"], record["verdict"]["read"]) == (False, "It is sunny.")


def named(**changes: Any) -> list[Json]:
    return [{**WEATHER, **changes}]


BAD: dict[str, tuple[Json, str]] = {
    "no list": (line(tools=WEATHER), "tools is not a list of functions"),
    "no tool": (line(tools=[]), "tools is not a list of functions"),
    "a name": (line(tools=["weather"]), "tools[0] is not a function with name, description and"),
    "no name": (line(tools=[{"description": "d"}]), "tools[0].name: None; services accept 1 to 64"),
    "a dot": (line(tools=named(name="a.b")), "tools[0].name: 'a.b'; services accept 1 to 64"),
    "twice": (line(tools=[TIME, TIME]), "tools[1].name: 'time' is the name of an earlier function"),
    "an unknown key": (
        line(tools=named(parameter={})),
        "tools[0]: unknown key 'parameter'; did you mean parameters?",
    ),
    "a tool of a service": (
        line(tools=[{"type": "web_search", "function": TIME}]),
        "tools[0].type: 'web_search'; allowed: function",
    ),
    "a number as description": (
        line(tools=[{"type": "function", "function": {**TIME, "description": 3}}]),
        "tools[0].function.description is not text",
    ),
    "parameters of another type": (
        line(tools=named(parameters={"type": "array"})),
        "tools[0].parameters is not a JSON Schema of the type object",
    ),
    "no schema": (
        line(tools=named(parameters={"properties": {"city": {"type": "txt"}}})),
        "tools[0].parameters.properties.city.type is not JSON Schema: ",
    ),
    "an answer that is text": (
        {**line(), "answer": "weather"},
        "answer of scorer calls: 'weather' is not of type 'array'",
    ),
    "a call with another key": (
        line({"name": "time", "args": {}}),
        "answer of scorer calls: unknown key 0.args; did you mean arguments?",
    ),
    "an unknown tool": (
        line({"name": "whether"}),
        "answer[0].name: no tool 'whether'; did you mean weather?",
    ),
    "an unknown argument": (
        line({"name": "weather", "arguments": {"town": "Paris"}}),
        "answer[0].arguments: weather has no 'town'",
    ),
    "an empty choice": (
        line({"name": "weather", "arguments": {"city": {"any": []}}}),
        "answer: [0].arguments.city.any is not a list of accepted values",
    ),
    "no tools": (
        {"question": "q", "answer": []},
        "tools is missing; the scorer calls needs it",
    ),
    "another scorer": (
        line(scorer="json_equality"),
        "tools: the scorer json_equality does not compare calls; allowed: calls, python",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_a_bad_tool_or_call_is_one_line_with_file_and_number(case: str, tmp_path: Path) -> None:
    bad, why = BAD[case]
    pack = write(tmp_path / "p", line(PARIS), bad)
    with pytest.raises(TaskError) as caught:
        pack.check()
    assert str(caught.value).startswith(f"{tmp_path / 'p' / 'instances.jsonl'}: line 2: {why}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("task", "why"),
    [
        (
            "description: d\nscorer: {kind: python}\ntools: [computation_calculator]\n",
            "instances.jsonl: line 1: tools is for packs without tools in task.yaml",
        ),
        (
            f"{TASK}tools: [computation_calculator]\n",
            "task.yaml: scorer calls is for tools of the questions, not of the pack",
        ),
    ],
)
def test_tools_of_the_pack_and_of_its_questions_do_not_mix(
    tmp_path: Path, task: str, why: str
) -> None:
    with pytest.raises(TaskError, match=why):
        write(tmp_path / "p", line(PARIS), task=task, code="def score(a, b): ...\n").check()


def test_cells_of_a_table_have_tools_and_calls_as_json(tmp_path: Path) -> None:
    folder = tmp_path / "p"
    folder.mkdir()
    (folder / "task.yaml").write_text(f"{TASK}source: q.jsonl\n")
    texts: Json = {"tools": json.dumps([WEATHER]), "answer": json.dumps([PARIS])}
    values: Json = {"tools": [WEATHER], "answer": [ROME]}
    rows = [{"question": str(n), **one} for n, one in enumerate((texts, values))]
    (folder / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    pack = QuestionPack(folder)
    pack.check()
    answers = [pack.instance("none", n).extra["answer"] for n in (0, 1)]
    assert answers == [[PARIS], [ROME]]
