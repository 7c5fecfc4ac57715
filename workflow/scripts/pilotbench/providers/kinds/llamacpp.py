"""Kind `llamacpp`: a llama.cpp server inside this process, asked through chat completions."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pilotbench.ground.errors import ConfigError
from pilotbench.providers.answer import Completion
from pilotbench.providers.failures import FailureRules, rule
from pilotbench.providers.kind import Kind, Role
from pilotbench.providers.request import Request
from pilotbench.providers.settings import Access, Model, ProviderSettings
from pilotbench.providers.wire_formats import WIRE_FORMATS

PROMPT_CACHE_MIB = 512
"""MiB of states of other conversations kept in memory; the default of the server is 8 GiB."""


def connect(
    provider: ProviderSettings, model: Model, access: Mapping[str, Access]
) -> LlamaCppProvider:
    """Return a provider whose server has loaded the model's weights.

    Raises ConfigError when the weights are missing or cannot be loaded.
    """
    return LlamaCppProvider(provider, model, access)


class LlamaCppProvider:
    """An embedded server on a free loopback port; it ends with the process."""

    def __init__(
        self, provider: ProviderSettings, model: Model, access: Mapping[str, Access]
    ) -> None:
        from pilotbench.providers.service_client import ServiceClient

        self._server = start(model, max(provider.keys[alias].slots for alias in access))
        address = f"{self._server.listening_address.rstrip('/')}/v1"
        # The answer arrives all at once, on a busy machine after a long silence.
        patient = replace(provider, read_timeout_s=provider.attempt_deadline_s)
        keys = {alias: Access(address, "") for alias in access}
        wire = WIRE_FORMATS[model.api]
        self._client = ServiceClient(patient, keys, KIND.failures, wire, stream=model.stream)

    def complete(self, request: Request, key: str, deadline_s: float) -> Completion:
        """Send one attempt; see ServiceClient."""
        return self._client.complete(request, key, deadline_s)

    def close(self) -> None:
        """Close the connections and stop the server."""
        self._client.close()
        del self._server


def start(model: Model, slots: int) -> Any:
    """Return a running server with the weights of `model` and `slots` requests at once.

    Each slot has the model's whole context. Raises ConfigError, one line.
    """
    import xllamacpp

    where = f"model_catalog.{model.name}.weights"
    if model.weights is None:
        raise ConfigError(f"{where} is missing: a model of kind llamacpp names its GGUF file")
    if not model.weights.on_disk.is_file():
        raise ConfigError(f"{where}: there is no file {model.weights.on_disk}")
    params = xllamacpp.CommonParams()
    params.model.path = str(model.weights.on_disk)
    params.model_alias = {model.deployment}  # what answers report, instead of the path
    params.n_ctx = model.weights.context * slots
    params.n_parallel = slots
    params.cache_ram_mib = PROMPT_CACHE_MIB
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.warmup = False
    params.verbosity = -1
    params.ui = False
    params.cors_origins = ""
    for threads in (params.cpuparams, params.cpuparams_batch):
        # Its threads wait for each other by spinning. On two busy cores, two threads took over ten
        # times the CPU time of one (48 tokens: 13.4 instead of 1.0 CPU-s). So jobs share the cores:
        # each slot of the key can be a job with a server of its own.
        threads.n_threads = max(1, (os.cpu_count() or 1) // max(2, slots))
        threads.poll = 0
    try:
        return xllamacpp.Server(params)
    except RuntimeError as error:
        raise ConfigError(f"{where}: {model.weights.on_disk} cannot be loaded: {error}") from None


KIND = Kind(
    name="llamacpp",
    sentence="A GGUF file (`weights` of the model), run by llama.cpp inside the job.",
    connect=connect,
    default_slots=1,
    retry_for_s=60,  # no rate limit to wait for: what fails for long fails permanently
    latency_s=(0.1, 5.0, 60.0),
    role=Role.EMBEDDED,
    failures=FailureRules(
        overflow=rule("exceed_context_size_error", r"exceeds the available context size"),
        filtered=rule(""),
    ),
)
