"""How long to wait is read from every form in which services say so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from pilotbench.providers.waits import reset, retry_after


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


def test_the_reset_of_a_rate_header_may_be_a_time() -> None:
    when = datetime.now(UTC) + timedelta(seconds=30)
    assert reset(when.strftime("%Y-%m-%dT%H:%M:%SZ")) == pytest.approx(30, abs=2)
    assert reset(when.isoformat()) == pytest.approx(30, abs=2)
    assert reset("2015-10-21T07:28:00Z") == reset("Tomorrow") == 0
