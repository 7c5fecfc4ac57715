"""OpenAI's batches: a file of lines is uploaded, the results are files too."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pilotbench.simulator.apis import APIS
from pilotbench.simulator.apis.api import Malformed, Problem, body_of
from pilotbench.simulator.batches import job as phases
from pilotbench.simulator.batches.desk import Desk, StoredFile
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
    page,
    shuffled,
    upload,
)
from pilotbench.simulator.batches.job import Job, Line, LineAnswer
from pilotbench.simulator.ground.wire import HttpRequest

Json = dict[str, Any]
APIS_OF_ENDPOINTS = {"/v1/chat/completions": "chat", "/v1/responses": "responses"}
STATES = {
    phases.VALIDATING: "validating",
    phases.RUNNING: "in_progress",
    phases.CANCELLING: "cancelling",
    phases.COMPLETED: "completed",
    phases.FAILED: "failed",
    phases.EXPIRED: "expired",
    phases.CANCELLED: "cancelled",
}
_EXPIRED = {
    "code": "batch_expired",
    "message": "This request could not be executed before the completion window expired.",
}
_FIELDS = ("custom_id", "method", "url", "body")


@dataclass(frozen=True)
class Service:
    """What differs between OpenAI and Azure.

    `endpoint` returns the endpoint that a text names, None for none. `full` are the words for the
    limit of enqueued tokens. A file begins in `file_status`.
    """

    name: str
    paths: str
    endpoints: tuple[str, ...]
    most_requests: int
    most_bytes: int
    full: str
    file_status: str = "processed"

    def endpoint(self, given: Any) -> str | None:
        """Return the endpoint that a text names, None for none."""
        path = (
            f"/v1{given}" if given in self.endpoints and given not in APIS_OF_ENDPOINTS else given
        )
        return path if given in self.endpoints else None


def form_of(service: Service) -> Form:
    """Return the batch endpoints of a service."""

    def route(method: str, path: str, act: Any) -> Route:
        return Route(method, re.compile(f"{service.paths}{path}$"), lambda call: act(service, call))

    name = "/(?P<name>[^/]+)"
    return Form(
        name=service.name,
        api=APIS["chat"],
        routes=(
            route("POST", "/files", _upload),
            route("GET", f"/files{name}", _file),
            route("DELETE", f"/files{name}", _delete),
            route("GET", f"/files{name}/content", _content),
            route("POST", "/batches", _create),
            route("GET", "/batches", _list),
            route("GET", f"/batches{name}", _retrieve),
            route("POST", f"/batches{name}/cancel", _cancel),
        ),
    )


def _upload(service: Service, call: Call) -> Reply:
    fields, name, content = upload(call.request)
    if fields.get("purpose") != "batch":
        raise Malformed(Problem("Invalid value for 'purpose': must be 'batch'.", param="purpose"))
    if not name.endswith(".jsonl"):
        raise Malformed(Problem("Invalid file format for Batch API. Must be .jsonl"))
    about = {"filename": name, "purpose": "batch"}
    return Reply(_shown_file(call.desk.store("file-", content, about), service.file_status))


def _shown_file(file: StoredFile, status: str = "processed") -> Json:
    return {
        "id": file.name,
        "object": "file",
        "bytes": len(file.content),
        "created_at": int(file.created),
        "expires_at": None,
        "status": status,
        "status_details": None,
        **file.about,
    }


def _file(service: Service, call: Call) -> Reply:
    return Reply(_shown_file(call.desk.file(call.name)))


def _delete(service: Service, call: Call) -> Reply:
    file = call.desk.file(call.name)
    del call.desk.files[file.name]
    return Reply({"id": file.name, "object": "file", "deleted": True})


def _content(service: Service, call: Call) -> Reply:
    file = call.desk.file(call.name)
    moment = RESULTS if file.about["purpose"] == "batch_output" else ""
    return Reply(file.content, JSONL, moment)


def _create(service: Service, call: Call) -> Reply:
    body = body_of(call.request)
    endpoint = service.endpoint(body.get("endpoint"))
    if endpoint is None:
        words = ", ".join(f"'{one}'" for one in service.endpoints)
        text = f"Invalid value: {body.get('endpoint')!r}. Supported values are: {words}."
        raise Malformed(Problem(text, param="endpoint"))
    if body.get("completion_window") != "24h":
        text = "Invalid value for 'completion_window': only '24h' is supported."
        raise Malformed(Problem(text, param="completion_window"))
    about = {"metadata": _metadata(body.get("metadata")), "endpoint": body["endpoint"]}
    name = str(body.get("input_file_id"))
    if name not in call.desk.files:
        text = f"Cannot find file {name}, or the project does not have access to it."
        raise Malformed(Problem(text, param="file_id", own=""))
    content = call.desk.files[name].content
    lines, errors = read_lines(service, call.desk, endpoint, content)
    about |= {"input_file_id": name}
    model = str(lines[0].sent["body"].get("model")) if lines else ""
    api = APIS[APIS_OF_ENDPOINTS[endpoint]]
    job = call.desk.submit(service.name, "batch_", api, call.secret, model, lines, about, errors)
    return Reply(_shown(call.desk, job), moment=SUBMIT)


def _metadata(given: Any) -> Json | None:
    if given is None:
        return None
    if not isinstance(given, dict) or len(given) > 16:
        raise Malformed(Problem("Invalid 'metadata': at most 16 properties.", param="metadata"))
    for key, value in given.items():
        if len(key) > 64 or not isinstance(value, str) or len(value) > 512:
            text = "Invalid 'metadata': keys have at most 64 characters, values are texts of 512."
            raise Malformed(Problem(text, param=f"metadata.{key}"))
    return given


def read_lines(
    service: Service, desk: Desk, endpoint: str, content: bytes
) -> tuple[list[Line], list[Json]]:
    """Return the lines of a file, and what is wrong with them."""
    most_bytes = desk.setup.max_bytes or service.most_bytes
    if len(content) > most_bytes:
        return [], [_wrong("file_too_large", f"The file is larger than {most_bytes} bytes.")]
    texts = content.splitlines()
    if not texts:
        return [], [_wrong("empty_file", "The input file is empty.")]
    most = desk.setup.max_requests or service.most_requests
    if len(texts) > most:
        return [], [_wrong("too_many_tasks", f"The input file has more than {most} requests.")]
    lines: list[Line] = []
    errors: list[Json] = []
    for place, text in enumerate(texts, start=1):
        line, wrong = _line(service, endpoint, text, place)
        errors += [wrong] if wrong else []
        lines += [line] if line else []
    errors += _together(desk, lines)
    if not errors:
        model = str(lines[0].sent["body"].get("model"))
        over = desk.over_limit(service.name, model, lines)
        if over is not None:
            words = service.full.format(model=model, limit=f"{over:,}")
            errors = [_wrong("token_limit_exceeded", words)]
    return lines, errors


def _line(
    service: Service, endpoint: str, text: bytes, place: int
) -> tuple[Line | None, Json | None]:
    try:
        sent = json.loads(text)
    except ValueError:
        words = "This line is not parseable as valid JSON."
        return None, _wrong("invalid_json_line", words, place)
    if not isinstance(sent, dict):
        return None, _wrong("invalid_json_line", "This line is not a JSON object.", place)
    for name in _FIELDS:
        if not sent.get(name):
            words = f"Missing required parameter: '{name}'."
            return None, _wrong("missing_required_parameter", words, place, name)
    body = sent["body"]
    if not isinstance(body, dict):
        return None, _wrong("invalid_request", "'body' must be an object.", place, "body")
    if sent["method"] != "POST":
        return None, _wrong("invalid_method", "Only 'POST' is supported.", place, "method")
    if service.endpoint(sent["url"]) != endpoint:
        words = f"The URL '{sent['url']}' does not match the endpoint of the batch."
        return None, _wrong("url_mismatch", words, place, "url")
    if body.get("stream"):
        words = "Streaming is not supported in batches."
        return None, _wrong("invalid_request", words, place, "body.stream")
    request = HttpRequest("POST", endpoint, {}, {}, compact(body))
    return Line(str(sent["custom_id"]), request, sent), None


def _together(desk: Desk, lines: list[Line]) -> Iterator[Json]:
    """Yield what is wrong with lines beside each other."""
    seen: set[str] = set()
    model = lines[0].sent["body"].get("model") if lines else None
    for place, line in enumerate(lines, start=1):
        if line.name in seen:
            words = f"The custom_id '{line.name}' is a duplicate of that of another request."
            yield _wrong("duplicate_custom_id", words, place, "custom_id")
        seen.add(line.name)
        if line.sent["body"].get("model") != model:
            words = "All requests in a batch must be for the same model."
            yield _wrong("model_mismatch", words, place, "body.model")
    if lines and not desk.knows(str(model)):
        words = f"The provided model '{model}' is not supported by the Batch API."
        yield _wrong("model_not_found", words, 1, "body.model")
    for place in desk.refused(lines):
        at = place + 1 if desk.setup.names_refused else None
        yield _wrong("invalid_request", "The request is not valid.", at)


def _wrong(code: str, message: str, line: int | None = None, param: str | None = None) -> Json:
    return {"code": code, "message": message, "line": line, "param": param}


def _list(service: Service, call: Call) -> Reply:
    jobs = call.desk.listed(service.name)
    names = [job.name for job in jobs]
    found, more = page(jobs, names, call.text("after"), number(call, "limit", 20, 100))
    shown = [_shown(call.desk, job) for job in found]
    return Reply(
        {
            "object": "list",
            "data": shown,
            "first_id": shown[0]["id"] if shown else None,
            "last_id": shown[-1]["id"] if shown else None,
            "has_more": more,
        }
    )


def _retrieve(service: Service, call: Call) -> Reply:
    return Reply(_shown(call.desk, call.desk.job(service.name, call.name)), moment=LOOK)


def _cancel(service: Service, call: Call) -> Reply:
    job = call.desk.job(service.name, call.name)
    if job.ended is not None:
        text = f"Cannot cancel a batch with status '{STATES[job.phase]}'."
        raise Malformed(Problem(text, status=409, own=""))
    call.desk.cancel(job)
    return Reply(_shown(call.desk, job))


def _shown(desk: Desk, job: Job) -> Json:
    """Return a batch as the service shows it."""
    output, error = _files(desk, job) if job.ended is not None else (None, None)
    usage = job.usage()
    ran = job.started is not None
    return {
        "id": job.name,
        "object": "batch",
        "endpoint": job.about["endpoint"],
        "model": job.model or None,
        "errors": {"object": "list", "data": _errors(job)} if job.phase == phases.FAILED else None,
        "input_file_id": job.about["input_file_id"],
        "completion_window": "24h",
        "status": STATES[job.phase],
        "output_file_id": output,
        "error_file_id": error,
        "created_at": int(job.created),
        "in_progress_at": _time(job.started),
        "expires_at": int(job.created + 24 * 3600),
        "finalizing_at": _time(job.ended if job.phase == phases.COMPLETED else None),
        "completed_at": _time(job.ended if job.phase == phases.COMPLETED else None),
        "failed_at": _time(job.ended if job.phase == phases.FAILED else None),
        "expired_at": _time(job.ended if job.phase == phases.EXPIRED else None),
        "cancelling_at": _time(job.cancelled),
        "cancelled_at": _time(job.ended if job.phase == phases.CANCELLED else None),
        "request_counts": {
            "total": len(job.lines) if ran else 0,
            "completed": job.succeeded,
            "failed": len(job.lines) - job.succeeded if job.phase == phases.EXPIRED else job.failed,
        },
        "usage": {
            "input_tokens": usage.input,
            "input_tokens_details": {"cached_tokens": usage.cached},
            "output_tokens": usage.output,
            "output_tokens_details": {"reasoning_tokens": usage.reasoning},
            "total_tokens": usage.input + usage.output,
        },
        "metadata": job.about["metadata"],
    }


def _time(seconds: float | None) -> int | None:
    return None if seconds is None else int(seconds)


def _errors(job: Job) -> list[Json]:
    return job.errors or [_wrong("invalid_request", "The validation of the input file failed.")]


def _files(desk: Desk, job: Job) -> tuple[str | None, str | None]:
    """Return the names of the files with answers and with errors, None for an empty one."""
    if "output" not in job.about:
        good: list[Json] = []
        bad: list[Json] = []
        for line, answer in job.pairs() if job.phase != phases.FAILED else ():
            if answer is not None:
                (good if answer.status == 200 else bad).append(_result(line, answer))
            elif job.phase == phases.EXPIRED:
                bad.append(_missing(line))
        job.about |= {"output": _stored(desk, job, good), "errors": _stored(desk, job, bad)}
    return job.about["output"], job.about["errors"]


def _stored(desk: Desk, job: Job, lines: list[Json]) -> str | None:
    if not lines:
        return None
    about = {"filename": f"{job.name}_output.jsonl", "purpose": "batch_output"}
    return desk.store("file-", jsonl(shuffled(lines)), about).name


def _result(line: Line, answer: LineAnswer) -> Json:
    name = f"batch_req_{line.name}"
    response = {"status_code": answer.status, "request_id": name, "body": answer.body}
    return {"id": name, "custom_id": line.name, "response": response, "error": None}


def _missing(line: Line) -> Json:
    return {
        "id": f"batch_req_{line.name}",
        "custom_id": line.name,
        "response": None,
        "error": _EXPIRED,
    }


FORM = form_of(
    Service(
        name="openai",
        paths="^/v1",
        endpoints=("/v1/chat/completions", "/v1/responses"),
        most_requests=50_000,
        most_bytes=200 * 10**6,
        full="Enqueued token limit reached for {model} in organization org-simulated. Limit: "
        "{limit} enqueued tokens. Please try again once some in_progress batches have been "
        "completed.",
    )
)
