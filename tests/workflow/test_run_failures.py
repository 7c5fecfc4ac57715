"""Whole runs against a failing provider: no answer is lost, no failure is scored."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from support import Simulator
from support.runs import KEYS, Run

ALLOWED = {key: {"slots": 5} for key in KEYS}
PASSING = ("error_500", "reset", "hang", "truncated", "malformed", "slow_drip")
IMPATIENT = {"read_timeout_s": 2, "attempt_deadline_s": 4}


def test_temporary_faults_cost_only_time(tmp_path: Path) -> None:
    faults = dict.fromkeys(PASSING, 0.05)
    with Simulator(keys=ALLOWED, latency_s=0.02, faults=faults, drip_s=0.1) as simulator:
        run = Run(tmp_path, simulator, provider=IMPATIENT, questions=120, config={"shard_size": 30})
        done = run.snakemake(*run.targets())
        assert done.returncode == 0, done.stdout
        assert set(simulator.stats()["faults"]) == set(PASSING)
        assert simulator.stats()["total"]["paid_again"] == 0
    assert [record["index"] for record in run.records()] == list(range(120))
    assert all(record["success"] for record in run.records())


def test_a_storm_of_429_loses_nothing(tmp_path: Path) -> None:
    with Simulator(keys={"sim_key1": {"slots": 2}}, latency_s=0.05, retry_after=False) as simulator:
        run = Run(tmp_path, simulator, keys=KEYS[:1], slots=20, questions=60)
        done = run.snakemake(*run.targets())
        assert done.returncode == 0, done.stdout
        stats = simulator.stats()["keys"]["sim_key1"]
    assert stats["429"] > 0
    assert stats["in_flight_max"] == 2
    assert stats["answered"] == 60
    assert [record["success"] for record in run.records()] == [True] * 60


def test_what_keeps_failing_is_owed_and_the_next_run_pays_only_for_that(tmp_path: Path) -> None:
    owed = (3, 14, 15)
    with Simulator(keys=ALLOWED, latency_s=0.02, reject_containing=["poison"]) as simulator:
        run = Run(tmp_path, simulator)
        run.write_pack(dict.fromkeys(owed, " of poison"))
        done = run.snakemake()
        assert done.returncode != 0
        assert simulator.stats()["total"]["answered"] == 27
    assert "1 of 10 episodes owed" in done.stdout
    assert "2 of 10 episodes owed" in done.stdout
    assert "Traceback" not in done.stdout
    assert list(run.shards()) == ["echo/baseline/echo/none/none/00020-00029.jsonl.gz"]
    rows = run.episodes()
    assert [row["index"] for row in rows] == [n for n in range(30) if n not in owed]
    assert all(row["success"] for row in rows)
    assert [row["provisional"] for row in rows] == [row["index"] < 20 for row in rows]
    assert "27/30" in run.text()
    assert "3 episodes are owed" in run.text()
    assert "change what its message names" in run.text()

    with Simulator(keys=ALLOWED, latency_s=0.02) as healthy:
        run.change(
            providers={"sim": {**run.experiment["providers"]["sim"], "base_url": healthy.base_url}}
        )
        done = run.snakemake()
        assert done.returncode == 0, done.stdout
        assert healthy.stats()["total"]["requests"] == len(owed)
    assert "30/30" in run.text()
    assert "owed" not in run.text().splitlines()[-1]
    assert not any(row["provisional"] for row in run.episodes())


def test_verdicts_of_the_provider_are_results(tmp_path: Path) -> None:
    faults = {"content_filter": 0.15, "filtered": 0.15, "context_overflow": 0.15, "length": 0.15}
    with Simulator(keys=ALLOWED, latency_s=0.02, faults=faults) as simulator:
        run = Run(tmp_path, simulator, questions=60)
        done = run.snakemake(*run.targets())
        assert done.returncode == 0, done.stdout
        drawn = simulator.stats()["faults"]
        requests = simulator.stats()["total"]["requests"]
        assert requests == 60  # none of these is tried again
        rows = run.records()
        run.change(shard_size=60)
        assert run.snakemake(*run.targets()).returncode == 0
        assert simulator.stats()["total"]["requests"] == requests
    refused = [row for row in rows if row["status"] == "refused"]
    assert len(refused) == drawn["content_filter"] + drawn["filtered"]
    ends = Counter(row["end_reason"] for row in rows if row["status"] == "completed")
    assert ends["context_overflow"] == drawn["context_overflow"]
    assert ends["length"] == drawn["length"]
    assert all(
        row["success"] is (row["end_reason"] == "finish") for row in rows if row not in refused
    )
    assert all(row["success"] is None for row in refused)


def test_the_work_of_dead_keys_goes_to_the_others(tmp_path: Path) -> None:
    keys = {
        "sim_key1": {"slots": 5, "unauthorized": True},
        "sim_key2": {"slots": 5, "quota_requests": 4},
        "sim_key3": {"slots": 5},
    }
    with Simulator(keys=keys, latency_s=0.02) as simulator:
        run = Run(tmp_path, simulator)
        done = run.snakemake(*run.targets())
        assert done.returncode == 0, done.stdout
        answered = {name: key["answered"] for name, key in simulator.stats()["keys"].items()}
    assert all(record["success"] for record in run.records())
    assert len(run.records()) == 30
    assert answered["sim_key1"] == 0
    assert 4 <= answered["sim_key2"] < 10  # what was in flight when the last was answered
    paid = Counter(request["key"] for record in run.records() for request in record["requests"])
    assert paid == {name: count for name, count in answered.items() if count}


def test_one_line_reports_that_every_key_is_dead(tmp_path: Path) -> None:
    keys = {key: {"unauthorized": True} for key in KEYS[:2]}
    with Simulator(keys=keys) as simulator:
        run = Run(tmp_path, simulator, keys=KEYS[:2], questions=10)
        done = run.snakemake()
        requests = simulator.stats()["total"]["requests"]
    assert done.returncode != 0
    lines = [line for line in done.stdout.splitlines() if "no key is left" in line]
    assert "sim_key1: HTTP 401" in lines[0]
    assert "sim_key2: HTTP 401" in lines[0]
    assert "Traceback" not in done.stdout
    assert requests <= 20
    assert run.records() == []
    assert "0/10" in run.text()


def test_a_provider_that_is_down_ends_the_run_with_the_cause(tmp_path: Path) -> None:
    with Simulator(keys=ALLOWED, faults={"error_500": 1.0}) as simulator:
        run = Run(tmp_path, simulator, provider={"retry_for_s": 1}, questions=10)
        done = run.snakemake(*run.targets())
        requests = simulator.stats()["total"]["requests"]
    assert done.returncode != 0
    assert "10 of 10 episodes owed: 10 ServerFailed: sim: HTTP 500" in done.stdout
    assert 10 < requests <= 40
    assert run.shards() == {}


def test_an_answer_by_another_model_is_recorded_and_flagged(tmp_path: Path) -> None:
    with Simulator(keys=ALLOWED, latency_s=0.02, faults={"wrong_model": 0.3}) as simulator:
        azure = {"kind": "azure", "endpoint": simulator.address, "api_version": "1"}
        run = Run(tmp_path, simulator, questions=20, provider=azure)
        done = run.snakemake()
        assert done.returncode == 0, done.stdout
        wrong = simulator.stats()["faults"]["wrong_model"]
    reported = Counter(record["model_reported"] for record in run.records())
    assert reported == {"another-model": wrong, "echo": 20 - wrong}
    markdown = (tmp_path / "results/summary/summary.md").read_text()
    assert any("another-model" in line and "echo" in line for line in markdown.splitlines())
