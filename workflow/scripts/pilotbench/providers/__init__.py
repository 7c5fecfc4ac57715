"""Providers: services that answer chat requests, one kind a file.

To add a kind: a module with `connect`, one line in PROVIDERS. A module is imported only when its
kind is used, since the OpenAI SDK takes half a second to import.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from pilotbench.providers.provider import Provider
from pilotbench.providers.settings import Access, Model, ProviderSettings

PROVIDERS = {
    "openai": "pilotbench.providers.openai_api",
    "azure": "pilotbench.providers.openai_api",
    "llamacpp": "pilotbench.providers.llamacpp",
    "player": "pilotbench.providers.players",
}


def connect(provider: ProviderSettings, model: Model, access: Mapping[str, Access]) -> Provider:
    """Return the client of `provider` for requests to `model`.

    `access` has the base URL and secret of each key alias that may be used. Nothing is sent.
    """
    made: Provider = import_module(PROVIDERS[provider.kind]).connect(provider, model, access)
    return made
