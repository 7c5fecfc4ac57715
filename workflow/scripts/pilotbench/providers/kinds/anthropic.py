"""Kind `anthropic`: services with Anthropic's Messages API."""

from __future__ import annotations

from collections.abc import Mapping

from pilotbench.providers.batch_api import BatchApi
from pilotbench.providers.failures import (
    FILTERED_WORDS,
    OVERFLOW_CODES,
    OVERFLOW_WORDS,
    FailureRules,
    rule,
)
from pilotbench.providers.kind import Kind, Provider
from pilotbench.providers.price import BatchDiscount
from pilotbench.providers.settings import Access, Model, ProviderSettings
from pilotbench.providers.wire_formats import WIRE_FORMATS


def connect(provider: ProviderSettings, model: Model, access: Mapping[str, Access]) -> Provider:
    """Return the client of a service with the Messages API."""
    from pilotbench.providers.service_client import ServiceClient

    wire = WIRE_FORMATS[model.api]
    return ServiceClient(provider, access, KIND.failures, wire, stream=model.stream)


def batches(provider: ProviderSettings, model: Model, access: Mapping[str, Access]) -> BatchApi:
    """Return the client of the batch endpoint."""
    from pilotbench.providers.batches.anthropic import connect

    return connect(provider, model, access, KIND.failures)


KIND = Kind(
    name="anthropic",
    sentence="Any service with Anthropic's Messages API at `base_url`.",
    connect=connect,
    default_slots=5,
    retry_for_s=900,
    latency_s=(0.0, 2.0, 20.0),
    api="messages",
    failures=FailureRules(
        # The bound on the output is part of the words, yet the conversation is what grows.
        overflow=rule(
            OVERFLOW_CODES, rf"input length and .{{0,3}}max_tokens.{{0,3}} exceed|{OVERFLOW_WORDS}"
        ),
        filtered=rule("content_filter", FILTERED_WORDS),
        spent=rule(
            "billing_error enforced_spend_limit_reached contract_spend_limit_reached "
            "linked_organization_spend_limit_reached linked_organization_billing_unavailable",
            r"credit balance is too low|reached your specified (workspace )?api usage limits",
        ),
        spent_in_words=frozenset({400, 403, 429}),
        denied=rule("organization_on_hold"),
        throttled=rule("", r"\bper[ -]?(minute|second)"),
    ),
    sdk_variables={
        "ANTHROPIC_BASE_URL": "write base_url_env: ANTHROPIC_BASE_URL under the provider",
        "ANTHROPIC_AUTH_TOKEN": "a key is used, named by env",
        "ANTHROPIC_PROFILE": "a key is used, named by env",
        "ANTHROPIC_CUSTOM_HEADERS": "no header is added to requests",
    },
    batch_price=BatchDiscount(
        share=0.5,
        cache=0.5,
        source="https://platform.claude.com/docs/en/build-with-claude/batch-processing",
    ),
    batches=batches,
)
