"""The pool: routing, retries, deadlines, budget and stopping, against the provider simulator."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pilotbench.asking.budget import Budget
from pilotbench.asking.keys import key_status
from pilotbench.asking.keys.key_client import MOST_UNUSABLE, KeyClient
from pilotbench.asking.keys.limiter import Limiter
from pilotbench.asking.payments import Payments, most_tokens
from pilotbench.asking.prices import cost_usd
from pilotbench.benchmark.instances import Instance
from pilotbench.ground import errors, notices
from pilotbench.matrix.config import Settings
from pilotbench.providers.price import Price
from pilotbench.providers.request import Request
from pilotbench.providers.settings import Key, Model, ProviderSettings
from support import Simulator
from support.runs import wait_until

FREE = {"slots": 50}


def settings_of(
    simulator: Simulator, folder: Path, slots: int = 5, routing: str = "balanced", **rest: Any
) -> Settings:
    """Return settings with one model on a provider that has all keys of the simulator."""
    provider = {k: v for k, v in rest.items() if k.endswith("_s")}
    general = {k: v for k, v in rest.items() if k not in provider}
    parameters = general.pop("parameters", {"max_tokens": 20})
    model = Model("m", "p", "echo", parameters=parameters, price=Price(1.0, 1.0, 1.0))
    keys = {name: Key(name, "p", slots, env=name.upper()) for name in simulator.settings["keys"]}
    return Settings(
        models={"m": model}, prompts=("baseline",), tasks=("t",), difficulties=("none",),
        tool_success_rates=("none",), instances=20, repeats=1, shard_size=20, max_turns=None,
        providers={
            "p": ProviderSettings("p", "openai", keys, base_url=simulator.base_url, **provider)
        },
        catalog={"m": model}, routing=routing, limits_dir=folder / "limits",
        journal_dir=folder / "journal", **general,
    )  # fmt: skip


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the simulator's secrets into the environment."""
    for name in ("k1", "k2", "k3"):
        monkeypatch.setenv(name.upper(), f"sk-{name}")


def client_of(settings: Settings, home: str, tokens: int, borrow: bool, **more: Any) -> KeyClient:
    """Return a client for the model `m`, which pays as a run does."""
    payments = Payments(settings, settings.catalog["m"])
    return KeyClient(settings, "m", home, tokens, borrow, payments, **more)


def budget_in(client: KeyClient) -> Budget:
    """Return the budget of a client that has one."""
    assert isinstance(client._payments, Payments)
    assert client._payments.budget is not None
    return client._payments.budget


@contextmanager
def pool_of(
    simulator: Simulator,
    folder: Path,
    *,
    home: str = "k1",
    tokens: int = 1,
    borrow: bool = True,
    pool: dict[str, Any] | None = None,
    **settings: Any,
) -> Iterator[KeyClient]:
    """Yield a pool over the simulator's keys."""
    made = settings_of(simulator, folder, **settings)
    with client_of(made, home, tokens, borrow, **(pool or {})) as found:
        yield found


def request(text: str = "hi", turn: int = 0) -> Request:
    """Return a request whose answer is `text`."""
    message = {"role": "user", "content": f"<<{text}>>"}
    body = {"model": "echo", "messages": [message], "max_tokens": 20}
    return Request(body, Instance("t", "none", 0, text), "none", 0, turn)


def ask_all(pool: KeyClient, count: int, threads: int = 10) -> list[Any]:
    """Ask `count` requests from several threads; return the answers or errors by number."""
    found: list[Any] = [None] * count
    numbers = iter(range(count))
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            try:
                found[number] = pool.ask(request(str(number)))
            except errors.PilotbenchError as error:
                found[number] = error

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return found


def texts(found: list[Any]) -> list[str]:
    """Return what was answered."""
    return [str(asked.completion.message["content"]) for asked in found]


@pytest.mark.usefixtures("secrets")
def test_an_answer_says_which_key_paid_when_and_how_long_it_took(tmp_path: Path) -> None:
    before = time.time()
    with Simulator(keys={"k1": FREE}, latency_s=0.1) as s, pool_of(s, tmp_path) as pool:
        asked = pool.ask(request("hello"))
    assert texts([asked]) == ["hello"]
    assert (asked.key, asked.attempts) == ("k1", 1)
    assert before <= asked.started <= time.time()
    assert asked.latency_s >= 0.1
    assert asked.queued_s < asked.latency_s


@pytest.mark.usefixtures("secrets")
def test_slots_are_respected_and_all_keys_are_used_home_key_first(tmp_path: Path) -> None:
    keys = {"k1": {"slots": 2}, "k2": {"slots": 2}, "k3": {"slots": 2}}
    with Simulator(keys=keys, latency_s=0.05) as s, pool_of(s, tmp_path, slots=2) as pool:
        assert pool.ask(request("first")).key == "k1"
        found = ask_all(pool, 60, threads=12)
        stats = s.stats()
    assert texts(found) == [str(n) for n in range(60)]
    assert stats["total"]["429"] == 0
    assert all(key["in_flight_max"] == 2 for key in stats["keys"].values())
    assert min(key["answered"] for key in stats["keys"].values()) >= 10


@pytest.mark.usefixtures("secrets")
@pytest.mark.parametrize(
    ("routing", "borrow", "most"), [("by_prompt", True, 2), ("balanced", False, 1)]
)
def test_strict_routing_and_remote_shards_stay_on_the_home_key(
    tmp_path: Path, routing: str, borrow: bool, most: int
) -> None:
    keys = {"k1": {"slots": 2}, "k2": {"slots": 2}}
    with (
        Simulator(keys=keys, latency_s=0.02) as s,
        pool_of(s, tmp_path, home="k2", borrow=borrow, slots=2, routing=routing) as pool,
    ):
        found = ask_all(pool, 20)
        stats = s.stats()["keys"]
    assert {asked.key for asked in found} == {"k2"}
    assert stats["k1"]["requests"] == 0
    assert stats["k2"]["in_flight_max"] == most


@pytest.mark.usefixtures("secrets")
def test_the_slots_of_the_command_line_are_in_force(tmp_path: Path) -> None:
    with (
        Simulator(keys={"k1": FREE}, latency_s=0.02) as s,
        pool_of(s, tmp_path, slots=5, pool={"slots": {"k1": 2}}) as pool,
    ):
        ask_all(pool, 20)
        assert s.stats()["keys"]["k1"]["in_flight_max"] == 2


@pytest.mark.usefixtures("secrets")
def test_passing_faults_of_every_kind_lose_nothing(tmp_path: Path) -> None:
    faults = {
        "error_500": 0.1, "reset": 0.05, "hang": 0.03, "truncated": 0.05, "malformed": 0.05,
        "slow_drip": 0.03,
    }  # fmt: skip
    with (
        Simulator(keys={"k1": FREE}, faults=faults, hang_s=5) as s,
        pool_of(s, tmp_path, slots=20, attempt_deadline_s=0.7, retry_for_s=60) as pool,
    ):
        found = ask_all(pool, 150, threads=20)
        stats = s.stats()
    assert texts(found) == [str(n) for n in range(150)]
    assert sum(stats["faults"].values()) >= 20
    assert max(asked.attempts for asked in found) >= 2


@pytest.mark.usefixtures("secrets")
def test_faults_leave_no_open_files_and_no_threads_behind(tmp_path: Path) -> None:
    def used() -> tuple[int, int]:
        return len(list(Path("/proc/self/fd").iterdir())), threading.active_count()

    faults = {"error_500": 0.04, "reset": 0.04, "hang": 0.02, "truncated": 0.04, "malformed": 0.04}
    keys = {"k1": {"slots": 2}, "k2": {"slots": 2}}
    times: dict[str, Any] = {"read_timeout_s": 0.3, "attempt_deadline_s": 0.6, "retry_for_s": 60}
    with Simulator(keys=keys, latency_s=0.01, faults=faults) as simulator:
        before = used()
        with pool_of(simulator, tmp_path, slots=3, **times) as pool:
            most = []
            for _ in range(4):
                assert texts(ask_all(pool, 40, threads=6)) == [str(n) for n in range(40)]
                most.append(used()[0])
        after = used()
        met = simulator.stats()["faults"]
    assert set(met) == set(faults)
    assert max(most) <= before[0] + 20 + 6 * 4  # files of two keys, a connection for each thread
    assert after == before


@pytest.mark.usefixtures("secrets")
def test_the_real_limit_of_a_key_configured_too_high_is_found_with_few_429s(
    tmp_path: Path,
) -> None:
    with (
        Simulator(keys={"k1": {"slots": 5}}, latency_s=0.05, sigma=0.6) as s,
        pool_of(s, tmp_path, slots=20) as pool,
    ):
        found = ask_all(pool, 200, threads=20)
        stats = s.stats()["keys"]["k1"]
    assert texts(found) == [str(n) for n in range(200)]
    assert stats["429"] < 40
    assert stats["in_flight_max"] == 5


@pytest.mark.usefixtures("secrets")
def test_a_rate_limit_that_only_the_provider_knows_is_respected(tmp_path: Path) -> None:
    with (
        Simulator(keys={"k1": {"rpm": 10}}, window_s=1.0) as s,
        pool_of(s, tmp_path, retry_for_s=60) as pool,
    ):
        found = ask_all(pool, 25, threads=5)
        stats = s.stats()["keys"]["k1"]
    assert texts(found) == [str(n) for n in range(25)]
    assert stats["429"] <= 2 * 25


@pytest.mark.usefixtures("secrets")
@pytest.mark.parametrize(
    ("dead", "error"),
    [({"unauthorized": True}, "401"), ({"quota_requests": 0}, "quota")],
)
def test_a_dead_key_hands_its_work_to_the_other_keys(
    tmp_path: Path, dead: dict[str, Any], error: str
) -> None:
    keys = {"k1": {**FREE, **dead}, "k2": FREE}
    with Simulator(keys=keys) as s, pool_of(s, tmp_path, borrow=False) as pool:
        found = ask_all(pool, 20)
        stats = s.stats()["keys"]
    assert texts(found) == [str(n) for n in range(20)]
    assert {asked.key for asked in found} == {"k2"}
    assert stats["k1"]["requests"] <= 2


@pytest.mark.usefixtures("secrets")
def test_without_a_usable_key_one_line_says_why_and_nothing_more_is_sent(tmp_path: Path) -> None:
    keys = {"k1": {**FREE, "unauthorized": True}, "k2": {**FREE, "quota_requests": 0}}
    with Simulator(keys=keys) as s, pool_of(s, tmp_path, retry_for_s=2) as pool:
        found = ask_all(pool, 20)
        sent = s.stats()["total"]["requests"]
    assert all(isinstance(error, errors.KeyDead) for error in found)
    line = str(found[-1])
    assert "no key is left" in line
    assert "k1: HTTP 401" in line
    assert "k2: HTTP 429" in line
    assert "\n" not in line
    assert sent <= 20


@pytest.mark.usefixtures("secrets")
def test_a_rejected_or_refused_request_is_sent_once_and_the_others_continue(
    tmp_path: Path,
) -> None:
    with (
        Simulator(keys={"k1": FREE}, reject_containing=["<<3>>"]) as s,
        pool_of(s, tmp_path) as pool,
    ):
        found = ask_all(pool, 6)
        assert s.stats()["total"]["requests"] == 6
    assert isinstance(found.pop(3), errors.Rejected)
    assert len(texts(found)) == 5


@pytest.mark.usefixtures("secrets")
@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("rejected", errors.Rejected),
        ("content_filter", errors.Refused),
        ("context_overflow", errors.ContextOverflow),
    ],
)
def test_a_permanent_fault_is_reported_and_not_retried(
    tmp_path: Path, fault: str, expected: type[errors.ProviderError]
) -> None:
    with Simulator(keys={"k1": FREE}, faults={fault: 1}) as s, pool_of(s, tmp_path) as pool:
        with pytest.raises(expected):
            pool.ask(request())
        assert s.stats()["total"]["requests"] == 1


@pytest.mark.usefixtures("secrets")
@pytest.mark.parametrize(
    ("fault", "expected"),
    [("error_500", errors.ServerFailed), ("hang", errors.TimedOut), ("reset", errors.Retryable)],
)
def test_retries_end_with_the_last_error_when_their_time_has_passed(
    tmp_path: Path, fault: str, expected: type[errors.ProviderError]
) -> None:
    with (
        Simulator(keys={"k1": FREE}, faults={fault: 1}, hang_s=5) as s,
        pool_of(s, tmp_path, attempt_deadline_s=0.3, retry_for_s=1.0) as pool,
        pytest.raises(expected, match=r"^p: .*\(\d+ attempts? in \d+ s\)$"),
    ):
        pool.ask(request())


@pytest.mark.usefixtures("secrets")
def test_endless_429s_are_bounded_by_time(tmp_path: Path) -> None:
    with (
        Simulator(keys={"k1": {"rpm": 1}}, window_s=3600) as s,
        pool_of(s, tmp_path, retry_for_s=1.0) as pool,
    ):
        found = ask_all(pool, 4, threads=2)
    assert sum(isinstance(one, errors.RateLimited) for one in found) == 3


@pytest.mark.usefixtures("secrets")
def test_endless_429s_without_retry_after_end_all_waiting_requests_together(tmp_path: Path) -> None:
    """One request probes each pause, and each pause is longer; requests do not do so in turn."""
    silent = {"window_s": 3600, "retry_after": False, "rate_headers": False}
    with (
        Simulator(keys={"k1": {"rpm": 1}}, **silent) as s,
        pool_of(s, tmp_path, retry_for_s=2.0) as pool,
    ):
        found = ask_all(pool, 20, threads=10)
        sent = s.stats()["total"]["requests"]
    assert sum(isinstance(one, errors.RateLimited) for one in found) == 19
    assert any("every request is answered 429, for " in str(one) for one in found)
    assert sent < 2 * 20  # one after the other, each would be tried for its own two seconds


def _pause(pool: KeyClient, alias: str, seconds: float) -> None:
    """Make another process on the machine pause a key."""
    limiter = pool._limiters[alias]
    other = Limiter(limiter.folder, limiter.slots)
    with other.slot() as slot:
        slot.rejected(seconds, exhausted=True)
    other.close()


@pytest.mark.usefixtures("secrets")
def test_a_key_paused_for_long_hands_its_work_to_other_keys(tmp_path: Path) -> None:
    keys = {"k1": FREE, "k2": FREE}
    with Simulator(keys=keys) as s, pool_of(s, tmp_path, borrow=False) as pool:
        _pause(pool, "k1", 60)
        assert pool.ask(request()).key == "k2"


@pytest.mark.usefixtures("secrets")
@pytest.mark.parametrize("over", [True, False])
def test_a_new_run_probes_an_earlier_pause_once(tmp_path: Path, over: bool) -> None:
    with Simulator(keys={"k1": {"rpm": 1000 if over else 1}}, window_s=3600) as s:
        with pool_of(s, tmp_path, retry_for_s=30) as pool:
            if not over:
                pool.ask(request())
            _pause(pool, "k1", 3000)
        sent = s.stats()["total"]["requests"]
        with pool_of(s, tmp_path, retry_for_s=30) as pool:
            found = ask_all(pool, 5)
        assert s.stats()["total"]["requests"] - sent == (5 if over else 1)
    if over:
        assert texts(found) == list("01234")
    else:
        assert all(isinstance(one, errors.RateLimited) for one in found)


@pytest.mark.usefixtures("secrets")
def test_unlock_pauses_ends_the_pauses_of_all_keys(tmp_path: Path) -> None:
    with Simulator(keys={"k1": FREE, "k2": FREE}) as s, pool_of(s, tmp_path) as pool:
        _pause(pool, "k1", 3000)
        settings = settings_of(s, tmp_path)
        left = key_status.lift_pauses(settings)
        assert left == {"k1": pytest.approx(3000, abs=60), "k2": 0}
        assert "k1: its pause is lifted" in "".join(key_status.lifted_lines(left))
        assert list(key_status.lifted_lines(key_status.lift_pauses(settings))) == [
            "no key is paused"
        ]
        assert pool.ask(request()).key == "k1"


@pytest.mark.usefixtures("secrets")
def test_a_pause_longer_than_retry_for_s_is_one_line_at_once(tmp_path: Path) -> None:
    with Simulator(keys={"k1": FREE}) as s, pool_of(s, tmp_path, retry_for_s=30) as pool:
        _pause(pool, "k1", 3600)
        found = ask_all(pool, 5)
        assert s.stats()["total"]["requests"] == 0
    assert all(isinstance(one, errors.RateLimited) for one in found)
    assert "k1: the provider asks to wait" in str(found[0])


@pytest.mark.usefixtures("secrets")
@pytest.mark.parametrize("stated", [True, False])
def test_a_request_deferred_by_one_key_goes_to_another_at_once(
    tmp_path: Path, stated: bool
) -> None:
    keys = {"k1": {"rpm": 1}, "k2": FREE}
    with (
        Simulator(keys=keys, window_s=3600, rate_headers=stated) as s,
        pool_of(s, tmp_path, retry_for_s=30) as pool,
    ):
        found = [pool.ask(request(str(number))) for number in range(3)]
    assert [asked.key for asked in found] == ["k1", "k2", "k2"]
    assert found[1].attempts == (1 if stated else 2)


@pytest.mark.usefixtures("secrets")
def test_waiting_for_a_slot_counts_toward_no_deadline(tmp_path: Path) -> None:
    with (
        Simulator(keys={"k1": FREE}) as s,
        pool_of(s, tmp_path, slots=1, attempt_deadline_s=2, retry_for_s=0) as pool,
    ):
        limiter = pool._limiters["k1"]
        other = Limiter(limiter.folder, limiter.slots)
        slot = other.wait()
        assert slot is not None
        threading.Timer(2.2, slot.release).start()
        found = ask_all(pool, 5, threads=5)
        other.close()
    assert texts(found) == [str(n) for n in range(5)]
    assert max(asked.queued_s for asked in found) > 2


@pytest.mark.usefixtures("secrets")
def test_a_stop_ends_every_wait_and_nothing_more_is_sent(tmp_path: Path) -> None:
    stop = threading.Event()
    with (
        Simulator(keys={"k1": {"slots": 1}}) as s,
        pool_of(s, tmp_path, slots=1, pool={"stop": stop}) as pool,
    ):
        s.hold()

        def stop_then_release() -> None:
            wait_until(lambda: s.stats()["total"]["in_flight"] == 1)
            stop.set()
            s.release()

        stopping = threading.Thread(target=stop_then_release)
        stopping.start()
        found = ask_all(pool, 8, threads=8)
        stopping.join()
        assert s.stats()["total"]["requests"] == 1
    assert sum(isinstance(one, errors.Stopping) for one in found) == 7


@pytest.mark.usefixtures("secrets")
def test_an_orphan_asks_nothing(tmp_path: Path) -> None:
    with (
        Simulator(keys={"k1": FREE}) as s,
        pool_of(s, tmp_path, pool={"parent": os.getpid()}) as pool,
    ):
        with pytest.raises(errors.Stopping, match="run that started"):
            pool.ask(request())
        assert s.stats()["total"]["requests"] == 0


def test_a_missing_secret_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("K1", raising=False)
    simulator = Simulator(keys={"k1": FREE})
    simulator.base_url = "http://127.0.0.1:1/v1"
    with pytest.raises(errors.ConfigError, match=r"key k1 .*K1"):
        client_of(settings_of(simulator, tmp_path), "k1", 1, True)


@pytest.mark.usefixtures("secrets")
def test_a_budget_is_used_to_the_last_request_and_never_exceeded(tmp_path: Path) -> None:
    largest = most_usd(request("000"))
    budget = 4 * largest
    with Simulator(keys={"k1": FREE}) as s, pool_of(s, tmp_path, budget_usd=budget) as pool:
        found = ask_all(pool, 300, threads=8)
        spent = s.stats()["total"]["tokens"] / 1e6
    refused = [one for one in found if isinstance(one, errors.BudgetSpent)]
    assert refused
    assert "this request may cost up to" in str(refused[-1])
    assert budget - largest < spent <= budget


BOUNDED = Model("m", "p", "echo", price=Price(1.0, 1.0, 1.0))


def most_usd(request: Request) -> float:
    return cost_usd(BOUNDED.price, most_tokens(BOUNDED, request.body)) or 0.0


@pytest.mark.usefixtures("secrets")
@pytest.mark.parametrize(
    ("fault", "kept"),
    [
        ("error_500", False),
        ("rejected", False),
        ("hang", True),
        ("reset", True),
        ("malformed", True),
        ("truncated", True),
    ],
)
def test_only_requests_that_may_have_been_paid_for_count_as_used(
    tmp_path: Path, fault: str, kept: bool
) -> None:
    with (
        Simulator(keys={"k1": FREE}, faults={fault: 1}, hang_s=2) as s,
        pool_of(s, tmp_path, budget_usd=1.0, retry_for_s=0, attempt_deadline_s=0.3) as pool,
    ):
        with pytest.raises(errors.ProviderError):
            pool.ask(request())
        balance = budget_in(pool).balance
    assert (balance.lost > 0) == kept
    assert (balance.spent, balance.held) == (0, {})


@pytest.mark.usefixtures("secrets")
def test_a_connection_that_is_refused_costs_nothing(tmp_path: Path) -> None:
    simulator = Simulator(keys={"k1": FREE})
    simulator.base_url = "http://127.0.0.1:9/v1"
    settings = settings_of(simulator, tmp_path, budget_usd=1.0, retry_for_s=1)
    with client_of(settings, "k1", 1, True) as pool:
        with pytest.raises(errors.ConnectionFailed):
            pool.ask(request())
        assert budget_in(pool).spent == 0


@pytest.mark.usefixtures("secrets")
def test_a_request_waiting_for_a_slot_reserves_no_budget(tmp_path: Path) -> None:
    """A process that is killed loses what is in flight, not what is queued."""
    largest = most_usd(request("0"))
    with (
        Simulator(keys={"k1": FREE}) as s,
        pool_of(s, tmp_path, slots=1, budget_usd=20 * largest) as pool,
    ):
        s.hold()
        asking = threading.Thread(target=ask_all, args=(pool, 8, 8))
        asking.start()
        wait_until(lambda: s.stats()["total"]["in_flight"] == 1 and len(pool._queue._waiting) == 7)
        budget = budget_in(pool)
        assert sum(budget.balance.held.values()) == pytest.approx(largest)
        s.release()
        asking.join()
        assert s.stats()["total"]["requests"] == 8
        assert (budget.balance.held, budget.balance.lost) == ({}, 0)


@pytest.mark.usefixtures("secrets")
def test_a_request_waiting_for_the_budget_holds_no_slot_and_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(notices, "say", lambda _, text: told.append(text))
    monkeypatch.setattr("pilotbench.asking.keys.key_client.SILENT_S", 0.1)
    largest = most_usd(request("0"))
    with (
        Simulator(keys={"k1": FREE}) as s,
        pool_of(s, tmp_path, slots=2, budget_usd=1.9 * largest) as pool,
    ):
        s.hold()
        asking = threading.Thread(target=ask_all, args=(pool, 2, 2))
        asking.start()
        wait_until(lambda: s.stats()["total"]["in_flight"] == 1 and told)
        limiter = pool._limiters["k1"]
        wait_until(lambda: limiter._files.count(2)[0] == 1)
        assert s.stats()["total"]["requests"] == 1
        s.release()
        asking.join()
        assert s.stats()["total"]["requests"] == 2
    assert "m waits for requests in flight" in told[0]


@pytest.mark.usefixtures("secrets")
def test_a_slot_that_is_given_back_unused_counts_toward_no_rate(tmp_path: Path) -> None:
    limiter = Limiter(tmp_path / "key", 2, rpm=1, tpm=100)
    slot = limiter.wait(tokens=90)
    assert slot is not None
    slot.unused()
    slot.release()
    again = limiter.try_now(tokens=90)
    assert again is not None
    again.release()
    limiter.close()


def test_a_model_without_a_bound_on_its_output_asks_nothing_under_a_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("K1", "sk-k1")
    simulator = Simulator(keys={"k1": FREE})
    simulator.base_url = "http://127.0.0.1:9/v1"
    settings = settings_of(simulator, tmp_path, budget_usd=1.0, parameters={})
    with pytest.raises(errors.ConfigError, match="max_output"):
        client_of(settings, "k1", 1, True)


@pytest.mark.usefixtures("secrets")
def test_the_files_of_the_pool_contain_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("K1", "canary-77aa")
    monkeypatch.setenv("OPENAI_LOG", "debug")
    keys = {"k1": {"secret": "canary-77aa", "unauthorized": True}}
    with Simulator(keys=keys) as s, pool_of(s, tmp_path) as pool:
        with pytest.raises(errors.KeyDead) as caught:
            pool.ask(request())
        shown = [repr(pool), repr(vars(pool)), str(caught.value), *capfd.readouterr()]
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert "canary" not in "".join(shown) + "".join(str(path) for path in files)
    assert not [path for path in files if b"canary" in path.read_bytes()]


@pytest.mark.parametrize("borrow", [True, False])
def test_a_key_that_is_not_set_hands_its_work_to_other_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, borrow: bool
) -> None:
    monkeypatch.delenv("K1", raising=False)
    monkeypatch.setenv("K2", "sk-k2")
    keys = {"k1": FREE, "k2": FREE}
    with Simulator(keys=keys) as s, pool_of(s, tmp_path, borrow=borrow) as pool:
        assert texts(ask_all(pool, 5)) == list("01234")
        assert s.stats()["keys"]["k2"]["answered"] == 5


@pytest.mark.parametrize(("routing", "set_key"), [("by_prompt", "K2"), ("balanced", "OTHER")])
def test_where_no_key_may_be_used_the_variable_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, routing: str, set_key: str
) -> None:
    for name in ("K1", "K2"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(set_key, "sk-k2")
    with (
        Simulator(keys={"k1": FREE, "k2": FREE}) as s,
        pytest.raises(errors.ConfigError, match=r"key k1 .*variable K1"),
        pool_of(s, tmp_path, routing=routing),
    ):
        pass


def test_a_stream_that_always_breaks_off_is_asked_at_most_three_times(
    tmp_path: Path, secrets: None
) -> None:
    """What had arrived may be charged."""
    with Simulator(keys={"k1": {"slots": 5}}, faults={"cut_stream": 1.0}) as simulator:
        made = settings_of(simulator, tmp_path)
        streaming = {"m": replace(made.catalog["m"], stream=True)}
        made = replace(made, catalog=streaming, models=streaming)
        with client_of(made, "k1", 1, True) as client, pytest.raises(errors.ConnectionFailed):
            client.ask(request("a stream of several words"))
        assert simulator.stats()["total"]["requests"] == MOST_UNUSABLE
