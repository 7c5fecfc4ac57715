"""The limits that services state in their headers, in the form of each service."""

from __future__ import annotations

import httpx2
import pytest

from pilotbench.providers.rate_headers import StatedLimit, stated_limits

DATE = "Thu, 26 Nov 2026 22:00:00 GMT"
UNIX = 1795730400

CASES = {
    "openai": (
        {
            "x-ratelimit-limit-requests": "5000",
            "x-ratelimit-remaining-requests": "4999",
            "x-ratelimit-reset-requests": "12ms",
            "x-ratelimit-limit-tokens": "160000",
            "x-ratelimit-remaining-tokens": "159976",
            "x-ratelimit-reset-tokens": "9ms",
            "x-ratelimit-limit-tokens_usage_based": "1",
        },
        [
            StatedLimit("requests", 5000, 4999, 0.012),
            StatedLimit("tokens", 160000, 159976, 0.009),
        ],
    ),
    "openai, a project's own": (
        {"x-ratelimit-limit-project-tokens": "500", "x-ratelimit-remaining-project-tokens": "7"},
        [StatedLimit("project tokens", 500, 7)],
    ),
    "groq, whose requests are those of a day": (
        {
            "x-ratelimit-limit-requests": "14400",
            "x-ratelimit-remaining-requests": "14370",
            "x-ratelimit-reset-requests": "2m59.56s",
            "x-ratelimit-limit-tokens": "18000",
            "x-ratelimit-remaining-tokens": "17997",
            "x-ratelimit-reset-tokens": "7.66ms",
        },
        [
            StatedLimit("requests", 14400, 14370, 179.56),
            StatedLimit("tokens", 18000, 17997, 0.00766),
        ],
    ),
    "azure, without limits": (
        {"x-ratelimit-remaining-requests": "79", "x-ratelimit-remaining-tokens": "61353"},
        [],
    ),
    "azure, with -1": (
        {
            "x-ratelimit-limit-tokens": "-1",
            "x-ratelimit-remaining-tokens": "-1",
            "x-ratelimit-reset-tokens": "0",
        },
        [],
    ),
    "azure and github models, with a period": (
        {
            "x-ratelimit-limit-requests": "1000",
            "x-ratelimit-remaining-requests": "999",
            "x-ratelimit-renewalperiod-requests": "60",
            "x-ratelimit-reset-requests": "3",
            "x-ratelimit-abusepenalty-active": "False",
        },
        [StatedLimit("requests", 1000, 999, 3.0, 60.0)],
    ),
    "anthropic": (
        {
            "date": DATE,
            "anthropic-ratelimit-requests-limit": "50",
            "anthropic-ratelimit-requests-remaining": "49",
            "anthropic-ratelimit-requests-reset": "2026-11-26T22:00:01Z",
            "anthropic-ratelimit-input-tokens-limit": "40000",
            "anthropic-ratelimit-input-tokens-remaining": "39000",
            "anthropic-ratelimit-input-tokens-reset": "2026-11-26T22:00:02Z",
            "anthropic-ratelimit-output-tokens-limit": "8000",
            "anthropic-ratelimit-output-tokens-remaining": "0",
            "anthropic-ratelimit-output-tokens-reset": "2026-11-26T23:01:00+01:00",
            "anthropic-ratelimit-unified-5h-reset": "1765944000",
        },
        [
            StatedLimit("requests", 50, 49, 1.0, 60.0),
            StatedLimit("input tokens", 40000, 39000, 2.0, 60.0),
            StatedLimit("output tokens", 8000, 0, 60.0, 60.0),
        ],
    ),
    "mistral, without resets": (
        {
            "x-ratelimit-limit-req-minute": "720",
            "x-ratelimit-remaining-req-minute": "717",
            "x-ratelimit-limit-tokens-minute": "5000000",
            "x-ratelimit-remaining-tokens-minute": "4999911",
            "x-ratelimit-tokens-query-cost": "52",
        },
        [
            StatedLimit("requests a minute", 720, 717, None, 60.0),
            StatedLimit("tokens a minute", 5000000, 4999911, None, 60.0),
        ],
    ),
    "mistral, a model that is not in the plan": ({"x-ratelimit-limit-req-minute": "0"}, []),
    "cerebras": (
        {
            "x-ratelimit-limit-requests-day": "14400",
            "x-ratelimit-remaining-requests-day": "14399",
            "x-ratelimit-reset-requests-day": "33011.382867097855",
        },
        [StatedLimit("requests a day", 14400, 14399, 33011.382867097855, 86400.0)],
    ),
    "openrouter": (
        {
            "date": DATE,
            "X-RateLimit-Limit": "20",
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": str(1000 * (UNIX + 42)),
        },
        [StatedLimit("requests", 20, 0, 42.0)],
    ),
    "a gateway with a Unix time in s": (
        {"date": DATE, "x-ratelimit-limit": "20", "x-ratelimit-reset": str(UNIX + 30)},
        [StatedLimit("requests", 20, None, 30.0)],
    ),
    "a gateway of the draft standard": (
        {"ratelimit-limit": "100, 100;w=60", "ratelimit-remaining": "3", "ratelimit-reset": "9"},
        [StatedLimit("requests", 100, 3, 9.0, 60.0)],
    ),
    "services without headers": ({"content-type": "application/json", "date": DATE}, []),
    "more is left than the limit": (
        {"x-ratelimit-limit-requests": "10", "x-ratelimit-remaining-requests": "99"},
        [StatedLimit("requests", 10, 10)],
    ),
    "nonsense": (
        {
            "x-ratelimit-limit-requests": "many",
            "x-ratelimit-limit-tokens": "10",
            "x-ratelimit-remaining-tokens": "-5",
            "x-ratelimit-reset-tokens": "Tomorrow",
            "x-ratelimit-limit-input-tokens": "9" * 400,
            "x-ratelimit-limit-output-tokens": "",
            "x-ratelimit-limit": "1e9",
            "date": "whenever",
        },
        [StatedLimit("tokens", 10)],
    ),
    "times that are none": (
        {
            "x-ratelimit-limit-requests": "10",
            "x-ratelimit-reset-requests": "2026-99-99T00:00:00Z",
            "x-ratelimit-limit-tokens": "10",
            "x-ratelimit-reset-tokens": "2015-10-21T07:28:00",
        },
        [StatedLimit("requests", 10), StatedLimit("tokens", 10, None, 0.0)],
    ),
}


@pytest.mark.parametrize(("headers", "limits"), CASES.values(), ids=CASES)
def test_limits_are_read_in_the_form_of_each_service(
    headers: dict[str, str], limits: list[StatedLimit]
) -> None:
    for given in (headers, httpx2.Headers(headers)):
        found = stated_limits(given)
        assert [one.name for one in found] == [one.name for one in limits]
        for one, expected in zip(found, limits, strict=True):
            assert (one.limit, one.left, one.period_s) == (
                expected.limit, expected.left, expected.period_s,
            )  # fmt: skip
            assert one.reset_s == (
                None if expected.reset_s is None else pytest.approx(expected.reset_s)
            )
