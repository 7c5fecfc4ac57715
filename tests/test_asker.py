"""What is asked and paid for, over changes that send the same requests; against the simulator."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pilotbench import evaluate as evaluating
from pilotbench.journal import elsewhere
from support import Simulator
from support.build import ROOT
from support.estimation_lab import load, make
from support.runs import write_pack

Json = dict[str, Any]


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(tasks=["simple_task"], instances=20, latency_s=0.001) as running:
        yield running


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    elsewhere._folders.cache_clear()
    yield
    elsewhere._folders.cache_clear()


class Lab:
    """A folder with prompts and packs of its own, whose matrix is evaluated in this process."""

    def __init__(self, folder: Path, simulator: Simulator) -> None:
        self.folder, self.simulator = folder, simulator
        self.prompts, self.packs = folder / "prompts", folder / "packs"
        shutil.copytree(ROOT / "config/prompts", self.prompts)
        write_pack(self.packs, 6)

    def run(self, task: str = "echo", prompt: str = "baseline", **chosen: Any) -> list[Json]:
        """Evaluate every shard anew and return the records."""
        elsewhere._folders.cache_clear()  # each shard of a run has a process of its own
        shutil.rmtree(self.folder / "results", ignore_errors=True)
        loaded = load(
            self.folder,
            self.simulator,
            **{
                "models": ["sim-oracle"],
                "prompts": [prompt],
                "tasks": [task],
                "prompt_folders": [str(self.prompts)],
                "task_folders": [str(self.packs)],
                "instances": 6,
                **chosen,
            },
        )
        for shard in loaded.plan.shards:
            replayed = evaluating.replay(loaded, shard)
            records = make(loaded, shard)
            if not replayed.owed:
                assert replayed.episodes == records
        return [r for shard in loaded.plan.shards for r in make(loaded, shard)]

    def asked(self) -> int:
        """Return the requests so far."""
        return int(self.simulator.stats()["total"]["requests"])


@pytest.fixture
def lab(tmp_path: Path, simulator: Simulator) -> Lab:
    return Lab(tmp_path, simulator)


def answers(records: list[Json]) -> list[Any]:
    return [(record["answer"], record["turns"], record["transcript"]) for record in records]


def correct(lab: Lab) -> None:
    """Correct the accepted answer of two questions."""
    path = lab.packs / "echo/instances.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for place in (1, 4):
        lines[place]["answer"] = "corrected"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def rename_prompt(lab: Lab) -> None:
    (lab.prompts / "baseline.md").rename(lab.prompts / "base.md")


def rename_pack(lab: Lab) -> None:
    (lab.packs / "echo").rename(lab.packs / "trivia")


def move_lines(lab: Lab) -> None:
    path = lab.packs / "echo/instances.jsonl"
    path.write_text("".join(reversed(path.read_text().splitlines(keepends=True))))


def rename_and_correct(lab: Lab) -> None:
    correct(lab)
    rename_pack(lab)
    rename_prompt(lab)


@pytest.mark.parametrize(
    ("change", "then"),
    [
        (correct, {}),
        (move_lines, {}),
        (rename_prompt, {"prompt": "base"}),
        (rename_pack, {"task": "trivia"}),
        (rename_and_correct, {"task": "trivia", "prompt": "base"}),
        (rename_prompt, {"prompt": "base", "shard_size": 3}),
    ],
)
def test_a_change_that_sends_the_same_requests_asks_nothing(
    lab: Lab, change: Any, then: Json
) -> None:
    before = lab.run()
    asked = lab.asked()
    change(lab)
    after = lab.run(**then)
    assert lab.asked() == asked
    assert len(after) == 6
    if change is correct:
        assert [record["success"] for record in after] == [n not in (1, 4) for n in range(6)]
    assert sorted(map(str, answers(after))) == sorted(map(str, answers(before)))


def test_a_renamed_prompt_of_a_world_asks_nothing(lab: Lab) -> None:
    before = lab.run("simple_task")
    asked = lab.asked()
    rename_prompt(lab)
    assert answers(lab.run("simple_task", "base")) == answers(before)
    assert lab.asked() == asked


def test_only_the_question_that_changed_is_asked_again(lab: Lab) -> None:
    lab.run()
    asked = lab.asked()
    write_pack(lab.packs, 7, {2: " (changed)"})
    lab.run(instances=7)
    assert lab.asked() == asked + 2


def test_two_prompts_with_the_same_bytes_share_their_answers(lab: Lab) -> None:
    lab.run()
    asked = lab.asked()
    shutil.copy(lab.prompts / "baseline.md", lab.prompts / "copy.md")
    assert answers(lab.run(prompt="copy")) == answers(lab.run())
    assert lab.asked() == asked


def test_a_question_that_stands_twice_is_paid_for_once(lab: Lab) -> None:
    """Twice with other accepted answers: it is one request, also while both are in flight."""
    path = lab.packs / "echo/instances.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text(
        "".join(json.dumps({**lines[0], "answer": f"answer-{n}"}) + "\n" for n in range(4))
    )
    asked = lab.asked()
    records = lab.run(instances=4, shard_size=4)
    assert lab.asked() == asked + 1
    assert [record["success"] for record in records] == [True, False, False, False]


def test_a_player_answers_by_the_accepted_answer_of_now(lab: Lab) -> None:
    assert all(record["success"] for record in lab.run(models=["oracle"]))
    correct(lab)
    assert all(record["success"] for record in lab.run(models=["oracle"]))
