"""A request holds a slot of a key and a token of its job, and returns both whatever happens."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pilotbench.asking.keys.available_keys import AvailableKeys
from pilotbench.asking.keys.circuit_breaker import CircuitBreaker
from pilotbench.asking.keys.key_status import held_slots
from pilotbench.asking.keys.limiter import Limiter
from pilotbench.asking.keys.opened_limiter import key_folder
from pilotbench.asking.keys.request_slot import Attempts, RequestSlot, SlotSource
from pilotbench.asking.keys.slot_queue import SlotQueue
from pilotbench.ground.clock import CLOCK
from pilotbench.ground.errors import AuthenticationFailed, Stopping
from pilotbench.providers.settings import Access, ProviderSettings

ALIASES = ("k1", "k2")


@dataclass
class Job:
    """A job with two keys of one slot each; `on_check` is called before anything is sent."""

    limits: Path
    source: SlotSource
    checks: list[Callable[[], None]] = field(default_factory=list)

    def check(self) -> None:
        """Do what the test wants at the next checks, one each."""
        if self.checks:
            self.checks.pop(0)()

    def fail(self, alias: str) -> None:
        """Let a key be refused once: one request finds out whether it is dead."""
        breaker = self.source.keys.breakers[alias]
        breaker.failed(AuthenticationFailed("HTTP 401"), CLOCK.now(), "a question")

    def tokens_left(self) -> bool:
        """Return whether the job has a token, and take none."""
        assert self.source.tokens is not None
        found = self.source.tokens.acquire(blocking=False)
        if found:
            self.source.tokens.release()
        return found

    def in_flight(self) -> list[str]:
        """Return the aliases whose slot is held."""
        return [alias for alias in ALIASES if held_slots(self.limits, access(alias), alias)]


def access(alias: str) -> Access:
    return Access(base_url="http://127.0.0.1:9/v1", secret=f"sk-{alias}")


@contextmanager
def job_in(folder: Path, home: tuple[str, ...] = ALIASES) -> Iterator[Job]:
    limiters = {a: Limiter(key_folder(folder, access(a), a), 1) for a in ALIASES}
    breakers = {
        alias: CircuitBreaker(limiter.folder, "m", 100.0, 30.0, began=0.0)
        for alias, limiter in limiters.items()
    }
    provider = ProviderSettings("p", "openai", {})
    keys = AvailableKeys(provider, home, False, limiters, breakers, {}, began=CLOCK.now())
    queue = SlotQueue(limiters, lambda: made.check())
    made = Job(folder, SlotSource(keys, queue, threading.Semaphore(1), lambda: made.check()))
    try:
        yield made
    finally:
        queue.close()
        for alias in ALIASES:
            limiters[alias].close()
            breakers[alias].close()


@pytest.fixture
def job(tmp_path: Path) -> Iterator[Job]:
    with job_in(tmp_path) as made:
        yield made


def test_slot_and_token_are_held_inside_the_block_only(job: Job) -> None:
    attempts = Attempts()
    with RequestSlot(job.source, attempts, 0) as held:
        assert (held.alias, attempts.alias) == ("k1", "k1")
        assert job.in_flight() == ["k1"]
        assert not job.tokens_left()
    assert job.in_flight() == []
    assert job.tokens_left()
    assert attempts.queued_s > 0
    assert (attempts.sent, attempts.tried_s) == (0, 0.0)


def test_an_error_inside_the_block_returns_both(job: Job) -> None:
    with pytest.raises(KeyboardInterrupt), RequestSlot(job.source, Attempts(), 0):
        raise KeyboardInterrupt
    assert job.in_flight() == []
    assert job.tokens_left()


def stop() -> None:
    raise Stopping("stop")


@pytest.mark.parametrize("passed", [0, 1], ids=["before the token", "after the wait for a slot"])
def test_a_stop_returns_what_was_taken(job: Job, passed: int) -> None:
    job.checks += [*[lambda: None] * passed, stop]
    attempts = Attempts()
    with pytest.raises(Stopping):
        RequestSlot(job.source, attempts, 0).__enter__()
    assert job.in_flight() == []
    assert job.tokens_left()
    assert attempts.alias == ""


def soon() -> float:
    return time.monotonic() + 1e6  # it is read when the tests are collected


@pytest.mark.parametrize(
    ("attempts", "alias"),
    [
        (Attempts(), "k1"),
        (Attempts(barred={"k1"}), "k2"),
        (Attempts(barred={"k1", "k2"}), "k1"),  # there is no other
        (Attempts(not_before={"k1": soon()}), "k2"),
        (Attempts(not_before={"k1": time.monotonic() - 1}), "k1"),
        (Attempts(not_before={"k1": soon(), "k2": soon()}), "k1"),
    ],
    ids=["first", "barred", "all barred", "not before", "no longer", "none before"],
)
def test_keys_that_have_refused_the_request_are_avoided(
    job: Job, attempts: Attempts, alias: str
) -> None:
    with RequestSlot(job.source, attempts, 0) as held:
        assert held.alias == alias


def test_a_request_waits_until_another_has_found_out_whether_a_key_is_dead(tmp_path: Path) -> None:
    with job_in(tmp_path, home=("k1",)) as job:
        for alias in ALIASES:
            job.fail(alias)
        job.checks += [lambda: None, job.source.keys.breakers["k1"].answered]
        with RequestSlot(job.source, Attempts(), 0) as held:
            assert held.alias == "k1"
        assert job.checks == []


def test_a_key_in_doubt_leaves_the_request_to_another(job: Job) -> None:
    job.fail("k1")
    with RequestSlot(job.source, Attempts(), 0) as held:
        assert held.alias == "k2"


def test_a_job_without_a_limit_needs_no_token(job: Job) -> None:
    source = SlotSource(job.source.keys, job.source.queue, None, job.source.check)
    with RequestSlot(source, Attempts(), 0) as one, RequestSlot(source, Attempts(), 0) as other:
        assert {one.alias, other.alias} == set(ALIASES)
    assert job.in_flight() == []
