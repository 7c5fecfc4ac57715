"""Unusable paid answers: requested three times even if a question moves, kept and counted."""

from __future__ import annotations

import json
import shutil
import zlib
from base64 import b64decode
from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from pilotbench.asking.asker import KeyAllowance
from pilotbench.asking.budget import budget_of
from pilotbench.asking.journal import other_folders
from pilotbench.asking.payments import begin_budget
from pilotbench.build.progress import Watch
from pilotbench.episodes.evaluate import ShardOwed, evaluate
from pilotbench.episodes.spending import spent
from pilotbench.matrix.experiment import Experiment
from support.build import ROOT
from support.scripted import PRICE, QUESTIONS, Scripted, question_of, said, service, shard_of

Json = dict[str, Any]
Q1 = next(iter(QUESTIONS))
COST = (100 * 1.0 + 10 * 10.0) / 1e6
BROKEN = said("It is", "abort")
UNCOUNTED = said("It is", "abort", usage=None)
MODEL = {
    "provider": "scripted",
    "deployment": "m",
    "protocol": "native",
    "price": PRICE,
    "parameters": {"max_tokens": 100},
}


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("SCRIPTED_SECRET", "sk-scripted")
    other_folders._folders.cache_clear()
    yield
    other_folders._folders.cache_clear()


def broken(answer: Any) -> AbstractContextManager[Scripted]:
    """Return a service whose answer to the first question is `answer`."""
    return service(lambda body, number: answer if question_of(body) == Q1 else said("8"))


def run(experiment: Experiment) -> None:
    """Evaluate every shard as a run does, each in a process of its own."""
    for shard in experiment.plan.shards:
        other_folders._folders.cache_clear()
        out = experiment.settings.results_dir / "shards" / shard.path
        try:
            evaluate(experiment, shard, out, KeyAllowance("scripted_key", 1, False, {}))
        except ShardOwed:
            continue


def journal_lines(folder: Path) -> list[Json]:
    files = sorted((folder / "journal").rglob("*.jsonl"))
    return [json.loads(line) for file in files for line in file.read_bytes().splitlines()]


@pytest.fixture
def renamed(tmp_path: Path) -> Json:
    """Return the config of a prompt that is `baseline` under another name."""
    folder = tmp_path / "prompts"
    folder.mkdir()
    shutil.copy(ROOT / "config/prompts/baseline.md", folder / "base.md")
    return {"prompts": ["base"], "prompt_folders": [str(folder)]}


@pytest.mark.parametrize("change", ["a line at the top", "another prompt", "both"])
def test_nothing_more_is_paid_when_a_question_moves(
    change: str, renamed: Json, tmp_path: Path
) -> None:
    then: Json = {}
    if change != "another prompt":
        then = {"questions": {"Again: What is 3 plus 5?": 8, **QUESTIONS}, "instances": 3}
    if change != "a line at the top":
        then |= renamed
    with broken(BROKEN) as scripted:
        common: Json = {"tools": False, "retry_for_s": 60, "shard_size": 1}
        run(shard_of(tmp_path, scripted.address, **common))
        assert scripted.asked(0) == 3
        moved = shard_of(tmp_path, scripted.address, **common, **then)
        for _ in range(2):
            run(moved)
            assert scripted.asked(0) == 3


@pytest.mark.parametrize(("answer", "usd", "unknown"), [(BROKEN, 3 * COST, 0), (UNCOUNTED, 0, 1)])
def test_their_cost_is_counted_before_and_after_the_episode_is_finished(
    answer: Json, usd: float, unknown: int, tmp_path: Path
) -> None:
    common: Json = {"tools": False, "retry_for_s": 60, "budget_usd": 1, "ask_unusable": True}
    with broken(answer) as scripted:
        experiment = shard_of(tmp_path, scripted.address, **common, model_catalog={"m": MODEL})
        (shard,) = experiment.plan.shards
        for done in (1, 2):
            begin_budget(experiment, [shard], partial(spent, experiment))
            run(experiment)
            [row] = Watch(experiment).model_rows()
            assert (row.done, row.usd_unknown) == (2 * (done == 2), unknown)
            assert row.usd == pytest.approx(usd + done * COST)
            assert spent(experiment, shard) == pytest.approx(row.usd)
            scripted.reply = lambda body, number: said("42" if question_of(body) == Q1 else "8")
        begin_budget(experiment, [], partial(spent, experiment))
        budget = budget_of(experiment.settings)
        if not unknown:  # what is known is counted once, what is not keeps its reservation
            assert (budget.balance.spent, budget.balance.lost) == (pytest.approx(5 * COST), 0)
        assert (budget.balance.lost > 0) == bool(unknown)
        budget.close()


def test_a_free_answer_has_no_unknown_cost(tmp_path: Path) -> None:
    free = {**MODEL, "price": {"input": 0, "output": 0}}
    with broken(UNCOUNTED) as scripted:
        common: Json = {"tools": False, "retry_for_s": 60, "model_catalog": {"m": free}}
        experiment = shard_of(tmp_path, scripted.address, **common)
        run(experiment)
        [row] = Watch(experiment).model_rows()
    assert (row.owed, row.usd, row.usd_unknown) == (1, 0.0, 0)


@pytest.mark.parametrize("size", [100, 20_000, 30_000, 1_000_000])
def test_a_body_of_up_to_a_mebibyte_is_kept_completely(size: int, tmp_path: Path) -> None:
    sent = ("sk-scripted " + "caf\u00e9 " * size)[:size]
    with broken(sent.encode()) as scripted:
        run(shard_of(tmp_path, scripted.address, tools=False, retry_for_s=60))
    lines = [line for line in journal_lines(tmp_path) if "failure" in line]
    assert len(lines) == 3
    for line in lines:
        packed = line.get("raw_zlib")
        raw = line["raw"] if packed is None else zlib.decompress(b64decode(packed)).decode()
        assert raw == sent.replace("sk-scripted", "***")
        assert ("raw_zlib" in line) == (size > 20_000)
        assert len(json.dumps(line)) < 50_000
