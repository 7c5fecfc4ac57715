"""What a process concludes about rate limits, alone and with others, with and without headers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pilotbench.asking.keys.key_client import KeyClient
from pilotbench.asking.keys.key_status import learned_limits, lift_pauses, state_of
from pilotbench.asking.keys.limiter import Limiter, Slot
from pilotbench.asking.keys.opened_limiter import key_folder
from pilotbench.asking.payments import Payments
from pilotbench.benchmark.instances import Instance
from pilotbench.ground import notices
from pilotbench.matrix.config import Settings
from pilotbench.providers.answer import Tokens
from pilotbench.providers.rate_headers import StatedLimit
from pilotbench.providers.request import Request
from pilotbench.providers.settings import Access, Key, Model, ProviderSettings
from support import Simulator
from support.clocks import HandClock


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@contextmanager
def limiters(
    folder: Path, clock: HandClock, count: int = 1, **more: Any
) -> Iterator[list[Limiter]]:
    """Yield limiters of one key, each as another process would have it."""
    words = {"slots": 20, "clock": clock, "model": "m", **more}
    made = [Limiter(folder, **words) for _ in range(count)]
    yield made
    for one in made:
        one.close()


def taken(limiter: Limiter) -> Slot:
    slot = limiter.try_now()
    assert slot is not None
    return slot


def answer(limiter: Limiter, *stated: StatedLimit, tokens: int = 10) -> None:
    """Send one request that is answered with what is `stated`."""
    slot = taken(limiter)
    slot.settle(Tokens(input=tokens), stated)
    slot.release()


def refuse(limiter: Limiter, wait_s: float | None = None, *stated: StatedLimit) -> None:
    slot = taken(limiter)
    slot.rejected(wait_s, False, stated)
    slot.release()


def requests(limit: int, left: int, reset_s: float = 30.0) -> StatedLimit:
    return StatedLimit("requests", limit, left, reset_s, 60.0)


def test_nothing_more_is_sent_once_nothing_is_left(tmp_path: Path, clock: HandClock) -> None:
    with limiters(tmp_path, clock) as [one]:
        answer(one, requests(60, 3))
        for _ in range(3):
            taken(one).release()
        assert one.try_now() is None
        assert 0 < one.closed_for()[1] <= 61
        clock.forward(61)
        taken(one).release()


def test_another_process_knows_what_was_learned(tmp_path: Path, clock: HandClock) -> None:
    with limiters(tmp_path, clock, 2) as [one, two]:
        answer(one, requests(60, 4))
        taken(two).release()
        taken(two).release()
        taken(one).release()
        taken(two).release()
        assert one.try_now() is None
        assert two.try_now() is None


def test_limits_of_one_model_do_not_hold_for_another(tmp_path: Path, clock: HandClock) -> None:
    with (
        limiters(tmp_path, clock) as [one],
        limiters(tmp_path, clock, model="other") as [other],
    ):
        answer(one, requests(60, 0))
        assert one.try_now() is None
        taken(other).release()
        assert other.learned() == {}


def test_requests_of_others_count(tmp_path: Path, clock: HandClock) -> None:
    with limiters(tmp_path, clock) as [one]:
        answer(one, requests(60, 20))
        clock.forward(1)
        answer(one, requests(60, 1))
        taken(one).release()
        assert one.try_now() is None


def test_tokens_wait_for_as_much_as_answers_use(tmp_path: Path, clock: HandClock) -> None:
    with limiters(tmp_path, clock) as [one]:
        answer(one, StatedLimit("tokens", 1000, 250, 45.0, 60.0), tokens=100)
        taken(one).release()
        taken(one).release()
        assert one.try_now() is None, "50 tokens are left, an answer uses 100"


def test_input_and_output_tokens_are_limits_of_their_own(tmp_path: Path, clock: HandClock) -> None:
    with limiters(tmp_path, clock) as [one]:
        slot = taken(one)
        stated = (
            StatedLimit("input tokens", 1000, 400, 30.0, 60.0),
            StatedLimit("output tokens", 100, 30, 30.0, 60.0),
        )
        slot.settle(Tokens(input=100, output=10), stated)
        slot.release()
        for _ in range(3):
            taken(one).release()
        assert one.try_now() is None, "the output tokens of three answers"


def test_nothing_is_written_while_a_limit_is_far_away(tmp_path: Path, clock: HandClock) -> None:
    with limiters(tmp_path, clock) as [one]:
        for left in (4990, 4990, 4990, 4980, 4970):
            answer(one, requests(5000, left, (5000 - left) * 0.012))
        before = (tmp_path / "ledger").read_bytes()
        for left in (4989, 4000, 2600):
            answer(one, requests(5000, left, (5000 - left) * 0.012))
        assert (tmp_path / "ledger").read_bytes() == before
        answer(one, requests(5000, 2400, 31.2))
        assert (tmp_path / "ledger").read_bytes() != before


def test_limits_survive_a_reboot_and_entries_do_as_far_as_the_calendar_tells(
    tmp_path: Path, clock: HandClock
) -> None:
    with limiters(tmp_path, clock) as [one]:
        answer(one, requests(60, 0))
    later = HandClock("two", now=5.0, calendar=clock.date + 20)
    with limiters(tmp_path, later) as [one]:
        assert one.try_now() is None
        later.forward(45)
        taken(one).release()
        assert one.learned()["requests"].limit == 60


def test_a_ledger_of_an_earlier_release_is_read(tmp_path: Path, clock: HandClock) -> None:
    old = {
        "pace": {"limit": 2, "grow_at": 2000.0},
        "width": 20,
        "used": [],
        "clock": clock.moment(),
    }
    (tmp_path / "ledger").write_text(json.dumps(old))
    with limiters(tmp_path, clock) as [one]:
        assert one.learned() == {}
        taken(one)
        taken(one)
        assert one.try_now() is None


@pytest.mark.parametrize("learned", [7, {"m": 7}, {"m": {"requests": 7}}, {"m": {"r": {}}}])
def test_damaged_limits_are_as_new(tmp_path: Path, clock: HandClock, learned: Any) -> None:
    (tmp_path / "ledger").write_text(json.dumps({"learned": learned, "clock": clock.moment()}))
    with limiters(tmp_path, clock) as [one]:
        answer(one, requests(60, 5))
        assert list(one.learned()) == ["requests"]


def test_a_long_wait_for_the_rate_is_learned_from_one_429(tmp_path: Path, clock: HandClock) -> None:
    with limiters(tmp_path, clock, 2) as [one, two]:
        for number in range(30):
            answer(one if number % 2 else two)
            clock.forward(0.1)
        refuse(one, 50.0)
        assert one.pause_left() == 50.0
        clock.forward(58)
        sent = 0
        for _ in range(80):
            while (slot := two.try_now()) is not None:
                slot.settle(0)
                slot.release()
                sent += 1
            clock.forward(0.1)
        assert 26 <= sent <= 33, "both processes' requests make the rate, and it grows by a tenth"
        assert one.learned()["requests"].limit in (30, 33)


def test_a_refusal_with_hardly_anything_in_flight_is_about_the_rate(
    tmp_path: Path, clock: HandClock
) -> None:
    with limiters(tmp_path, clock) as [one]:
        several = [taken(one) for _ in range(12)]
        for slot in several:
            slot.settle(0)
            slot.release()
        refuse(one)
        assert one.learned()["requests"].limit == 12
        clock.forward(5)
        assert one.try_now() is None


def test_a_refusal_among_many_in_flight_is_not(tmp_path: Path, clock: HandClock) -> None:
    with limiters(tmp_path, clock) as [one]:
        several = [taken(one) for _ in range(20)]
        for slot in several[:15]:
            slot.rejected(1.0)
            slot.release()
        for slot in several[15:]:
            slot.settle(0)
            slot.release()
        assert one.learned() == {}
        assert one.pause_left() == 0


def test_a_guess_grows_and_a_refusal_takes_it_back(tmp_path: Path, clock: HandClock) -> None:
    with limiters(tmp_path, clock) as [one]:
        for _ in range(20):
            answer(one)
        refuse(one, 40.0)
        limits = []
        for _ in range(1800):
            clock.forward(0.5)
            if (slot := one.try_now()) is not None:
                counted = one.learned()["requests"].counted(clock.now())
                if counted > 22:
                    slot.rejected(10.0)
                else:
                    slot.settle(0)
                slot.release()
            limits.append(one.learned()["requests"].limit)
        assert 20 <= min(limits) <= max(limits) <= 25
        assert limits[-1] >= 21


@pytest.mark.parametrize("more", [{"rpm": 500}, {}])
def test_a_rate_is_guessed_only_where_nobody_states_one(
    tmp_path: Path, clock: HandClock, more: dict[str, Any]
) -> None:
    with limiters(tmp_path, clock, **more) as [one]:
        stated = () if more else (requests(500, 400),)
        for _ in range(20):
            answer(one, *stated)
        refuse(one, 40.0)
        assert [name for name, found in one.learned().items() if found.guessed] == []


ACCESS = Access("http://here", "secret")


def test_the_state_of_a_key_names_its_limit_and_the_end_of_the_wait(
    tmp_path: Path, clock: HandClock
) -> None:
    folder = key_folder(tmp_path, ACCESS, "k")
    with limiters(folder, clock) as [one]:
        answer(one, requests(60, 30))
        assert not state_of(tmp_path, ACCESS, "k", clock).kind
        answer(one, requests(60, 0))
        said = str(state_of(tmp_path, ACCESS, "k", clock))
        assert said.startswith("at a rate limit of 60 requests a minute until ")
        assert list(learned_limits(tmp_path, ACCESS, "k", "m", clock)) == ["requests"]


def test_the_state_of_a_key_names_the_limit_of_the_config(tmp_path: Path, clock: HandClock) -> None:
    key = Key("k", "p", 20, rpm=2)
    with limiters(key_folder(tmp_path, ACCESS, "k"), clock, rpm=2) as [one]:
        answer(one)
        assert not state_of(tmp_path, ACCESS, "k", clock, key).kind
        answer(one)
        said = str(state_of(tmp_path, ACCESS, "k", clock, key))
        assert said.startswith("at a rate limit of rpm: 2 until ")


def test_a_new_run_and_a_user_may_test_a_long_wait(tmp_path: Path, clock: HandClock) -> None:
    day = StatedLimit("requests a day", 200, 0, 9000.0, 86400.0)
    with limiters(tmp_path, clock) as [one]:
        answer(one, day)
        assert one.closed_for()[1] == pytest.approx(9000)
        clock.forward(1)
        assert one.probe(clock.now())
        taken(one).release()
        assert one.try_now() is None
        assert one.lift() > 0
        taken(one).release()


def settings_of(
    simulator: Simulator, folder: Path, slots: int = 8, kind: str = "openai", **key: Any
) -> Settings:
    """Return settings with one model and one key on the simulator."""
    model = Model("m", "p", "echo", parameters={"max_tokens": 20}, kind=kind, api=APIS[kind])
    keys = {"k1": Key("k1", "p", slots, env="K1", **key)}
    return Settings(
        models={"m": model}, prompts=("baseline",), tasks=("t",), difficulties=("none",),
        tool_success_rates=("none",), instances=20, repeats=1, shard_size=20, max_turns=None,
        providers={"p": ProviderSettings("p", kind, keys, base_url=simulator.base_url)},
        catalog={"m": model}, limits_dir=folder / "limits", journal_dir=folder / "journal",
    )  # fmt: skip


APIS = {"openai": "chat", "anthropic": "messages"}


def ask_all(settings: Settings, count: int, threads: int = 8) -> list[str]:
    """Ask from several threads; return the errors."""
    payments = Payments(settings, settings.catalog["m"])
    numbers, lock, failed = iter(range(count)), threading.Lock(), []
    with KeyClient(settings, "m", "k1", 1, True, payments) as client:

        def work() -> None:
            while True:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                message = {"role": "user", "content": f"<<{number}>>"}
                body = {"model": "echo", "messages": [message], "max_tokens": 20}
                try:
                    client.ask(Request(body, Instance("t", "none", 0, str(number)), "none", 0, 0))
                except Exception as error:  # the assertion of the test shows it
                    failed.append(repr(error))

        workers = [threading.Thread(target=work) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    return failed


@pytest.fixture(autouse=True)
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Set the key; return the notices in the order in which they are printed."""
    monkeypatch.setenv("K1", "sk-k1")
    found: list[str] = []
    monkeypatch.setattr(notices, "say", lambda _, text, kind=None: found.append(text))
    return found


@pytest.mark.parametrize("kind", APIS)
@pytest.mark.parametrize("limit", [{"rpm": 30}, {"tpm": 1000}], ids=["rpm", "tpm"])
def test_a_service_that_states_its_limits_refuses_hardly_anything(
    tmp_path: Path, kind: str, limit: dict[str, int]
) -> None:
    with Simulator(keys={"k1": limit}, window_s=2.0, latency_s=0.02) as s:
        assert ask_all(settings_of(s, tmp_path, kind=kind), 50) == []
        stats = s.stats()["keys"]["k1"]
    assert stats["answered"] == 50
    assert stats["429"] <= 6


def test_a_lower_limit_of_the_service_holds_and_is_told_once(
    tmp_path: Path, said: list[str]
) -> None:
    with Simulator(keys={"k1": {"rpm": 600}}) as s:
        assert ask_all(settings_of(s, tmp_path, rpm=5000), 20) == []
        settings = settings_of(s, tmp_path, rpm=5000)
        assert list(lift_pauses(settings)) == ["k1"]
    assert len([line for line in said if "rpm is 5000" in line]) == 1
    assert "k1: rpm is 5000, but the service states 600 requests a minute, which holds" in said
