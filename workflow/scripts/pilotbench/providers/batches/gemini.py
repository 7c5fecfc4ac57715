"""Gemini's batches: a file of requests is uploaded, and the results are a file.

A batch is found again by its display name, which has our tag, and by its file. A batch that expires
or is cancelled has no results.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from pilotbench.ground.errors import ServerFailed
from pilotbench.providers.batch_api import (
    BatchState,
    Found,
    Phase,
    Result,
    places_in,
    require_api,
)
from pilotbench.providers.batches.batch_http import (
    BatchHttp,
    Content,
    count,
    encoded,
    fields,
    is_whole,
    json_lines,
    unix_time,
)
from pilotbench.providers.failures import FailureRules
from pilotbench.providers.service_client import ServiceClient
from pilotbench.providers.settings import Access, Model, ProviderSettings
from pilotbench.providers.wire_format import Received, no_send
from pilotbench.providers.wire_formats import WIRE_FORMATS
from pilotbench.providers.wire_formats.gemini import VERSION

Json = dict[str, Any]
MOST_PAGES = 100
_PHASES = {
    "SUCCEEDED": Phase.ENDED,
    "FAILED": Phase.FAILED,
    "CANCELLED": Phase.CANCELLED,
    "EXPIRED": Phase.EXPIRED,
}
"""The ends of the names of states (`BATCH_STATE_…`)."""
_STATUS = {1: 499, 3: 400, 4: 504, 5: 404, 7: 403, 8: 429, 9: 400, 11: 400, 14: 503, 16: 401}
"""The HTTP status of a result with an error of this code of Google's; 500 for all others."""


class GeminiBatches:
    """Batches of the Gemini API."""

    most_requests = 200_000
    most_bytes = 2_000_000_000

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

    def size(self, custom_id: str, body: Json) -> int:
        """Return the bytes of a line."""
        return len(self._line(custom_id, body))

    def prepare(self, key: str, tag: str, bodies: Mapping[str, Json]) -> str:
        """Upload the file of requests; return its name."""
        size = sum(self.size(*one) for one in bodies.items())
        content = Content(
            lambda: (self._line(*one) for one in bodies.items()), size, "application/jsonl"
        )
        about = {"file": {"displayName": _name(tag), "mimeType": content.type}}
        answer = self._http.upload(key, f"/upload/{VERSION}/files", about, content)
        file = answer.get("file")
        if not isinstance(file, dict) or not isinstance(file.get("name"), str):
            raise ServerFailed("the answer does not name the uploaded file")
        return str(file["name"])

    def submit(self, key: str, tag: str, prepared: str, bodies: Mapping[str, Json]) -> str:
        """Create the batch of an uploaded file."""
        batch = {"displayName": _name(tag), "inputConfig": {"fileName": prepared}}
        path = f"/{VERSION}/models/{quote(self._model, safe='')}:batchGenerateContent"
        made = self._http.call(key, "POST", path, {"batch": batch})
        if not isinstance(made.get("name"), str):
            raise ServerFailed("the answer does not name the batch")
        return str(made["name"])

    def find(self, key: str, tag: str, prepared: str, since: float, count: int) -> list[Found]:
        """Return the batches with our display name or our file."""
        found = []
        for batch in self._listed(key):
            about = fields(batch.get("metadata"))
            file = fields(about.get("inputConfig")).get("fileName")
            if about.get("displayName") == _name(tag) or (prepared and file == prepared):
                found.append(Found(str(batch.get("name")), True))
        return found

    def state(self, key: str, name: str) -> BatchState:
        """Return the state of a batch."""
        batch = self._http.call(key, "GET", f"/{VERSION}/{name}")
        about, response = fields(batch.get("metadata")), fields(batch.get("response"))
        counts, error = fields(about.get("batchStats")), fields(batch.get("error"))
        output = {**fields(about.get("output")), **response}
        file = output.get("responsesFile")
        why = str(error["message"]) if error.get("message") else None
        return BatchState(
            name,
            _PHASES.get(str(about.get("state")).rpartition("_")[2], Phase.RUNNING),
            total=count(counts.get("requestCount")),
            done=count(counts.get("successfulRequestCount")),
            failed=count(counts.get("failedRequestCount")),
            created=unix_time(about.get("createTime")),
            ended=unix_time(about.get("endTime")),
            why=why,
            places=places_in(why or ""),
            outputs=(str(file),) if file else (),
        )

    def download(self, key: str, state: BatchState, path: Path) -> None:
        """Write the file of results; nothing where there is none."""
        path.write_bytes(b"")
        for file in state.outputs:
            self._http.download(key, f"/download/{VERSION}/{file}:download?alt=media", path)

    def is_whole(self, path: Path, state: BatchState) -> bool:
        """Return whether every request has a line, where there are results."""
        return not state.outputs or is_whole(path, state.done + state.failed)

    def results(self, path: Path, ids: Sequence[str]) -> Iterator[tuple[str, Result]]:
        """Yield the result of each line."""
        for line in json_lines(path):
            answer = _answer(line)
            if answer is not None:
                yield str(line.get("key")), self._reader.result(self._model, answer)

    def cancel(self, key: str, name: str) -> None:
        """Cancel a batch."""
        self._http.call(key, "POST", f"/{VERSION}/{name}:cancel")

    def close(self) -> None:
        """Close all connections."""
        self._http.close()
        self._reader.close()

    def _line(self, custom_id: str, body: Json) -> bytes:
        return encoded({"key": custom_id, "request": self._wire.sent(body)}) + b"\n"

    def _listed(self, key: str) -> Iterator[Json]:
        """Yield the batches; no document says in which order they come."""
        query: Json = {"pageSize": 100}
        for _ in range(MOST_PAGES):
            page = self._http.call(key, "GET", f"/{VERSION}/batches?{urlencode(query)}")
            yield from (one for one in page.get("operations") or () if isinstance(one, dict))
            if not page.get("nextPageToken"):
                return
            query["pageToken"] = page["nextPageToken"]


def connect(
    provider: ProviderSettings, model: Model, access: Mapping[str, Access], rules: FailureRules
) -> GeminiBatches:
    """Return the batches of the Gemini API. Raises ConfigError for another wire format."""
    require_api(model, "gemini")

    def headers(key: Access) -> Json:
        return dict(key.headers) | ({"x-goog-api-key": key.secret} if key.secret else {})

    http = BatchHttp(provider, access, rules, lambda key: key.base_url, headers)
    return GeminiBatches(provider, model, access, rules, http)


def _name(tag: str) -> str:
    return f"pilotbench-{tag}"


def _answer(line: Json) -> Received | None:
    """Return a line as the HTTP answer that it would have been online; None if it was not run."""
    if isinstance(line.get("response"), dict):
        return Received(200, {}, encoded(line["response"]))
    error = line.get("error") or line.get("status")
    if not isinstance(error, dict):
        return None
    return Received(_STATUS.get(count(error.get("code")), 500), {}, encoded({"error": error}))
