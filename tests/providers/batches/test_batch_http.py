"""Calls to batch endpoints: deadlines, errors, secrets, and bodies of any size."""

from __future__ import annotations

import json
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from pilotbench.ground import errors
from pilotbench.providers.batch_api import is_refusal
from pilotbench.providers.batches.batch_http import BatchHttp, Content, is_whole, json_lines
from pilotbench.providers.failures import FailureRules
from pilotbench.providers.settings import Access, ProviderSettings

Json = dict[str, Any]
SECRET = "sk-4f9a8b7c-6d5e4f3a2b1c"
PIECE = b'{"n": 1}\n' * 8192


@contextmanager
def http(reply: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[BatchHttp]:
    """Yield a client of a service that answers as `reply` does."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            reply(self)

        def do_POST(self) -> None:
            reply(self)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    settings = ProviderSettings("p", "openai", {}, read_timeout_s=0.5, attempt_deadline_s=1.0)
    made = BatchHttp(
        settings,
        {"k": Access(url, SECRET)},
        FailureRules(),
        lambda key: key.base_url,
        lambda key: {"authorization": f"Bearer {key.secret}"},
    )
    try:
        yield made
    finally:
        made.close()
        server.shutdown()
        server.server_close()
        thread.join()


def answer(status: int, body: bytes, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    """Return what sends one answer."""

    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.rfile.read(int(handler.headers.get("content-length") or 0))
        handler.send_response(status)
        for name, value in {"content-length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return send


def cut(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("content-length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"id": ')
    handler.close_connection = True


def silent(handler: BaseHTTPRequestHandler) -> None:
    threading.Event().wait(1.5)


@pytest.mark.parametrize(
    ("reply", "error", "refused"),
    [
        (answer(400, b'{"error": {"message": "no such model"}}'), errors.Rejected, True),
        (answer(401, f'{{"error": "{SECRET}"}}'.encode()), errors.AuthenticationFailed, True),
        (answer(429, b"{}", retry_after="7"), errors.RateLimited, True),
        (answer(413, b"too large"), errors.ContextOverflow, True),
        (answer(408, b"{}"), errors.TimedOut, False),
        (answer(500, b"<html>"), errors.ServerFailed, False),
        (answer(200, b"[1]"), errors.ServerFailed, False),
        (answer(200, b"<html>"), errors.ServerFailed, False),
        (cut, errors.Retryable, False),
        (silent, errors.TimedOut, False),
    ],
)
def test_a_failed_call_says_whether_the_service_has_certainly_refused_it(
    reply: Callable[[BaseHTTPRequestHandler], None],
    error: type[errors.ProviderError],
    refused: bool,
) -> None:
    with http(reply) as client, pytest.raises(error) as caught:
        client.call("k", "POST", "/batches", {"tag": "t"})
    assert is_refusal(caught.value) is refused
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    if isinstance(caught.value, errors.RateLimited):
        assert caught.value.retry_after == 7


def test_nothing_was_sent_where_nobody_listens() -> None:
    with http(silent) as client:
        client._base["k"] = "http://127.0.0.1:9"
        with pytest.raises(errors.ConnectionFailed) as caught:
            client.call("k", "GET", "/batches")
    assert is_refusal(caught.value)


def test_bodies_of_any_size_go_through_in_parts(tmp_path: Path) -> None:
    count, sizes = 1200, []

    def echo(handler: BaseHTTPRequestHandler) -> None:
        left = int(handler.headers["content-length"] or 0) if handler.command == "POST" else 0
        sizes.append(left)
        while left:
            left -= len(handler.rfile.read(min(left, 1 << 16)))
        pieces = 0 if handler.command == "POST" else count
        body = b"{}" if handler.command == "POST" else b""
        handler.send_response(200)
        handler.send_header("content-length", str(len(body) + pieces * len(PIECE)))
        handler.end_headers()
        handler.wfile.write(body)
        for _ in range(pieces):
            handler.wfile.write(PIECE)

    path, size = tmp_path / "results", count * len(PIECE)
    assert size > 80 << 20
    with http(echo) as client:
        client._deadline_s = 60.0
        tracemalloc.start()
        content = Content(lambda: (PIECE for _ in range(count)), size, "application/jsonl")
        assert client.call("k", "POST", "/files", content=content) == {}
        client.download("k", "/files/content", path)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert sizes == [size, 0]
    assert path.stat().st_size == size
    assert peak < 10 << 20


@pytest.mark.parametrize(
    ("content", "lines", "whole"),
    [
        (b"", 0, True),
        (b'{"a": 1}\n{"b": 2}\n', 2, True),
        (b'{"a": 1}\n{"b": 2}', 2, True),
        (b'{"a": 1}\n\n{"b": 2}\n\n', 2, True),
        (b'{"a": 1}\n{"b":', 1, False),
        (b'{"a": 1}\n', 2, False),
    ],
)
def test_a_file_is_whole_with_every_line_and_none_cut_off(
    tmp_path: Path, content: bytes, lines: int, whole: bool
) -> None:
    path = tmp_path / "results"
    path.write_bytes(content)
    assert is_whole(path, lines) is whole
    assert all(isinstance(line, dict) for line in json_lines(path))
    assert json.dumps(list(json_lines(path)))
