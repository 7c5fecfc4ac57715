"""Sockets with a deadline: every connect, read and write ends by then."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from typing import Any

import httpcore2


class Deadline(threading.local):
    """The end of the current attempt of this thread, in seconds of the monotonic clock."""

    ends: float | None = None
    large = False
    """Whether the response that this thread reads is a large one."""

    def __init__(self) -> None:
        self.arrivals: list[tuple[int, float]] = []
        """How many bytes of the response that this thread reads had arrived when."""
        self.beginning = b""
        """Its first bytes."""
        self.headers: list[tuple[bytes, bytes]] = []
        """Its headers."""

    def left(self, timeout: float | None) -> float | None:
        """Return the smaller of `timeout` and the time left. Raises TimeoutError at the end."""
        if self.ends is None:
            return timeout
        left = self.ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the attempt's deadline has passed")
        return left if timeout is None else min(timeout, left)


class DeadlineStream(httpcore2.NetworkStream):
    """A connection whose operations end by the deadline."""

    def __init__(self, stream: httpcore2.NetworkStream, clock: Deadline) -> None:
        self._stream = stream
        self._clock = clock

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._clock.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._clock.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        inner = self._stream.start_tls(ssl_context, server_hostname, self._clock.left(timeout))
        return DeadlineStream(inner, self._clock)

    def get_extra_info(self, info: str) -> Any:
        """Return information about the stream; pending decrypted bytes count as readable."""
        found = self._stream.get_extra_info(info)
        if info == "is_readable" and not found:
            pending = getattr(self._stream.get_extra_info("socket"), "pending", None)
            return bool(pending and pending())
        return found


class DeadlineBackend(httpcore2.NetworkBackend):
    """Opens connections before the deadline, trying each address of a host."""

    def __init__(self, clock: Deadline) -> None:
        self._inner = httpcore2.SyncBackend()
        self._clock = clock

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        *others, last = resolve(host, port, self._clock.left(timeout))
        for address in others:
            try:
                return self._connect(address, port, timeout, local_address, socket_options)
            except (httpcore2.NetworkError, httpcore2.TimeoutException):
                continue
        return self._connect(last, port, timeout, local_address, socket_options)

    def _connect(
        self, address: str, port: int, timeout: float | None, local: str | None, options: Any
    ) -> httpcore2.NetworkStream:
        left = self._clock.left(timeout)
        stream = self._inner.connect_tcp(address, port, left, local, options)
        return DeadlineStream(stream, self._clock)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def resolve(host: str, port: int, timeout: float | None) -> list[str]:
    """Return the addresses of `host`, at least one.

    The system's resolver has no deadline, so it runs in a thread that can be abandoned. Raises
    httpcore2.ConnectTimeout or httpcore2.ConnectError.
    """
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        pass
    found: list[Any] = []
    thread = threading.Thread(target=_look_up, args=(host, port, found), daemon=True)
    thread.start()
    thread.join(timeout)
    if not found:
        raise httpcore2.ConnectTimeout(f"the name {host} was not resolved in time")
    if isinstance(found[0], OSError):
        raise httpcore2.ConnectError(f"the name {host} is unknown: {found[0]}")
    return list(found[0])


def _look_up(host: str, port: int, found: list[Any]) -> None:
    try:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        found.append(list(dict.fromkeys(str(entry[4][0]) for entry in entries)))
    except OSError as error:
        found.append(error)
