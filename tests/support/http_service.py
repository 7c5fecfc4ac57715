"""A service over loopback that a test scripts by path, headers and body."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Json = dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """One HTTP answer; a body that is not bytes is sent as JSON."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        """The bytes that are sent."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


Respond = Callable[[str, dict[str, str], Any], Reply | Json | bytes]


class HttpService:
    """The service, while the `with` block lasts; `requests` are the bodies it was sent.

    `heads` are their paths and headers, names in lower case. A body that is not JSON is text.
    """

    def __init__(self, respond: Respond) -> None:
        self._respond = respond
        self.requests: list[Any] = []
        self.heads: list[tuple[str, dict[str, str]]] = []
        self.lock = threading.Lock()

    def __enter__(self) -> Self:
        """Listen on a free port of this machine."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, path: str, headers: dict[str, str], content: bytes) -> Reply:
        try:
            body = json.loads(content)
        except ValueError:
            body = content.decode()
        with self.lock:
            self.heads.append((path, headers))
            self.requests.append(body)
        found = self._respond(path, headers, body)
        return found if isinstance(found, Reply) else Reply(found)

    def _handler(service) -> type[BaseHTTPRequestHandler]:  # noqa: N805 (self is the handler)
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                size = int(self.headers["content-length"])
                headers = {name.lower(): value for name, value in self.headers.items()}
                reply = service._answer(self.path, headers, self.rfile.read(size))
                self.send_response(reply.status)
                for name, value in {"content-type": "application/json", **reply.headers}.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(reply.content)))
                self.end_headers()
                self.wfile.write(reply.content)

            def log_message(self, *_: object) -> None:
                """Print nothing."""

        return Handler
