"""A player sees in a request what a model sees: the prompt, the turns left, each call and reply."""

from __future__ import annotations

import pytest

from pilotbench.benchmark.tasks import TASKS
from pilotbench.providers.protocols.players import answer, call_message, protocol_of, seen
from pilotbench.providers.protocols.protocol import NO_CALL
from pilotbench.providers.request import Request
from support.chat import CHAT

TASK = TASKS["basic_task"]
INSTANCE = TASK.instance("easy", 0)
CALL = {"tool": "utility_helper", "arguments": {"topic": "x"}}
REPLY = {"ok": True, "result": {"note": "line one\nline two"}}


def conversation(protocol: str) -> list[dict]:
    """Return the messages of two turns: one without a call, one with."""
    spoken = CHAT[protocol]
    messages = [
        {"role": "system", "content": spoken.system(TASK, INSTANCE, 9)},
        {"role": "user", "content": INSTANCE.request},
    ]
    for message, reply in (({"content": "Hm."}, NO_CALL), (call_message(protocol, CALL, 1), REPLY)):
        parsed = spoken.parse(message)
        messages.append(spoken.assistant_message(message, parsed))
        messages.extend(spoken.result_messages(message, parsed, reply))
    return messages


@pytest.mark.parametrize("protocol", ["native", "json", "text"])
def test_earlier_turns_are_recovered_from_the_messages(protocol: str) -> None:
    turns = seen(CHAT[protocol].protocol, conversation(protocol)[2:])
    assert [(turn.call, turn.reply) for turn in turns] == [(None, NO_CALL), (CALL, REPLY)]


@pytest.mark.parametrize("protocol", ["native", "json", "text"])
def test_the_same_request_is_answered_the_same_in_the_protocol_it_is_written_in(
    protocol: str,
) -> None:
    extra = CHAT[protocol].body_extra(TASK.tools(INSTANCE))
    body = {"model": "oracle", "messages": conversation(protocol)[:2], **extra}
    request = Request(body, INSTANCE, "0.8", 0, 0)
    completion = answer(request)
    assert protocol_of(body) == protocol
    assert CHAT[protocol].parse(completion.message).call is not None
    assert completion == answer(request)
    assert (completion.model, completion.tokens) == ("oracle", None)
