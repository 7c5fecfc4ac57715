"""The HTTP transport under the SDK: every socket operation ends by the attempt's total deadline.

A read timeout alone does not bound an attempt: a provider that drips one byte a second keeps
every read short. Here each connect, read and write gets the smaller of its own timeout and what is
left of the deadline. Each thread has its own connection to each host: nothing is shared, so nothing
is locked or searched, and there are never more connections than requests in flight.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore2
import httpx2

KEEP_ALIVE_S = 60.0
LARGEST_BODY = 64 << 20


class TooLarge(Exception):
    """A body over LARGEST_BODY bytes."""


class DeadlineTransport(httpx2.BaseTransport):
    """Sends requests so that nothing outlasts the deadline of the thread that asks.

    `proxy` None means the environment's proxy settings; loopback never goes through a proxy.
    """

    def __init__(
        self,
        connect_timeout_s: float,
        read_timeout_s: float,
        proxy: str | None = None,
        make_ssl_context: Callable[[], ssl.SSLContext] = ssl.create_default_context,
    ) -> None:
        self._timeouts = {
            "connect": connect_timeout_s,
            "read": read_timeout_s,
            "write": read_timeout_s,
            "pool": connect_timeout_s,
        }
        self._proxy = proxy
        self._make_ssl_context = make_ssl_context
        self._ssl_context: ssl.SSLContext | None = None
        self._clock = _Clock()
        self._local = threading.local()
        self._pools: list[httpcore2.ConnectionPool] = []
        self._lock = threading.Lock()

    @contextmanager
    def deadline(self, seconds: float) -> Iterator[None]:
        """Bound everything that this thread sends inside the block to `seconds` from now."""
        self._clock.ends = time.monotonic() + seconds
        try:
            yield
        finally:
            self._clock.ends = None

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request through this thread's connection."""
        url = request.url
        answer = self._pool(url).handle_request(
            httpcore2.Request(
                method=request.method,
                url=httpcore2.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions={**request.extensions, "timeout": self._timeouts},
            )
        )
        return httpx2.Response(
            answer.status, headers=answer.headers, stream=_Body(answer), extensions={}
        )

    def close(self) -> None:
        """Close all connections of all threads."""
        with self._lock:
            pools, self._pools = self._pools, []
        for pool in pools:
            pool.close()

    def _pool(self, url: httpx2.URL) -> httpcore2.ConnectionPool:
        pools: dict[Any, httpcore2.ConnectionPool] = self._local.__dict__
        origin = f"{url.scheme} {url.netloc!r}"
        if origin not in pools:
            with self._lock:
                pools[origin] = self._new_pool(url)
                self._pools.append(pools[origin])
        return pools[origin]

    def _new_pool(self, url: httpx2.URL) -> httpcore2.ConnectionPool:
        options: dict[str, Any] = {
            "max_connections": 1,
            "keepalive_expiry": KEEP_ALIVE_S,
            "network_backend": _DeadlineBackend(self._clock),
        }
        proxy = proxy_for(url, self._proxy)
        if url.scheme == "https" or (proxy or "").startswith("https:"):
            self._ssl_context = self._ssl_context or self._make_ssl_context()
            options["ssl_context"] = self._ssl_context
        if proxy is None:
            return httpcore2.ConnectionPool(**options)
        parsed = httpx2.Proxy(proxy)
        return httpcore2.HTTPProxy(str(parsed.url), proxy_auth=parsed.raw_auth, **options)


def proxy_for(url: httpx2.URL, configured: str | None) -> str | None:
    """Return the proxy for `url`: the configured one, else the environment's; none for loopback."""
    if is_loopback(url.host):
        return None
    if configured:
        return configured
    if urllib.request.proxy_bypass(url.host):
        return None
    found = urllib.request.getproxies()
    return found.get(url.scheme) or found.get("all")


def is_loopback(host: str) -> bool:
    """Return whether `host` is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _Clock(threading.local):
    """The end of the current attempt of this thread, in seconds of the monotonic clock."""

    ends: float | None = None

    def left(self, timeout: float | None) -> float | None:
        """Return the smaller of `timeout` and the time left. Raises TimeoutError at the end."""
        if self.ends is None:
            return timeout
        left = self.ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the attempt's deadline has passed")
        return left if timeout is None else min(timeout, left)


class _Body(httpx2.SyncByteStream):
    def __init__(self, answer: httpcore2.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for part in self._answer.iter_stream():
            size += len(part)
            if size > LARGEST_BODY:
                raise TooLarge(f"the body has more than {LARGEST_BODY} bytes")
            yield part

    def close(self) -> None:
        self._answer.close()


class _DeadlineStream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream, clock: _Clock) -> None:
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
        return _DeadlineStream(inner, self._clock)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _DeadlineBackend(httpcore2.NetworkBackend):
    def __init__(self, clock: _Clock) -> None:
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
        return _DeadlineStream(stream, self._clock)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def resolve(host: str, port: int, timeout: float | None) -> list[str]:
    """Return the addresses of `host`, at least one.

    The system's resolver knows no deadline, so it runs in a thread that can be left behind. Raises
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
        raise httpcore2.ConnectError(f"the name {host} is not known: {found[0]}")
    return list(found[0])


def _look_up(host: str, port: int, found: list[Any]) -> None:
    try:
        told = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        found.append(list(dict.fromkeys(str(entry[4][0]) for entry in told)))
    except OSError as error:
        found.append(error)
