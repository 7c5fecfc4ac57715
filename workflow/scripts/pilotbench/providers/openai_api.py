"""Chat completions through the official OpenAI SDK, with its own retries off.

Each key has one client, used by all threads. The generic `post` of the SDK is used instead of its
typed `chat.completions.create`, so that the body is sent exactly as the identity hashes it, and
because validation costs half of the CPU time of a request (measured: 0.6 ms instead of 1.2 ms).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpcore2
import httpx2
import openai

from pilotbench.ground import notices
from pilotbench.ground.errors import (
    ConnectionFailed,
    ProviderError,
    ServerFailed,
    TimedOut,
    UnusableAnswer,
)
from pilotbench.ground.scrubber import Scrubber
from pilotbench.providers.answer import Completion
from pilotbench.providers.bodies import completion, parsed, unicode_only
from pilotbench.providers.failures import FailureRules, broken_call, failure
from pilotbench.providers.finish_reasons import known
from pilotbench.providers.proxies import proxy_for
from pilotbench.providers.request import Request
from pilotbench.providers.settings import Access, ProviderSettings
from pilotbench.providers.transport import DeadlineTransport, TooLarge
from pilotbench.providers.trust import context_of, untrusted

Json = dict[str, Any]
AZURE_API_VERSION = "2024-10-21"
"""Used where neither config nor environment sets one: the latest general version."""


class ChatCompletions:
    """Chat completions over HTTP."""

    def __init__(
        self, provider: ProviderSettings, access: Mapping[str, Access], rules: FailureRules
    ) -> None:
        self._name, self._rules = provider.name, rules
        for key in access.values():
            proxy_for(httpx2.URL(key.base_url), provider.proxy)  # raises for an unusable proxy
        self._transport = DeadlineTransport(
            provider.connect_timeout_s,
            provider.read_timeout_s,
            provider.proxy,
            context_of(provider.ca_bundle),
        )
        self._clients = {alias: self._opened(provider, key) for alias, key in access.items()}
        self._scrubber = Scrubber(text for key in access.values() for text in key.hidden)

    def complete(self, request: Request, key: str, deadline_s: float) -> Completion:
        """Send one attempt and return the completion; raise a ProviderError within `deadline_s`."""
        client = self._clients[key]
        try:
            with self._transport.deadline(deadline_s):
                answer = _post(client, wire_body(request.body))
                return self._reported(request, completion(self._rules, answer.content))
        except openai.APIStatusError as error:
            status, body = error.status_code, _decoded(error.response)
            broken = broken_call(self._rules, status, body)
            if broken is not None:
                return self._broken(*broken)
            found = failure(self._rules, status, error.response.headers, body)
        except (openai.APITimeoutError, httpcore2.TimeoutException, TimeoutError) as error:
            found = TimedOut("no answer within the connect, read or total deadline")
            found.sent = _was_sent(error)
        except (openai.APIConnectionError, *_BROKEN) as error:
            found = _broken_off(error)
            found.sent = _was_sent(error)
        except ProviderError as error:
            found = error
        # Without cause or context: the errors of the SDK contain the request with its headers.
        found.args = (self._scrubber.line(str(found)),)
        if isinstance(found, UnusableAnswer):
            found.raw = self._scrubber.scrub(found.raw)
        raise found from None

    def _reported(self, request: Request, found: Completion) -> Completion:
        """Return the completion without secrets; report what is unusual about it once per run."""
        clean = self._clean(found)
        who, reason = f"{self._name}, {request.body['model']}", clean.finish_reason
        said = clean.message
        if not known(reason):
            notices.say(
                f"finish_reason/{who}/{reason}",
                f"{who}: the finish reason {reason} is unknown; such answers count as completed",
                kind=f"finish_reason/{who}",
            )
        if said.get("reasoning_content") and not (said["content"] or said.get("tool_calls")):
            notices.say(
                f"reasoning_only/{who}",
                f"{who}: an answer has reasoning but no text, so it counts as empty "
                f"(finish reason {reason})",
            )
        return clean

    def _clean(self, found: Completion) -> Completion:
        """Return the completion without the secrets that it repeats; nothing later stores them."""
        clean = self._scrubber.answer
        return replace(
            found,
            message=clean(found.message),
            finish_reason=clean(found.finish_reason),
            model=clean(found.model),
        )

    def _broken(self, reason: str, written: str | None) -> Completion:
        """Return the model's own message that the service could not read."""
        return self._clean(Completion({"role": "assistant", "content": written}, reason, None))

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def _opened(self, provider: ProviderSettings, key: Access) -> openai.OpenAI:
        http = httpx2.Client(transport=self._transport, trust_env=False, follow_redirects=True)
        common: Json = {
            "api_key": key.secret or "none",
            "max_retries": 0,
            "timeout": provider.attempt_deadline_s,
            "http_client": http,
        }
        client = self._client(provider, key, common)
        # What the SDK takes from the environment by itself would go to every service alike.
        client.organization = client.project = client.admin_api_key = None
        client._custom_headers = dict(key.headers)
        return client

    def _client(self, provider: ProviderSettings, key: Access, common: Json) -> openai.OpenAI:
        return openai.OpenAI(base_url=key.base_url, **common)


class AzureChatCompletions(ChatCompletions):
    """Chat completions of an Azure resource, whose URLs name the deployment and a version."""

    def _client(self, provider: ProviderSettings, key: Access, common: Json) -> openai.OpenAI:
        version = provider.api_version or key.api_version or AZURE_API_VERSION
        return openai.AzureOpenAI(azure_endpoint=key.base_url, api_version=version, **common)


def _post(client: openai.OpenAI, body: Json) -> httpx2.Response:
    try:
        return client.post("/chat/completions", cast_to=httpx2.Response, body=body)
    except UnicodeEncodeError:  # half a surrogate pair, such as in the arguments of a model
        return client.post("/chat/completions", cast_to=httpx2.Response, body=unicode_only(body))


def wire_body(body: Json) -> Json:
    """Return the JSON that is sent: `extra_body` is merged into the top level."""
    if "extra_body" not in body:
        return body
    rest = {name: value for name, value in body.items() if name != "extra_body"}
    return rest | dict(body["extra_body"] or {})


def _decoded(response: httpx2.Response) -> Any:
    """Return the JSON of an error, or its text where it is not JSON."""
    text = response.content.decode("utf-8-sig", "replace")
    try:
        return parsed(text)
    except (ValueError, RecursionError):
        return text[:1000]


_BROKEN = (
    httpcore2.NetworkError, httpcore2.ProtocolError, httpx2.DecodingError, TooLarge, OSError,
    UnicodeError,
)  # fmt: skip


def _broken_off(error: Exception) -> ProviderError:
    """Return the error for an incomplete HTTP response; the SDK wraps the cause."""
    cause = error.__cause__ if isinstance(error, openai.APIConnectionError) else error
    if isinstance(cause, TooLarge | httpx2.DecodingError):
        return UnusableAnswer(f"the answer cannot be decoded: {_cause(error)}")
    if isinstance(cause, httpcore2.ProtocolError | UnicodeError):
        return ServerFailed(f"not an HTTP answer: {_cause(error)}")
    return untrusted(error) or ConnectionFailed(_cause(error))


def _cause(error: BaseException) -> str:
    inner = error.__cause__ or error
    return f"{type(inner).__name__}: {inner}" if str(inner) else type(inner).__name__


def _was_sent(error: BaseException) -> bool:
    """Return whether there was a connection: without one, nothing was sent."""
    before = (httpcore2.ConnectError, httpcore2.ConnectTimeout)
    return not isinstance(error, before) and not isinstance(error.__cause__, before)
