"""The gateway over HTTP: one thread per connection, which waits for its answer."""

from __future__ import annotations

import ipaddress
import json
import re
import select
import socket
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from pilotbench.gateway.failures import BadRequest, UnknownModel, UnknownPath, failed
from pilotbench.gateway.requests import PATHS, UNSERVED
from pilotbench.gateway.service import Call, Gateway, Reply
from pilotbench.ground.errors import PilotbenchError, UserError, of_system

MOST_BYTES = 256 * 2**20
"""Of the body of a request."""
IDLE_S = 600
"""How long a connection may be idle, or a request incomplete."""
_PATH = re.compile(r"(?:/label/(?P<label>[^/]+))?(?:/run/(?P<run>[^/]+))?(?P<rest>/v1/.*)")
LABEL, RUN = "X-Pilotbench-Label", "X-Pilotbench-Run"
_THERE_ARE = f"there are {', '.join(f'POST {path}' for path in PATHS)}, GET /v1/models"


class Server(ThreadingHTTPServer):
    """Listens on an address (port 0: a free one). Raises UserError if it cannot."""

    daemon_threads = True  # an idle connection keeps nothing waiting
    request_queue_size = 1024

    def __init__(self, host: str, port: int, gateway: Gateway) -> None:
        self.gateway = gateway
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), _Handler)
        except (OSError, OverflowError) as error:
            why = of_system(error) if isinstance(error, OSError) else str(error)
            raise UserError(f"--host {host} --port {port}: {why}") from None

    @property
    def origin(self) -> str:
        """The beginning of every URL."""
        host, port = self.server_address[:2]
        name = f"[{host!s}]" if ":" in str(host) else str(host)
        return f"http://{name}:{port}"

    def server_bind(self) -> None:
        """Bind the socket; the name of the host is not looked up, which can take seconds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: a client has closed its connection."""


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "pilotbench", ""
    disable_nagle_algorithm = True
    timeout = IDLE_S
    server: Server

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing per request."""

    def do_GET(self) -> None:
        self._handled(None)

    def do_HEAD(self) -> None:
        self._handled(None)

    def do_POST(self) -> None:
        content = self._content()
        if content is not None:
            self._handled(content)

    def _handled(self, content: bytes | None) -> None:
        """Answer a request; an error of whatever kind is one line in OpenAI's form."""
        try:
            self._route(content)
        except (PilotbenchError, ValueError) as error:
            found = failed(error)
            self._deliver(Reply(found.status, found.body, None, found.headers))

    def _route(self, content: bytes | None) -> None:
        url, gateway = urlsplit(self.path), self.server.gateway
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        place = _PATH.fullmatch(url.path.rstrip("/"))
        found = place.groupdict() if place else {}
        label = self._word(found, "label") or self.headers.get(LABEL) or query.get("label")
        run = self._word(found, "run") or self.headers.get(RUN) or query.get("run")
        label = gateway.labels.admitted(label, self._token())
        rest = found.get("rest") or url.path
        if content is not None and rest in PATHS:
            api = PATHS[rest]
            gateway.answer(Call(api, content, label, run, self._is_gone, self._deliver))
        elif content is not None and rest == "/pilotbench/begin":
            gateway.begin(label, run)
            self._deliver(Reply(200, {"label": label, "run": run}))
        elif content is None and rest == "/pilotbench/status":
            self._deliver(Reply(200, gateway.totals()))
        elif content is None and rest == "/v1/models":
            self._deliver(Reply(200, gateway.models()))
        elif content is None and rest.startswith("/v1/models/"):
            self._deliver(Reply(200, self._model(unquote(rest.removeprefix("/v1/models/")))))
        else:
            raise UnknownPath(
                f"{self.command} {rest}: {UNSERVED.get(rest, 'unknown')}; {_THERE_ARE}"
            )

    def _model(self, name: str) -> dict[str, Any]:
        for row in self.server.gateway.models()["data"]:
            if row["id"] == name:
                return dict(row)
        raise UnknownModel(f"model {name}: is not in model_catalog")

    @staticmethod
    def _word(found: Mapping[str, str | None], name: str) -> str | None:
        word = found.get(name)
        return None if word is None else unquote(word)

    def _token(self) -> str:
        kind, _, token = (self.headers.get("Authorization") or "").partition(" ")
        return token.strip() if kind.lower() == "bearer" else ""

    def _content(self) -> bytes | None:
        """Return the body of a request; None if there is none, which is answered."""
        try:
            size = int(self.headers.get("Content-Length") or "")
            if not 0 <= size <= MOST_BYTES:
                raise ValueError
        except ValueError:
            self.close_connection = True
            words = f"Content-Length: must be the size of the body, at most {MOST_BYTES} bytes"
            found = failed(BadRequest(words))
            self._deliver(Reply(found.status, found.body, None, found.headers))
            return None
        content = self.rfile.read(size)
        if len(content) < size:  # the client has gone
            self.close_connection = True
            return None
        return content

    def _is_gone(self) -> bool:
        """Return whether the client has closed its connection."""
        try:
            poll = select.poll()
            poll.register(self.connection, select.POLLIN)
            return bool(poll.poll(0)) and not self.connection.recv(1, socket.MSG_PEEK)
        except OSError:
            return True

    def _deliver(self, reply: Reply) -> bool:
        """Send a reply; return whether the client took it."""
        streams = reply.events is not None
        content = b"".join(reply.events or ()) if streams else json.dumps(reply.body).encode()
        try:
            self.send_response(reply.status)
            kind = "text/event-stream; charset=utf-8" if streams else "application/json"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)
        except OSError:
            self.close_connection = True
            return False
        return True
