"""From an HTTP failure to the error tree, by rules that each provider kind declares as data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pilotbench.ground.errors import (
    AuthenticationFailed,
    ContextOverflow,
    ProviderError,
    QuotaSpent,
    RateLimited,
    Refused,
    Rejected,
    Retryable,
    ServerFailed,
    TimedOut,
)
from pilotbench.providers.waits import exhausted, retry_after, wait_stated

Json = dict[str, Any]


@dataclass(frozen=True)
class Rule:
    """What identifies a failure: a code of the error body, or words of its message."""

    codes: frozenset[str]
    words: re.Pattern[str]

    def fits(self, codes: frozenset[str], message: str) -> bool:
        """Return whether one of the codes or the message matches."""
        return bool(self.codes & codes) or bool(self.words.search(message))


def rule(codes: str, words: str = r"(?!)") -> Rule:
    """Return the rule of codes, separated by spaces, and of words, a regular expression."""
    return Rule(frozenset(codes.split()), re.compile(words, re.IGNORECASE | re.DOTALL))


OVERFLOW_CODES = (
    "context_length_exceeded exceed_context_size_error string_above_max_length "
    "request_too_large prompt_too_long model_context_window_exceeded"
)
OVERFLOW_WORDS = (
    r"maximum context length|context[ _](length|window|size) (of|is|exceed)|exceeds? the "
    r"(available|maximum|model'?s?) context|(prompt|input|request) is too long|too many (input )?"
    r"tokens in|range of input length should be|inputs? tokens \+ .*max_new_tokens|"
    # Other words count only where they are not about our own bound on the output.
    r"^(?!.*max_\w*tokens).*("
    r"(prompt|input|request|messages?|conversation)( (length|size|tokens))?( \S+)? exceed|"
    r"input token count .{0,20}exceed|request payload size exceed|"
    r"exceed\w* (the )?(max\w*|model'?s?|allowed) (\w+ )?(length|size|context)|"
    r"(prompts?|inputs?|messages|conversation) (is|are) too (long|large)|"
    r"reduce the length of|(输入|上下文|提示|prompt).*(过长|超长|超过|超出))"
)
OVERFLOW_STATUS = frozenset({413})
"""The request is too large for the service, whatever the words: those of a gateway are HTML."""

FILTERED_WORDS = (
    r"content (management )?policy|inappropriate content|"
    # Other words count only where they are not about an account.
    r"^(?!.*(\b(account|organi[sz]ation|api key|suspended|deactivated)\b|账户|账号)).*("
    r"usage polic|(input|prompt|request|content|message|text|question)s? .{0,40}flagged|"
    r"safety (system|filter|polic)|blocked by .{0,40}(filter|moderation)|requires moderation|"
    r"sensitive (content|words?|information)|violat\w* .{0,60}polic|敏感|违规)"
)
BROKEN_WORDS = (
    r"failed to parse (input at pos|tool call|function call|(the )?(model('s)? )?output)|"
    r"error parsing tool call|failed to call a function|tool call validation failed|"
    r"(model|tool call)( \w+)* (output|arguments?|response) .*(could not|cannot) be parsed|"
    r"could not parse .*(tool|function) call|failed to generate (a )?(valid )?(json|function|tool)"
)
SPENT = rule(
    "insufficient_quota billing_hard_limit_reached billing_not_active Arrearage AllocationQuota "
    "AllocationQuota.FreeTierOnly exceeded_current_quota_error",
    r"exceeded your current (token )?quota|insufficient (account )?balance|余额不足|欠费",
)
"""A spent quota: a 4xx by its code, a 429 or 403 also by its words."""

THROTTLED = rule(
    "Throttling Throttling.RateQuota Throttling.AllocationQuota Throttling.BurstRate "
    "rate_limit_exceeded RateLimitReached limit_requests limit_tokens",
    r"\b(per|a|each)[ -]?(minute|second)|\b[rt]p[ms]\b|token-limit|rate[- _]?limit|"
    r"allocated quota exceeded|throttl|too many requests|(retry|try again) (in|after) \d|concurren|"
    r"并发|频率|限流",
)
"""A 429 in the words of SPENT that a later attempt may pass: services word both alike."""


DENIED = rule(
    "API_KEY_INVALID", r"api key (is )?(not valid|expired)|user location is not supported"
)
"""A 400 about the key and not about the request."""

DAILY = rule("quota_per_day")
"""A spent quota of the day, whatever time to wait the service names."""


@dataclass(frozen=True)
class FailureRules:
    """How a provider kind words its failures; the defaults know the words of many services.

    overflow: a 4xx that says that the conversation no longer fits.
    filtered: a 4xx that says that the provider's filter refuses the request.
    broken_call: a 400, 422 or 500 that says that the service could not read what the model wrote;
    the answer is the model's own, a message without a call.
    spent: the quota is spent, which no later attempt changes; a 4xx by its code, one with a status
    of `spent_in_words` (429 or 403 in most kinds) also by its words.
    throttled: a 429 in the words of `spent` that a later attempt may pass.
    denied: a 400 that says that the key is not accepted.
    daily: a 429 about a quota of the day, which no attempt of this run changes.
    """

    overflow: Rule = field(default=rule(OVERFLOW_CODES, OVERFLOW_WORDS))
    filtered: Rule = field(default=rule("content_filter", FILTERED_WORDS))
    broken_call: Rule = field(default=rule("", BROKEN_WORDS))
    spent: Rule = SPENT
    spent_in_words: frozenset[int] = frozenset({403, 429})
    throttled: Rule = THROTTLED
    denied: Rule = DENIED
    daily: Rule = DAILY


LAST_WORD: dict[type[ProviderError], str] = {
    Refused: "content_filter",
    ContextOverflow: "model_context_window_exceeded",
}
"""The finish reason of a paid answer with an error that ends an episode."""

WAIT_STATUS = frozenset({408, 409, 420, 425, 498, 499})
"""4xx that a later attempt may pass: conflict, too early, no capacity, connection closed."""


def failure(
    rules: FailureRules, status: int, headers: Mapping[str, str], body: Any
) -> ProviderError:
    """Return the error that a response with `status` means; `body` is decoded JSON or text."""
    error = _error(body)
    codes, message = _codes(error), _message(error)
    text = f"HTTP {status}: {message}" if message else f"HTTP {status}"
    wait = retry_after(headers) or wait_stated(error, message)
    found = _refusal(rules, status, codes, message, text) or _failed(
        rules, status, codes, message, text, headers, wait
    )
    if isinstance(found, Retryable) and found.retry_after is None:
        found.retry_after = wait
    found.status, found.codes = status, codes
    return found


def wrapped(rules: FailureRules, body: Json) -> ProviderError:
    """Return the error that a gateway wrapped in a 200: by its status, else by its words."""
    error = body["error"]
    given = [error.get(name) for name in ("code", "status")] if isinstance(error, dict) else []
    status = next((s for s in map(str, given) if re.fullmatch("[45][0-9][0-9]", s)), None)
    if status is not None:
        return failure(rules, int(status), {}, body)
    found = failure(rules, 400, {}, body)
    if isinstance(found, Refused | ContextOverflow | QuotaSpent):
        return found
    throttled = rules.throttled.fits(_codes(error), _message(error))
    return failure(rules, 429 if throttled else 500, {}, body)


def broken_call(rules: FailureRules, status: int, body: Any) -> tuple[str, str | None] | None:
    """Return (finish reason, what the model wrote) where a failure is the model's broken call."""
    error = _error(body)
    if status not in (400, 422, 500) or not rules.broken_call.fits(_codes(error), _message(error)):
        return None
    written = error.get("failed_generation") if isinstance(error, dict) else None
    if written is None:
        raw = re.search(r"raw='(.*?)'(, err=|$)", _message(error), re.DOTALL)
        written = raw[1] if raw else None
    return "tool_use_failed", written if isinstance(written, str) else None


def _refusal(
    rules: FailureRules, status: int, codes: frozenset[str], message: str, text: str
) -> ProviderError | None:
    """Return the error where the words concern only this request."""
    if not 400 <= status < 500 or status in (401, 402, 429) or status in WAIT_STATUS:
        return None
    if status in OVERFLOW_STATUS:
        return ContextOverflow(text)
    if rules.filtered.fits(codes, message):
        return Refused(text)
    if status != 403 and rules.overflow.fits(codes, message):
        return ContextOverflow(text)
    return None


def _failed(
    rules: FailureRules,
    status: int,
    codes: frozenset[str],
    message: str,
    text: str,
    headers: Mapping[str, str],
    wait: float | None,
) -> ProviderError:
    worded = message if status in rules.spent_in_words else ""
    spent = rules.spent.fits(codes, worded) and 400 <= status < 500
    if (
        status == 402
        or (status == 429 and rules.daily.fits(codes, ""))
        or (spent and not (status == 429 and _is_throttle(rules, codes, message, wait)))
    ):
        return QuotaSpent(text)
    if status in (420, 429):
        spans = exhausted(headers)
        return RateLimited(text, wait or max(spans, default=None), bool(spans))
    if status in (401, 403) or (status == 400 and rules.denied.fits(codes, message)):
        return AuthenticationFailed(text)
    if status == 408:
        return TimedOut(text)
    if status in WAIT_STATUS or status >= 500 or status < 400:
        return ServerFailed(text)
    return Rejected(text)


def _is_throttle(
    rules: FailureRules, codes: frozenset[str], message: str, wait: float | None
) -> bool:
    return wait is not None or rules.throttled.fits(codes, message)


def _error(body: Any) -> Any:
    """Return the part of an error body that describes the error, whatever its form."""
    if isinstance(body, list) and body:
        body = body[0]
    return (body.get("error") or body) if isinstance(body, dict) else body


def _codes(error: Any) -> frozenset[str]:
    if not isinstance(error, dict):
        return frozenset()
    found = [error.get(name) for name in ("code", "type", "status", "errorCode")]
    for place, name in (("innererror", "code"), ("details", "error_code")):
        inner = error.get(place)
        found += [inner.get(name)] if isinstance(inner, dict) else []
    found += _detailed_codes(error.get("details"))
    return frozenset(str(code) for code in found if isinstance(code, str | int) and code)


def _detailed_codes(details: Any) -> Iterator[Any]:
    """Yield the reasons in Google's details of an error, and `quota_per_day` for such a quota."""
    for detail in _dicts(details):
        yield detail.get("reason")
        for violation in _dicts(detail.get("violations")):
            yield "quota_per_day" if "PerDay" in str(violation.get("quotaId")) else None


def _dicts(value: Any) -> list[Json]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _message(error: Any) -> str:
    if isinstance(error, dict):
        error = error.get("message") or error.get("msg") or error.get("detail")
    return str(error or "")
