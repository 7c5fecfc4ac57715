"""HTTP failures become errors of the tree, by rules per provider kind."""

from __future__ import annotations

from typing import Any

import pytest

from pilotbench.ground import errors
from pilotbench.providers.failures import broken_call, failure
from pilotbench.providers.kinds import KINDS


def told(message: str = "no", **error: Any) -> dict[str, Any]:
    """Return an error body in OpenAI's form."""
    return {"error": {"message": message, **error}}


DASHSCOPE = (
    "You exceeded your current quota, please check your plan and billing details. For details, "
    "see: https://help.aliyun.com/zh/model-studio/error-code#token-limit"
)
GEMINI = (
    "You exceeded your current quota, please check your plan and billing details.\n* Quota "
    "exceeded for metric: generate_content_free_tier_requests, limit: 2\nPlease retry in 1.2s."
)


def exceeded(*quotas: str) -> dict[str, Any]:
    """Return Google's error for exceeded quotas, which names a time to wait in any case."""
    violations = [{"quotaId": quota, "quotaDimensions": {"model": "m"}} for quota in quotas]
    details = [
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": violations},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "38s"},
    ]
    return told(GEMINI, status="RESOURCE_EXHAUSTED", code=429, details=details)


OPENAI = (
    "You exceeded your current quota, please check your plan and billing details. For more "
    "information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes"
)
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
    # The conversation no longer fits, in unknown words.
    ("openai", 400, told("Prompt exceeds max length"), errors.ContextOverflow),
    ("openai", 400, told("Input length 9000 exceeds the maximum length"), errors.ContextOverflow),
    ("openai", 422, told("The messages are too long"), errors.ContextOverflow),
    ("openai", 413, "<html>413 Request Entity Too Large</html>", errors.ContextOverflow),
    ("openai", 400, told("输入内容过长"), errors.ContextOverflow),
    ("openai", 400, told("max_tokens exceeds the maximum length"), errors.Rejected),
    ("openai", 400, told("max_completion_tokens (9) exceeds the limit"), errors.Rejected),
    # The filter speaks of this one question.
    ("openai", 403, told('your input was flagged for "violence"', code=403), errors.Refused),
    ("openai", 403, told("Your chosen model requires moderation"), errors.Refused),
    ("azure", 400, told("… violating our usage policy", code="invalid_prompt"), errors.Refused),
    ("openai", 400, told("系统检测到输入内容包含敏感信息"), errors.Refused),
    ("openai", 403, told("Your account was flagged for abuse"), errors.AuthenticationFailed),
    (
        "openai",
        400,
        told("Invalid prompt: a role is missing", code="invalid_prompt"),
        errors.Rejected,
    ),
    # A throttle in the words of a spent quota, and the other way round.
    ("openai", 429, told(DASHSCOPE, code="insufficient_quota"), errors.RateLimited),
    ("openai", 429, told("Allocated quota exceeded, please increase it"), errors.RateLimited),
    ("openai", 429, [told(GEMINI, status="RESOURCE_EXHAUSTED")], errors.RateLimited),
    ("openai", 429, told(OPENAI, code="insufficient_quota"), errors.QuotaSpent),
    ("openai", 403, told("free tier", code="AllocationQuota.FreeTierOnly"), errors.QuotaSpent),
    ("openai", 400, told("not in good standing", code="Arrearage"), errors.QuotaSpent),
    ("openai", 420, told("calm"), errors.RateLimited),
    ("openai", 429, told("您的账户余额不足", code="1113"), errors.QuotaSpent),
    ("openai", 429, told("您当前使用该API的并发数过高", code="1302"), errors.RateLimited),
    ("openai", 429, told("no", type="exceeded_current_quota_error"), errors.QuotaSpent),
    ("openai", 400, told("Prompt 超长", code="1261"), errors.ContextOverflow),
    # Google: a quota of the day, a key that is not one, a conversation that is too long.
    ("openai", 429, exceeded("GenerateRequestsPerMinutePerProjectPerModel"), errors.RateLimited),
    ("openai", 429, exceeded("GenerateRequestsPerDayPerProjectPerModel"), errors.QuotaSpent),
    (
        "openai",
        429,
        exceeded("InputTokensPerModelPerMinute-FreeTier", "RequestsPerDayPerModel-FreeTier"),
        errors.QuotaSpent,
    ),
    (
        "openai",
        400,
        told("API key expired.", details=[{"reason": "API_KEY_INVALID"}]),
        errors.AuthenticationFailed,
    ),
    (
        "openai",
        400,
        told("User location is not supported for the API use."),
        errors.AuthenticationFailed,
    ),
    (
        "openai",
        400,
        told("The input token count (1213) exceeds the maximum number of tokens allowed (1000)."),
        errors.ContextOverflow,
    ),
    (
        "openai",
        400,
        told("Request payload size exceeds the limit: 20971520 bytes."),
        errors.ContextOverflow,
    ),
    (
        "openai",
        400,
        told("Function call is missing a thought_signature in functionCall parts."),
        errors.Rejected,
    ),
    # The moment and not the request.
    ("openai", 498, None, errors.ServerFailed),
    ("openai", 499, None, errors.ServerFailed),
    ("openai", 401, told(), errors.AuthenticationFailed),
    ("azure", 404, told(code="DeploymentNotFound"), errors.Rejected),
]


@pytest.mark.parametrize(("kind", "status", "body", "expected"), CASES)
def test_an_answer_becomes_an_error(
    kind: str, status: int, body: Any, expected: type[errors.ProviderError]
) -> None:
    found = failure(KINDS[kind].failures, status, {}, body)
    assert type(found) is expected
    assert str(found).startswith(f"HTTP {status}")


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
        (
            {
                "anthropic-ratelimit-input-tokens-remaining": "0",
                "anthropic-ratelimit-input-tokens-reset": "2100-01-01T00:00:00Z",
                "retry-after": "9",
            },
            9,
            True,
        ),
        ({"anthropic-ratelimit-requests-remaining": "7", "retry-after": "9"}, 9, False),
    ],
)
def test_a_429_carries_how_long_and_whether_all_is_used_up(
    headers: dict[str, str], wait: float, exhausted: bool
) -> None:
    found = failure(KINDS["openai"].failures, 429, headers, told())
    assert isinstance(found, errors.RateLimited)
    assert (found.retry_after, found.exhausted) == (wait, exhausted)


def test_an_error_carries_status_and_codes_as_evidence() -> None:
    found = failure(
        KINDS["azure"].failures, 404, {}, told(code="DeploymentNotFound", type="invalid")
    )
    assert (found.status, found.codes) == (404, {"DeploymentNotFound", "invalid"})
    assert failure(
        KINDS["openai"].failures, 429, {}, [told(status="RESOURCE_EXHAUSTED")]
    ).codes == {"RESOURCE_EXHAUSTED"}
    body = told(type="rate_limit_error", details={"error_code": "enforced_spend_limit_reached"})
    found = failure(KINDS["openai"].failures, 429, {}, body)
    assert found.codes == {"rate_limit_error", "enforced_spend_limit_reached"}


@pytest.mark.parametrize("status", [429, 503, 529, 500, 498])
def test_retry_after_counts_on_whatever_may_be_retried(status: int) -> None:
    found = failure(KINDS["openai"].failures, status, {"retry-after": "7"}, told())
    assert isinstance(found, errors.Retryable)
    assert found.retry_after == 7


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        (told("Please retry in 1.2s."), 1.2),
        (told("Please retry after 26 seconds."), 26),
        (told("Rate limit reached. Please try again in 6m0s."), 360),
        (told("Please try again in 20ms."), 0.02),
        (told("try again in 500 milliseconds"), 0.5),
        (told("请在 5 秒后重试"), 5),
        (told("quota", details=[{"@type": "x/Help"}, {"retryDelay": "38s"}]), 38),
        (told("slow down"), None),
        (told("try again later"), None),
    ],
)
def test_the_wait_is_read_from_words_and_details(body: Any, seconds: float | None) -> None:
    found = failure(KINDS["openai"].failures, 429, {}, body)
    assert isinstance(found, errors.RateLimited)
    assert found.retry_after == seconds


BROKEN = "<function=finish>{bad"


@pytest.mark.parametrize(
    ("status", "body", "written"),
    [
        (
            400,
            told("Failed to call a function.", code="tool_use_failed", failed_generation=BROKEN),
            BROKEN,
        ),
        (400, told("Failed to generate JSON", code="json_validate_failed"), None),
        (500, told("Failed to parse input at pos 12: <tool_call>"), None),
        (500, told("Failed to parse tool call arguments as JSON"), None),
        (500, {"error": f"error parsing tool call: raw='{BROKEN}', err=unexpected end"}, BROKEN),
        (500, told(f"error parsing tool call: raw='{BROKEN}'"), BROKEN),
    ],
)
def test_what_the_service_could_not_read_is_the_models_own(
    status: int, body: Any, written: str | None
) -> None:
    assert broken_call(KINDS["openai"].failures, status, body) == ("tool_use_failed", written)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (500, "internal error"),
        (400, "Failed to parse request body"),
        (400, "temperature must be a number"),
        (503, "Failed to parse input at pos 1"),
    ],
)
def test_other_failures_are_not_the_models(status: int, message: str) -> None:
    assert broken_call(KINDS["openai"].failures, status, told(message)) is None
