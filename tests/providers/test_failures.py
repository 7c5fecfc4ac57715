"""HTTP failures become errors of the tree, by rules per provider kind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from pilotbench import errors
from pilotbench.providers.failures import failure, reset, retry_after


def told(message: str = "no", **error: Any) -> dict[str, Any]:
    """Return an error body in OpenAI's form."""
    return {"error": {"message": message, **error}}


CASES: list[tuple[str, int, Any, type[errors.ProviderError]]] = [
    ("openai", 429, told(), errors.RateLimited),
    ("openai", 429, told(code="insufficient_quota"), errors.QuotaSpent),
    ("openai", 429, told("You exceeded your current quota"), errors.QuotaSpent),
    ("openai", 402, told(), errors.QuotaSpent),
    ("openai", 403, told("Insufficient account balance"), errors.QuotaSpent),
    ("openai", 401, told(code="invalid_api_key"), errors.AuthenticationFailed),
    ("azure", 403, told(), errors.AuthenticationFailed),
    ("openai", 408, "", errors.TimedOut),
    ("openai", 500, told(), errors.ServerFailed),
    ("openai", 503, "<html>busy</html>", errors.ServerFailed),
    ("openai", 529, None, errors.ServerFailed),
    ("openai", 409, None, errors.ServerFailed),
    ("openai", 302, None, errors.ServerFailed),
    ("openai", 400, told(code="context_length_exceeded"), errors.ContextOverflow),
    (
        "openai",
        400,
        told("This model's maximum context length is 4096 tokens. However, you requested 5000"),
        errors.ContextOverflow,
    ),
    (
        "azure",
        400,
        told("This model's maximum context length is 8192 tokens."),
        errors.ContextOverflow,
    ),
    (
        "openai",
        400,
        told("Range of input length should be [1, 30720]", code="invalid_parameter_error"),
        errors.ContextOverflow,
    ),
    (
        "llamacpp",
        400,
        told(
            "request (9000 tokens) exceeds the available context size (8192 tokens)",
            type="exceed_context_size_error",
        ),
        errors.ContextOverflow,
    ),
    ("azure", 400, told(code="content_filter"), errors.Refused),
    (
        "azure",
        400,
        told(code=None, innererror={"code": "ResponsibleAIPolicyViolation"}),
        errors.Refused,
    ),
    ("openai", 400, told(code="data_inspection_failed"), errors.Refused),
    ("openai", 400, told(code="content_policy_violation"), errors.Refused),
    ("openai", 400, told("temperature must be at most 2"), errors.Rejected),
    ("openai", 400, told("max_tokens is too large: 99999"), errors.Rejected),
    ("openai", 404, told(code="model_not_found"), errors.Rejected),
    ("openai", 404, "not here", errors.Rejected),
    ("openai", 422, {"detail": [{"loc": ["body"]}]}, errors.Rejected),
    ("openai", 400, ["odd"], errors.Rejected),
    ("openai", 400, {"error": "text"}, errors.Rejected),
    ("llamacpp", 400, told("content policy"), errors.Rejected),
]


@pytest.mark.parametrize(("kind", "status", "body", "expected"), CASES)
def test_an_answer_becomes_an_error(
    kind: str, status: int, body: Any, expected: type[errors.ProviderError]
) -> None:
    found = failure(kind, status, {}, body)
    assert type(found) is expected
    assert str(found).startswith(f"HTTP {status}")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "0"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, None),
    ],
)
def test_retry_after_is_read_in_every_form(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_retry_after_may_be_a_date() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    assert retry_after({"retry-after": date}) == pytest.approx(30, abs=2)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("6m0s", 360), ("20ms", 0.02), ("1.5s", 1.5), ("30", 30), ("", 0), ("1h2m3s", 3723)],
)
def test_the_reset_of_a_rate_header_is_read(text: str, seconds: float) -> None:
    assert reset(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("headers", "wait", "exhausted"),
    [
        ({"x-ratelimit-remaining-requests": "3", "retry-after": "1"}, 1, False),
        (
            {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "12s"},
            12,
            True,
        ),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "2m"}, 120, True),
    ],
)
def test_a_429_carries_how_long_and_whether_all_is_used_up(
    headers: dict[str, str], wait: float, exhausted: bool
) -> None:
    found = failure("openai", 429, headers, told())
    assert isinstance(found, errors.RateLimited)
    assert (found.retry_after, found.exhausted) == (wait, exhausted)
