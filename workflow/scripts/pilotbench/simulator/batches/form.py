"""The batch endpoints of one service: one declaration of its addresses and what they do.

Each file beside this one that is named after a service ends in a declaration `FORM = Form(...)`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pilotbench.simulator.apis.api import Api, Malformed, Problem
from pilotbench.simulator.batches.desk import Desk
from pilotbench.simulator.ground.conversation import share
from pilotbench.simulator.ground.wire import HttpRequest

Json = dict[str, Any]
SUBMIT, RESULTS, LOOK = "submit", "results", "look"
"""The moments that have faults: the answer to a submission, the results, and the state."""
JSONL = {"content-type": "application/octet-stream"}


@dataclass(frozen=True)
class Call:
    """One request to a batch endpoint: what came, the names in its address, and the secret."""

    request: HttpRequest
    desk: Desk
    secret: str
    names: dict[str, str]

    @property
    def name(self) -> str:
        """The name in the address: of a batch, a file or a model."""
        return self.names.get("name") or ""

    def text(self, name: str, default: str = "") -> str:
        """Return a parameter of the query."""
        return self.request.query.get(name, default)


@dataclass(frozen=True)
class Reply:
    """The answer to a call; `moment` says which faults it can have."""

    body: Json | bytes
    headers: dict[str, str] = field(default_factory=dict)
    moment: str = ""

    @property
    def content(self) -> bytes:
        """The bytes of the answer."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Route:
    """An address: method, path, and what it does (it raises Malformed).

    `is_open` returns whether a request needs no key.
    """

    method: str
    path: re.Pattern[str]
    act: Callable[[Call], Reply]
    is_open: Callable[[HttpRequest], bool] = lambda request: False


@dataclass(frozen=True)
class Form:
    """The batch endpoints of a service; `api` has its errors and secrets.

    `is_asked` returns whether a request is for this service, where an address does not say so.
    """

    name: str
    api: Api
    routes: Sequence[Route]
    is_asked: Callable[[HttpRequest], bool] = lambda request: True


def page(found: Sequence[Any], names: Sequence[str], after: str, limit: int) -> tuple[Any, bool]:
    """Return the entries that follow the one named `after`, and whether there are more.

    Raises Malformed for a name that is not listed.
    """
    first = 0
    if after:
        if after not in names:
            raise Malformed(Problem(f"No batch found with id '{after}'.", "not_found", 404))
        first = names.index(after) + 1
    return found[first : first + limit], len(found) > first + limit


def number(call: Call, name: str, default: int, most: int) -> int:
    """Return a number of the query. Raises Malformed outside 1..`most`."""
    text = call.text(name, str(default))
    if not text.isdigit() or not 1 <= int(text) <= most:
        raise Malformed(Problem(f"Invalid '{name}': must be between 1 and {most}.", param=name))
    return int(text)


def compact(body: Json) -> bytes:
    """Return a body in the bytes that HTTP clients send."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def jsonl(lines: Sequence[Json]) -> bytes:
    """Return lines of JSON."""
    return b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in lines)


def shuffled(lines: Sequence[Json]) -> list[Json]:
    """Return lines in an order that is not the one of the requests."""
    return sorted(lines, key=lambda line: share("order", line.get("custom_id")))


def upload(request: HttpRequest) -> tuple[dict[str, str], str, bytes]:
    """Return fields, file name and content of a multipart form. Raises Malformed."""
    kind = request.headers.get("content-type", "")
    found = re.search(r'multipart/form-data;.*boundary="?([^";]+)', kind)
    if found is None:
        raise Malformed(Problem("The request must be multipart/form-data."))
    fields: dict[str, str] = {}
    name = content = None
    for part in request.body.split(b"--" + found[1].encode())[1:-1]:
        head, _, value = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        value = value.removesuffix(b"\r\n")
        words = dict(re.findall(r'(\w+)="([^"]*)"', head.decode("utf-8", "replace")))
        if words.get("name") == "file":
            name, content = words.get("filename", "upload"), value
        else:
            fields[words.get("name", "")] = value.decode("utf-8", "replace")
    if name is None or content is None:
        raise Malformed(Problem("Missing required parameter: 'file'.", param="file"))
    return fields, name, content
