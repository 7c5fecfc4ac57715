"""The client of a service, against sockets that answer well, badly or not at all."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from pilotbench.benchmark.instances import Instance
from pilotbench.ground import errors
from pilotbench.providers.answer import Completion, Tokens
from pilotbench.providers.bodies import unicode_only
from pilotbench.providers.kinds import KINDS
from pilotbench.providers.proxies import proxy_for
from pilotbench.providers.request import Request
from pilotbench.providers.service_client import ServiceClient
from pilotbench.providers.settings import Access, Key, Model, ProviderSettings
from pilotbench.providers.wire_formats import WIRE_FORMATS
from support import Simulator

CANARY = "canary-8d2f0c"
MESSAGE = {"role": "assistant", "content": "hello"}
USAGE = {
    "prompt_tokens": 11,
    "completion_tokens": 7,
    "prompt_tokens_details": {"cached_tokens": 4},
    "completion_tokens_details": {"reasoning_tokens": 3},
}


def request(**body: Any) -> Request:
    """Return a request with `body` over the least that is sent."""
    least = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    return Request({**least, **body}, Instance("t", "none", 0, "hi"), "none", 0, 0)


def http(body: Any, status: str = "200 OK", headers: str = "") -> bytes:
    """Return a complete HTTP response with `body` as JSON, or unchanged when it is bytes."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{headers}"
    return f"{head}content-length: {len(data)}\r\n\r\n".encode() + data


def chat(message: Any = MESSAGE, finish: Any = "stop", **rest: Any) -> bytes:
    """Return the HTTP answer with one choice."""
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return http({"model": "m-2024", "choices": [choice], "usage": USAGE, **rest})


Answer = bytes | Callable[[socket.socket], None]


@contextmanager
def served(answer: Answer, seen: list[bytes] | None = None) -> Iterator[str]:
    """Serve one answer to every request on loopback; yield the base URL."""
    server = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def serve(connection: socket.socket) -> None:
        with connection:
            connection.settimeout(5)
            try:
                while head := _request(connection):
                    if seen is not None:
                        seen.append(head)
                    if callable(answer):
                        answer(connection)
                        return
                    connection.sendall(answer)
            except OSError:
                return

    def accept() -> None:
        while not stop.is_set():
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=serve, args=(connection,)))
            threads[-1].start()

    threads = [threading.Thread(target=accept)]
    threads[0].start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/v1"
    finally:
        stop.set()
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        for thread in threads:
            thread.join()


def _request(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return b""
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    while len(body) < size:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@contextmanager
def client(
    url: str, kind: str = "openai", api: str = "chat", stream: bool = False, **settings: Any
) -> Iterator[ServiceClient]:
    """Yield a client of `url` with the key `k`."""
    provider = ProviderSettings("p", kind, {"k": Key("k", "p", 1)}, base_url=url, **settings)
    model = Model("m", "p", "m", api=api, stream=stream)
    made = KINDS[provider.kind].connect(provider, model, {"k": Access(url, CANARY)})
    assert isinstance(made, ServiceClient)
    try:
        yield made
    finally:
        made.close()


def ask(answer: Answer, deadline_s: float = 5, **settings: Any) -> Completion:
    """Return what one attempt makes of an answer."""
    with served(answer) as url, client(url, **settings) as provider:
        return provider.complete(request(), "k", deadline_s)


def test_the_sdk_takes_nothing_from_the_environment_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_ADMIN_KEY", "AZURE_OPENAI_AD_TOKEN"):
        monkeypatch.setenv(name, "environment-value")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Own: environment-value\nAuthorization: Bearer y")
    for kind in ("openai", "azure"):
        seen: list[bytes] = []
        with served(chat(), seen) as url, client(url, kind) as provider:
            provider.complete(request(), "k", 5)
        head = seen[0].lower()
        assert b"environment-value" not in head, kind
        assert b"x-own" not in head
        assert CANARY.encode() in seen[0]


def test_the_headers_of_an_access_are_sent() -> None:
    seen: list[bytes] = []
    with served(chat(), seen) as url:
        provider = ProviderSettings("p", "openai", {"k": Key("k", "p", 1)}, base_url=url)
        access = Access(url, CANARY, (("OpenAI-Organization", "org-1"),))
        made = KINDS[provider.kind].connect(provider, Model("m", "p", "m"), {"k": access})
        assert isinstance(made, ServiceClient)
        made.complete(request(), "k", 5)
        made.close()
    assert b"openai-organization: org-1" in seen[0].lower()


def test_an_answer_that_repeats_the_secret_never_enters_the_program() -> None:
    call = {"id": CANARY, "function": {"name": "f", "arguments": json.dumps({"key": CANARY})}}
    message = {"role": "assistant", "content": f"Your key is {CANARY}.", "tool_calls": [call]}
    more = {"id": CANARY, "service_tier": CANARY, "system_fingerprint": CANARY}
    found = ask(chat(message, f"stop {CANARY}", model=f"m {CANARY}", **more))
    assert CANARY not in json.dumps(found.as_json())
    assert found.message["content"] == "Your key is ***."
    assert (found.tier, found.received["id"]) == ("***", "***")
    with pytest.raises(errors.UnusableAnswer) as caught:
        ask(http({"choices": [], "usage": {**USAGE, CANARY: CANARY}, **more}))
    assert caught.value.tier == "***"
    assert CANARY not in json.dumps(caught.value.received)
    assert caught.value.received["usage"] == {**USAGE, "***": "***"}


def test_an_answer_carries_message_model_and_all_token_counts() -> None:
    found = ask(chat({**MESSAGE, "refusal": None, "reasoning_content": "hm"}))
    assert found.message == {"role": "assistant", "content": "hello", "reasoning_content": "hm"}
    assert (found.finish_reason, found.model) == ("stop", "m-2024")
    assert found.tokens == Tokens(11, 7, 3, 4)


@pytest.mark.parametrize(
    ("message", "content"),
    [
        ({"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}, None),
        ({"role": "assistant"}, None),
        ({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}, "ab"),
        ({"content": "\ud800 half \U0001f600"}, "\ufffd half \U0001f600"),
        ({"content": ""}, ""),
    ],
)
def test_content_is_text_or_none(message: dict[str, Any], content: str | None) -> None:
    assert ask(chat(message)).message["content"] == content


def test_an_error_that_a_gateway_wraps_in_a_200_keeps_its_kind() -> None:
    with pytest.raises(errors.RateLimited):
        ask(http({"error": {"code": 429, "message": "slow down"}}))


def _drip(head: bool) -> Callable[[socket.socket], None]:
    def drip(connection: socket.socket) -> None:
        data = chat()
        cut = 0 if head else data.index(b"\r\n\r\n") + 5
        connection.sendall(data[:cut])
        for at in range(cut, len(data)):
            connection.sendall(data[at : at + 1])
            time.sleep(0.05)

    return drip


def _hang(connection: socket.socket) -> None:
    """Send nothing until the client closes the connection."""
    connection.settimeout(60)
    connection.recv(1)


def _truncated(connection: socket.socket) -> None:
    connection.sendall(chat()[:-20])


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def _garbage(connection: socket.socket) -> None:
    connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (_drip(head=True), errors.TimedOut),
        (_drip(head=False), errors.TimedOut),
        (_hang, errors.TimedOut),
        (_truncated, errors.Retryable),
        (_reset, errors.ConnectionFailed),
        (lambda _: None, errors.Retryable),
        (_garbage, errors.ServerFailed),
        (http({}, "500 Oops"), errors.ServerFailed),
        (http(b"\x00" * 50, headers="content-encoding: gzip\r\n"), errors.UnusableAnswer),
    ],
    ids=[
        "drip-head",
        "drip-body",
        "hang",
        "truncated",
        "reset",
        "closed",
        "garbage",
        "500",
        "gzip",
    ],
)
def test_no_answer_outlasts_the_deadline(
    answer: Answer, expected: type[errors.ProviderError]
) -> None:
    """Whoever waits longer gets the answer that is dripped, or a connection that is closed."""
    with pytest.raises(expected):
        ask(answer, deadline_s=0.4 if expected is errors.TimedOut else 60)


def test_the_read_timeout_bounds_a_silence_before_the_deadline_does() -> None:
    with pytest.raises(errors.TimedOut):
        ask(_hang, deadline_s=60, read_timeout_s=0.2)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/v1", "http://no-such-host.invalid/v1"])
def test_a_host_that_cannot_be_reached_is_a_failed_connection(url: str) -> None:
    with client(url) as provider, pytest.raises((errors.ConnectionFailed, errors.TimedOut)):
        provider.complete(request(), "k", 5)


@pytest.mark.parametrize("kind", ["azure", "openai"])
def test_a_redirect_to_another_host_does_not_take_the_key_along(kind: str) -> None:
    def moved(url: str) -> bytes:
        return http(b"", "307 Moved", f"location: {url}/elsewhere\r\n")

    seen: list[bytes] = []
    with served(chat(), seen) as there, served(moved(there)) as url, client(url, kind) as provider:
        provider.complete(request(), "k", 5)
    assert b"/elsewhere" in seen[0]
    assert CANARY.encode() not in seen[0]


def test_redirects_without_end_are_a_failed_connection() -> None:
    here = http(b"", "307 Moved", "location: /v1/chat/completions\r\n")
    with pytest.raises(errors.ConnectionFailed):
        ask(here)


def test_a_body_without_end_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pilotbench.providers.transport.LARGEST_BODY", 100_000)
    with pytest.raises(errors.UnusableAnswer):
        ask(http(b" " * 200_000))


@pytest.mark.parametrize("status", ["401 Unauthorized", "400 Bad", "500 Oops", "200 OK"])
def test_no_error_shows_a_secret_or_holds_what_does(status: str) -> None:
    body = {"error": {"message": f"key {CANARY}\nis wrong"}}
    with pytest.raises(errors.ProviderError) as caught:
        ask(http(body, status))
    assert "canary" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("kind", ["openai", "azure"])
def test_no_log_line_shows_a_secret_even_when_all_is_logged(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("openai", "httpx2", "httpcore2"):
        caplog.set_level(logging.DEBUG, logger=name)
    with served(chat()) as url, client(url, kind=kind) as provider:
        provider.complete(request(), "k", 5)
    assert caplog.records
    assert "canary" not in caplog.text


def test_the_body_is_sent_unchanged_and_extra_body_is_merged() -> None:
    seen: list[bytes] = []
    body = {"temperature": 0, "tools": [{"x": "\ud800é"}], "extra_body": {"top_k": 3}}
    with served(chat(), seen) as url, client(url) as provider:
        provider.complete(request(**body), "k", 5)
    head, _, sent = seen[0].partition(b"\r\n\r\n")
    assert json.loads(sent) == unicode_only(WIRE_FORMATS["chat"].sent(request(**body).body))
    assert json.loads(sent)["top_k"] == 3
    assert f"authorization: bearer {CANARY}" in head.decode().lower()


def test_many_threads_each_reuse_one_connection() -> None:
    ports: set[str] = set()
    with Simulator(keys={"k": {"secret": CANARY}}) as simulator:
        with client(simulator.base_url) as provider:
            barrier = threading.Barrier(8)

            def work() -> None:
                barrier.wait()
                for _ in range(5):
                    found = provider.complete(request(model="echo"), "k", 10)
                    ports.add(str(found.message["content"]))

            threads = [threading.Thread(target=work) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(provider._transport._pools) == 8
        assert simulator.stats()["keys"]["k"]["answered"] == 40


def test_requests_to_azure_name_deployment_and_api_version() -> None:
    seen: list[bytes] = []
    with served(chat(), seen) as url:
        endpoint = url.removesuffix("/v1")
        with client(endpoint, kind="azure", api_version="2024-06-01") as provider:
            found = provider.complete(request(model="my gpt"), "k", 5)
    line, *headers = seen[0].partition(b"\r\n\r\n")[0].decode().lower().split("\r\n")
    assert line.startswith(
        "post /openai/deployments/my%20gpt/chat/completions?api-version=2024-06-01"
    )
    assert f"api-key: {CANARY}" in headers
    assert found.model == "m-2024"


def test_a_configured_proxy_is_used_and_loopback_never_goes_through_one() -> None:
    seen: list[bytes] = []
    with served(http({}, "502 Bad Gateway"), seen) as url:
        proxy = url.removesuffix("/v1")
        with (
            client("http://llm.example/v1", proxy=proxy) as provider,
            pytest.raises(errors.ServerFailed),
        ):
            provider.complete(request(), "k", 5)
    assert seen[0].startswith(b"POST http://llm.example/v1/chat/completions")
    assert proxy_for(httpx2.URL("http://127.0.0.1:8/v1"), proxy) is None


def test_the_environments_proxy_counts_where_config_names_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:8080")
    monkeypatch.setenv("no_proxy", "inside.example")
    assert proxy_for(httpx2.URL("https://out.example/v1"), None) == "http://proxy.example:8080"
    assert proxy_for(httpx2.URL("https://inside.example/v1"), None) is None
    assert proxy_for(httpx2.URL("https://out.example/v1"), "http://own:1") == "http://own:1"


def response(*output: Any) -> bytes:
    """Return the HTTP answer of the Responses API."""
    usage = {"input_tokens": 11, "output_tokens": 7}
    return http({"model": "m-2026", "status": "completed", "output": [*output], "usage": usage})


@pytest.mark.parametrize(
    ("kind", "url"),
    [("openai", b"POST /v1/responses "), ("azure", b"POST /v1/openai/v1/responses ")],
)
def test_another_wire_format_goes_through_the_same_client(kind: str, url: bytes) -> None:
    seen: list[bytes] = []
    item = {"type": "message", "content": [{"type": "output_text", "text": f"Hi {CANARY}"}]}
    with served(response(item), seen) as base, client(base, kind, api="responses") as provider:
        found = provider.complete(request(), "k", 5)
    assert seen[0].startswith(url)
    assert CANARY.encode() in seen[0].partition(b"\r\n\r\n")[0]
    assert WIRE_FORMATS["responses"].read(found.message).text == "Hi ***"
    assert (found.finish_reason, found.model, found.tokens) == (
        "completed",
        "m-2026",
        Tokens(11, 7),
    )


PIECES = [{"role": "assistant", "content": ""}, {"content": "4"}, {"content": "2"}]


def events(*pieces: Any, finish: str | None = "stop") -> list[bytes]:
    """Return the events of a stream, its usage and its end included."""
    choices = [{"delta": piece, "finish_reason": None} for piece in pieces]
    choices += [{"delta": {}, "finish_reason": finish}] if finish else []
    chunks: list[Any] = [{"id": "c1", "model": "m-2024", "choices": [one]} for one in choices]
    chunks += [{"choices": [], "usage": USAGE}] if finish else []
    lines = [f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks]
    return [*lines, b"data: [DONE]\n\n"] if finish else lines


def streamed(*parts: bytes | float, whole: bool = True) -> Callable[[socket.socket], None]:
    """Return what sends `parts` as one response in chunks; a number is a pause in s."""

    def send(connection: socket.socket) -> None:
        head = (
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n"
            "x-request-id: req_1\r\n"
        )
        connection.sendall(f"{head}\r\n".encode())
        for part in parts:
            if isinstance(part, float):
                time.sleep(part)
            else:
                connection.sendall(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        if whole:
            connection.sendall(b"0\r\n\r\n")

    return send


def test_a_stream_is_requested_and_put_together_into_the_same_completion() -> None:
    seen: list[bytes] = []
    asked = request()
    with served(streamed(*events(*PIECES)), seen) as url, client(url, stream=True) as provider:
        found = provider.complete(asked, "k", 5)
    sent = json.loads(seen[0].partition(b"\r\n\r\n")[2])
    assert sent == {**asked.body, "stream": True, "stream_options": {"include_usage": True}}
    assert "stream" not in asked.body
    at_once = ask(chat({"role": "assistant", "content": "42"}, id="c1"))
    assert found.received.pop("request_id") == "req_1"
    assert found == replace(at_once, first_token_s=found.first_token_s)


def test_the_first_token_is_timed_not_the_first_event() -> None:
    opening, *rest = events(*PIECES)
    answer = streamed(b": keep-alive\n\n", opening, 0.3, *rest)
    with served(answer) as url, client(url, stream=True) as provider:
        first = provider.complete(request(), "k", 5).first_token_s
    assert first is not None
    assert 0.3 <= first < 5


def test_the_first_token_of_an_event_of_several_lines_is_timed() -> None:
    written = json.dumps({"choices": [{"delta": {"content": "42"}, "finish_reason": "stop"}]})
    lines = written.replace(", ", ",\r\ndata: ").encode()
    found = ask(streamed(b"data: " + lines + b"\r\n\r\n", b"data: [DONE]\n\n"), stream=True)
    assert found.message["content"] == "42"
    assert found.first_token_s is not None


def test_an_answer_at_once_to_a_request_for_a_stream_has_no_first_token() -> None:
    found = ask(chat(), stream=True)
    assert (found.message["content"], found.first_token_s) == ("hello", None)


COMMENT = b": keep-alive\n\n"


def test_comments_end_a_silence() -> None:
    pauses = [part for _ in range(6) for part in (COMMENT, 0.2)]
    answer = streamed(*pauses, *events(*PIECES))
    assert ask(answer, stream=True, read_timeout_s=0.6).message["content"] == "42"


@pytest.mark.parametrize(
    ("answer", "deadline_s", "read_timeout_s"),
    [
        (streamed(events(*PIECES)[0], 1.5, *events(*PIECES)[1:]), 5.0, 0.3),
        (streamed(*[part for _ in range(20) for part in (COMMENT, 0.1)]), 0.5, 5.0),
    ],
    ids=["silence between events", "deadline of the attempt"],
)
def test_a_stream_ends_by_its_deadlines(
    answer: Answer, deadline_s: float, read_timeout_s: float
) -> None:
    with pytest.raises(errors.TimedOut) as caught:
        ask(answer, deadline_s, stream=True, read_timeout_s=read_timeout_s)
    assert caught.value.sent


@pytest.mark.parametrize(
    "answer",
    [
        streamed(*events(*PIECES)[:2], whole=False),
        streamed(*events(*PIECES, finish=None)),
        streamed(*events(*PIECES)[:2], b'data: {"choices": [{"delta": {"con'),
    ],
    ids=["connection closed", "no end", "half an event"],
)
def test_a_stream_that_was_cut_off_is_a_broken_connection(answer: Answer) -> None:
    with pytest.raises(errors.ConnectionFailed) as caught:
        ask(answer, stream=True)
    assert caught.value.begun
    assert caught.value.received == {"id": "c1", "request_id": "req_1"}


BUSY = b'data: {"error": {"code": 503, "message": "busy"}}\n\n'


@pytest.mark.parametrize(
    ("answer", "status"),
    [(streamed(BUSY), 503), (streamed(*events(*PIECES, finish=None), BUSY), None)],
    ids=["before the answer", "in the middle of it"],
)
def test_an_error_after_a_part_of_a_stream_may_have_cost_something(
    answer: Answer, status: int | None
) -> None:
    """An error with a status is free for the budget."""
    with pytest.raises(errors.ServerFailed) as caught:
        ask(answer, stream=True)
    assert (caught.value.status, caught.value.sent) == (status, True)
