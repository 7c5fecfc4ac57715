"""Kind `azure`: deployments of an Azure OpenAI resource."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pilotbench.providers.base_urls import UrlRules
from pilotbench.providers.batch_api import BatchApi
from pilotbench.providers.failures import FILTERED_WORDS, FailureRules, rule
from pilotbench.providers.kind import Kind, Provider
from pilotbench.providers.price import BatchDiscount
from pilotbench.providers.settings import Access, Model, ProviderSettings
from pilotbench.providers.wire_formats import WIRE_FORMATS

_DEPLOYMENT = re.compile(r"[A-Za-z0-9._-]*[A-Za-z0-9_-][A-Za-z0-9._-]*")


def connect(provider: ProviderSettings, model: Model, access: Mapping[str, Access]) -> Provider:
    """Return the client of an Azure resource."""
    from pilotbench.providers.openai_sdk import opened_azure, opened_azure_v1
    from pilotbench.providers.service_client import ServiceClient

    opened = {"chat": opened_azure, "responses": opened_azure_v1}.get(model.api)
    wire = WIRE_FORMATS[model.api]
    return ServiceClient(provider, access, KIND.failures, wire, opened, stream=model.stream)


def batches(provider: ProviderSettings, model: Model, access: Mapping[str, Access]) -> BatchApi:
    """Return the client of the batch endpoint."""
    from pilotbench.providers.batches.openai import connect_azure

    return connect_azure(provider, model, access, KIND.failures)


def _path_problem(path: str) -> str | None:
    if "/openai/deployments" in path:
        return "must end before /openai: the deployment is named in model_catalog"
    if "/openai/v1" in path:
        return "ends in /openai/v1, the interface of kind openai: write kind: openai, base_url: …"
    return None


def _deployment_problem(deployment: str) -> str | None:
    if _DEPLOYMENT.fullmatch(deployment):
        return None
    return "is part of a URL on Azure: letters, digits and . _ - only"


def _listed_names(deployment: str, reports: str | None) -> tuple[str, ...]:
    """Return the model, then the deployment, whose name is the user's choice."""
    return (deployment,) if reports is None else (reports, deployment)


KIND = Kind(
    name="azure",
    sentence="Deployments of the Azure OpenAI resource at `endpoint`.",
    connect=connect,
    default_slots=50,
    retry_for_s=900,
    latency_s=(0.0, 2.0, 20.0),
    failures=FailureRules(
        filtered=rule("content_filter ResponsibleAIPolicyViolation", FILTERED_WORDS)
    ),
    url=UrlRules(
        key="endpoint",
        query_hint="write api_version as a separate key, a secret in env",
        path_problem=_path_problem,
    ),
    deployment_problem=_deployment_problem,
    listed_names=_listed_names,
    version_variable="OPENAI_API_VERSION",
    sdk_variables={
        "OPENAI_API_VERSION": "the config has api_version",
        "AZURE_OPENAI_AD_TOKEN": "a key is used, named by env",
        "OPENAI_API_TYPE": "the config has kind",
    },
    batches=batches,
    batch_price=BatchDiscount(
        share=0.5,
        cache=1.0,
        source="https://learn.microsoft.com/azure/ai-services/openai/how-to/batch",
    ),
)
