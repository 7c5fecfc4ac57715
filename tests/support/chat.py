"""The protocols as chat completions write them: messages are the JSON of requests and answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pilotbench.benchmark.tasks.task import ToolSpec
from pilotbench.providers.protocols import PROTOCOLS
from pilotbench.providers.protocols.protocol import CallProtocol, Parsed
from pilotbench.providers.wire_formats.chat import WIRE, as_sent, offered

Json = dict[str, Any]


@dataclass(frozen=True)
class Chat:
    """A protocol in OpenAI's wire format."""

    protocol: CallProtocol

    def system(self, *words: Any) -> str:
        """Return the system message."""
        return self.protocol.system(*words)

    def body_extra(self, tools: Sequence[ToolSpec]) -> Json:
        """Return the fields of a request body besides model, messages and parameters."""
        return offered(self.protocol.offer(tools))

    def parse(self, message: Json, tools: Sequence[ToolSpec] = ()) -> Parsed:
        """Return what is parsed from the message of an answer."""
        return self.protocol.parse(WIRE.read(message), tools)

    def assistant_message(self, message: Json, parsed: Parsed) -> Json:
        """Return the message as the next request repeats it, with unchanged ids."""
        repeated = self.protocol.assistant_message(WIRE.read(message), parsed)
        (sent,) = as_sent(repeated)
        return sent

    def result_messages(self, message: Json, parsed: Parsed, reply: Json) -> list[Json]:
        """Return the messages that send the reply, with unchanged ids."""
        results = self.protocol.result_messages(WIRE.read(message), parsed, reply)
        return [sent for result in results for sent in as_sent(result)]


CHAT = {name: Chat(protocol) for name, protocol in PROTOCOLS.items()}
