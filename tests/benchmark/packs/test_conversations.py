"""Questions that are conversations: what a line may have, what is sent, what is recorded."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from pilotbench.benchmark.packs.conversations import spoken
from pilotbench.benchmark.packs.question_pack import QuestionPack
from pilotbench.benchmark.prompts import prompt_files
from pilotbench.benchmark.prompts.prompt_files import Prompt
from pilotbench.episodes.episode import play
from pilotbench.ground.errors import TaskError
from pilotbench.providers.answer import Answer, Completion
from pilotbench.providers.protocols import PROTOCOLS
from pilotbench.providers.request import Request
from pilotbench.providers.settings import Model
from pilotbench.providers.wire_formats import WIRE_FORMATS

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[3]
TASK = "description: d\nscorer: {kind: exact}\nsystem: The pack's.\n"
TOOLED = "description: d\nscorer: {kind: exact}\ntools: [computation_calculator]\n"
PNG = b"\x89PNG\r\n\x1a\n" + b"dots"
DATA = base64.b64encode(PNG).decode()
URL = f"data:image/png;base64,{DATA}"


def user(content: Any) -> Json:
    return {"role": "user", "content": content}


def assistant(content: Any) -> Json:
    return {"role": "assistant", "content": content}


def system(content: Any) -> Json:
    return {"role": "system", "content": content}


SHOT = [user("1+1?"), assistant("2")]
ONE_IMAGE = [{"type": "text", "text": "See"}, {"type": "image", "image": "a.png"}, "What?"]
SHAPES: dict[str, list[Json]] = {
    "one": [user("2+2?")],
    "few_shot": [*SHOT, user("2+2?")],
    "system": [system("Be terse."), *SHOT, user("2+2?")],
    "in_a_row": [user("Listen."), user("2+2?")],
    "image": [user(ONE_IMAGE)],
    "images": [user([ONE_IMAGE[1], "First?"]), assistant("a"), user(["Second?", ONE_IMAGE[1]])],
}
RENDERED = "Q: {}!"
"""What the prompt of these tests makes of the request."""


def pack(folder: Path, question: Any, task: str = TASK, **rest: Any) -> QuestionPack:
    """Return a pack of one question, and the file `a.png`."""
    folder.mkdir(exist_ok=True)
    (folder / "task.yaml").write_text(task)
    (folder / "a.png").write_bytes(PNG)
    line = {"question": question, "answer": "4", **rest}
    (folder / "instances.jsonl").write_text(json.dumps(line) + "\n")
    return QuestionPack(folder)


@pytest.fixture
def prompt(tmp_path: Path) -> Prompt:
    """A prompt that has something before and after the request."""
    (tmp_path / "wrapped.md").write_text("---\nlabel: wrapped\n---\nQ: {{ request }}!\n")
    return prompt_files.load([tmp_path], ["wrapped"])["wrapped"]


def played(
    task: QuestionPack, prompt: Prompt, api: str = "chat", protocol: str = "native"
) -> tuple[Json, Json]:
    """Return the body of the first request and the record of the episode."""
    sent: list[Json] = []

    def ask(request: Request) -> Answer:
        sent.append(request.body)
        said = WIRE_FORMATS[api].written("4")
        return Answer(Completion(said, "stop", "m"), "k", 0.0, 0.0, 0.0, 1)

    model = Model("m", "p", "m", api=api)
    turns, instance = task.max_turns("none"), task.instance("none", 0)
    found = play(task, instance, prompt, PROTOCOLS[protocol], model, "none", 0, turns, ask)
    return sent[0], found.record


def chat_parts(*parts: str) -> list[Json]:
    picture = {"type": "image_url", "image_url": {"url": URL}}
    return [picture if one == "I" else {"type": "text", "text": one} for one in parts]


def responses_parts(*parts: str) -> list[Json]:
    picture = {"type": "input_image", "image_url": URL}
    return [picture if one == "I" else {"type": "input_text", "text": one} for one in parts]


def messages_parts(*parts: str) -> list[Json]:
    source = {"type": "base64", "media_type": "image/png", "data": DATA}
    picture = {"type": "image", "source": source}
    return [picture if one == "I" else {"type": "text", "text": one} for one in parts]


def gemini_turn(role: str, *parts: str) -> Json:
    picture = {"inlineData": {"mimeType": "image/png", "data": DATA}}
    return {"role": role, "parts": [picture if one == "I" else {"text": one} for one in parts]}


Q = "Q: 2+2?!"
OWN, BE = "The pack's.", "Be terse."
SENT: dict[tuple[str, str], Any] = {
    ("chat", "one"): [system(OWN), user(Q)],
    ("chat", "few_shot"): [system(OWN), *SHOT, user(Q)],
    ("chat", "system"): [system(BE), *SHOT, user(Q)],
    ("chat", "in_a_row"): [system(OWN), user("Listen."), user(Q)],
    ("chat", "image"): [system(OWN), user(chat_parts("Q: See", "I", "What?!"))],
    ("chat", "images"): [
        system(OWN), user(chat_parts("I", "First?")), assistant("a"),
        user(chat_parts("Q: Second?", "I", "!")),
    ],
    ("responses", "one"): (OWN, [user(Q)]),
    ("responses", "few_shot"): (OWN, [*SHOT, user(Q)]),
    ("responses", "system"): (BE, [*SHOT, user(Q)]),
    ("responses", "in_a_row"): (OWN, [user("Listen."), user(Q)]),
    ("responses", "image"): (OWN, [user(responses_parts("Q: See", "I", "What?!"))]),
    ("responses", "images"): (OWN, [
        user(responses_parts("I", "First?")), assistant("a"),
        user(responses_parts("Q: Second?", "I", "!")),
    ]),
    ("messages", "one"): (OWN, [user(Q)]),
    ("messages", "few_shot"): (OWN, [*SHOT, user(Q)]),
    ("messages", "system"): (BE, [*SHOT, user(Q)]),
    ("messages", "in_a_row"): (OWN, [user(messages_parts("Listen.", Q))]),
    ("messages", "image"): (OWN, [user(messages_parts("Q: See", "I", "What?!"))]),
    ("messages", "images"): (OWN, [
        user(messages_parts("I", "First?")), assistant("a"),
        user(messages_parts("Q: Second?", "I", "!")),
    ]),
    ("gemini", "one"): (OWN, [gemini_turn("user", Q)]),
    ("gemini", "few_shot"): (OWN, [
        gemini_turn("user", "1+1?"), gemini_turn("model", "2"), gemini_turn("user", Q)]),
    ("gemini", "system"): (BE, [
        gemini_turn("user", "1+1?"), gemini_turn("model", "2"), gemini_turn("user", Q)]),
    ("gemini", "in_a_row"): (OWN, [gemini_turn("user", "Listen."), gemini_turn("user", Q)]),
    ("gemini", "image"): (OWN, [gemini_turn("user", "Q: See", "I", "What?!")]),
    ("gemini", "images"): (OWN, [
        gemini_turn("user", "I", "First?"), gemini_turn("model", "a"),
        gemini_turn("user", "Q: Second?", "I", "!"),
    ]),
}  # fmt: skip
"""(wire format, shape of the messages) -> the system message and the conversation."""


def conversation(api: str, body: Json) -> Any:
    """Return the system message, where it is apart, and the conversation of a body."""
    if api == "chat":
        return body["messages"]
    if api == "gemini":
        return body["systemInstruction"]["parts"][0]["text"], body["contents"]
    system = body["instructions"] if api == "responses" else body["system"]
    return system, body["input" if api == "responses" else "messages"]


@pytest.mark.parametrize(("api", "shape"), SENT)
def test_each_wire_format_sends_the_messages_as_they_stand(
    tmp_path: Path, prompt: Prompt, api: str, shape: str
) -> None:
    body, record = played(pack(tmp_path / "p", SHAPES[shape]), prompt, api)
    assert conversation(api, body) == SENT[api, shape]
    assert record["success"] is True


def test_the_table_has_every_wire_format_and_shape() -> None:
    assert set(SENT) == {(api, shape) for api in WIRE_FORMATS for shape in SHAPES}


def test_a_record_has_the_conversation_as_text(tmp_path: Path, prompt: Prompt) -> None:
    _, record = played(pack(tmp_path / "p", SHAPES["images"]), prompt)
    assert record["messages"] == [user("[image 1]\nFirst?"), assistant("a")]
    assert record["user"] == "Q: Second?\n[image 2]!"
    _, plain = played(pack(tmp_path / "q", "2+2?"), prompt)
    assert "messages" not in plain


def test_with_tools_the_system_message_follows_the_rules(tmp_path: Path, prompt: Prompt) -> None:
    body, _ = played(pack(tmp_path / "p", SHAPES["system"], TOOLED), prompt)
    first = body["messages"][0]["content"]
    assert first.startswith("You carry out a task")
    assert first.endswith("\n\nBe terse.")
    assert body["messages"][1:] == [*SHOT, user(Q)]


def test_a_prompt_without_the_request_shows_the_images_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "other.md").write_text("---\nlabel: other\n---\nWhat do you see?\n")
    other = prompt_files.load([tmp_path], ["other"])["other"]
    body, _ = played(pack(tmp_path / "p", SHAPES["image"]), other)
    assert body["messages"][-1] == user(chat_parts("What do you see?", "I"))


HUMAN = {"from": "human", "value": "1+1?"}
SAME: dict[str, tuple[Any, Any]] = {
    "a list of one text": ([user("2+2?")], "2+2?"),
    "sharegpt": (
        [HUMAN, {"from": "gpt", "value": "2"}, {"from": "user", "value": "2+2?"}],
        SHAPES["few_shot"],
    ),
    "empty fields of a table": (
        [{**one, "name": None, "tool_calls": None} for one in SHAPES["few_shot"]],
        SHAPES["few_shot"],
    ),
    "the form of OpenAI": (
        [user([{"type": "text", "text": "See", "image_url": None},
               {"type": "image_url", "image_url": {"url": URL, "detail": None}}, "What?"])],
        SHAPES["image"],
    ),
    "a path": ([user([ONE_IMAGE[0], {"type": "image", "path": "./a.png"}, "What?"])],
               SHAPES["image"]),
}  # fmt: skip


@pytest.mark.parametrize("case", SAME)
def test_forms_of_the_same_conversation_are_the_same_question(case: str, tmp_path: Path) -> None:
    one, other = SAME[case]
    hashes = {
        pack(tmp_path / name, value).instance("none", 0).question_hash
        for name, value in (("p", one), ("q", other))
    }
    assert len(hashes) == 1


CHANGES: list[Any] = [
    *SHAPES.values(),
    [system("Be brief."), *SHOT, user("2+2?")],
    [user("1+1?"), assistant("two"), user("2+2?")],
    [user([ONE_IMAGE[1], *ONE_IMAGE[::2]])],
]


def test_every_part_of_a_conversation_is_in_the_identity(tmp_path: Path) -> None:
    instances = [pack(tmp_path / str(n), one).instance("none", 0) for n, one in enumerate(CHANGES)]
    assert len({one.question_hash for one in instances}) == len(CHANGES)
    assert len({one.content_hash for one in instances}) == len(CHANGES)
    assert DATA not in json.dumps([one.as_json() for one in instances])


def test_a_changed_image_changes_pack_and_question(tmp_path: Path) -> None:
    before = pack(tmp_path / "p", SHAPES["images"])
    was = before.instance("none", 0)
    (tmp_path / "p" / "a.png").write_bytes(PNG + b"!")
    after = QuestionPack(tmp_path / "p")
    assert before.scoring_version != after.scoring_version
    assert was.question_hash != after.instance("none", 0).question_hash


def test_a_text_question_has_the_hash_that_it_had(tmp_path: Path) -> None:
    found = pack(tmp_path / "p", "2+2?").instance("none", 0)
    assert found.question_hash.startswith("8c4b9e093db5")
    assert spoken(found) == found.request == "2+2?"


BAD: dict[str, tuple[Any, str]] = {
    "a number": (4, "question is not text and not a list of messages"),
    "nothing": ([], "question: the last message must be of the role user, not none"),
    "a list of texts": (["2+2?"], "question[0] is not a message with role and content"),
    "only a system message": ([system("s")], "the last message must be of the role user"),
    "an answer at the end": (SHOT, "the last message must be of the role user, not 'assistant'"),
    "an answer at the beginning": (
        [assistant("Hello"), user("q")],
        "question[0]: the conversation must begin with the role user",
    ),
    "a second system message": (
        [user("q"), system("s"), user("q")],
        "question[1]: only the first message can be of the role system",
    ),
    "an unknown role": (
        [{"role": "bot", "content": "q"}],
        "question[0].role: 'bot'; allowed: system, user, assistant",
    ),
    "an unknown speaker": (
        [{"from": "tool", "value": "q"}],
        "question[0].from: 'tool'; allowed: system, human, user",
    ),
    "no role": ([{"content": "q"}], "question[0].role: None; allowed: system, user, assistant"),
    "no content": ([{"role": "user"}], "question[0].content is not text and not a list of parts"),
    "an empty content": ([user(" ")], "question[0].content is empty"),
    "no part": ([user([])], "question[0].content is empty"),
    "an unknown key": (
        [{**user("q"), "contents": "q"}],
        "question[0]: unknown key 'contents'; did you mean content?",
    ),
    "a call": ([{**user("q"), "tool_calls": []}], "question[0]: unknown key 'tool_calls'"),
    "a part that is a number": ([user([4])], "question[0].content[0] is not a part with type"),
    "an unknown type": (
        [user([{"type": "audio", "audio": "a"}])],
        "question[0].content[0].type: 'audio'; allowed: text, image, image_url",
    ),
    "a part without content": (
        [user(["q", {"type": "image"}])],
        "question[0].content[1]: a part of the type image has one of: image, path, url",
    ),
    "a detail": (
        [user(["q", {"type": "image_url", "image_url": {"url": URL, "detail": "low"}}])],
        "question[0].content[1].image_url: unknown key 'detail'",
    ),
    "a text that is none": ([user([{"type": "text", "text": 4}])], "content[0].text is not text"),
    "a missing file": (
        [user(["q", {"type": "image", "image": "b.png"}])],
        "question[0].content[1].image: b.png cannot be read: No such file",
    ),
    "an address": (
        [user(["q", {"type": "image_url", "image_url": "https://example.org/a.png"}])],
        "question[0].content[1].image_url is an address: download it",
    ),
    "an image of the assistant": (
        [user("q"), assistant(["a", ONE_IMAGE[1]]), user("q")],
        "question[1].content: only messages of the role user can have images",
    ),
    "a text like an image": (
        [user(["as in [image 1]", ONE_IMAGE[1]])],
        "question: the text has [image 1], which stands for an image of the question",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_conversation_is_one_line_with_its_place(case: str, tmp_path: Path) -> None:
    value, why = BAD[case]
    found = pack(tmp_path / "p", value)
    with pytest.raises(TaskError) as caught:
        found.check()
    assert str(caught.value).startswith(f"{tmp_path / 'p' / 'instances.jsonl'}: line 1: ")
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_image_beside_messages_with_images_is_refused(tmp_path: Path) -> None:
    found = pack(tmp_path / "p", SHAPES["image"], image="a.png")
    with pytest.raises(TaskError, match="line 1: image: put it in a message, like the others"):
        found.check()
    beside = pack(tmp_path / "q", SHAPES["few_shot"], image="a.png")
    assert [one.url for one in beside.images(beside.instance("none", 0))] == [URL]
