"""The shared usage of a key: requests and tokens of the last minute, over processes."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotbench.asking.keys.adaptive_limit import BELIEVED_S, AdaptiveLimit
from pilotbench.asking.keys.limiter import Limiter
from pilotbench.asking.keys.usage_file import (
    BUCKET_S,
    LARGEST,
    MOST_SLOTS,
    WINDOW_S,
    KeyUsage,
    SharedFile,
    likely_tokens,
)
from pilotbench.ground.errors import Stopping
from support.clocks import HandClock

NOW = 1_700_000_000.0


def test_requests_per_minute_hold_in_every_window_of_a_minute() -> None:
    usage, sent = KeyUsage(), []
    now = NOW
    for _ in range(100):
        now += usage.wait_for(now, 30, None, 0)
        usage.book(now, 0)
        sent.append(now)
        now += 0.1
    for start in sent:
        assert sum(start <= time < start + 60 for time in sent) <= 30
    assert sent[-1] - NOW <= 3 * (WINDOW_S + 1) + 10


def test_what_is_older_than_a_minute_leaves_the_file(tmp_path: Path) -> None:
    ledger = SharedFile(tmp_path / "ledger")
    for step in range(400):
        with ledger.locked() as value:
            usage = KeyUsage.from_json(value) if value else KeyUsage()
            usage.book(NOW + step * BUCKET_S, 10)
            value.update(usage.as_json())
    assert len(KeyUsage.from_json(ledger.read()).used) <= WINDOW_S / BUCKET_S + 2
    ledger.close()


def test_a_large_usage_file_is_read_completely(tmp_path: Path) -> None:
    ledger = SharedFile(tmp_path / "ledger")
    used = [[bucket, 9, 123_456] for bucket in range(10_000)]
    with ledger.locked() as value:
        value["used"] = used
    assert ledger.read() == {"used": used}
    ledger.close()


def test_tokens_per_minute_wait_until_enough_have_expired() -> None:
    usage = KeyUsage()
    for second in range(4):
        usage.book(NOW + second, 250)
    wait = usage.wait_for(NOW + 4, None, 1000, 500)
    assert wait == pytest.approx(WINDOW_S - 3 + 0.5, abs=0.6)
    assert usage.wait_for(NOW + 4 + wait, None, 1000, 500) == 0


def test_a_request_over_the_whole_limit_goes_when_nothing_else_is_counted() -> None:
    usage = KeyUsage()
    assert usage.wait_for(NOW, None, 1000, 5000) == 0
    usage.book(NOW, 5000)
    assert usage.wait_for(NOW + 1, None, 1000, 10) > 55


def test_an_answer_that_cost_less_gives_tokens_back() -> None:
    usage = KeyUsage()
    bucket = usage.book(NOW, 1000)
    assert usage.wait_for(NOW + 1, None, 1000, 100) > 0
    usage.correct(bucket, -800)
    assert usage.wait_for(NOW + 1, None, 1000, 100) == 0


def test_a_clock_set_back_does_not_close_the_key() -> None:
    usage = KeyUsage()
    usage.book(NOW + 100_000, 0)
    assert usage.wait_for(NOW, 1, None, 0) == 0


def test_usage_survives_writing_and_reading() -> None:
    usage = KeyUsage(width=7)
    usage.book(NOW, 5)
    assert KeyUsage.from_json(usage.as_json()) == usage


def test_no_change_is_lost_between_threads(tmp_path: Path) -> None:
    ledger = SharedFile(tmp_path / "ledger")

    def add() -> None:
        for _ in range(50):
            with ledger.locked() as value:
                value["n"] = value.get("n", 0) + 1

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ledger.read() == {"n": 200}
    ledger.close()


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
ANY = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner)
)
PACE = st.fixed_dictionaries({}, optional=dict.fromkeys(AdaptiveLimit().as_json(), ANY))
CLOCKS = st.fixed_dictionaries({}, optional=dict.fromkeys(("boot", "now", "calendar"), ANY))
LEDGERS = st.fixed_dictionaries(
    {},
    optional={
        "pace": PACE | ANY,
        "width": ANY,
        "used": ANY | st.lists(st.lists(ANY, min_size=3, max_size=3), max_size=3),
        "clock": CLOCKS | ANY,
    },
)


@given(LEDGERS | ANY)
def test_with_any_usage_file_the_key_can_be_used_within_an_hour(value: Any) -> None:
    text = json.loads(json.dumps(value))
    clock = HandClock()
    usage = KeyUsage.kept(text if isinstance(text, dict) else {}, clock)
    assert 0 <= usage.width <= MOST_SLOTS
    assert 1 <= usage.adaptive.allowed(5) <= 5
    assert usage.adaptive.paused_until <= clock.now() + BELIEVED_S
    usage.wait_for(clock.now(), 10, 10, 1)
    usage.book(clock.now(), 1)
    assert KeyUsage.kept(usage.keep(clock), clock) == usage
    for limit in (usage.adaptive.answered(), usage.adaptive.probed(clock.now(), 5)):
        json.dumps(limit.rejected(clock.now(), clock.now(), 1, 5).as_json(), allow_nan=False)


@pytest.mark.parametrize(
    "content",
    [
        b'{"pace": 1, "width": -1, "used": 7}',
        b'{"width": 1e999, "pace": {"limit": NaN}}',
        b'{"width": 99999, "used": [[1, 2]], "pace": {"paused_until": 1e11}}',
        b"[" * 100_000,
        b"9" * 5000,
        b"\x00" * (LARGEST + 1),
    ],
    ids=["types", "numbers", "huge", "deep", "digits", "large"],
)
def test_a_damaged_usage_file_is_rebuilt_by_the_next_request(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "ledger").write_bytes(content)
    limiter = Limiter(tmp_path, 3)
    with limiter.slot() as slot:
        slot.rejected(1.0)
        slot.settle(5)
    kept = json.loads((tmp_path / "ledger").read_text())
    assert kept["width"] == 3
    assert (tmp_path / "ledger").stat().st_size < LARGEST
    limiter.close()


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\x00"])
def test_a_damaged_usage_file_counts_as_new_and_can_be_written(
    tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "ledger").write_bytes(content)
    ledger = SharedFile(tmp_path / "ledger")
    assert ledger.read() == {}
    with ledger.locked() as value:
        value["width"] = 3
    assert ledger.read() == {"width": 3}
    ledger.close()


def test_a_full_disk_stops_asking() -> None:
    ledger = SharedFile(Path("/dev/full"))
    with pytest.raises(Stopping, match="/dev/full: limits cannot be kept"), ledger.locked():
        pass
    ledger.close()


@pytest.mark.parametrize(
    ("bound", "output"),
    [({"max_tokens": 7}, 7), ({"max_completion_tokens": 9}, 9), ({}, 1024)],
)
def test_the_likely_number_of_tokens_counts_input_and_the_output_limit(
    bound: dict[str, int], output: int
) -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "x" * 3000}], **bound}
    found = likely_tokens(body)
    assert found.output == output
    assert found.input >= 1000
    assert likely_tokens({**body, "tools": [{"description": "y" * 300}]}).input >= found.input + 100
