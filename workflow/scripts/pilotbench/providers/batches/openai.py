"""OpenAI's batches: a file of requests is uploaded, a batch is made of it, and its files are read.

Azure's are the same, below another URL. Every line names the path that it would be posted to. A
batch is found again by its metadata and by its input file.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from pilotbench.ground.errors import ServerFailed
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
from pilotbench.providers.failures import FailureRules, wrapped
from pilotbench.providers.service_client import ServiceClient
from pilotbench.providers.settings import Access, Model, ProviderSettings
from pilotbench.providers.wire_format import Received, no_send
from pilotbench.providers.wire_formats import WIRE_FORMATS

Json = dict[str, Any]
APIS = ("chat", "responses")
TAG = "pilotbench"
"""The name of our tag in the metadata of a batch."""
SKEW_S = 3600.0
"""The clocks of the service and of this machine differ by less."""
_BOUNDARY = "pilotbench-7d3f1c9a52e84b06"
_PHASES = {
    "completed": Phase.ENDED,
    "failed": Phase.FAILED,
    "expired": Phase.EXPIRED,
    "cancelled": Phase.CANCELLED,
}
_FULL = re.compile("token_limit_exceeded|enqueued|too many batches|try again", re.IGNORECASE)
_NOT_RUN = ("batch_expired", "batch_cancelled")
_UNREADY = ("pending", "running")
_READY_PAUSE_S = 1.0


class OpenAiBatches:
    """Batches of a service with OpenAI's interface."""

    most_requests = 50_000
    most_bytes = 200_000_000

    def __init__(
        self,
        provider: ProviderSettings,
        model: Model,
        access: Mapping[str, Access],
        rules: FailureRules,
        http: BatchHttp,
        *,
        endpoint: str,
        query: Mapping[str, str],
    ) -> None:
        """`endpoint` is what lines and batches name, `query` what every URL ends with."""
        self._wire, self._rules, self._model = WIRE_FORMATS[model.api], rules, model.deployment
        self._http, self._endpoint, self._query = http, endpoint, dict(query)
        self._ready_s = provider.attempt_deadline_s
        self._reader = ServiceClient(provider, access, rules, self._wire, no_send)

    def size(self, custom_id: str, body: Json) -> int:
        """Return the bytes of a line."""
        return len(self._line(custom_id, body))

    def prepare(self, key: str, tag: str, bodies: Mapping[str, Json]) -> str:
        """Upload the file of requests; return its id. Azure takes a moment to accept a file."""
        head, end = _multipart(f"{TAG}-{tag}.jsonl")
        size = len(head) + sum(self.size(*one) for one in bodies.items()) + len(end)

        def parts() -> Iterator[bytes]:
            yield head
            for one in bodies.items():
                yield self._line(*one)
            yield end

        content = Content(parts, size, f"multipart/form-data; boundary={_BOUNDARY}")
        file = self._http.call(key, "POST", self._url("/files"), content=content)
        until = time.monotonic() + self._ready_s
        while file.get("status") in _UNREADY and time.monotonic() < until:
            time.sleep(_READY_PAUSE_S)
            file = self._http.call(key, "GET", self._url(f"/files/{_id(file)}"))
        return _id(file)

    def submit(self, key: str, tag: str, prepared: str, bodies: Mapping[str, Json]) -> str:
        """Make the batch of an uploaded file."""
        body = {
            "input_file_id": prepared,
            "endpoint": self._endpoint,
            "completion_window": "24h",
            "metadata": {TAG: tag},
        }
        return _id(self._http.call(key, "POST", self._url("/batches"), body))

    def find(self, key: str, tag: str, prepared: str, since: float, count: int) -> list[Found]:
        """Return the batches with our tag or our file."""
        found = []
        for batch in self._listed(key, since - SKEW_S):
            metadata = fields(batch.get("metadata"))
            tagged = metadata.get(TAG) == tag
            if tagged or (prepared and batch.get("input_file_id") == prepared):
                found.append(Found(_id(batch), True))
        return found

    def state(self, key: str, name: str) -> BatchState:
        """Return the state of a batch."""
        batch = self._http.call(key, "GET", self._url(f"/batches/{name}"))
        counts = fields(batch.get("request_counts"))
        why = "; ".join(_words(one) for one in _errors(batch)) or None
        files = (batch.get("output_file_id"), batch.get("error_file_id"))
        status = str(batch.get("status"))
        ended = (unix_time(batch.get(f"{word}_at")) for word in _PHASES)
        return BatchState(
            name,
            _PHASES.get(status, Phase.RUNNING),
            total=count(counts.get("total")),
            done=count(counts.get("completed")),
            failed=count(counts.get("failed")),
            created=unix_time(batch.get("created_at")),
            ended=next((at for at in ended if at is not None), None),
            why=why,
            is_full=status == "failed" and bool(_FULL.search(why or "")),
            places=tuple(line - 1 for one in _errors(batch) if (line := count(one.get("line")))),
            outputs=tuple(str(file) for file in files if file),
        )

    def download(self, key: str, state: BatchState, path: Path) -> None:
        """Write the file of answers and that of errors, one after the other."""
        path.write_bytes(b"")
        for file in state.outputs:
            self._http.download(key, self._url(f"/files/{file}/content"), path, append=True)
            with path.open("ab") as out:
                out.write(b"\n")

    def is_whole(self, path: Path, state: BatchState) -> bool:
        """Return whether no line is cut off, and every answer has one."""
        return is_whole(path, state.done)

    def results(self, path: Path, ids: Sequence[str]) -> Iterator[tuple[str, Result]]:
        """Yield the result of each line."""
        for line in json_lines(path):
            result = self._result(line)
            if result is not None:
                yield str(line.get("custom_id")), result

    def cancel(self, key: str, name: str) -> None:
        """Cancel a batch."""
        self._http.call(key, "POST", self._url(f"/batches/{name}/cancel"))

    def close(self) -> None:
        """Close all connections."""
        self._http.close()
        self._reader.close()

    def _result(self, line: Json) -> Result | None:
        error, response = line.get("error"), line.get("response")
        if error:
            is_run = fields(error).get("code") not in _NOT_RUN
            return wrapped(self._rules, {"error": error}) if is_run else None
        if not isinstance(response, dict):
            return None
        headers = {"x-request-id": str(response.get("request_id") or "")}
        status = count(response.get("status_code"))
        answer = Received(status, headers, encoded(response.get("body")))
        return self._reader.result(self._model, answer)

    def _line(self, custom_id: str, body: Json) -> bytes:
        sent = self._wire.sent(body)
        line = {"custom_id": custom_id, "method": "POST", "url": self._endpoint, "body": sent}
        return encoded(line) + b"\n"

    def _listed(self, key: str, since: float) -> Iterator[Json]:
        """Yield the batches that were created after `since`."""

        def page(last: Json | None) -> Json:
            after = {} if last is None else {"after": _id(last)}
            return self._http.call(key, "GET", self._url("/batches", limit="100", **after))

        return listed_since(since, page)

    def _url(self, path: str, **query: str) -> str:
        words = urlencode({**self._query, **query})
        return f"{path}?{words}" if words else path


def connect_openai(
    provider: ProviderSettings, model: Model, access: Mapping[str, Access], rules: FailureRules
) -> OpenAiBatches:
    """Return the batches of a service with OpenAI's interface.

    Raises ConfigError for another wire format.
    """
    require_api(model, *APIS)
    http = BatchHttp(provider, access, rules, lambda key: key.base_url, _bearer)
    endpoint = "/v1" + WIRE_FORMATS[model.api].path({"model": model.deployment})
    return OpenAiBatches(provider, model, access, rules, http, endpoint=endpoint, query={})


def connect_azure(
    provider: ProviderSettings, model: Model, access: Mapping[str, Access], rules: FailureRules
) -> OpenAiBatches:
    """Return the batches of an Azure resource: of chat completions, or of its newer interface.

    Raises ConfigError for another wire format.
    """
    require_api(model, *APIS)
    from pilotbench.providers.openai_sdk import AZURE_API_VERSION

    is_new = model.api == "responses"
    below = "/openai/v1" if is_new else "/openai"
    http = BatchHttp(
        provider,
        access,
        rules,
        lambda key: key.base_url.rstrip("/") + below,
        _bearer if is_new else lambda key: {"api-key": key.secret or "none"},
    )
    version = next((k.api_version for k in access.values() if k.api_version), None)
    query = {"api-version": provider.api_version or version or AZURE_API_VERSION}
    endpoint = "/v1/responses" if is_new else "/chat/completions"
    return OpenAiBatches(
        provider, model, access, rules, http, endpoint=endpoint, query={} if is_new else query
    )


def _bearer(key: Access) -> Mapping[str, str]:
    return {"authorization": f"Bearer {key.secret or 'none'}", **dict(key.headers)}


def _multipart(name: str) -> tuple[bytes, bytes]:
    """Return what comes before and after the content of the uploaded file."""
    line = f"--{_BOUNDARY}"
    form = "content-disposition: form-data"
    head = (
        f'{line}\r\n{form}; name="purpose"\r\n\r\nbatch\r\n'
        f'{line}\r\n{form}; name="file"; filename="{name}"\r\n'
        "content-type: application/jsonl\r\n\r\n"
    )
    return head.encode(), f"\r\n{line}--\r\n".encode()


def _id(thing: Json) -> str:
    """Return the id in an answer. Raises ServerFailed if it has none."""
    found = thing.get("id")
    if not isinstance(found, str) or not found:
        raise ServerFailed("the answer has no id")
    return found


def _errors(batch: Json) -> list[Json]:
    found = fields(batch.get("errors")).get("data")
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _words(error: Json) -> str:
    return ": ".join(str(error[name]) for name in ("code", "message") if error.get(name))
