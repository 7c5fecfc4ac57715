"""Just enough HTTP/1.1 for a fast loopback server: keep-alive, Content-Length, one at a time."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

_STATUS = {status.value: status.phrase for status in HTTPStatus}
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER of 0 s: closing sends a reset
MAX_HEAD = 65536


@dataclass(frozen=True)
class HttpRequest:
    """One request; header names are in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


class Connection(asyncio.Protocol):
    """One client connection. `handle(request, connection)` must answer by one of the methods."""

    def __init__(self, handle: Callable[[HttpRequest, Connection], None]) -> None:
        self._handle = handle
        self._buffer = bytearray()
        self._transport: Any = None
        self._busy = False
        self.on_lost: Callable[[], None] | None = None
        self.is_streaming = False
        self.echo = ""  # what every error message on this connection ends with

    @property
    def is_open(self) -> bool:
        """Whether the client still listens."""
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        """Notify whoever works on the answer that the client is gone."""
        if self.on_lost is not None:
            self.on_lost()

    def data_received(self, data: bytes) -> None:
        """Collect bytes until a request is complete."""
        self._buffer += data
        self._next()

    def _next(self) -> None:
        if self._busy:
            return
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MAX_HEAD:
                self.reset()
            return
        try:
            method, target, headers = _parsed_head(bytes(self._buffer[:end]))
            length = int(headers.get("content-length", "0"))
        except ValueError:
            self.reset()
            return
        if headers.get("expect") == "100-continue" and len(self._buffer) == end + 4:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if len(self._buffer) < end + 4 + length:
            return
        body = bytes(self._buffer[end + 4 : end + 4 + length])
        del self._buffer[: end + 4 + length]
        self._busy = True
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query)) if parts.query else {}
        self._handle(HttpRequest(method, parts.path, query, headers, body), self)

    def send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        """Send a complete response and continue with the next request."""
        self.begin(status, len(body), headers, body)
        self._done()

    def begin(
        self,
        status: int,
        length: int,
        headers: Mapping[str, str] | None = None,
        first: bytes = b"",
    ) -> None:
        """Send the head of a response of `length` bytes and the first of them."""
        size = ("content-length", str(length))
        self._head(status, "application/json", size, headers, first)

    def begin_pieces(self, status: int, headers: Mapping[str, str] | None = None) -> None:
        """Send the head of a stream of server-sent events, whose length is not known."""
        self.is_streaming = True
        self._head(status, "text/event-stream", ("transfer-encoding", "chunked"), headers)

    def piece(self, data: bytes) -> None:
        """Send a piece of a stream."""
        if data:
            self._transport.write(b"%x\r\n%b\r\n" % (len(data), data))

    def end_pieces(self) -> None:
        """End a stream and continue with the next request."""
        self._transport.write(b"0\r\n\r\n")
        self._done()

    def write(self, data: bytes) -> None:
        """Send more bytes of a response that has started."""
        self._transport.write(data)

    def close(self) -> None:
        """Close after everything is sent."""
        self._transport.close()

    def reset(self) -> None:
        """Break the connection so that the client sees a reset."""
        self.on_lost = None
        raw = self._transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()

    def _head(
        self,
        status: int,
        kind: str,
        size: tuple[str, str],
        headers: Mapping[str, str] | None,
        first: bytes = b"",
    ) -> None:
        named = {"content-type": kind, size[0]: size[1], **(headers or {})}
        lines = [
            f"HTTP/1.1 {status} {_STATUS.get(status, 'Unknown')}",
            *(f"{name}: {value}" for name, value in named.items()),
        ]
        self._transport.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + first)

    def _done(self) -> None:
        """Continue with the next request."""
        self._busy = self.is_streaming = False
        self.on_lost = None
        if self._buffer:
            self._next()


def _parsed_head(head: bytes) -> tuple[str, str, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    if "transfer-encoding" in headers:
        raise ValueError("a request body needs a Content-Length here")
    return method, target, headers
