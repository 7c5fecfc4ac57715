"""Kind `litellm`: services that LiteLLM knows, such as Bedrock and Vertex AI.

The identity of an answer contains the chat completion that LiteLLM is given, not what it makes of
it: see docs/services.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from pilotbench.ground.errors import ConfigError
from pilotbench.providers.kind import Kind, Provider
from pilotbench.providers.settings import Access, Model, ProviderSettings
from pilotbench.providers.wire_formats import WIRE_FORMATS


def connect(provider: ProviderSettings, model: Model, access: Mapping[str, Access]) -> Provider:
    """Return the client of a service that LiteLLM knows.

    Raises ConfigError where LiteLLM is not installed or does not know the service.
    """
    from pilotbench.providers import litellm_sdk
    from pilotbench.providers.service_client import ServiceClient

    where = f"model_catalog.{model.name}"
    if model.api != "chat":
        raise ConfigError(f"{where}.api is {model.api}; kind litellm has only chat")
    if model.stream:
        raise ConfigError(f"{where}.stream: kind litellm does not stream")
    if not litellm_sdk.is_known(model.deployment):
        raise ConfigError(f"{where}.deployment: LiteLLM knows no service of {model.deployment}")
    wire = WIRE_FORMATS["chat"]
    return ServiceClient(provider, access, KIND.failures, wire, litellm_sdk.opened)


def _deployment_problem(deployment: str) -> str | None:
    if "/" in deployment:
        return None
    return "must name a service and a model as LiteLLM does, such as bedrock/converse/MODEL"


def _listed_names(deployment: str, reports: str | None) -> tuple[str, ...]:
    """Return the names after the service: bedrock/converse/MODEL is converse/MODEL and MODEL."""
    parts = deployment.split("/")
    return tuple("/".join(parts[place:]) for place in range(1, len(parts)))


KIND = Kind(
    name="litellm",
    sentence="Services that LiteLLM knows (Bedrock, Vertex AI, …), at `base_url`.",
    connect=connect,
    default_slots=5,
    retry_for_s=900,
    latency_s=(0.0, 2.0, 20.0),
    deployment_problem=_deployment_problem,
    listed_names=_listed_names,
    sdk=("pilotbench.providers.litellm_sdk", "litellm"),
    sdk_variables={"LITELLM_API_KEY": "name it in env of a key"},
)
