"""The HTTP transport of the SDK: every socket operation ends by the attempt's total deadline.

A read timeout alone does not bound an attempt: a provider that sends one byte per second keeps
every read short. Here each connect, read and write gets the smaller of its own timeout and what is
left of the deadline. Each thread has its own connection to each host: nothing is shared, so nothing
is locked or searched, and there are never more connections than requests in flight.
"""

from __future__ import annotations

import math
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpcore2
import httpx2

from pilotbench.providers.proxies import proxy_for
from pilotbench.providers.settings import Access, ProviderSettings
from pilotbench.providers.streams import Deadline, DeadlineBackend
from pilotbench.providers.trust import context_of

KEEP_ALIVE_S = 60.0
LARGEST_BODY = 64 << 20
"""Maximum bytes of a decoded response: compressed, it may be a thousand times smaller."""
SMALL_BODY = 1 << 20
"""Of larger responses, only one at a time is in memory in the whole process."""
BEGINNING = 1 << 14
"""Bytes of the beginning of a response that are kept, to know what a broken one was."""
LARGEST_ERROR = 1 << 20
"""Maximum bytes that are read of the body of an error."""
_DECODED = (b"content-encoding", b"content-length", b"transfer-encoding")
_large = threading.Lock()


class TooLarge(Exception):
    """A body over LARGEST_BODY bytes."""


class DeadlineTransport(httpx2.BaseTransport):
    """Sends requests so that nothing outlasts the deadline of the thread that sends them.

    `proxy` None means the environment's proxy settings; loopback never goes through a proxy.
    With `in_parts` nothing keeps a body whole, so that it may have any size.
    """

    def __init__(
        self,
        connect_timeout_s: float,
        read_timeout_s: float,
        proxy: str | None = None,
        make_ssl_context: Callable[[], ssl.SSLContext] = ssl.create_default_context,
        in_parts: bool = False,
    ) -> None:
        self._in_parts = in_parts
        self._timeouts = {
            "connect": connect_timeout_s,
            "read": read_timeout_s,
            "write": read_timeout_s,
            "pool": connect_timeout_s,
        }
        self._proxy = proxy
        self._make_ssl_context = make_ssl_context
        self._ssl_context: ssl.SSLContext | None = None
        self._clock = Deadline()
        self._local = threading.local()
        self._pools: list[httpcore2.ConnectionPool] = []
        self._lock = threading.Lock()

    @contextmanager
    def deadline(self, seconds: float) -> Iterator[None]:
        """Bound everything that this thread sends inside the block to `seconds` from now."""
        self._clock.ends = time.monotonic() + seconds
        self._clock.arrivals, self._clock.beginning, self._clock.headers = [], b"", []
        try:
            yield
        finally:
            self._clock.ends = None
            if self._clock.large:
                self._clock.large = False
                _large.release()

    def arrivals(self) -> list[tuple[int, float]]:
        """Return how many bytes of this thread's response had arrived when, monotonic, in s."""
        return self._clock.arrivals

    def begun(self) -> tuple[bytes, httpx2.Headers]:
        """Return the first bytes of this thread's response, if any, and its headers."""
        return self._clock.beginning, httpx2.Headers(self._clock.headers)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request through this thread's connection."""
        url = request.url
        pool = self._pool(url)
        _close_unclean(pool)
        answer = pool.handle_request(
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
        self._clock.headers = answer.headers
        kept = [(name, value) for name, value in answer.headers if name.lower() not in _DECODED]
        return httpx2.Response(
            answer.status, headers=kept, stream=self._body(answer), extensions={}
        )

    def _body(self, answer: httpcore2.Response) -> httpx2.SyncByteStream:
        return _Parts(answer) if self._in_parts else _Body(answer, self._clock)

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
            "network_backend": DeadlineBackend(self._clock),
        }
        proxy = proxy_for(url, self._proxy)
        if url.scheme == "https" or (proxy or "").startswith("https:"):
            self._ssl_context = self._ssl_context or self._make_ssl_context()
            options["ssl_context"] = self._ssl_context
        if proxy is None:
            return httpcore2.ConnectionPool(**options)
        parsed = httpx2.Proxy(proxy)
        return httpcore2.HTTPProxy(str(parsed.url), proxy_auth=parsed.raw_auth, **options)


def transport_of(
    provider: ProviderSettings, keys: Iterable[Access], in_parts: bool = False
) -> DeadlineTransport:
    """Return the transport to a service. Raises ConfigError for an unusable proxy or ca_bundle."""
    for key in keys:
        proxy_for(httpx2.URL(key.base_url), provider.proxy)
    return DeadlineTransport(
        provider.connect_timeout_s,
        provider.read_timeout_s,
        provider.proxy,
        context_of(provider.ca_bundle),
        in_parts,
    )


class _Raw(httpx2.SyncByteStream):
    """The body as it came, up to `most` bytes."""

    def __init__(self, answer: httpcore2.Response, most: float = LARGEST_BODY) -> None:
        self._answer, self._most = answer, most

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for part in self._answer.iter_stream():
            size += len(part)
            if size > self._most:
                raise TooLarge(f"the body has more than {LARGEST_BODY} bytes")
            yield part

    def close(self) -> None:
        self._answer.close()


class _Parts(httpx2.SyncByteStream):
    """The decoded body in parts, however large it is."""

    def __init__(self, answer: httpcore2.Response) -> None:
        self._inner = httpx2.Response(
            answer.status, headers=answer.headers, stream=_Raw(answer, math.inf)
        )

    def __iter__(self) -> Iterator[bytes]:
        return self._inner.iter_bytes()

    def close(self) -> None:
        self._inner.close()


class _Body(httpx2.SyncByteStream):
    """The decoded body in bounded parts; a large one waits for its turn."""

    def __init__(self, answer: httpcore2.Response, clock: Deadline) -> None:
        raw = _Raw(answer)
        self._inner = httpx2.Response(answer.status, headers=answer.headers, stream=raw)
        self._clock = clock

    def __iter__(self) -> Iterator[bytes]:
        size, failed = 0, self._inner.status_code >= 400
        try:
            for part in self._inner.iter_bytes():
                size += len(part)
                self._clock.arrivals.append((size, time.monotonic()))
                if len(self._clock.beginning) < BEGINNING:
                    self._clock.beginning += part[:BEGINNING]
                if failed and size > LARGEST_ERROR:
                    return
                self._check(size)
                yield part
        except httpx2.DecodingError:
            if not failed:
                raise

    def close(self) -> None:
        self._inner.close()

    def _check(self, size: int) -> None:
        if size > LARGEST_BODY:
            raise TooLarge(f"the body has more than {LARGEST_BODY} bytes when it is decoded")
        if size > SMALL_BODY and not self._clock.large:
            if not _large.acquire(timeout=self._clock.left(None) or -1):
                raise TimeoutError("no memory for a large answer in time")
            self._clock.large = True


def _close_unclean(pool: httpcore2.ConnectionPool) -> None:
    """Close each connection that received more than the response: nothing else was requested.

    Data that arrives later is detected by httpcore, which reuses no readable connection.
    """
    for connection in pool.connections:
        if connection.is_idle() and _surplus(connection) != b"":
            connection.close()


def _surplus(connection: Any) -> bytes | None:
    """Return what a connection has read beyond the last response, None where that is unknown."""
    while connection is not None and not hasattr(connection, "_h11_state"):
        connection = getattr(connection, "_connection", None)
    return None if connection is None else bytes(connection._h11_state.trailing_data[0])
