"""Kinds `openai` and `azure`: chat completions by the official OpenAI SDK, its own retries off.

Each key has one client, used by all threads. The SDK's generic `post` is used, not its typed
`chat.completions.create`, so that the body is sent exactly as it stands in the identity, and
because validating it costs half of a request's CPU time (0.6 ms against 1.2 ms, measured).
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpcore2
import httpx2
import openai

from pilotbench.config import Model, ProviderSettings
from pilotbench.errors import ConnectionFailed, ProviderError, ServerFailed, TimedOut
from pilotbench.keys.secrets import Access, Scrubber
from pilotbench.providers.failures import failure
from pilotbench.providers.provider import Completion, Request
from pilotbench.providers.transport import DeadlineTransport, TooLarge
from pilotbench.providers.usage import tokens

Json = dict[str, Any]
AZURE_API_VERSION = "2024-10-21"
"""Used where neither config nor environment names one: the latest general version."""
_HALVES = re.compile("[\ud800-\udfff]")


def connect(
    provider: ProviderSettings, model: Model, access: Mapping[str, Access]
) -> OpenAIProvider:
    """Return the client of an OpenAI-compatible or Azure provider."""
    return OpenAIProvider(provider, access)


class OpenAIProvider:
    """Chat completions over HTTP."""

    def __init__(self, provider: ProviderSettings, access: Mapping[str, Access]) -> None:
        self._kind = provider.kind
        self._transport = DeadlineTransport(
            provider.connect_timeout_s,
            provider.read_timeout_s,
            provider.proxy,
            lambda: (
                ssl.create_default_context(cafile=provider.ca_bundle)
                if provider.ca_bundle
                else httpx2.create_ssl_context()
            ),
        )
        self._clients = {
            alias: _client(provider, key, self._transport) for alias, key in access.items()
        }
        self._scrubber = Scrubber(text for key in access.values() for text in key.hidden)

    def complete(self, request: Request, key: str, deadline_s: float) -> Completion:
        """Send one attempt and return the completion; raise a ProviderError within `deadline_s`."""
        client = self._clients[key]
        try:
            with self._transport.deadline(deadline_s):
                return self._clean(completion(self._kind, _post(client, wire_body(request.body))))
        except openai.APIStatusError as error:
            found = failure(
                self._kind, error.status_code, error.response.headers, _decoded(error.response)
            )
        except (openai.APITimeoutError, httpcore2.TimeoutException, TimeoutError):
            found = TimedOut("no answer within the connect, read or total deadline")
        except (openai.APIConnectionError, httpcore2.NetworkError, OSError) as error:
            found = ConnectionFailed(_cause(error))
        except (httpcore2.ProtocolError, httpx2.DecodingError, TooLarge, UnicodeError) as error:
            found = ServerFailed(f"not an HTTP answer: {_cause(error)}")
        except ProviderError as error:
            found = error
        # Neither cause nor context: what the SDK raises holds the request with its headers.
        found.args = (self._scrubber.line(str(found)),)
        raise found from None

    def _clean(self, found: Completion) -> Completion:
        """Return the completion without the secrets that it repeats: nothing later sees them."""
        clean = self._scrubber.answer
        return replace(
            found,
            message=clean(found.message),
            finish_reason=clean(found.finish_reason),
            model=clean(found.model),
        )

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()


def _client(provider: ProviderSettings, key: Access, transport: DeadlineTransport) -> openai.OpenAI:
    common: Json = {
        "api_key": key.secret or "none",
        "max_retries": 0,
        "timeout": provider.attempt_deadline_s,
        "http_client": httpx2.Client(transport=transport, trust_env=False, follow_redirects=True),
    }
    client: openai.OpenAI
    if provider.kind == "azure":
        version = provider.api_version or key.api_version or AZURE_API_VERSION
        client = openai.AzureOpenAI(azure_endpoint=key.base_url, api_version=version, **common)
    else:
        client = openai.OpenAI(base_url=key.base_url, **common)
    # What the SDK takes from the environment by itself would go to every service alike.
    client.organization = client.project = client.admin_api_key = None
    client._custom_headers = dict(key.headers)
    return client


def _post(client: openai.OpenAI, body: Json) -> httpx2.Response:
    try:
        return client.post("/chat/completions", cast_to=httpx2.Response, body=body)
    except UnicodeEncodeError:  # half a surrogate pair, from a model's arguments, say
        return client.post("/chat/completions", cast_to=httpx2.Response, body=unicode_only(body))


def wire_body(body: Json) -> Json:
    """Return the JSON that is sent: `extra_body` is merged into the top level."""
    if "extra_body" not in body:
        return body
    rest = {name: value for name, value in body.items() if name != "extra_body"}
    return rest | dict(body["extra_body"] or {})


def completion(kind: str, response: httpx2.Response) -> Completion:
    """Return the completion in a 2xx answer.

    Raises ServerFailed where it is none, or the error that a gateway wrapped in a 200.
    """
    body = _decoded(response)
    if not isinstance(body, dict):
        raise ServerFailed("the body is not a JSON object")
    if body.get("error"):
        raise _wrapped(kind, body)
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict) or not isinstance(choice.get("message"), dict):
        raise ServerFailed("the body has no choice with a message")
    return Completion(
        _message(choice["message"]), _text(choice.get("finish_reason")), _text(body.get("model")),
        tokens(body.get("usage"), choice.get("usage")),
    )  # fmt: skip


def _wrapped(kind: str, body: Json) -> ProviderError:
    code = str(body["error"].get("code") if isinstance(body["error"], dict) else "")
    status = int(code) if re.fullmatch("[45][0-9][0-9]", code) else 500
    return failure(kind, status, {}, body)


def _decoded(response: httpx2.Response) -> Any:
    """Return the JSON of an answer; of an error that is not JSON, its text; else None."""
    try:
        body = json.loads(response.content, parse_constant=_not_a_number)
        return unicode_only(body) if b"\\u" in response.content else body
    except (ValueError, RecursionError):
        return response.text[:1000] if response.status_code >= 400 else None


def unicode_only(value: Any) -> Any:
    """Return JSON with U+FFFD for each half of a surrogate pair: UTF-8 cannot hold one."""
    return json.loads(_HALVES.sub("\ufffd", json.dumps(value, ensure_ascii=False)))


def _not_a_number(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


def _message(message: Json) -> Json:
    """Return the message as it came, without nulls; `content` is text or None.

    Half a surrogate pair has become U+FFFD.
    """
    found = {name: value for name, value in message.items() if value is not None}
    found["content"] = _content(message.get("content"))
    return found


def _content(content: Any) -> str | None:
    if content is None or isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise ServerFailed("the message's content is neither text nor a list of parts")
    return "".join(str(part.get("text") or "") for part in content if isinstance(part, dict))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _cause(error: BaseException) -> str:
    inner = error.__cause__ or error
    return f"{type(inner).__name__}: {inner}" if str(inner) else type(inner).__name__
