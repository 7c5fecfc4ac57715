"""The identity of a response: one hash of everything that could change the answer, nothing else.

Not in it: model alias, key, base URL, shard, the names of prompt and task, accepted answers,
max_turns, scoring, versions. (A prompt or a number of turns that the model sees counts by the
bytes that it puts into the body.) A reference player reads the instance itself, its accepted
answers too, so for players the whole instance counts.

Earlier releases counted the whole instance for every model. What they wrote is found under that
identity (`former`) or, if the accepted answers of a question have changed since, by the request
as it was sent (`sent`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from pilotbench.ground.canonical_json import digest
from pilotbench.providers.kind import Role
from pilotbench.providers.kinds import KINDS
from pilotbench.providers.request import Request
from pilotbench.providers.settings import Model

Json = dict[str, Any]
Sent = tuple[str, int, int]
"""SHA-256 of a request's body, repeat, turn."""


@dataclass(frozen=True)
class RequestIdentity:
    """How the journal identifies a request: what to look for, and what to write.

    `earlier` is the same request in the forms of earlier releases, whose answer answers this one.
    """

    components: Json
    identity: str
    former: str
    index: int
    earlier: tuple[RequestIdentity, ...] = ()

    @property
    def sent(self) -> Sent:
        """The request as it was sent."""
        return sent(self.components)

    @property
    def repeat(self) -> int:
        """Which of several equal requests it is."""
        name = "occurrence" if "occurrence" in self.components else "repeat"
        return int(self.components[name])

    @property
    def turn(self) -> int:
        """The turn of its episode; 0 outside an episode."""
        return int(self.components.get("turn", 0))


def request_identity(model: Model, request: Request) -> RequestIdentity:
    """Return the identity of a request to `model`, under which the journal keeps its response."""
    now = components(model, request)
    was = {**_common(now), "instance": request.instance.content_hash}
    name = identity(now)
    former = name if "instance" in now else identity(was)
    earlier = tuple(_earlier(model, request))
    return RequestIdentity(now, name, former, request.instance.index, earlier)


def labelled_identity(model: Model, body: Json, label: str, occurrence: int) -> RequestIdentity:
    """Return the identity of the n-th (from 0) request with this body under a label."""
    found = {
        "provider": model.provider,
        **model.chosen,
        "body_sha256": digest(body),
        "label": label,
        "occurrence": occurrence,
    }
    name = identity(found)
    return RequestIdentity(found, name, name, 0)


def _earlier(model: Model, request: Request) -> Iterator[RequestIdentity]:
    """Yield the request in the forms of earlier releases.

    With another history of reasoning, it is also the same request as with the usual one where the
    body is the same. The reverse does not hold: a request with the usual history accepts the forms
    of earlier releases, which are those of other histories today.
    """
    for body in request.earlier:
        yield request_identity(model, replace(request, body=body, earlier=()))
    if model != model.usual:
        yield request_identity(model.usual, replace(request, earlier=()))


def components(model: Model, request: Request) -> Json:
    """Return the components of the identity of the response of `model` to `request`.

    The body counts by its SHA-256, so that a journal of long conversations stays small; a body can
    be made again from the episode's transcript and compared with it.
    """
    instance = request.instance
    seen = (
        {"instance": instance.content_hash}
        if KINDS[model.kind].role is Role.PLAYER
        else {"question": instance.question_hash}
    )
    return {
        "provider": model.provider,
        **model.chosen,
        "body_sha256": digest(request.body),
        **seen,
        "tool_success_rate": request.tool_success_rate,
        "repeat": request.repeat,
        "turn": request.turn,
    }


def sent(of: Json) -> Sent:
    """Return the request that `components` describe, as it was sent."""
    return (of["body_sha256"], of["repeat"], of["turn"])


def identity(of: Json) -> str:
    """Return the identity with these components: a SHA-256 in 64 hex digits."""
    return digest(of)


def _common(of: Json) -> Json:
    return {name: value for name, value in of.items() if name not in ("question", "instance")}
