"""What a client asks for: which model, the body that is sent, and the form of the reply."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from pilotbench.gateway.failures import BadRequest, UnknownModel
from pilotbench.ground.errors import hint
from pilotbench.providers.kind import Role
from pilotbench.providers.kinds import KINDS
from pilotbench.providers.settings import Model

Json = dict[str, Any]
PATHS = {"/v1/chat/completions": "chat", "/v1/responses": "responses"}
"""Path -> the wire format that is served there."""
UNSERVED = {
    "/v1/completions": "is not served, so no log-likelihood of a given text either; ask in "
    "conversations (lm-eval: --model local-chat-completions --apply_chat_template)",
    "/v1/embeddings": "is not served; let the program ask another service for these",
}
"""Path -> why it is not served, and what to do instead."""
STATE = ("previous_response_id", "conversation", "background")
"""Fields that need what the service, or the account of one key, has stored."""
CATALOG = "model_catalog"
DEEPEST = 90


@dataclass(frozen=True)
class Asked:
    """A request: `body` is what the service gets and what its identity hashes.

    A stream is only another form of the reply, so `body` does not say `stream`.
    """

    model: Model
    body: Json
    streams: bool
    with_usage: bool


def read(
    api: str, content: bytes, catalog: Mapping[str, Model], catalog_name: str = CATALOG
) -> Asked:
    """Return what a client asks for. Raises BadRequest or UnknownModel, one line each."""
    body = _parsed(content)
    model = _model(api, body.get("model"), catalog, catalog_name)
    for name in STATE:
        if body.get(name):
            raise BadRequest(f"{name}: is not passed on: send the whole conversation each time")
    if "extra_body" in body:
        raise BadRequest("extra_body: is an argument of clients: write its content into the body")
    options = body.get("stream_options")
    with_usage = isinstance(options, dict) and options.get("include_usage") is True
    sent = {n: v for n, v in body.items() if n not in ("stream", "stream_options")}
    return Asked(model, {**sent, "model": model.deployment}, bool(body.get("stream")), with_usage)


def served(catalog: Mapping[str, Model]) -> dict[str, Model]:
    """Return the models that can be asked: reference players cannot, nor other wire formats."""
    return {
        name: model
        for name, model in catalog.items()
        if model.api in PATHS.values() and KINDS[model.kind].role is not Role.PLAYER
    }


def listed(catalog: Mapping[str, Model]) -> Json:
    """Return the list of models."""
    rows = [
        {"id": name, "object": "model", "created": 0, "owned_by": model.provider}
        for name, model in served(catalog).items()
    ]
    return {"object": "list", "data": rows}


def _model(api: str, name: Any, catalog: Mapping[str, Model], catalog_name: str) -> Model:
    """Return the entry that a body names, by its name or by its deployment."""
    if not isinstance(name, str) or not name:
        raise BadRequest("model: must name an entry of model_catalog")
    known = served(catalog)
    if name in catalog:
        return _of_api(api, name, [catalog[name]])
    found = [model for model in known.values() if model.deployment == name]
    if not found:
        raise UnknownModel(f"model {name}: is not in {catalog_name}{hint(name, known)}")
    if len({model.provider for model in found}) > 1:
        names = ", ".join(model.name for model in found)
        raise BadRequest(f"model {name}: is the deployment of several entries; write one: {names}")
    return _of_api(api, name, found)


def _of_api(api: str, name: str, found: Iterable[Model]) -> Model:
    several = list(found)
    for model in several:
        if KINDS[model.kind].role is Role.PLAYER:
            raise BadRequest(f"model {name}: is a reference player, which plays episodes only")
        if model.api == api:
            return model
    own = several[0].api
    paths = [path for path, one in PATHS.items() if one == own]
    how = f"post to {paths[0]}" if paths else f"only {' and '.join(PATHS)} are served"
    raise BadRequest(f"model {name}: is asked by api: {own}, not {api}: {how}")


def _parsed(content: bytes) -> Json:
    try:
        body = json.loads(content, parse_constant=_no_number, parse_float=_finite)
    except (ValueError, RecursionError):
        raise BadRequest("the body must be JSON") from None
    if not isinstance(body, dict):
        raise BadRequest("the body must be a JSON object")
    if _depth(body) > DEEPEST:
        raise BadRequest(f"the body is nested deeper than {DEEPEST} levels")
    return body


def _no_number(word: str) -> NoReturn:
    raise ValueError(word)


def _finite(word: str) -> float:
    number = float(word)
    return number if math.isfinite(number) else _no_number(word)


def _depth(value: Any) -> int:
    """Return the number of levels, without recursion."""
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, dict | list)
        ]
    return depth
