"""Anthropic's message batches: all requests in one body, the results as lines."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from pilotbench.simulator.apis import APIS
from pilotbench.simulator.apis.api import Malformed, Problem, body_of, problem
from pilotbench.simulator.batches import job as phases
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
)
from pilotbench.simulator.batches.job import Job, Line, LineAnswer
from pilotbench.simulator.ground.wire import HttpRequest

Json = dict[str, Any]
NAME = "anthropic"
_API = APIS["messages"]
_MOST_REQUESTS, _MOST_BYTES = 100_000, 256 * 10**6
_CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_REST = {phases.CANCELLED: "canceled", phases.EXPIRED: "expired"}


def _create(call: Call) -> Reply:
    setup, body = call.desk.setup, body_of(call.request)
    if "anthropic-version" not in call.request.headers:
        raise Malformed(Problem("anthropic-version: header is required"))
    for name in body:
        if name != "requests":
            raise Malformed(Problem(f"{name}: Extra inputs are not permitted"))
    requests = body.get("requests")
    if not isinstance(requests, list) or not requests:
        raise Malformed(Problem("requests: List should have at least 1 item"))
    most = setup.max_requests or _MOST_REQUESTS
    if len(requests) > most:
        raise Malformed(Problem(f"requests: List should have at most {most} items"))
    if len(call.request.body) > (setup.max_bytes or _MOST_BYTES):
        raise Malformed(Problem("Request exceeds the maximum size", "request_too_large", 413))
    lines = [_line(call, place, one) for place, one in enumerate(requests)]
    if len({line.name for line in lines}) < len(lines):
        raise Malformed(Problem("requests: custom_id must be unique within a batch"))
    for place in call.desk.refused(lines):
        at = f".{place}" if setup.names_refused else ""
        raise Malformed(Problem(f"requests{at}: the request is not valid"))
    if call.desk.over_limit(NAME, "", lines) is not None:
        raise Malformed(problem("rate_limit_exceeded", wait_s=60.0))
    about: Json = {"host": call.request.headers.get("host", "")}
    job = call.desk.submit(NAME, "msgbatch_", _API, call.secret, "", lines, about)
    return Reply(_shown(job), moment=SUBMIT)


def _line(call: Call, place: int, sent: Any) -> Line:
    where = f"requests.{place}"
    if not isinstance(sent, dict) or set(sent) != {"custom_id", "params"}:
        raise Malformed(Problem(f"{where}: must have custom_id and params"))
    name, params = sent["custom_id"], sent["params"]
    if not isinstance(name, str) or not _CUSTOM_ID.fullmatch(name):
        words = "String should match pattern '^[a-zA-Z0-9_-]{1,64}$'"
        raise Malformed(Problem(f"{where}.custom_id: {words}"))
    if not isinstance(params, dict):
        raise Malformed(Problem(f"{where}.params: Input should be a valid dictionary"))
    if params.get("stream"):
        raise Malformed(Problem(f"{where}.params.stream: streaming is not supported in batches"))
    model = str(params.get("model"))
    unknown = Problem(f"model: {model}", "not_found", 404)
    version = {"anthropic-version": call.request.headers["anthropic-version"]}
    request = HttpRequest("POST", "/v1/messages", {}, version, compact(params))
    return Line(name, request, sent, None if call.desk.knows(model) else unknown)


def _list(call: Call) -> Reply:
    jobs = call.desk.listed(NAME)
    limit = number(call, "limit", 20, 1000)
    if call.text("before_id"):
        found, more = page(jobs[::-1], _names(jobs[::-1]), call.text("before_id"), limit)
        found = found[::-1]
    else:
        found, more = page(jobs, _names(jobs), call.text("after_id"), limit)
    names = _names(found)
    return Reply(
        {
            "data": [_shown(job) for job in found],
            "first_id": names[0] if names else None,
            "last_id": names[-1] if names else None,
            "has_more": more,
        }
    )


def _names(jobs: list[Job]) -> list[str]:
    return [job.name for job in jobs]


def _retrieve(call: Call) -> Reply:
    return Reply(_shown(call.desk.job(NAME, call.name)), moment=LOOK)


def _cancel(call: Call) -> Reply:
    job = call.desk.job(NAME, call.name)
    if job.ended is not None:
        raise Malformed(Problem(f"Batch {job.name} has ended and cannot be canceled."))
    call.desk.cancel(job)
    return Reply(_shown(job))


def _results(call: Call) -> Reply:
    job = call.desk.job(NAME, call.name)
    if job.ended is None:
        raise Malformed(Problem(f"Batch {job.name} has no available results.", "not_found", 404))
    found = [{"custom_id": line.name, "result": _result(job, one)} for line, one in job.pairs()]
    return Reply(jsonl(shuffled(found)), JSONL, RESULTS)


def _result(job: Job, answer: LineAnswer | None) -> Json:
    if job.phase == phases.FAILED:
        answer = LineAnswer(*_API.error(Problem("The validation of the request failed.")))
    if answer is None:
        return {"type": _REST[job.phase]}
    if answer.status != 200:
        return {"type": "errored", "error": answer.body}
    return {"type": "succeeded", "message": answer.body}


def _counts(job: Job) -> dict[str, int]:
    """Return the counts of the results; until the batch has ended all are processing."""
    found = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
    if job.ended is None:
        return found | {"processing": len(job.lines)}
    for _, answer in job.pairs():
        found[_result(job, answer)["type"]] += 1
    return found


def _shown(job: Job) -> Json:
    ended = job.ended is not None
    host = job.about["host"]
    address = f"http://{host}/v1/messages/batches/{job.name}/results"
    running = "canceling" if job.phase == phases.CANCELLING else "in_progress"
    return {
        "id": job.name,
        "type": "message_batch",
        "processing_status": "ended" if ended else running,
        "request_counts": _counts(job),
        "ended_at": _time(job.ended),
        "created_at": _time(job.created),
        "expires_at": _time(job.created + 24 * 3600),
        "archived_at": None,
        "cancel_initiated_at": _time(job.cancelled),
        "results_url": address if ended else None,
    }


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()


_PATH = "/messages/batches"
_BATCH = f"{_PATH}/(?P<name>[^/]+)"
FORM = Form(
    name=NAME,
    api=_API,
    routes=(
        Route("POST", re.compile(f"{_PATH}$"), _create),
        Route("GET", re.compile(f"{_PATH}$"), _list),
        Route("GET", re.compile(f"{_BATCH}$"), _retrieve),
        Route("POST", re.compile(f"{_BATCH}/cancel$"), _cancel),
        Route("GET", re.compile(f"{_BATCH}/results$"), _results),
    ),
)
