"""Questions of packs, as conversations and with images, played with strict simulated families."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from pilotbench.benchmark.packs.question_pack import QuestionPack
from pilotbench.benchmark.prompts import prompt_files
from pilotbench.episodes.episode import play
from pilotbench.providers.answer import Answer
from pilotbench.providers.kinds import KINDS
from pilotbench.providers.protocols import PROTOCOLS
from pilotbench.providers.request import Request
from pilotbench.providers.service_client import ServiceClient
from pilotbench.providers.settings import Access, Key, Model, ProviderSettings
from support import Simulator

Json = dict[str, Any]
PROMPTS = prompt_files.load([Path(__file__).parents[2] / "config" / "prompts"], ["baseline", "cot"])
FAMILIES: dict[str, tuple[str, str, Json]] = {
    "gpt-5": ("openai", "responses", {}),
    "gpt-4": ("openai", "chat", {}),
    "claude": ("anthropic", "messages", {"max_tokens": 4096}),
    "gemini-3": ("gemini", "gemini", {}),
    "mistral": ("openai", "chat", {}),
}
"""Family -> kind of provider, wire format, parameters."""
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"dots").decode()
IMAGE = {"type": "image", "image": f"data:image/png;base64,{PNG}"}


def said(*texts: Any) -> list[Json]:
    """Return messages of user and assistant in turn."""
    roles = ("user", "assistant")
    return [{"role": roles[n % 2], "content": text} for n, text in enumerate(texts)]


RULE = {"role": "system", "content": "Be terse."}
WEATHER = {
    "name": "weather",
    "description": "The weather in a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city"],
    },
}
CALLS: dict[str, list[Json]] = {
    "one_call": [{"name": "weather", "arguments": {"city": {"any": ["Lomé", "Lome"]}}}],
    "two_calls": [
        {"name": "weather", "arguments": {"city": "Accra", "days": {"any": [2], "optional": True}}},
        {"name": "weather", "arguments": {"city": "Abuja"}},
    ],
    "no_call": [],
}
"""Shape of a question with tools -> the calls that are wanted."""
QUESTIONS: dict[str, tuple[Any, str]] = {
    "text": ("How many are three and four?", "7"),
    "few_shot": (said("How many are three and four?", "7", "And five and six?"), "11"),
    "system": ([RULE, *said("The capital of Chad?")], "N'Djamena"),
    "in_a_row": ([*said("Listen."), *said("Capital of Togo?")], "Lomé"),
    "images": (said(["See", IMAGE], "dots", ["And", IMAGE, "what is this?"]), "a dot"),
    "picture_only": (said([IMAGE]), "dots"),
    "like_an_image": ("What does [image 1] mean?", "a name"),
}  # fmt: skip
"""Shape of a question -> question and answer. One stands in another as an example."""


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> QuestionPack:
    folder = tmp_path_factory.mktemp("packs") / "chats"
    folder.mkdir()
    (folder / "task.yaml").write_text("description: d\nscorer: {kind: exact}\n")
    lines: list[Json] = [{"question": q, "answer": wanted} for q, wanted in QUESTIONS.values()]
    for shape, calls in CALLS.items():
        asked = said("Hello.", "Hello! Which city?", f"{shape}, please.")
        lines.append({"question": asked, "answer": calls, "tools": [WEATHER], "scorer": "calls"})
    (folder / "instances.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return QuestionPack(folder)


@pytest.fixture(scope="module")
def simulator(pack: QuestionPack) -> Iterator[Simulator]:
    models = {name: {"family": name, "plays": "oracle"} for name in FAMILIES}
    folders = [str(pack.folder.parent)]
    with Simulator(models=models, tasks=["chats"], task_folders=folders) as simulator:
        yield simulator


def played(
    simulator: Simulator,
    pack: QuestionPack,
    family: str,
    index: int,
    prompt: str = "baseline",
    protocol: str = "native",
) -> Json:
    """Return the record of a question, which a strict simulated service has accepted."""
    simulator.reset()
    kind, api, parameters = FAMILIES[family]
    model = Model("m", "sim", family, protocol, parameters, kind=kind, api=api)
    base_url = simulator.base_url if kind == "openai" else simulator.address
    provider = ProviderSettings("sim", kind, {"k": Key("k", "sim", 1)}, base_url)
    access = {"k": Access(base_url, "secret-of-k")}
    client = cast(ServiceClient, KINDS[kind].connect(provider, model, access))

    def ask(request: Request) -> Answer:
        return Answer(client.complete(request, "k", 60), "k", 0.0, 0.0, 0.0, 1)

    one, chosen = pack.instance("none", index), PROTOCOLS[protocol]
    try:
        record = play(pack, one, PROMPTS[prompt], chosen, model, "none", 0, 1, ask).record
    finally:
        client.close()
    stats = simulator.stats()
    assert (stats["refusals"], stats["total"]["failed"]) == ({}, 0)
    return record


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("shape", QUESTIONS)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_question_of_each_shape_is_answered(
    simulator: Simulator, pack: QuestionPack, family: str, shape: str, prompt: str
) -> None:
    record = played(simulator, pack, family, list(QUESTIONS).index(shape), prompt)
    assert (record["answer"], record["success"]) == (QUESTIONS[shape][1], True)


@pytest.mark.parametrize("protocol", ["native", "json", "text"])
@pytest.mark.parametrize("shape", CALLS)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_calls_of_a_question_s_own_tools_are_its_answer(
    simulator: Simulator, pack: QuestionPack, family: str, shape: str, protocol: str
) -> None:
    index = len(QUESTIONS) + list(CALLS).index(shape)
    record = played(simulator, pack, family, index, protocol=protocol)
    assert record["verdict"]["why"] == "right"
    assert (record["success"], record["tool_calls"]) == (True, len(CALLS[shape]))
