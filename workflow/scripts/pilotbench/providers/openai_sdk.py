"""The OpenAI SDK as what posts requests, with its own retries off.

The generic `post` of the SDK is used instead of its typed `chat.completions.create`, so that the
body is sent exactly as the identity hashes it, and because validation costs half of the CPU time of
a request (measured: 0.6 ms instead of 1.2 ms).
"""

from __future__ import annotations

from typing import Any

import httpx2
import openai

from pilotbench.providers.settings import Access, ProviderSettings
from pilotbench.providers.wire_format import Received, Send

Json = dict[str, Any]
AZURE_API_VERSION = "2024-10-21"
"""Used where neither config nor environment sets one: the latest general version."""


def opened(provider: ProviderSettings, key: Access, http: httpx2.Client) -> Send:
    """Return what posts to an OpenAI-compatible service."""
    return _sender(openai.OpenAI(base_url=key.base_url, **_common(provider, key, http)), key)


def opened_azure(provider: ProviderSettings, key: Access, http: httpx2.Client) -> Send:
    """Return what posts to an Azure resource, whose URLs name the deployment and a version."""
    version = provider.api_version or key.api_version or AZURE_API_VERSION
    client = openai.AzureOpenAI(
        azure_endpoint=key.base_url, api_version=version, **_common(provider, key, http)
    )
    return _sender(client, key)


def opened_azure_v1(provider: ProviderSettings, key: Access, http: httpx2.Client) -> Send:
    """Return what posts to the newer interface of an Azure resource, whose bodies name models."""
    url = f"{key.base_url.rstrip('/')}/openai/v1"
    return _sender(openai.OpenAI(base_url=url, **_common(provider, key, http)), key)


def _common(provider: ProviderSettings, key: Access, http: httpx2.Client) -> Json:
    return {
        "api_key": key.secret or "none",
        "max_retries": 0,
        "timeout": provider.attempt_deadline_s,
        "http_client": http,
    }


def _sender(client: openai.OpenAI, key: Access) -> Send:
    # What the SDK takes from the environment by itself would go to every service alike.
    client.organization = client.project = client.admin_api_key = None
    client._custom_headers = dict(key.headers)

    def send(path: str, body: Json) -> Received:
        try:
            return _received(client.post(path, cast_to=httpx2.Response, body=body))
        except openai.APIStatusError as error:
            return _received(error.response)
        except openai.APIConnectionError as error:
            failed = error.__cause__ or error
        raise failed  # outside the handler: there it would become the cause of its own context

    return send


def _received(response: httpx2.Response) -> Received:
    return Received(response.status_code, response.headers, response.content)
