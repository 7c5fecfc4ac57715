"""Which keys a request may use, when there is none left, and what is reported, by a clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from pilotbench.asking.keys import available_keys
from pilotbench.asking.keys.available_keys import (
    LONG_PAUSE_S,
    SILENT_S,
    AvailableKeys,
    GivenUp,
    duration,
    plain,
)
from pilotbench.asking.keys.circuit_breaker import CircuitBreaker
from pilotbench.asking.keys.limiter import Limiter
from pilotbench.ground import notices
from pilotbench.ground.errors import (
    AuthenticationFailed,
    ConnectionFailed,
    KeyDead,
    ProviderError,
    RateLimited,
    Rejected,
    ServerFailed,
)
from pilotbench.providers.settings import ProviderSettings
from support.clocks import HandClock

RETRY_FOR_S, ATTEMPT_S = 100.0, 30.0
LONG = LONG_PAUSE_S + 10


@dataclass
class Keys:
    """Three keys of a provider, and a clock that the test moves."""

    folder: Path
    clock: HandClock
    said: list[str]
    limiters: dict[str, Limiter]
    breakers: dict[str, CircuitBreaker]

    def of(self, home: Sequence[str] = ("k1",), strict: bool = False) -> AvailableKeys:
        """Return the keys for a job."""
        provider = ProviderSettings("p", "openai", {}, retry_for_s=RETRY_FOR_S)
        began = self.clock.now()
        unset = {"k4": "set the environment variable K4"}
        return AvailableKeys(provider, home, strict, self.limiters, self.breakers, unset, began)

    def pause(self, alias: str, seconds: float) -> None:
        """Let the provider answer 429."""
        slot = self.limiters[alias].try_now()
        assert slot is not None
        slot.rejected(seconds)
        slot.release()

    def fail(self, keys: AvailableKeys, alias: str, error: ProviderError, question: str) -> None:
        """Let an attempt fail."""
        sent = self.clock.now()
        self.clock.forward(0.1)
        keys.failed(alias, error, sent, question)

    def kill(self, keys: AvailableKeys, alias: str) -> None:
        """Let a key be refused until it is dead."""
        for question in ("a", "b"):
            self.fail(keys, alias, AuthenticationFailed("HTTP 401"), question)
            self.clock.forward(2)

    def break_down(self, keys: AvailableKeys, alias: str, error: ProviderError) -> None:
        """Let every attempt fail for longer than a request is retried."""
        for number in range(12):
            self.fail(keys, alias, error, f"question {number}")
            self.clock.forward(10)


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Keys]:
    clock = HandClock()
    said: list[str] = []
    monkeypatch.setattr(available_keys, "CLOCK", clock)
    monkeypatch.setattr(notices, "say", lambda _, text: said.append(text))
    names = ("k1", "k2", "k3")
    limiters = {name: Limiter(tmp_path / name, 5, clock=clock) for name in names}
    breakers = {
        name: CircuitBreaker(tmp_path / name, "m", RETRY_FOR_S, ATTEMPT_S, clock.now(), clock)
        for name in names
    }
    yield Keys(tmp_path, clock, said, limiters, breakers)
    for name in names:
        limiters[name].close()
        breakers[name].close()


@pytest.mark.parametrize(
    ("home", "strict", "trouble", "candidates"),
    [
        (("k1",), False, {}, ["k1"]),
        (("k2", "k1"), False, {}, ["k2", "k1"]),
        (("k1",), False, {"k1": 1}, ["k1"]),  # too short for a change of keys
        (("k1",), False, {"k1": LONG}, ["k1", "k2", "k3"]),
        (("k1",), True, {"k1": LONG}, ["k1"]),
        (("k1", "k2"), False, {"k1": LONG}, ["k1", "k2"]),
        (("k1",), False, {"k1": "dead"}, ["k2", "k3"]),
        (("k1",), False, {"k1": LONG, "k2": "dead"}, ["k1", "k3"]),
        (("k1", "k2"), True, {"k1": "dead"}, ["k2"]),
    ],
)
def test_other_keys_help_one_that_is_dead_or_paused_for_long(
    keys: Keys,
    home: tuple[str, ...],
    strict: bool,
    trouble: dict[str, float | str],
    candidates: list[str],
) -> None:
    made = keys.of(home, strict)
    for alias, what in trouble.items():
        if isinstance(what, str):
            keys.kill(made, alias)
    for alias, what in trouble.items():
        if not isinstance(what, str):
            keys.pause(alias, what)
    assert made.candidates() == candidates


@pytest.mark.parametrize("strict", [False, True])
def test_a_request_ends_when_no_key_is_left(keys: Keys, strict: bool) -> None:
    made = keys.of(strict=strict)
    for alias in ("k1",) if strict else ("k1", "k2", "k3"):
        keys.kill(made, alias)
    with pytest.raises(GivenUp) as ended:
        made.candidates()
    error = ended.value.error
    assert isinstance(error, KeyDead)
    assert str(error).startswith("provider p: no key is left (")
    assert "k4: set the environment variable K4" in str(error)
    assert "k1: HTTP 401" in str(error)
    assert ("k2: HTTP 401" in str(error)) is not strict


def test_a_request_ends_with_the_failure_of_a_service_that_is_down(keys: Keys) -> None:
    made = keys.of(strict=True)
    keys.break_down(made, "k1", ServerFailed("HTTP 500"))
    with pytest.raises(GivenUp) as ended:
        made.candidates()
    assert isinstance(ended.value.error, ServerFailed)
    assert str(ended.value.error).startswith("p: HTTP 500; so for 2 min, nothing more is sent")


def test_a_key_in_doubt_is_not_ready_until_one_request_may_find_out(keys: Keys) -> None:
    made = keys.of(strict=True)
    keys.fail(made, "k1", AuthenticationFailed("HTTP 401"), "a")
    assert made.candidates() == ["k1"]
    assert made.ready() == []
    keys.clock.forward(1.5)
    assert made.ready() == ["k1"]


@pytest.mark.parametrize(
    ("barred", "ready"), [((), ["k1", "k2"]), (("k1",), ["k2"]), (("k1", "k2"), ["k1", "k2"])]
)
def test_a_key_that_has_refused_a_request_is_its_last_resort(
    keys: Keys, barred: tuple[str, ...], ready: list[str]
) -> None:
    assert keys.of(("k1", "k2")).ready(barred) == ready


@pytest.mark.parametrize(
    ("pauses", "ends"),
    [
        ({}, False),
        ({"k1": RETRY_FOR_S - 10}, False),
        ({"k1": RETRY_FOR_S + 10, "k2": 10}, False),  # the other answers sooner
        ({"k1": RETRY_FOR_S + 20, "k2": RETRY_FOR_S + 10}, True),
    ],
)
def test_a_pause_of_every_key_beyond_the_time_to_retry_ends_a_request(
    keys: Keys, pauses: dict[str, float], ends: bool
) -> None:
    made = keys.of(("k1", "k2"), strict=True)
    for alias, seconds in pauses.items():
        keys.pause(alias, seconds)
    if not ends:
        made.check()
        return
    with pytest.raises(GivenUp, match="k1, k2: the provider asks to wait 110 s, over retry_for_s"):
        made.check()


def test_429s_without_an_end_are_reported_and_end_a_request(keys: Keys) -> None:
    made = keys.of(strict=True)
    for passed in (0.0, SILENT_S + 1):
        keys.clock.forward(passed)
        keys.pause("k1", 0.5)
        keys.clock.forward(1)
        made.check()
    assert keys.said == ["k1: every request is answered 429; retrying for 94 s"]
    keys.clock.forward(RETRY_FOR_S)
    with pytest.raises(GivenUp, match="k1: every request is answered 429, for 106 s"):
        made.check()


@pytest.mark.parametrize(
    ("error", "reported"),
    [
        (RateLimited("HTTP 429"), []),
        (Rejected("HTTP 400"), []),
        (ServerFailed("HTTP 500"), ["k1: HTTP 500, retrying for 96 s"]),
        (ConnectionFailed("OSError: [Errno 111] Connection refused"), ["k1: connection refused, "]),
        (AuthenticationFailed("HTTP 401"), ["k1: HTTP 401; it is not used any more"]),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_failures_in_a_row_are_reported_once(
    keys: Keys, error: ProviderError, reported: list[str]
) -> None:
    made = keys.of(("k1", "k2"))
    for number in range(4):
        keys.fail(made, "k1", error, f"question {number}")
        keys.clock.forward(4)
    made.candidates()
    assert len(keys.said) == len(reported)
    assert all(line.startswith(start) for line, start in zip(keys.said, reported, strict=True))


def test_a_problem_that_lasts_is_reported_again_after_a_while(keys: Keys) -> None:
    made = keys.of()
    for _ in range(4):
        keys.pause("k1", 700)
        made.candidates()
        made.failed("k1", RateLimited("HTTP 429"), keys.clock.now(), "a")
        keys.clock.forward(701)
    assert 2 <= len(keys.said) < 4
    assert all(line.startswith("k1: paused until ") for line in keys.said)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1, "0 s"),
        (0.4, "0 s"),
        (45, "45 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7199, "120 min"),
        (7200, "2 h"),
        (90000, "25 h"),
    ],
)
def test_a_time_span_has_one_unit(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("HTTP 500: overloaded", "HTTP 500: overloaded"),
        ("ConnectError: [Errno 111] Connection refused", "connection refused"),
        ("OSError: the name api.example is not known here", "the name api.example is not known"),
        ("[Errno -2] Name or service not known", "Name or service not known"),
        ("no answer within 30 s", "no answer in time"),
        ("ReadTimeout: the server is slow", "the server is slow"),
    ],
)
def test_a_failure_is_told_without_the_name_of_an_exception(message: str, words: str) -> None:
    assert plain(message) == words
