"""Anthropic's message batches: all requests are in the body, and the results are lines.

A batch stores no word of ours. One whose submission was not answered is recognized by the time of
its creation, the number of its requests and, once it has ended, the custom ids of its results.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from pilotbench.ground.errors import ServerFailed
from pilotbench.providers.anthropic_sdk import API_VERSION
from pilotbench.providers.batch_api import BatchState, Found, Phase, Result, require_api
from pilotbench.providers.batches.batch_http import (
    BatchHttp,
    Content,
    count,
    encoded,
    fields,
    is_whole,
    json_lines,
    listed_since,
    unix_time,
)
from pilotbench.providers.failures import FailureRules
from pilotbench.providers.service_client import ServiceClient
from pilotbench.providers.settings import Access, Model, ProviderSettings
from pilotbench.providers.wire_format import Received, no_send
from pilotbench.providers.wire_formats import WIRE_FORMATS

Json = dict[str, Any]
SKEW_S = 900.0
"""The clocks of the service and of this machine differ by less."""
_PATH = "/v1/messages/batches"
_STATUS = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""The status of an answer with an error of this type; 500 for all others."""


class AnthropicBatches:
    """Batches of the Messages API."""

    most_requests = 100_000
    most_bytes = 256_000_000

    def __init__(
        self,
        provider: ProviderSettings,
        model: Model,
        access: Mapping[str, Access],
        rules: FailureRules,
        http: BatchHttp,
    ) -> None:
        self._wire, self._model, self._http = WIRE_FORMATS[model.api], model.deployment, http
        self._reader = ServiceClient(provider, access, rules, self._wire, no_send)
        self._others: set[str] = set()

    def size(self, custom_id: str, body: Json) -> int:
        """Return the bytes of a request in the body of a batch."""
        return len(self._part(custom_id, body)) + 1

    def prepare(self, key: str, tag: str, bodies: Mapping[str, Json]) -> str:
        """Do nothing: the requests are part of the submission."""
        return ""

    def submit(self, key: str, tag: str, prepared: str, bodies: Mapping[str, Json]) -> str:
        """Create the batch."""
        head, end = b'{"requests":[', b"]}"
        sizes = sum(self.size(*one) for one in bodies.items())
        size = len(head) + max(0, sizes - 1) + len(end)

        def parts() -> Iterator[bytes]:
            lead = head
            for one in bodies.items():
                yield lead + self._part(*one)
                lead = b","
            yield end

        content = Content(parts, size, "application/json")
        batch = self._http.call(key, "POST", _PATH, content=content)
        if not isinstance(batch.get("id"), str):
            raise ServerFailed("the answer has no id")
        return str(batch["id"])

    def find(self, key: str, tag: str, prepared: str, since: float, count: int) -> list[Found]:
        """Return the batches of that time and size; the results of one that has ended tell."""
        found = []
        for batch in self._listed(key, since - SKEW_S):
            state = _state(batch)
            if state.total != count or state.name in self._others:
                continue
            is_ours = self._is_ours(key, state, tag) if state.phase.is_over else None
            if is_ours is False:
                self._others.add(state.name)
            else:
                found.append(Found(state.name, is_ours))
        return found

    def state(self, key: str, name: str) -> BatchState:
        """Return the state of a batch."""
        return _state(self._http.call(key, "GET", f"{_PATH}/{name}"))

    def download(self, key: str, state: BatchState, path: Path) -> None:
        """Write the results."""
        self._http.download(key, f"{_PATH}/{state.name}/results", path)

    def is_whole(self, path: Path, state: BatchState) -> bool:
        """Return whether every request has a line."""
        return is_whole(path, state.total)

    def results(self, path: Path, ids: Sequence[str]) -> Iterator[tuple[str, Result]]:
        """Yield the result of each line."""
        for line in json_lines(path):
            result = line.get("result")
            answer = _answer(result) if isinstance(result, dict) else None
            if answer is not None:
                yield str(line.get("custom_id")), self._reader.result(self._model, answer)

    def cancel(self, key: str, name: str) -> None:
        """Cancel a batch."""
        self._http.call(key, "POST", f"{_PATH}/{name}/cancel")

    def close(self) -> None:
        """Close all connections."""
        self._http.close()
        self._reader.close()

    def _is_ours(self, key: str, state: BatchState, tag: str) -> bool:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "results")
            self.download(key, state, path)
            return any(str(line.get("custom_id")).startswith(tag) for line in json_lines(path))

    def _part(self, custom_id: str, body: Json) -> bytes:
        return encoded({"custom_id": custom_id, "params": self._wire.sent(body)})

    def _listed(self, key: str, since: float) -> Iterator[Json]:
        """Yield the batches that were created after `since`."""

        def page(last: Json | None) -> Json:
            after = {} if last is None else {"after_id": str(last.get("id"))}
            return self._http.call(key, "GET", f"{_PATH}?{urlencode({'limit': 100, **after})}")

        return listed_since(since, page)


def connect(
    provider: ProviderSettings, model: Model, access: Mapping[str, Access], rules: FailureRules
) -> AnthropicBatches:
    """Return the batches of a service with the Messages API. Raises ConfigError for another API."""
    require_api(model, "messages")

    def headers(key: Access) -> Json:
        return {
            "x-api-key": key.secret or "none",
            "anthropic-version": provider.api_version or key.api_version or API_VERSION,
            **dict(key.headers),
        }

    def base(key: Access) -> str:
        return key.base_url.rstrip("/").removesuffix("/v1")

    http = BatchHttp(provider, access, rules, base, headers)
    return AnthropicBatches(provider, model, access, rules, http)


def _state(batch: Json) -> BatchState:
    counts = fields(batch.get("request_counts"))
    phase = Phase.RUNNING
    if batch.get("processing_status") == "ended":
        phase = Phase.EXPIRED if count(counts.get("expired")) else Phase.ENDED
        phase = Phase.CANCELLED if count(counts.get("canceled")) else phase
    return BatchState(
        str(batch.get("id")),
        phase,
        total=sum(map(count, counts.values())),
        done=count(counts.get("succeeded")),
        failed=count(counts.get("errored")),
        created=unix_time(batch.get("created_at")),
        ended=unix_time(batch.get("ended_at")),
    )


def _answer(result: Json) -> Received | None:
    """Return a result as the HTTP answer that it would have been online; None if it was not run."""
    if result.get("type") == "succeeded":
        return Received(200, {}, encoded(result.get("message")))
    if result.get("type") != "errored":
        return None
    body = result.get("error")
    kind = fields(fields(body).get("error")).get("type")
    return Received(_STATUS.get(str(kind), 500), {}, encoded(body))
