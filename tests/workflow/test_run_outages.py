"""Whole runs whose service or model is unavailable: few requests, and the user is told."""

from __future__ import annotations

from pathlib import Path

from support import Simulator
from support.runs import KEYS, Run

CLOSED_PORT = "http://127.0.0.1:9/v1"


def test_a_refused_connection_is_reported_in_terminal_log_and_status(
    tmp_path: Path,
) -> None:
    with Simulator() as simulator:
        run = Run(
            tmp_path,
            simulator,
            keys=KEYS[:1],
            questions=60,
            provider={"base_url": CLOSED_PORT, "retry_for_s": 2},
            limits=tmp_path / "limits",
        )
    done = run.snakemake(*run.targets())
    assert done.returncode != 0
    assert "60 of 60" not in done.stdout
    assert done.stdout.count("sim_key1: connection refused, retrying for ") == 1
    assert done.stdout.count("nothing more is sent until it answers") == 1
    assert "Traceback" not in done.stdout
    logs = "".join(log.read_text() for log in tmp_path.glob("results/logs/**/*.log"))
    assert "sim_key1: connection refused, retrying for " in logs
    status = run.pilotbench("status", "--configfile", "overlay.yaml").stdout
    assert "notices of the last run" in status
    assert "sim_key1: connection refused, retrying for " in status
    assert "retrying: sim_key1 (connection refused for " in status
    assert "owed: 60 ConnectionFailed: " in status


def test_a_model_that_does_not_exist_is_stopped_for_all_jobs_of_the_run(tmp_path: Path) -> None:
    with Simulator(keys={"sim_key1": {"slots": 3}}, reject_containing=["poison"]) as simulator:
        run = Run(tmp_path, simulator, keys=KEYS[:1], slots=3, questions=60)
        run.write_pack(dict.fromkeys(range(60), " of poison"))
        done = run.snakemake()
        sent = simulator.stats()["total"]["requests"]
    assert done.returncode != 0
    assert 5 <= sent <= 8
    assert "60 episodes are owed:\n  60 Rejected: model_catalog.echo: " in run.text()
    pages = [tmp_path / "results/summary" / name for name in ("index.html", "summary.md")]
    assert all("change what its message names" in page.read_text() for page in pages)
    assert not any("of them:" in page.read_text() for page in pages)
    assert "model_catalog.echo: stopped after" in done.stdout
    assert "run again" not in done.stdout
    assert "to finish" not in done.stdout
