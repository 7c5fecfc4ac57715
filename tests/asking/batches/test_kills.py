"""Runs that are killed with batches out: the next one goes on, and pays nothing twice."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pilotbench.asking.batches import lane
from support import Simulator
from support.batch_lab import Lab
from support.runs import wait_until


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    slow = {"batch_s": 0.3, "sigma": 0.5, "list_lag_s": 0.5}
    with Simulator(tasks=["simple_task"], instances=10, batches=slow) as running:
        yield running


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch, simulator: Simulator) -> None:
    monkeypatch.setenv("BATCH_LAB_KEY", "sk-lab-key")
    monkeypatch.setattr(lane, "FIRST_LOOK_S", 0.05)
    simulator.reset()


def check(lab: Lab, episodes: int) -> None:
    """Check that every episode is finished and every request was paid once, at the batch price."""
    records = lab.episodes()
    assert len(records) == episodes
    stats = lab.stats()
    assert stats["total"]["paid_again"] == 0
    assert stats["tiers"] == {"batch": sum(len(record["requests"]) for record in records)}


@pytest.mark.parametrize("kind", ["openai", "azure", "anthropic", "gemini"])
def test_a_run_killed_before_its_submission_is_answered_is_continued(
    tmp_path: Path, simulator: Simulator, kind: str
) -> None:
    lab = Lab(tmp_path, simulator, kind)
    before = lab.stats()["batches"]["submitted"]
    simulator.batch_faults(submit_late=1)
    process = lab.process("submit")
    wait_until(lambda: lab.stats()["batches"]["submitted"] > before)
    process.kill()
    process.communicate()
    with lab.lane() as opened:
        (out,) = opened.out()
        assert (out.name, out.requests) == (None, 4)
        (found,) = [one for one in lab.collect_all(opened) if one.batches]
    assert found.answered == 4
    assert lab.stats()["batches"]["submitted"] == before + 1
    simulator.release_batches()
    lab.run()
    check(lab, 4)


STEPS: dict[str, Callable[[str, list[str]], bool]] = {
    "recorded": lambda text, names: bool(text),
    "prepared": lambda text, names: '"prepared"' in text,
    "sending": lambda text, names: '"sending"' in text,
    "named": lambda text, names: '"named"' in text,
    "downloading": lambda text, names: any(name.endswith(".part") for name in names),
    "fetched": lambda text, names: '"fetched"' in text,
    "journaled": lambda text, names: any("_" in name for name in names),
    "kept": lambda text, names: '"kept"' in text,
    "closed": lambda text, names: "closed" in names,
}
"""What the book and the journal have at each step of a batch."""


@pytest.mark.parametrize("step", STEPS)
def test_a_run_killed_at_each_step_of_a_batch_is_continued(
    tmp_path: Path, simulator: Simulator, step: str
) -> None:
    lab = Lab(tmp_path, simulator)
    is_reached, journal = STEPS[step], tmp_path / "journal"
    process = lab.process("run")
    while process.poll() is None:
        files = [path for path in journal.rglob("*") if ".tmp" not in path.name]
        books = (path for path in files if path.suffix == ".jsonl" and "batches" in path.parts)
        with suppress(FileNotFoundError):
            text = "".join(path.read_text() for path in books)
            if is_reached(text, [path.name for path in files]):
                process.kill()
    process.communicate()
    lab.run()
    check(lab, 4)


@pytest.mark.parametrize("kind", ["openai", "anthropic", "gemini"])
def test_runs_killed_at_any_moment_pay_each_request_once(
    tmp_path: Path, simulator: Simulator, kind: str
) -> None:
    lab, chance, killed = Lab(tmp_path, simulator, kind), random.Random(kind), 0
    while killed < 8:
        process = lab.process("run")
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        try:
            said, _ = process.communicate(timeout=chance.uniform(0.0, 0.6))
            assert "done" in said, said
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            killed += 1
    lab.run()
    assert killed
    check(lab, 4)
