"""An episode needs nothing but messages: a service with another wire format plays it too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from pilotbench.benchmark.prompts import prompt_files
from pilotbench.benchmark.tasks import TASKS
from pilotbench.episodes.episode import play
from pilotbench.providers.answer import Answer, Completion
from pilotbench.providers.messages import Message, Offer, ToolCall
from pilotbench.providers.protocols import PROTOCOLS
from pilotbench.providers.request import Request
from pilotbench.providers.settings import Model
from pilotbench.providers.wire_formats import WIRE_FORMATS

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[2]
THINKING = {"type": "thinking", "thinking": "Search first.", "signature": "c2lnbmVk"}


def tool_use(name: str, identity: str, **arguments: Any) -> Json:
    """Return the block of a call."""
    return {"type": "tool_use", "id": identity, "name": name, "input": arguments}


REPLIES = [
    [
        THINKING,
        {"type": "text", "text": "I look."},
        tool_use("utility_helper", "one", topic="nothing"),
        tool_use("finish", "two", answer="early"),
    ],
    [tool_use("finish", "three", answer="42")],
]


class Blocks:
    """Messages as lists of blocks, whose thinking must come back with its signature."""

    def bodies(
        self,
        deployment: str,
        messages: Sequence[Message],
        offer: Offer,
        parameters: Mapping[str, Any],
    ) -> tuple[Json, Sequence[Json]]:
        system, *rest = messages
        tools = [{"name": tool.name, "input_schema": tool.parameters} for tool in offer.tools]
        written = [self._written(message) for message in rest]
        body = {"model": deployment, "system": system.text, "messages": written, "tools": tools}
        return {**body, **parameters}, ()

    def read(self, message: Json) -> Message:
        blocks = message["content"]
        calls = (block for block in blocks if block["type"] == "tool_use")
        return Message(
            "assistant",
            text="".join(block.get("text", "") for block in blocks),
            thinking="".join(block.get("thinking", "") for block in blocks),
            calls=tuple(ToolCall(call["id"], call["name"], call["input"]) for call in calls),
            raw=message,
        )

    def _written(self, message: Message) -> Json:
        if message.raw is not None:
            return message.raw
        results = [
            {"type": "tool_result", "tool_use_id": result.id, "content": result.content}
            for result in message.results
        ]
        role = "assistant" if message.role == "assistant" else "user"
        return {"role": role, "content": results or message.text}


def test_an_episode_is_played_in_another_wire_format(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cast("dict[str, Any]", WIRE_FORMATS), "blocks", Blocks())
    sent: list[Json] = []

    def ask(request: Request) -> Answer:
        content = REPLIES[len(sent)]
        sent.append(request.body)
        message = {"role": "assistant", "content": content}
        return Answer(Completion(message, "tool_use", "m"), "k", 0.0, 0.0, 0.0, 1)

    task, model = TASKS["simple_task"], Model("m", "p", "m", api="blocks")
    prompt = prompt_files.load([ROOT / "config" / "prompts"], ["baseline"])["baseline"]
    instance = task.instance("easy", 0)
    record = play(task, instance, prompt, PROTOCOLS["native"], model, "1.0", 0, 9, ask).record
    first, second = record["transcript"]
    assert (first["thought"], first["content"]) == ("Search first.", "I look.")
    assert (first["call"]["tool"], first["surplus"]) == ("utility_helper", 1)
    assert (second["call"]["tool"], record["end_reason"]) == ("finish", "finish")
    _, said, results = sent[1]["messages"]
    assert said["content"] == REPLIES[0]
    assert [block["tool_use_id"] for block in results["content"]] == ["one", "two"]
    assert set(sent[0]) == {"model", "system", "messages", "tools"}
