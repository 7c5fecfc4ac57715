"""The shared account of a key: requests and tokens of the last minute, over processes."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from pilotbench.errors import Stopping
from pilotbench.keys.ledger import BUCKET_S, WINDOW_S, Account, Ledger

NOW = 1_700_000_000.0


def test_requests_per_minute_hold_in_every_window_of_a_minute() -> None:
    account, sent = Account(), []
    now = NOW
    for _ in range(100):
        now += account.wait_for(now, 30, None, 0)
        account.book(now, 0)
        sent.append(now)
        now += 0.1
    for start in sent:
        assert sum(start <= time < start + 60 for time in sent) <= 30
    assert sent[-1] - NOW <= 3 * (WINDOW_S + 1) + 10


def test_what_is_older_than_a_minute_leaves_the_file(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    for step in range(400):
        with ledger.locked() as value:
            account = Account.from_json(value) if value else Account()
            account.book(NOW + step * BUCKET_S, 10)
            value.update(account.as_json())
    assert len(Account.from_json(ledger.read()).used) <= WINDOW_S / BUCKET_S + 2
    ledger.close()


def test_a_large_account_is_read_whole(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    used = [[bucket, 9, 123_456] for bucket in range(10_000)]
    with ledger.locked() as value:
        value["used"] = used
    assert ledger.read() == {"used": used}
    ledger.close()


def test_tokens_per_minute_wait_for_enough_to_be_forgotten() -> None:
    account = Account()
    for second in range(4):
        account.book(NOW + second, 250)
    wait = account.wait_for(NOW + 4, None, 1000, 500)
    assert wait == pytest.approx(WINDOW_S - 3 + 0.5, abs=0.6)
    assert account.wait_for(NOW + 4 + wait, None, 1000, 500) == 0


def test_a_request_over_the_whole_limit_goes_when_nothing_else_is_counted() -> None:
    account = Account()
    assert account.wait_for(NOW, None, 1000, 5000) == 0
    account.book(NOW, 5000)
    assert account.wait_for(NOW + 1, None, 1000, 10) > 55


def test_an_answer_that_cost_less_gives_tokens_back() -> None:
    account = Account()
    bucket = account.book(NOW, 1000)
    assert account.wait_for(NOW + 1, None, 1000, 100) > 0
    account.correct(bucket, -800)
    assert account.wait_for(NOW + 1, None, 1000, 100) == 0


def test_a_clock_set_back_does_not_close_the_key() -> None:
    account = Account()
    account.book(NOW + 100_000, 0)
    assert account.wait_for(NOW, 1, None, 0) == 0


def test_an_account_survives_the_file() -> None:
    account = Account(width=7)
    account.book(NOW, 5)
    assert Account.from_json(account.as_json()) == account


def test_no_change_is_lost_between_threads(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")

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


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\x00"])
def test_a_damaged_ledger_counts_as_new_and_can_be_written(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ledger").write_bytes(content)
    ledger = Ledger(tmp_path / "ledger")
    assert ledger.read() == {}
    with ledger.locked() as value:
        value["width"] = 3
    assert ledger.read() == {"width": 3}
    ledger.close()


def test_a_full_disk_stops_asking() -> None:
    ledger = Ledger(Path("/dev/full"))
    with pytest.raises(Stopping, match="/dev/full: limits cannot be kept"), ledger.locked():
        pass
    ledger.close()
