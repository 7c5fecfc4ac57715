"""What clients send that is not a request to a model: probes, other endpoints, odd headers."""

from __future__ import annotations

import http.client
import json
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest

from pilotbench.ground.errors import (
    BudgetSpent,
    ContextOverflow,
    KeyDead,
    RateLimited,
    Refused,
    Rejected,
    TimedOut,
)
from pilotbench.providers.answer import Completion
from support.gateway_server import TOKEN, GatewayServer, said

Json = dict[str, Any]
CHAT = {"model": "chatty", "messages": [{"role": "user", "content": "?"}]}


def sent(
    lab: GatewayServer, method: str, path: str, body: Any = None, **headers: str
) -> tuple[int, str, dict[str, str]]:
    connection = http.client.HTTPConnection(str(urlsplit(lab.server.origin).netloc), timeout=20)
    content = body if isinstance(body, str | None) else json.dumps(body)
    own = {"Authorization": f"Bearer {TOKEN}", **headers}
    connection.request(method, path, content, own)
    reply = connection.getresponse()
    found = reply.status, reply.read().decode(), dict(reply.headers)
    connection.close()
    return found


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("GET", "/v1/models", 200, '"chatty"'),
        ("GET", "/v1/models/chatty", 200, '"chatty"'),
        ("GET", "/v1/models/none", 404, "not in model_catalog"),
        ("HEAD", "/v1/models", 200, ""),
        ("HEAD", "/", 404, ""),
        ("GET", "/health", 404, "there are POST /v1/chat/completions"),
        ("GET", "/v1/chat/completions", 404, "there are POST"),
        ("POST", "/v1/completions", 404, "local-chat-completions"),
        ("POST", "/v1/embeddings", 404, "not served"),
        ("POST", "/label/one/run/7/v1/chat/completions", 200, "hello"),
        ("POST", "/label/one/v1/chat/completions/", 200, "hello"),
        ("POST", "/label/two/v1/chat/completions", 401, "label two"),
    ],
)
def test_a_probe_gets_an_answer_of_one_line(
    lab: GatewayServer, method: str, path: str, status: int, words: str
) -> None:
    found, text, headers = sent(lab, method, path, CHAT if method == "POST" else None)
    assert found == status
    assert words in text
    assert headers["Content-Type"] == "application/json"
    assert "\n" not in text


def test_a_connection_is_used_again_after_a_head_request(lab: GatewayServer) -> None:
    connection = http.client.HTTPConnection(str(urlsplit(lab.server.origin).netloc), timeout=20)
    for method in ("HEAD", "GET", "HEAD", "GET"):
        connection.request(method, "/v1/models", headers={"Authorization": f"Bearer {TOKEN}"})
        reply = connection.getresponse()
        assert bool(reply.read()) is (method == "GET")
    connection.close()


def test_a_body_of_unknown_length_is_refused(lab: GatewayServer) -> None:
    host, _, port = urlsplit(lab.server.origin).netloc.partition(":")
    with socket.create_connection((host, int(port)), 20) as plain:
        plain.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"Content-Length: must be" in plain.makefile("rb").read()


@pytest.mark.parametrize(
    ("error", "status", "retry"),
    [
        (RateLimited("busy", 2.5), 429, "3"),
        (RateLimited("busy"), 429, "30"),
        (TimedOut("slow"), 504, "1"),
        (BudgetSpent("budget_usd"), 402, None),
        (KeyDead("no key"), 502, None),
        (Rejected("wrong parameter"), 400, None),
        (Refused("filter"), 400, None),
        (ContextOverflow("too long"), 400, None),
        (ZeroDivisionError("secret words"), 500, None),
    ],
)
def test_an_error_says_whether_to_try_again(
    lab: GatewayServer, error: Exception, status: int, retry: str | None
) -> None:
    def fails(body: Json, number: int) -> Completion:
        raise error

    lab.reply = fails
    found, text, headers = sent(lab, "POST", "/v1/chat/completions", CHAT)
    assert found == status
    assert headers.get("Retry-After") == retry
    assert headers.get("x-should-retry") == (None if retry else "false")
    assert "secret words" not in text
    assert lab.gateway.totals()["labels"]["one"]["failed"] == 1


def test_what_failed_keeps_its_number_and_a_refusal_uses_it(lab: GatewayServer) -> None:
    errors: list[Exception] = [RateLimited("busy"), Refused("filter")]

    def fails_first(body: Json, number: int) -> Completion:
        if errors:
            raise errors.pop(0)
        return said("hello")

    lab.reply = fails_first
    codes = [sent(lab, "POST", "/v1/chat/completions", CHAT)[0] for _ in range(3)]
    assert codes == [429, 400, 200]
    assert [number for _, number in lab.asked] == [0, 0, 1]


def test_stream_options_and_stream_are_not_part_of_what_is_sent(lab: GatewayServer) -> None:
    odd = {**CHAT, "stream": False, "stream_options": None, "seed": 7, "user": "me", "store": False}
    assert sent(lab, "POST", "/v1/chat/completions", odd)[0] == 200
    body = lab.asked[0][0]
    assert body == {**CHAT, "model": "chat-model", "seed": 7, "user": "me", "store": False}
