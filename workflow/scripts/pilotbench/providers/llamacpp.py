"""Kind `llamacpp`: a llama.cpp server inside this process, asked through the same OpenAI client."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pilotbench.config import Model, ProviderSettings
from pilotbench.errors import ConfigError
from pilotbench.providers.openai_api import OpenAIProvider
from pilotbench.providers.provider import Completion, Request
from pilotbench.secrets import Access


def connect(
    provider: ProviderSettings, model: Model, access: Mapping[str, Access]
) -> LlamaCppProvider:
    """Return a provider whose server has loaded the model's weights.

    Raises ConfigError when the weights are not there.
    """
    return LlamaCppProvider(provider, model, access)


class LlamaCppProvider:
    """An embedded server on a free loopback port; it ends with the process."""

    def __init__(
        self, provider: ProviderSettings, model: Model, access: Mapping[str, Access]
    ) -> None:
        slots = max(provider.keys[alias].slots for alias in access)
        self._server = start(model, slots)
        address = f"{self._server.listening_address.rstrip('/')}/v1"
        own = replace(provider, proxy=None, ca_bundle=None)
        self._client = OpenAIProvider(own, {alias: Access(address, "") for alias in access})

    def complete(self, request: Request, key: str, deadline_s: float) -> Completion:
        """Send one attempt; see OpenAIProvider."""
        return self._client.complete(request, key, deadline_s)

    def close(self) -> None:
        """Close the connections and stop the server."""
        self._client.close()
        del self._server


def start(model: Model, slots: int) -> Any:
    """Return a running server with the weights of `model` and `slots` requests at once."""
    import xllamacpp

    if model.weights is None or not model.weights.file.is_file():
        where = model.weights.file if model.weights else "weights"
        raise ConfigError(f"model_catalog.{model.name}: the weights are not there: {where}")
    params = xllamacpp.CommonParams()
    params.model.path = str(model.weights.file)
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_ctx = model.weights.context * slots
    params.n_parallel = slots
    params.warmup = False
    params.verbosity = -1
    params.ui = False
    params.cors_origins = ""
    for cpu in (params.cpuparams, params.cpuparams_batch):
        # Its threads wait for each other by spinning: on cores that others use too, two threads on
        # two cores took more than three times as long as one.
        cpu.n_threads = max(1, (os.cpu_count() or 1) // 2)
    return xllamacpp.Server(params)
