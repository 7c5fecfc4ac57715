"""The client of a service: one attempt over HTTP in any wire format, within its deadline.

Each key has its own `Send`, used by all threads.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import httpcore2
import httpx2

from pilotbench.ground import notices
from pilotbench.ground.errors import (
    ConnectionFailed,
    ProviderError,
    RateLimited,
    Retryable,
    ServerFailed,
    TimedOut,
    UnusableAnswer,
)
from pilotbench.ground.scrubber import Scrubber
from pilotbench.providers.answer import Completion
from pilotbench.providers.bodies import (
    beside_events,
    completion,
    first_token_at,
    parsed,
    unicode_only,
)
from pilotbench.providers.failures import FailureRules, broken_call, failure
from pilotbench.providers.finish_reasons import known
from pilotbench.providers.rate_headers import stated_limits
from pilotbench.providers.receipts import receipt
from pilotbench.providers.request import Request
from pilotbench.providers.settings import Access, ProviderSettings
from pilotbench.providers.transport import TooLarge, transport_of
from pilotbench.providers.trust import untrusted
from pilotbench.providers.wire_format import Received, Send, WireFormat

Json = dict[str, Any]
Open = Callable[[ProviderSettings, Access, httpx2.Client], Send]


class ServiceClient:
    """Completions over HTTP in one wire format."""

    def __init__(
        self,
        provider: ProviderSettings,
        access: Mapping[str, Access],
        rules: FailureRules,
        wire: WireFormat,
        open_key: Open | None = None,
        *,
        stream: bool = False,
    ) -> None:
        """Open each key by `open_key`, or as the wire format does; nothing is sent.

        With `stream`, answers are requested as streams and put together.
        """
        self._name, self._rules, self._wire = provider.name, rules, wire
        self._stream = stream
        self._transport = transport_of(provider, access.values())
        opened = open_key or wire.opened
        self._send = {a: opened(provider, key, self._http()) for a, key in access.items()}
        self._scrubber = Scrubber(text for key in access.values() for text in key.hidden)

    def complete(self, request: Request, key: str, deadline_s: float) -> Completion:
        """Send one attempt and return the completion; raise a ProviderError within `deadline_s`."""
        began = time.monotonic()
        try:
            with self._transport.deadline(deadline_s):
                answer = self._post(key, request.body)
                found = self._reported(request.body["model"], self._read(answer))
                return self._timed(found, answer.content, began) if self._stream else found
        except (httpcore2.TimeoutException, httpx2.TimeoutException, TimeoutError) as error:
            failed: ProviderError = TimedOut("no answer within the connect, read or total deadline")
            failed.sent = was_sent(error)
            self._mark(failed)
        except BROKEN as error:
            failed = broken_off(error, self._begun())
            failed.sent = was_sent(error)
            self._mark(failed)
        except ProviderError as error:
            failed = error
        # Without cause or context: the errors of an SDK contain the request with its headers.
        raise self._cleaned(failed) from None

    def result(self, model: str, answer: Received) -> Completion | ProviderError:
        """Return what an answer means that came otherwise, such as in a batch; nothing is sent."""
        try:
            return self._reported(model, self._read(answer))
        except ProviderError as error:
            return self._cleaned(error)

    def _cleaned(self, failed: ProviderError) -> ProviderError:
        """Return an error without the secrets that the service repeated."""
        failed.args = (self._scrubber.line(str(failed)),)
        failed.tier, failed.received = self._scrubber.answer([failed.tier, dict(failed.received)])
        if isinstance(failed, UnusableAnswer):
            failed.raw = self._scrubber.scrub(failed.raw)
        return failed

    def _post(self, key: str, body: Json) -> Received:
        if self._stream:
            body = {**body, "stream": True}
        path, sent = self._wire.path(body), self._wire.sent(body)
        try:
            return self._send[key](path, sent)
        except UnicodeEncodeError:  # half a surrogate pair, such as in the arguments of a model
            return self._send[key](path, unicode_only(sent))

    def _read(self, answer: Received) -> Completion:
        """Return the completion of a response. Raises the error that it means."""
        if 200 <= answer.status < 300:
            try:
                found = completion(self._wire, self._rules, answer.content, answer.headers)
            except ProviderError as error:
                if first_token_at(answer.content) is not None:
                    error.status = None  # what had come of the answer may be charged
                    if isinstance(error, Retryable):
                        error.begun = True
                raise
            limits = stated_limits(answer.headers)
            return replace(found, limits=limits) if limits else found
        body = decoded(answer.content)
        broken = broken_call(self._rules, answer.status, body)
        if broken is None:
            failed = failure(self._rules, answer.status, answer.headers, body)
            if isinstance(failed, RateLimited):
                failed.stated = stated_limits(answer.headers)
            raise failed
        reason, text = broken
        beside = receipt(body if isinstance(body, dict) else {}, answer.headers)
        return beside.on(Completion(self._wire.written(text), reason, None))

    def _begun(self) -> bool:
        """Return whether a part of a streamed answer has arrived."""
        return self._stream and bool(self._transport.arrivals())

    def _mark(self, failed: ProviderError) -> None:
        """Note what had arrived of a response that broke off."""
        content, headers = self._transport.begun()
        beside_events(content).mark(failed)
        receipt({}, headers).mark(failed)
        if isinstance(failed, Retryable):
            failed.begun = self._begun()

    def _timed(self, found: Completion, content: bytes, began: float) -> Completion:
        """Return the completion of a stream with the time to its first token, if it came as one."""
        size = first_token_at(content)
        arrivals = () if size is None else self._transport.arrivals()
        first = next((at - began for there, at in arrivals if there >= (size or 0)), None)
        return replace(found, first_token_s=first)

    def _http(self) -> httpx2.Client:
        return httpx2.Client(transport=self._transport, trust_env=False, follow_redirects=True)

    def _reported(self, model: str, found: Completion) -> Completion:
        """Return the completion without secrets; report what is unusual about it once per run."""
        clean = self._clean(found)
        who, reason = f"{self._name}, {model}", clean.finish_reason
        said = self._wire.read(clean.message)
        if not known(reason):
            notices.say(
                f"finish_reason/{who}/{reason}",
                f"{who}: the finish reason {reason} is unknown; such answers count as completed",
                kind=f"finish_reason/{who}",
            )
        if said.thinking and not (said.text or said.calls):
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
            tier=clean(found.tier),
            received=clean(found.received),
        )

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()


def decoded(content: bytes) -> Any:
    """Return the JSON of an error, or its text where it is not JSON."""
    text = content.decode("utf-8-sig", "replace")
    try:
        return parsed(text)
    except (ValueError, RecursionError):
        return text[:1000]


BROKEN = (
    httpcore2.NetworkError, httpcore2.ProtocolError, httpx2.DecodingError, TooLarge, OSError,
    UnicodeError, httpx2.HTTPError,
)  # fmt: skip


def broken_off(error: Exception, begun: bool) -> ProviderError:
    """Return the error for an incomplete HTTP response; `begun`: a part of a stream has arrived."""
    if isinstance(error, TooLarge | httpx2.DecodingError):
        return UnusableAnswer(f"the answer cannot be decoded: {_cause(error)}")
    if isinstance(error, httpcore2.ProtocolError | UnicodeError) and not begun:
        return ServerFailed(f"not an HTTP answer: {_cause(error)}")
    return untrusted(error) or ConnectionFailed(_cause(error))


def _cause(error: BaseException) -> str:
    inner = error.__cause__ or error
    return f"{type(inner).__name__}: {inner}" if str(inner) else type(inner).__name__


def was_sent(error: BaseException) -> bool:
    """Return whether there was a connection: without one, nothing was sent."""
    before = (httpcore2.ConnectError, httpcore2.ConnectTimeout)
    return not isinstance(error, before) and not isinstance(error.__cause__, before)
