"""Anthropic's SDK as what posts requests, with its own retries, credentials and tracing off.

The generic `post` of the SDK is used instead of its typed `messages.create`, so that the body is
sent exactly as the identity hashes it. The SDK is an extra of the package.
"""

from __future__ import annotations

from typing import Any

import httpx2

from pilotbench.ground.errors import ConfigError
from pilotbench.providers.settings import Access, ProviderSettings
from pilotbench.providers.wire_format import Received, Send, not_installed

Json = dict[str, Any]
API_VERSION = "2023-06-01"
"""Sent where the config sets none: later versions accept no temperature, top_p and top_k."""
_STAY: Any = {"follow_redirects": False}


def opened(provider: ProviderSettings, key: Access, http: httpx2.Client) -> Send:
    """Return what posts to the Messages API, at a base URL with or without its `/v1`.

    A redirect is not followed: it would hand the key to another host.
    Raises ConfigError where the SDK is not installed.
    """
    try:
        import anthropic
    except ImportError:
        why = not_installed("messages", "anthropic")
        raise ConfigError(f"provider {provider.name}: {why}") from None
    client = anthropic.Anthropic(
        api_key=key.secret or "none",
        base_url=key.base_url.rstrip("/").removesuffix("/v1"),
        max_retries=0,
        timeout=provider.attempt_deadline_s,
        open_telemetry=False,
        http_client=http,
    )
    # The SDK would send the key as a bearer, and headers that the environment names.
    client.api_key = None
    client._custom_headers = {
        "x-api-key": key.secret or "none",
        "anthropic-version": provider.api_version or key.api_version or API_VERSION,
        **dict(key.headers),
    }

    def send(path: str, body: Json) -> Received:
        try:
            return _received(client.post(path, cast_to=httpx2.Response, body=body, options=_STAY))
        except anthropic.APIStatusError as error:
            return _received(error.response)
        except anthropic.APIConnectionError as error:
            failed = error.__cause__ or error
        raise failed  # outside the handler: there it would become the cause of its own context

    return send


def _received(response: httpx2.Response) -> Received:
    return Received(response.status_code, response.headers, response.content)
