"""What the bodies of other programs may cost: each is refused whose cost nothing limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from pilotbench.asking.budget import budget_of
from pilotbench.asking.payments import Payment, Payments, check_bounded
from pilotbench.ground.errors import ConfigError
from pilotbench.matrix.config import Settings
from pilotbench.providers.request import BOUNDS, TURNS, Request
from pilotbench.providers.settings import Model

Json = dict[str, Any]
UNBOUNDED = ("prediction", "prompt", "web_search_options", "audio", "modalities", "conversation")
"""Fields of a body that make a request cost more than its bytes and its limit say."""
_PLAIN_TOOLS = ("function", "custom")
_REMOTE = ("file", "input_file", "input_audio")


class BodyPayments(Payments):
    """Pays for bodies that another program wrote: each is refused whose cost nothing limits."""

    def __init__(self, settings: Settings, model: Model) -> None:
        """Open the budget, if there is one."""
        self._model = model
        self.budget = None if settings.budget_usd is None else budget_of(settings)

    @contextmanager
    def paying(self, request: Request) -> Iterator[Payment]:
        """Yield the payment of a request. Raises ConfigError for one that cannot be bounded."""
        if self.budget is not None:
            check_body_bounded(self._model, request.body)
        with super().paying(request) as payment:
            yield payment


def check_body_bounded(model: Model, body: Mapping[str, Any]) -> None:
    """Raise ConfigError if the most that a request with this body can cost is unknown."""
    named = {name: body[name] for name in (*BOUNDS, "service_tier") if name in body}
    check_bounded(replace(model, parameters=named))
    found = [name for name in UNBOUNDED if body.get(name)]
    found += ["n"] if body.get("n") not in (None, 1) else []
    tools = body.get("tools") or ()
    found += ["tools"] if any(_kind(tool) not in _PLAIN_TOOLS for tool in tools) else []
    found += [name for name in TURNS if _has_remote(body.get(name))]
    if found:
        raise ConfigError(
            f"budget_usd: the cost of a request with this {found[0]} has no bound "
            "(several answers, audio, files, images by URL and tools of the service): "
            "leave it out, or serve without budget_usd"
        )


def _kind(tool: Any) -> Any:
    return tool.get("type") if isinstance(tool, dict) else None


def _has_remote(value: Any) -> bool:
    """Return whether there is something in a conversation that the service fetches or decodes."""
    if isinstance(value, list):
        return any(map(_has_remote, value))
    if not isinstance(value, dict):
        return False
    image = value.get("image_url")
    url = image.get("url") if isinstance(image, dict) else image
    if value.get("type") in _REMOTE or value.get("type") == "item_reference":
        return True
    if value.get("type") in ("image_url", "input_image"):
        return not str(url).startswith("data:image/")
    return any(map(_has_remote, value.values()))
