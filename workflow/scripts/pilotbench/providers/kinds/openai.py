"""Kind `openai`: any service that speaks OpenAI's chat completions."""

from __future__ import annotations

from collections.abc import Mapping

from pilotbench.providers.batch_api import BatchApi
from pilotbench.providers.failures import BROKEN_WORDS, FILTERED_WORDS, FailureRules, rule
from pilotbench.providers.kind import Kind, Provider
from pilotbench.providers.price import BatchDiscount
from pilotbench.providers.settings import Access, Model, ProviderSettings
from pilotbench.providers.wire_formats import WIRE_FORMATS


def connect(provider: ProviderSettings, model: Model, access: Mapping[str, Access]) -> Provider:
    """Return the client of an OpenAI-compatible service."""
    from pilotbench.providers.service_client import ServiceClient

    wire = WIRE_FORMATS[model.api]
    return ServiceClient(provider, access, KIND.failures, wire, stream=model.stream)


def batches(provider: ProviderSettings, model: Model, access: Mapping[str, Access]) -> BatchApi:
    """Return the client of the batch endpoint."""
    from pilotbench.providers.batches.openai import connect_openai

    return connect_openai(provider, model, access, KIND.failures)


KIND = Kind(
    name="openai",
    sentence="Any service with OpenAI's chat completions at `base_url`.",
    connect=connect,
    default_slots=5,
    retry_for_s=900,
    latency_s=(0.0, 2.0, 20.0),
    failures=FailureRules(
        filtered=rule(
            "content_filter content_policy_violation data_inspection_failed DataInspectionFailed "
            "moderation_blocked",
            FILTERED_WORDS,
        ),
        broken_call=rule("tool_use_failed json_validate_failed output_parse_failed", BROKEN_WORDS),
    ),
    sdk_variables={
        "OPENAI_BASE_URL": "write base_url_env: OPENAI_BASE_URL under the provider",
        "OPENAI_API_BASE": "set OPENAI_BASE_URL, or write base_url under the provider",
        "OPENAI_CUSTOM_HEADERS": "no header is added to requests",
    },
    batches=batches,
    batch_price=BatchDiscount(
        share=0.5,
        cache=1.0,
        source="https://developers.openai.com/api/docs/guides/batch",
    ),
)
