"""The batch lane against the simulator's batch endpoints: every request is paid once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pilotbench.asking.batches import lane
from pilotbench.asking.batches.lane import Left, batches_out
from pilotbench.asking.journal.batch_book import Book
from pilotbench.episodes.evaluate import ShardOwed
from pilotbench.ground.errors import ConfigError
from pilotbench.providers.batches import openai
from support import Simulator
from support.batch_lab import KINDS, Lab


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(tasks=["simple_task"], instances=10) as running:
        yield running


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch, simulator: Simulator) -> None:
    monkeypatch.setenv("BATCH_LAB_KEY", "sk-lab-key")
    monkeypatch.setattr(lane, "FIRST_LOOK_S", 0.02)
    monkeypatch.setattr(openai, "_READY_PAUSE_S", 0.02)
    simulator.reset()


@pytest.mark.parametrize("kind", KINDS)
def test_waves_finish_every_episode_and_pay_each_request_once(
    tmp_path: Path, simulator: Simulator, kind: str
) -> None:
    lab = Lab(tmp_path, simulator, kind)
    submitted = lab.run()
    records = lab.episodes()
    assert len(records) == 4
    assert all(record["success"] for record in records)
    requests = [request for record in records for request in record["requests"]]
    assert sum(one.requests for one in submitted) == len(requests)
    stats = lab.stats()
    assert stats["tiers"] == {"batch": len(requests)}
    assert stats["total"]["paid_again"] == 0


GIVEN_UP = "batches do not answer: "
FAULTS = (
    "submit_reset",
    "submit_500",
    "submit_failed",
    "invalid",
    "expired",
    "results_cut",
    "results_short",
    "results_500",
    "results_404",
    "line_server_error",
    "line_rate_limit_exceeded",
)


@pytest.mark.parametrize("kind", ["openai", "anthropic", "gemini"])
@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_fails_once_every_request_is_answered_and_paid_once(
    tmp_path: Path, simulator: Simulator, kind: str, fault: str
) -> None:
    lab = Lab(tmp_path, simulator, kind, instances=2)
    simulator.batch_faults(**{fault: 1})
    online: list[Left] = []
    for _ in range(12):  # each as a run of its own
        with lab.lane() as opened:
            lab.collect_all(opened)
            wave = lab.wave()
            online = opened.submit(wave).online
        if not wave or (online and all(left.why.startswith(GIVEN_UP) for left in online)):
            break
    assert fault not in lab.faults()
    if (kind, fault) == ("anthropic", "invalid"):  # it refuses each request by itself
        assert len(online) == 2
        assert all(left.why.startswith(f"{GIVEN_UP}Rejected: ") for left in online)
        return
    records = lab.episodes()
    assert len(records) == 2
    stats = lab.stats()
    assert stats["total"]["paid_again"] == 0
    assert stats["tiers"] == {"batch": sum(len(record["requests"]) for record in records)}


def test_a_batched_answer_is_treated_as_an_online_one(tmp_path: Path, simulator: Simulator) -> None:
    batched = Lab(tmp_path / "batched", simulator)
    batched.run()
    online = Lab(tmp_path / "online", simulator).online()
    ours = batched.episodes()
    for name in ("transcript", "tokens", "success", "end_reason", "status", "answer"):
        assert [one[name] for one in ours] == [one[name] for one in online], name
    costs = [sum(record["cost_usd"] for record in records) for records in (ours, online)]
    assert costs[0] == pytest.approx(costs[1] / 2)


@pytest.mark.parametrize(
    ("fault", "kind", "again"),
    [
        ("line_content_filter", "Refused", False),
        ("line_context_length_exceeded", "ContextOverflow", False),
        ("line_invalid_request", "Rejected", True),
    ],
)
def test_what_a_line_refuses_is_kept_as_online(
    tmp_path: Path, simulator: Simulator, fault: str, kind: str, again: bool
) -> None:
    lab = Lab(tmp_path, simulator, instances=1)
    simulator.batch_faults(**{fault: 1})
    with lab.lane() as opened:
        opened.submit(lab.wave())
        (found,) = lab.collect_all(opened)
        assert (found.answered, found.unanswered) == ((0, 1) if again else (1, 0))
        wave = lab.wave()
        left = opened.submit(wave)
    assert [kind] == [failure["failure"]["kind"] for failure in lab.failures()]
    assert (len(wave), len(left.online), left.requests) == ((1, 1, 0) if again else (0, 0, 0))


def test_a_request_that_three_batches_did_not_answer_is_left_to_the_online_lane(
    tmp_path: Path, simulator: Simulator
) -> None:
    lab = Lab(tmp_path, simulator, instances=1)
    simulator.batch_faults(line_server_error=3)
    for _ in range(3):
        with lab.lane() as opened:
            assert opened.submit(lab.wave()).requests == 1
            lab.collect_all(opened)
    with lab.lane() as opened:
        (left,) = opened.submit(lab.wave()).online
    assert left.why.startswith(GIVEN_UP)


def test_what_is_out_is_asked_by_no_asker_and_submitted_by_no_other_run(
    tmp_path: Path, simulator: Simulator
) -> None:
    lab = Lab(tmp_path, simulator, instances=2)
    simulator.batch_faults(stuck=1)
    with lab.lane() as opened:
        opened.submit(lab.wave())
        (out,) = opened.out()
        assert (out.requests, out.model, out.key) == (2, "oracle", "gate_key")
    with pytest.raises(ShardOwed, match=r"2 OutInBatch: out in a batch since 20.*run again when"):
        lab.online()
    with lab.lane() as opened:
        assert [left.why for left in opened.submit(lab.wave()).later] == ["out in a batch"] * 2
        assert batches_out(lab.experiment().settings.journal_dir) == opened.out()
        assert opened.cancel_overdue(3600.0) == []
        assert [one.tag for one in opened.cancel_overdue(0.0)] == [out.tag]
        (found,) = lab.collect_all(opened)
        assert (found.answered, found.unanswered) == (1, 1)
        submitted = opened.submit(lab.wave())
        assert (submitted.requests, len(submitted.online)) == (1, 1)  # it missed its deadline
        lab.collect_all(opened)
    assert len(lab.online()) == 2
    assert lab.stats()["total"]["paid_again"] == 0


def test_a_batch_that_the_service_does_not_know_is_not_called_cancelled(
    tmp_path: Path, simulator: Simulator
) -> None:
    lab = Lab(tmp_path, simulator, instances=1)
    simulator.batch_faults(stuck=1)
    with lab.lane() as opened:
        opened.submit(lab.wave())
        settings = lab.experiment().settings
        (entry,) = Book(settings.journal_dir, settings.catalog["oracle"]).entries()
        entry.note("named", name="batch_unknown")
        assert opened.cancel_overdue(0.0) == []
        assert opened.collect().batches == []
        (out,) = opened.out()
        assert out.name == "batch_unknown"


def test_a_service_with_little_room_gets_smaller_batches_and_nothing_is_lost(
    tmp_path: Path,
) -> None:
    for kind in ("openai", "anthropic", "gemini"):
        with Simulator(
            tasks=["simple_task"], instances=6, batches={"enqueued_requests": 3}
        ) as small:
            lab = Lab(tmp_path / kind, small, kind, instances=6)
            lab.run(60)
            assert len(lab.episodes()) == 6
            assert lab.stats()["total"]["paid_again"] == 0


def test_the_lane_is_used_by_one_process_at_a_time(tmp_path: Path, simulator: Simulator) -> None:
    lab = Lab(tmp_path, simulator)
    both = [lab.process("run") for _ in range(2)]
    for process in both:
        said, _ = process.communicate(timeout=60)
        assert "done" in said, said
    assert len(lab.episodes()) == 4
    assert lab.stats()["total"]["paid_again"] == 0


def test_a_key_that_is_not_set_any_more_is_named_and_the_batch_stays_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Simulator(
        tasks=["simple_task"], instances=1, keys={"lab": {"secret": "sk-lab-key"}}
    ) as simulator:
        lab = Lab(tmp_path, simulator, instances=1)
        with lab.lane() as opened:
            opened.submit(lab.wave())
        monkeypatch.setenv("BATCH_LAB_KEY", "sk-another-key")
        with lab.lane() as opened:
            with pytest.raises(
                ConfigError, match=r"key gate_key, which has another secret .*BATCH_LAB_KEY"
            ):
                opened.collect(60.0)
            assert len(opened.out()) == 1
        monkeypatch.setenv("BATCH_LAB_KEY", "sk-lab-key")
        with lab.lane() as opened:
            (found,) = lab.collect_all(opened)
    assert found.answered == 1


def test_a_secret_that_replaces_another_one_of_its_account_collects(
    tmp_path: Path, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = Lab(tmp_path, simulator, instances=1)
    with lab.lane() as opened:
        opened.submit(lab.wave())
    monkeypatch.setenv("BATCH_LAB_KEY", "sk-new-key")
    with lab.lane() as opened:
        (found,) = lab.collect_all(opened)
    assert found.answered == 1


def test_the_budget_is_reserved_for_the_batch_and_settled_when_it_is_collected(
    tmp_path: Path, simulator: Simulator
) -> None:
    lab = Lab(tmp_path, simulator)
    with lab.lane(budget_usd=1.0) as opened:
        submitted = opened.submit(lab.wave())
        (out,) = submitted.batches
        assert out.reserved_usd is not None
    most = out.reserved_usd
    # Another process has the same budget: the reservation is not one of a dead process.
    assert lab.spent() == pytest.approx(most)
    with lab.lane(budget_usd=1.0) as opened:
        (found,) = lab.collect_all(opened)
    assert 0 < found.usd < most
    assert lab.spent() == pytest.approx(found.usd)
    small = found.usd + 0.6 * most
    with lab.lane(budget_usd=small) as opened:
        submitted = opened.submit(lab.wave())
        assert 0 < submitted.requests < 4
        assert {left.why for left in submitted.later} == {"budget_usd has no room for it"}
        lab.collect_all(opened)
    assert lab.spent() <= small
