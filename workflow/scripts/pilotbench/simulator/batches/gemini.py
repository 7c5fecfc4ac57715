"""Gemini's batches: requests in the body or in a file, and results of the same kind.

An expired or cancelled batch has no results, and nothing of it is billed.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

from pilotbench.simulator.apis import APIS
from pilotbench.simulator.apis.api import Malformed, Problem, body_of, problem
from pilotbench.simulator.apis.gemini import field
from pilotbench.simulator.batches import job as phases
from pilotbench.simulator.batches.desk import StoredFile
from pilotbench.simulator.batches.form import (
    JSONL,
    LOOK,
    RESULTS,
    SUBMIT,
    Call,
    Form,
    Reply,
    Route,
    compact,
    jsonl,
    number,
)
from pilotbench.simulator.batches.job import Job, Line, LineAnswer
from pilotbench.simulator.ground.wire import HttpRequest

Json = dict[str, Any]
NAME = "gemini"
_API = APIS["gemini"]
_MOST_BYTES, _MOST_FILE_BYTES = 20 * 10**6, 2 * 10**9
_TYPES = "type.googleapis.com/google.ai.generativelanguage.v1main"
_STATES = {
    phases.VALIDATING: "BATCH_STATE_PENDING",
    phases.RUNNING: "BATCH_STATE_RUNNING",
    phases.CANCELLING: "BATCH_STATE_RUNNING",
    phases.COMPLETED: "BATCH_STATE_SUCCEEDED",
    phases.FAILED: "BATCH_STATE_FAILED",
    phases.EXPIRED: "BATCH_STATE_EXPIRED",
    phases.CANCELLED: "BATCH_STATE_CANCELLED",
}
_UPLOAD = "x-goog-upload-"


def _create(call: Call) -> Reply:
    desk, model, body = call.desk, call.name, body_of(call.request)
    for name in body:
        if name != "batch":
            raise Malformed(Problem(f'Invalid JSON payload received. Unknown name "{name}"'))
    batch = body.get("batch") or {}
    config = field(batch, "inputConfig")
    inlined = field(field(config, "requests"), "requests")
    file = field(config, "fileName")
    if not desk.knows(model):
        words = f"models/{model} is not found, or is not supported for batchGenerateContent."
        raise Malformed(Problem(words, "not_found", 404))
    if bool(inlined) == bool(file):
        words = "* GenerateContentBatch.input_config: requests or file_name is required\n"
        raise Malformed(Problem(words))
    if inlined:
        if len(call.request.body) > (desk.setup.max_bytes or _MOST_BYTES):
            raise Malformed(Problem("Request payload size exceeds the limit: 20971520 bytes."))
        lines = [_inlined(model, place, one) for place, one in enumerate(inlined)]
    else:
        lines = _lines_of_file(call, model, str(file))
    most = desk.setup.max_requests
    if most is not None and len(lines) > most:
        raise Malformed(Problem(f"The batch has more than {most} requests."))
    if desk.over_limit(NAME, model, lines) is not None:
        raise Malformed(problem("rate_limit_exceeded"))
    about: Json = {"displayName": field(batch, "displayName"), "file": file}
    wrong: list[Json] = [{"message": "A request is not valid."} for _ in desk.refused(lines)[:1]]
    if wrong and desk.setup.names_refused:
        wrong = [{"message": f"Line {n + 1} is not valid."} for n in desk.refused(lines)]
    job = desk.submit(NAME, "batches/", _API, call.secret, model, lines, about, wrong, whole=True)
    return Reply(_shown(call, job), moment=SUBMIT)


def _inlined(model: str, place: int, sent: Any) -> Line:
    request = field(sent, "request")
    if not isinstance(request, dict) or not request.get("contents"):
        where = f"batch.input_config.requests.requests[{place}].request.contents"
        raise Malformed(Problem(f"* {where}: contents is not specified\n"))
    return _line(model, str(place), request, sent)


def _line(model: str, name: str, request: Json, sent: Json) -> Line:
    body = {key: value for key, value in request.items() if key != "model"}
    path = f"/v1beta/models/{model}:generateContent"
    return Line(name, HttpRequest("POST", path, {}, {}, compact(body)), sent)


def _lines_of_file(call: Call, model: str, name: str) -> list[Line]:
    """Return the lines of an uploaded file. Raises Malformed."""
    file = _stored(call, name)
    if len(file.content) > (call.desk.setup.max_bytes or _MOST_FILE_BYTES):
        raise Malformed(Problem("The input file is too large."))
    lines = []
    for place, text in enumerate(file.content.splitlines(), start=1):
        try:
            sent = json.loads(text)
            lines.append(_line(model, str(sent["key"]), sent["request"], sent))
        except (ValueError, KeyError, TypeError, AttributeError):
            words = f"Line {place} of the input file is not an object with key and request."
            raise Malformed(Problem(words)) from None
    if not lines:
        raise Malformed(Problem("The input file is empty."))
    return lines


def _stored(call: Call, name: str) -> StoredFile:
    found = call.desk.files.get(name)
    if found is None or "upload" in found.about:
        words = f"You do not have permission to access the File {name} or it may not exist."
        raise Malformed(Problem(words, status=403))
    return found


def _list(call: Call) -> Reply:
    jobs, size = call.desk.listed(NAME), number(call, "pageSize", 50, 1000)
    token = call.text("pageToken", "0")
    if not token.isdigit():
        raise Malformed(Problem("Page token is invalid."))
    first = int(token)
    page: Json = {"operations": [_shown(call, job) for job in jobs[first : first + size]]}
    more = len(jobs) > first + size
    return Reply(page | ({"nextPageToken": str(first + size)} if more else {}))


def _retrieve(call: Call) -> Reply:
    job = _job(call)
    has_results = job.phase == phases.COMPLETED and job.about["file"] is None
    return Reply(_shown(call, job), moment=RESULTS if has_results else LOOK)


def _cancel(call: Call) -> Reply:
    job = _job(call)
    if job.ended is not None:
        raise Malformed(Problem("The batch has ended and cannot be cancelled."))
    call.desk.cancel(job)
    return Reply({})


def _job(call: Call) -> Job:
    return call.desk.job(NAME, f"batches/{call.name}")


def _shown(call: Call, job: Job) -> Json:
    """Return the operation of a batch, with its output once it has ended."""
    output = _output(call, job) if job.phase == phases.COMPLETED else None
    ended = job.ended is not None
    failed = len(job.lines) if job.phase == phases.FAILED else job.failed
    counts = {
        "requestCount": len(job.lines),
        "successfulRequestCount": job.succeeded,
        "failedRequestCount": failed,
        "pendingRequestCount": 0 if ended else len(job.lines),
    }
    metadata: Json = {
        "@type": f"{_TYPES}.GenerateContentBatch",
        "name": job.name,
        "model": f"models/{job.model}",
        "displayName": job.about["displayName"],
        "createTime": _time(job.created),
        "updateTime": _time(job.ended or job.started or job.created),
        "batchStats": {name: str(count) for name, count in counts.items() if count},
        "state": _STATES[job.phase],
    }
    found: Json = {"name": job.name, "metadata": metadata}
    if job.about["file"] is not None:
        metadata["inputConfig"] = {"fileName": job.about["file"]}
    if not ended:
        return found
    metadata["endTime"] = _time(job.ended)
    if output is None:
        words = f"The batch has ended in the state {_STATES[job.phase]}."
        words = " ".join(one["message"] for one in job.errors) or words
        return found | {"done": True, "error": {"code": 3, "message": words}}
    metadata["output"] = output
    kind = {"@type": f"{_TYPES}.GenerateContentBatchOutput"}
    return found | {"done": True, "response": {**kind, **output}}


def _output(call: Call, job: Job) -> Json:
    """Return the results, or the name of their file; in the order of the requests."""
    desk = call.desk
    if job.about["file"] is None:
        given = [
            {**_metadata(line, desk.setup.gemini_metadata), **_result(answer)}
            for line, answer in job.pairs()
            if answer is not None
        ]
        return {"inlinedResponses": {"inlinedResponses": given}}
    if "output" not in job.about:
        lines = [
            {"key": line.name, **_result(answer)}
            for line, answer in job.pairs()
            if answer is not None
        ]
        about = {"mimeType": "application/jsonl", "source": "GENERATED"}
        job.about["output"] = desk.store("files/batch-", jsonl(lines), about).name
    return {"responsesFile": job.about["output"]}


def _metadata(line: Line, is_repeated: bool) -> Json:
    given = field(line.sent, "metadata")
    return {"metadata": given} if given is not None and is_repeated else {}


def _result(answer: LineAnswer) -> Json:
    if answer.status == 200:
        return {"response": answer.body}
    error = answer.body["error"]
    code = {400: 3, 404: 5, 429: 8, 500: 13, 503: 14}.get(answer.status, 2)
    return {"error": {"code": code, "message": error["message"]}}


def _time(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _start_upload(call: Call) -> Reply:
    """Begin an upload; the answer says where the content goes."""
    if call.request.headers.get(f"{_UPLOAD}protocol") != "resumable":
        raise Malformed(Problem("The simulator knows resumable uploads only."))
    given = field(body_of(call.request), "file") or {}
    name = field(given, "name") or ""
    about = {one: text for one in ("displayName", "mimeType") if (text := field(given, one))}
    file = call.desk.store("files/", b"", {**about, "upload": True})
    if name:
        del call.desk.files[file.name]
        file = StoredFile(name, b"", file.created, file.about)
        call.desk.files[name] = file
    host = call.request.headers.get("host", "")
    address = f"http://{host}{call.request.path}?upload_id={file.name}"
    return Reply({}, {f"{_UPLOAD}url": address, f"{_UPLOAD}status": "active"})


def _upload(call: Call) -> Reply:
    """Take a piece of the content, or begin an upload."""
    name = call.text("upload_id")
    if not name:
        return _start_upload(call)
    file = call.desk.file(name)
    content = file.content + call.request.body
    final = "finalize" in call.request.headers.get(f"{_UPLOAD}command", "")
    about = {key: value for key, value in file.about.items() if key != "upload" or not final}
    file = StoredFile(name, content, file.created, about)
    call.desk.files[name] = file
    status = {f"{_UPLOAD}status": "final" if final else "active"}
    return Reply({"file": _shown_file(file)} if final else {}, status)


def _goes_on(request: HttpRequest) -> bool:
    """Return whether a request is a piece of an upload that has begun."""
    return "upload_id" in request.query


def _file(call: Call) -> Reply:
    return Reply(_shown_file(_stored(call, f"files/{call.name}")))


def _shown_file(file: StoredFile) -> Json:
    return {
        "source": "UPLOADED",
        **file.about,
        "name": file.name,
        "sizeBytes": str(len(file.content)),
        "createTime": _time(file.created),
        "uri": f"https://generativelanguage.googleapis.com/v1beta/{file.name}",
        "state": "ACTIVE",
    }


def _download(call: Call) -> Reply:
    file = _stored(call, f"files/{call.name}")
    if file.about.get("source") != "GENERATED":
        raise Malformed(Problem("Only generated files can be downloaded."))
    return Reply(file.content, JSONL, RESULTS)


_BATCH = r"/v1(beta)?/batches/(?P<name>[^/:]+)"
_FILE = r"/v1(beta)?/files/(?P<name>[^/:]+)"
FORM = Form(
    name=NAME,
    api=_API,
    # OpenAI has some of these addresses, too.
    is_asked=lambda request: bool(_API.secret(request)) or _goes_on(request),
    routes=(
        Route("POST", re.compile(r"/models/(?P<name>[^/:]+):batchGenerateContent$"), _create),
        Route("GET", re.compile(r"/v1(beta)?/batches$"), _list),
        Route("GET", re.compile(f"{_BATCH}$"), _retrieve),
        Route("POST", re.compile(f"{_BATCH}:cancel$"), _cancel),
        Route("POST", re.compile(r"/upload/v1(beta)?/files$"), _upload, _goes_on),
        Route("GET", re.compile(f"{_FILE}$"), _file),
        Route("GET", re.compile(f"{_FILE}:download$"), _download),
    ),
)
