"""Requests of the Messages API as they leave: where to, with which headers and body."""

from __future__ import annotations

import json
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from pilotbench.benchmark.instances import Instance
from pilotbench.ground import errors
from pilotbench.providers.answer import Completion
from pilotbench.providers.anthropic_sdk import API_VERSION
from pilotbench.providers.kinds import KINDS
from pilotbench.providers.request import Request
from pilotbench.providers.service_client import ServiceClient
from pilotbench.providers.settings import Access, Key, Model, ProviderSettings
from support.http_service import Reply
from support.messages_api import failed, message, text
from support.scripted import QUESTIONS, Scripted, service

Json = dict[str, Any]
CANARY = "canary-8d2f0c"
QUESTION = next(iter(QUESTIONS))


def request(**body: Any) -> Request:
    """Return a request with `body` over the least that is sent."""
    said = [{"role": "user", "content": QUESTION}]
    least = {"model": "m", "max_tokens": 9, "messages": said}
    return Request({**least, **body}, Instance("t", "none", 0, "hi"), "none", 0, 0)


@contextmanager
def client(url: str, secret: str = CANARY, **settings: Any) -> Iterator[ServiceClient]:
    """Yield a client of `url` with the key `k`."""
    provider = ProviderSettings("p", "anthropic", {"k": Key("k", "p", 1)}, url, **settings)
    model, access = Model("m", "p", "m", api="messages"), {"k": Access(url, secret)}
    made = KINDS[provider.kind].connect(provider, model, access)
    assert isinstance(made, ServiceClient)
    try:
        yield made
    finally:
        made.close()


def healthy(body: Json, number: int) -> Json:
    """Return a good answer."""
    return message([text("42")])


def ask(reply: Any = None, **settings: Any) -> tuple[Completion, Scripted]:
    """Return what one attempt makes of an answer, and the service that gave it."""
    answer = healthy({}, 0) if reply is None else reply
    with service(lambda body, number: answer) as there, client(there.address, **settings) as made:
        return made.complete(request(), "k", 5), there


def test_a_request_carries_the_key_and_the_version_of_the_api() -> None:
    _, scripted = ask()
    ((path, head),) = scripted.heads
    assert path == "/v1/messages"
    assert (head["x-api-key"], head["anthropic-version"]) == (CANARY, API_VERSION)
    assert head["content-type"] == "application/json"
    assert "authorization" not in head


def test_the_config_sets_the_version_of_the_api() -> None:
    _, scripted = ask(api_version="2026-10-21")
    assert scripted.heads[0][1]["anthropic-version"] == "2026-10-21"


@pytest.mark.parametrize("below", ["", "/", "/v1", "/v1/", "/team/anthropic", "/team/v1"])
def test_the_base_url_may_contain_the_version(below: str) -> None:
    with service(healthy) as scripted, client(f"{scripted.address}{below}") as made:
        made.complete(request(), "k", 5)
    assert scripted.heads[0][0] == f"{below.rstrip('/').removesuffix('/v1')}/v1/messages"


def test_the_sdk_takes_nothing_from_the_environment_by_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    for name in ("API_KEY", "AUTH_TOKEN", "WEBHOOK_SIGNING_KEY", "PROFILE", "ORGANIZATION_ID"):
        monkeypatch.setenv(f"ANTHROPIC_{name}", "environment-value")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("ANTHROPIC_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", "X-Own: environment-value\nx-api-key: other")
    for secret in (CANARY, ""):
        with service(healthy) as scripted, client(scripted.address, secret) as made:
            made.complete(request(), "k", 5)
        head = scripted.heads[0][1]
        assert "environment-value" not in json.dumps(head)
        assert "x-own" not in head
        assert head["x-api-key"] == (secret or "none")


def test_the_body_is_sent_as_it_is_hashed_and_extra_body_is_merged() -> None:
    body = {"tools": [{"x": "é"}], "thinking": None, "extra_body": {"speed": "fast"}}
    with service(healthy) as scripted, client(scripted.address) as made:
        made.complete(request(**body), "k", 5)
        made.complete(request(system="half \ud800"), "k", 5)
    first, second = scripted.requests
    assert first == {**request().body, "tools": [{"x": "é"}], "thinking": None, "speed": "fast"}
    assert second["system"] == "half \ufffd"


FAILURES: list[tuple[Reply, type[errors.ProviderError], float | None]] = [
    (failed(400, "invalid_request_error", "max_tokens: Field required"), errors.Rejected, None),
    (failed(404, "not_found_error", "model: m"), errors.Rejected, None),
    (failed(429, "rate_limit_error", "slow", retry_after="7"), errors.RateLimited, 7),
    (failed(529, "overloaded_error", "Overloaded", retry_after="3"), errors.ServerFailed, 3),
    (failed(500, "api_error", "Internal server error"), errors.ServerFailed, None),
    (Reply(b"<html>busy</html>", 502), errors.ServerFailed, None),
    (Reply(b"", 500), errors.ServerFailed, None),
    (Reply(b"{}", 200), errors.UnusableAnswer, None),
    (Reply(b"not JSON", 200), errors.UnusableAnswer, None),
    (Reply(b"", 307), errors.ServerFailed, None),
]


@pytest.mark.parametrize(("reply", "error", "wait"), FAILURES)
def test_each_failure_is_one_attempt_and_an_error_of_the_tree(
    reply: Reply, error: type[errors.ProviderError], wait: float | None
) -> None:
    with (
        service(lambda body, number: reply) as scripted,
        client(scripted.address) as made,
        pytest.raises(error) as caught,
    ):
        made.complete(request(), "k", 5)
    assert type(caught.value) is error
    assert getattr(caught.value, "retry_after", None) == wait
    assert len(scripted.requests) == 1


def test_a_host_that_cannot_be_reached_is_a_failed_connection() -> None:
    with client("http://127.0.0.1:1") as made, pytest.raises(errors.ConnectionFailed) as caught:
        made.complete(request(), "k", 5)
    assert not caught.value.sent


def test_no_answer_outlasts_the_deadline() -> None:
    def slow(body: Json, number: int) -> Json:
        done.wait(5)
        return message([text("42")])

    done = threading.Event()
    with service(slow) as scripted, client(scripted.address) as made:
        with pytest.raises(errors.TimedOut):
            made.complete(request(), "k", 0.3)
        done.set()


def test_nothing_shows_a_secret(caplog: pytest.LogCaptureFixture) -> None:
    for name in (None, "anthropic", "httpx2", "httpcore2"):
        caplog.set_level(logging.DEBUG, logger=name)
    found, _ = ask(message([text(f"Your key is {CANARY}.")]))
    assert CANARY not in json.dumps(found.as_json())
    with pytest.raises(errors.Rejected) as caught:
        ask(failed(400, "invalid_request_error", f"the key {CANARY}\nis wrong"))
    assert "canary" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert caplog.records
    assert "canary" not in caplog.text


def test_a_redirect_does_not_take_the_key_to_another_host() -> None:
    with service(healthy) as there, pytest.raises(errors.ServerFailed):
        ask(Reply(b"", 307, {"location": f"{there.address}/elsewhere"}))
    assert not there.heads


def test_without_the_sdk_one_line_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "anthropic", None)
    with pytest.raises(errors.ConfigError) as caught, client("http://127.0.0.1:1"):
        pass
    assert "provider p: api messages needs the package anthropic: pip install" in str(caught.value)
    assert "\n" not in str(caught.value)
