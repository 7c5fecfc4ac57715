"""A gateway in this process whose answers a test writes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any, Self

from openai import OpenAI

from pilotbench.asking.label_asker import Replayable
from pilotbench.gateway.labels import Labels
from pilotbench.gateway.server import Server
from pilotbench.gateway.service import Gateway
from pilotbench.providers.answer import Answer, Completion, Tokens
from pilotbench.providers.settings import Model

Json = dict[str, Any]
TOKEN = "a-token-of-a-test"
Replies = Callable[[Json, int], Completion]


class Canned:
    """Answers bodies by a function; it keeps what it was asked."""

    def __init__(self, model: str, reply: Replies, asked: list[tuple[Json, int]]) -> None:
        self.folder, self._reply, self._asked = Path(model), reply, asked

    def __call__(self, body: Json, occurrence: int) -> Replayable:
        self._asked.append((body, occurrence))
        completion = self._reply(body, occurrence)
        return Replayable(Answer(completion, "key", 1.0e9, 0.1, 0.0, 1), replayed=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None: ...


class GatewayServer:
    """A running gateway; `reply` is what its model says."""

    def __init__(self) -> None:
        self.asked: list[tuple[Json, int]] = []
        self.reply: Replies = lambda body, occurrence: said("hello")
        models = [
            Model("chatty", "sim", "chat-model"),
            Model("thinker", "sim", "response-model", api="responses"),
        ]
        catalog = {model.name: model for model in models}
        self.gateway = Gateway(catalog, Labels({"one": TOKEN}), self._opened)
        self.server = Server("127.0.0.1", 0, self.gateway)
        self.client = OpenAI(base_url=f"{self.server.origin}/v1", api_key=TOKEN, max_retries=0)
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self._thread.start()

    def _opened(self, model: str, label: str, stopping: Event) -> Canned:
        return Canned(model, lambda body, number: self.reply(body, number), self.asked)

    def close(self) -> None:
        """Stop serving."""
        self.client.close()
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()
        self.gateway.close()


def said(content: str | None, **message: Any) -> Completion:
    """Return a completion with this message."""
    words = {"role": "assistant", "content": content, **message}
    reason = "tool_calls" if message.get("tool_calls") else "stop"
    return Completion(words, reason, "chat-model-1", Tokens(5, 3))
