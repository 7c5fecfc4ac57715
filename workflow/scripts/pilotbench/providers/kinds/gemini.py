"""Kind `gemini`: Google's Gemini API, with an API key of Google AI Studio."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pilotbench.providers.base_urls import UrlRules
from pilotbench.providers.batch_api import BatchApi
from pilotbench.providers.failures import FailureRules
from pilotbench.providers.kind import Kind, Provider
from pilotbench.providers.price import BatchDiscount
from pilotbench.providers.settings import Access, Model, ProviderSettings
from pilotbench.providers.wire_formats import WIRE_FORMATS

_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def connect(provider: ProviderSettings, model: Model, access: Mapping[str, Access]) -> Provider:
    """Return the client of the Gemini API."""
    from pilotbench.providers.service_client import ServiceClient

    wire = WIRE_FORMATS[model.api]
    return ServiceClient(provider, access, KIND.failures, wire, stream=model.stream)


def batches(provider: ProviderSettings, model: Model, access: Mapping[str, Access]) -> BatchApi:
    """Return the client of the batch endpoint."""
    from pilotbench.providers.batches.gemini import connect

    return connect(provider, model, access, KIND.failures)


def _path_problem(path: str) -> str | None:
    if "/openai/" in path:
        return "ends in /openai, the interface of kind openai: write kind: openai"
    if re.search(r"/v\d+(alpha|beta)?\d*/", path):
        return "must end before the version (/v1beta)"
    return None


def _deployment_problem(deployment: str) -> str | None:
    if _MODEL.fullmatch(deployment):
        return None
    return "is part of a URL: write the model alone, without models/, such as gemini-2.5-flash"


KIND = Kind(
    name="gemini",
    sentence="Google's Gemini API at `base_url`.",
    connect=connect,
    default_slots=5,
    retry_for_s=900,
    latency_s=(0.0, 2.0, 20.0),
    api="gemini",
    failures=FailureRules(),
    url=UrlRules(path_problem=_path_problem),
    deployment_problem=_deployment_problem,
    sdk_variables={
        "GOOGLE_API_KEY": "name it in env of a key",
        "GEMINI_API_KEY": "name it in env of a key",
        "GOOGLE_GEMINI_BASE_URL": "write base_url_env: GOOGLE_GEMINI_BASE_URL under the provider",
        "GOOGLE_GENAI_USE_VERTEXAI": "requests go to base_url; for Vertex AI write kind: litellm",
    },
    batch_price=BatchDiscount(
        share=0.5,
        cache=1.0,
        source="https://ai.google.dev/gemini-api/docs/batch-api",
    ),
    batches=batches,
)
