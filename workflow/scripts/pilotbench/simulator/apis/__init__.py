"""The APIs that the simulator serves, one file each."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pilotbench.simulator.apis import chat, gemini, messages, responses
from pilotbench.simulator.apis.api import Api

Json = dict[str, Any]
APIS: dict[str, Api] = {
    api.name: api for api in (chat.API, responses.API, messages.API, gemini.API)
}


def api_of(path: str) -> Api | None:
    """Return the API that answers an address, None for any other address."""
    return next((api for api in APIS.values() if re.search(api.path, path)), None)


def model_list(path: str, names: Iterable[str]) -> Json:
    """Return the list in Google's form below /v1beta, else in that of both others."""
    if "/v1beta" in path:
        methods = ["generateContent"]
        return {
            "models": [
                {"name": f"models/{name}", "supportedGenerationMethods": methods} for name in names
            ]
        }
    models = [
        {"id": name, "object": "model", "type": "model", "display_name": name} for name in names
    ]
    return {"object": "list", "data": models, "has_more": False}
