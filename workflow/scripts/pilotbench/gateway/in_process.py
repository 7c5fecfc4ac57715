"""OpenAI's own client whose requests are answered in this process, without a server or a key."""

from __future__ import annotations

import json

import httpx2
from openai import OpenAI

from pilotbench.gateway.failures import UnknownPath, failed
from pilotbench.gateway.requests import PATHS, UNSERVED
from pilotbench.gateway.service import Call, Gateway, Reply

BASE_URL = "http://in-process/v1"
NO_KEY = "the-pool-chooses"


class InProcess(httpx2.BaseTransport):
    """Passes each request to a gateway under one label; safe among threads."""

    def __init__(self, gateway: Gateway, label: str) -> None:
        self._gateway, self._label = gateway, label

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Return the response, when its answer is in the journal."""
        found: list[Reply] = []

        def deliver(reply: Reply) -> bool:
            found.append(reply)
            return True

        path, content = request.url.path, request.read()
        if request.method == "POST" and path in PATHS:
            call = Call(PATHS[path], content, self._label, None, lambda: False, deliver)
            self._gateway.answer(call)
        elif request.method == "GET" and path == "/v1/models":
            deliver(Reply(200, self._gateway.models()))
        else:
            error = failed(UnknownPath(f"{request.method} {path}: {UNSERVED.get(path, 'unknown')}"))
            deliver(Reply(error.status, error.body, None, error.headers))
        return _response(found[-1])


def client(gateway: Gateway, label: str) -> OpenAI:
    """Return a client that asks a gateway. The gateway repeats attempts, so the client does not."""
    http = httpx2.Client(transport=InProcess(gateway, label))
    return OpenAI(base_url=BASE_URL, api_key=NO_KEY, max_retries=0, http_client=http)


def _response(reply: Reply) -> httpx2.Response:
    if reply.events is not None:
        headers = {"Content-Type": "text/event-stream; charset=utf-8", **reply.headers}
        return httpx2.Response(reply.status, headers=headers, content=b"".join(reply.events))
    headers = {"Content-Type": "application/json", **reply.headers}
    return httpx2.Response(reply.status, headers=headers, content=json.dumps(reply.body).encode())
