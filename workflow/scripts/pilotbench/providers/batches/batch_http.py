"""HTTP calls to a batch endpoint: the same transport, secrets and errors as for online requests."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpcore2
import httpx2

from pilotbench.ground.errors import ProviderError, ServerFailed, TimedOut
from pilotbench.ground.scrubber import Scrubber
from pilotbench.providers.bodies import parsed, unicode_only
from pilotbench.providers.failures import FailureRules, failure
from pilotbench.providers.service_client import BROKEN, broken_off, decoded, was_sent
from pilotbench.providers.settings import Access, ProviderSettings
from pilotbench.providers.transport import LARGEST_ERROR, transport_of

Json = dict[str, Any]
SLOWEST = 100_000
"""Bytes per second: a transfer gets the deadline of an attempt, and the time that this takes."""
LONGEST_DOWNLOAD_S = 3600.0
_UPLOAD = "x-goog-upload-"


@dataclass(frozen=True)
class Content:
    """A body that is made while it is sent: `parts` are made again at each call."""

    parts: Callable[[], Iterable[bytes]]
    size: int
    type: str


class BatchHttp:
    """Calls to one service; `headers` and `base` return what a key sends and where to."""

    def __init__(
        self,
        provider: ProviderSettings,
        access: Mapping[str, Access],
        rules: FailureRules,
        base: Callable[[Access], str],
        headers: Callable[[Access], Mapping[str, str]],
    ) -> None:
        self._rules, self._deadline_s = rules, provider.attempt_deadline_s
        self._base = {alias: base(key).rstrip("/") for alias, key in access.items()}
        self._headers = {alias: dict(headers(key)) for alias, key in access.items()}
        self._transport = transport_of(provider, access.values(), in_parts=True)
        self._http = httpx2.Client(transport=self._transport, trust_env=False)
        self._scrubber = Scrubber(text for key in access.values() for text in key.hidden)

    def call(
        self, key: str, method: str, path: str, body: Json | None = None, **more: Content
    ) -> Json:
        """Send one request, with `body` or `content`; return the decoded JSON of the answer.

        Raises a ProviderError.
        """
        headers = self._headers[key]
        return self._call(method, self._base[key] + path, headers, more.get("content"), body)[0]

    def upload(self, key: str, path: str, body: Json, content: Content) -> Json:
        """Upload a file in the two steps of Google's services; return the decoded JSON.

        The second one goes to the address that the first one returns, without the key.
        """
        headers = {
            **self._headers[key],
            f"{_UPLOAD}protocol": "resumable",
            f"{_UPLOAD}command": "start",
            f"{_UPLOAD}header-content-length": str(content.size),
            f"{_UPLOAD}header-content-type": content.type,
        }
        _, said = self._call("POST", self._base[key] + path, headers, None, body)
        url = said.get(f"{_UPLOAD}url", "")
        if not url.startswith(("https://", "http://")):
            raise ServerFailed("the answer does not say where to upload")
        headers = {f"{_UPLOAD}offset": "0", f"{_UPLOAD}command": "upload, finalize"}
        return self._call("POST", url, headers, content, None)[0]

    def _call(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: Content | None,
        body: Json | None,
    ) -> tuple[Json, Mapping[str, str]]:
        if body is not None:
            data = encoded(body)
            content = Content(lambda: [data], len(data), "application/json")
        deadline_s = self._deadline_s + (content.size / SLOWEST if content else 0.0)
        with self._answered(method, url, headers, content, deadline_s) as response:
            text = response.read().decode("utf-8-sig", "replace")
            try:
                found = parsed(text or "{}")
            except (ValueError, RecursionError):
                found = None
            if not isinstance(found, dict):
                raise ServerFailed(f"the answer is not a JSON object: {text[:100]}")
            return found, response.headers

    def download(self, key: str, path: str, out: Path, *, append: bool = False) -> None:
        """Write the answer to a GET to a file, and flush it. Raises a ProviderError."""
        url, headers = self._base[key] + path, self._headers[key]
        with (
            self._answered("GET", url, headers, None, LONGEST_DOWNLOAD_S) as response,
            out.open("ab" if append else "wb") as file,
        ):
            for part in response.iter_bytes():
                file.write(part)
            file.flush()
            os.fsync(file.fileno())

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    @contextmanager
    def _answered(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: Content | None,
        deadline_s: float,
    ) -> Iterator[httpx2.Response]:
        """Yield the response to a request, a good one. Raises a ProviderError."""
        if content is not None:
            about = {"content-type": content.type, "content-length": str(content.size)}
            headers = {**headers, **about}
        try:
            with (
                self._transport.deadline(deadline_s),
                self._http.stream(
                    method,
                    url,
                    headers=dict(headers),
                    content=None if content is None else _iterated(content),
                ) as response,
            ):
                if not 200 <= response.status_code < 300:
                    said = _beginning(response)
                    raise failure(
                        self._rules, response.status_code, response.headers, decoded(said)
                    )
                yield response
                return
        except (httpcore2.TimeoutException, httpx2.TimeoutException, TimeoutError) as error:
            failed: ProviderError = TimedOut("no answer within the connect, read or total deadline")
            failed.sent = was_sent(error)
        except BROKEN as error:
            if isinstance(error, OSError) and error.filename is not None:
                raise  # a file of ours
            failed = broken_off(error, begun=False)
            failed.sent = was_sent(error)
        except ProviderError as error:
            failed = error
        failed.args = (self._scrubber.line(str(failed)),)
        raise failed from None


def _iterated(content: Content) -> Iterator[bytes]:
    yield from content.parts()


def _beginning(response: httpx2.Response) -> bytes:
    found = b""
    for part in response.iter_bytes():
        found += part
        if len(found) > LARGEST_ERROR:
            break
    return found


def encoded(value: Any) -> bytes:
    """Return JSON as it is sent; half a surrogate pair becomes U+FFFD, as online."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return encoded(unicode_only(value))


def unix_time(value: Any) -> float | None:
    """Return the Unix time in s of a service's time: a number, or text in ISO 8601."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    try:
        return datetime.fromisoformat(value).timestamp()
    except (TypeError, ValueError):
        return None


def listed_since(since: float, read: Callable[[Json | None], Json]) -> Iterator[Json]:
    """Yield the batches that were created after `since` from pages that begin with the newest.

    `read` requests the page that follows a batch, the first one for None.
    """
    last: Json | None = None
    while True:
        page = read(last)
        batches = [one for one in page.get("data") or () if isinstance(one, dict)]
        for batch in batches:
            created = unix_time(batch.get("created_at"))
            if created is not None and created < since:
                return
            yield batch
        if not page.get("has_more") or not batches:
            return
        last = batches[-1]


def fields(value: Any) -> Json:
    """Return a JSON object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def count(value: Any) -> int:
    """Return a count that a service reports, as a number or a text; 0 for anything else."""
    try:
        return max(0, int(value))
    except (TypeError, ValueError):
        return 0


def json_lines(path: Path) -> Iterator[Json]:
    """Yield the objects of a file of JSON lines; what cannot be read is left out."""
    with path.open("rb") as file:
        for line in file:
            try:
                found = parsed(line.decode("utf-8-sig", "replace"))
            except (ValueError, RecursionError):
                continue
            if isinstance(found, dict):
                yield found


def is_whole(path: Path, lines: int) -> bool:
    """Return whether every line of a file of JSON lines can be read, at least so many."""
    found = sum(1 for _ in json_lines(path))
    with path.open("rb") as file:
        return found >= lines and found == sum(1 for line in file if line.strip())
