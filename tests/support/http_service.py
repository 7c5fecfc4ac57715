"""A service over loopback that a test scripts by path, headers and body."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from support.scripted import Reply

Json = dict[str, Any]


class HttpService:
    """The service, while the `with` block lasts; `requests` are (path, headers, body).

    Names of headers are in lower case; a body that is not JSON is text.
    """

    def __init__(self, reply: Callable[[str, dict[str, str], Any], Reply | Json]) -> None:
        self.reply = reply
        self.requests: list[tuple[str, dict[str, str], Any]] = []
        self.lock = threading.Lock()

    def __enter__(self) -> Any:
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
            self.requests.append((path, headers, body))
        found = self.reply(path, headers, body)
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
