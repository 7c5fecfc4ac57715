"""Real runs of models of five families, each by its own API, against strict simulated services.

The skill of each model is known instance by instance: so is its score. Whatever the services refuse
fails the run, and an answer that is paid for twice is counted by the simulator.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pilotbench.benchmark.tasks import TASKS
from pilotbench.simulator.ground.players import Skill
from support import Simulator
from support.runs import Run, wait_until_kept

Json = dict[str, Any]
PLAYED: Json = {"tasks": ["simple_task", "multi_stage_pipeline"], "difficulties": ["easy"]}
INSTANCES, SLOTS = 5, 4
THINKING = {"type": "enabled", "budget_tokens": 1024}
FAMILIES: Json = {
    "gpt-5": {
        "api": "responses",
        "kind": "openai",
        "plays": "sim-75",
        "calls": 2,
        "entry": {"parameters": {"reasoning_effort": "low", "max_tokens": 4096}},
    },
    "claude": {
        "api": "messages",
        "kind": "anthropic",
        "plays": "sim-70",
        "calls": 2,
        "entry": {"parameters": {"max_tokens": 4096, "thinking": THINKING}},
    },
    "gemini-3": {
        "api": "gemini",
        "kind": "gemini",
        "plays": "sim-65",
        "calls": 2,
        "entry": {"parameters": {"include_thoughts": True}},
    },
    "qwen": {"api": "chat", "kind": "openai", "plays": "sim-60", "entry": {"stream": True}},
    "deepseek": {"api": "chat", "kind": "openai", "plays": "sim-55", "calls": 2},
}
"""Family -> how the matrix reaches it, which player it is, and its calls in each message."""
BROKEN: Json = {
    "error_500": 0.02,
    "overloaded": 0.02,
    "reset": 0.02,
    "truncated": 0.03,
    "cut_stream": 0.03,
    "stream_error": 0.03,
}
"""Faults of single attempts; the last two only meet streams."""


@contextmanager
def services(**setup: Any) -> Iterator[Simulator]:
    """Serve a model of each family, named after it, behind one key for each."""
    models = {
        name: {"family": name, "plays": one["plays"], "calls": one.get("calls", 1)}
        for name, one in FAMILIES.items()
    }
    keys = {name: {"slots": SLOTS} for name in FAMILIES}
    played = {**PLAYED, "instances": INSTANCES}
    with Simulator(keys=keys, models=models, **played, **setup) as simulator:
        yield simulator


def run_of(folder: Path, simulator: Simulator) -> Run:
    """Return a checkout whose matrix has the model of each family."""
    providers = {
        name: {
            "kind": one["kind"],
            "api": one["api"],
            "base_url": simulator.base_url if one["kind"] == "openai" else simulator.address,
            "keys": {key_of(name): {"env": secret_of(name), "slots": SLOTS}},
        }
        for name, one in FAMILIES.items()
    }
    catalog = {
        name: {"provider": name, "deployment": name, "protocol": "native"} | one.get("entry", {})
        for name, one in FAMILIES.items()
    }
    config = {
        **PLAYED,
        "models": list(FAMILIES),
        "model_catalog": catalog,
        "providers": providers,
        "shard_size": INSTANCES,
    }
    run = Run(folder, simulator, config, questions=INSTANCES)
    run.secrets = {secret_of(name): simulator.secret(name) for name in FAMILIES}
    return run


def key_of(family: str) -> str:
    return f"sim_{family}".replace("-", "_").replace(".", "_")


def secret_of(family: str) -> str:
    return f"{key_of(family).upper()}_SECRET"


def known() -> dict[tuple[str, str, int], bool]:
    """Return what each model solves: model, task, index."""
    return {
        (name, task, index): Skill.of(one["plays"]).knows(
            1, TASKS[task].instance("easy", index).content_hash
        )
        for name, one in FAMILIES.items()
        for task in PLAYED["tasks"]
        for index in range(INSTANCES)
    }


def scored(run: Run) -> dict[tuple[str, str, int], bool]:
    """Return what each model has solved."""
    return {
        (record["model"], record["task"], record["index"]): record["success"]
        for record in run.records()
    }


def test_each_family_scores_its_known_skill_without_a_failed_request(tmp_path: Path) -> None:
    with services() as simulator:
        run = run_of(tmp_path, simulator)
        run.again(*run.targets())
        stats = simulator.stats()
    assert scored(run) == known()
    assert set(known().values()) == {True, False}
    assert (stats["refusals"], stats["total"]["failed"]) == ({}, 0)
    assert stats["total"]["answered"] == stats["total"]["requests"] == len(run.journal())
    for record in run.records():
        assert record["tokens"]["reasoning"] > 0


def test_injected_failures_are_the_only_ones(tmp_path: Path) -> None:
    with services(faults=BROKEN, latency_s=0.02, keep_alive_s=0.01) as simulator:
        run = run_of(tmp_path, simulator)
        run.again(*run.targets())
        stats = simulator.stats()
    assert scored(run) == known()
    assert stats["refusals"] == {}
    assert 0 < sum(stats["faults"].values()) == stats["total"]["failed"]
    assert stats["total"]["paid_again"] == 0


def test_a_killed_run_goes_on_and_pays_for_nothing_twice(tmp_path: Path) -> None:
    """Whatever was in flight may be lost; the journal's answers are never asked for again."""
    with services(latency_s=0.15, sigma=0.3) as simulator:
        run = run_of(tmp_path, simulator)
        killed_after(run, 30)
        killed_after(run, 60)
        run.again(*run.targets())
        assert run.lost() <= 2 * SLOTS * len(FAMILIES)
        assert simulator.stats()["refusals"] == {}
    assert scored(run) == known()


def killed_after(run: Run, answers: int) -> None:
    """Run until the journal holds so many answers in all, and kill every process."""
    with run.running(*run.targets()) as going:
        wait_until_kept(run.folder, answers)
        going.kill_all()
