"""The reference players behind the simulator: results are known in advance, over real HTTP."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pilotbench.benchmark import bfcl, flaws
from pilotbench.benchmark.flaws.literal_follower import fails
from pilotbench.benchmark.prompts import prompt_files
from pilotbench.benchmark.tasks import TASKS
from pilotbench.benchmark.tasks.task import Task
from pilotbench.episodes.episode import play
from pilotbench.providers.answer import Answer, Completion
from pilotbench.providers.protocols import PROTOCOLS
from pilotbench.providers.request import Request
from pilotbench.providers.settings import Model
from pilotbench.simulator.ground.players import Skill
from support import Simulator
from support.bfcl import needs_bfcl

Json = dict[str, Any]
PROMPTS = prompt_files.load(
    [Path(__file__).parents[3] / "config" / "prompts"],
    ["baseline", "cot", "optimal", "flawed_missing_step"],
)
SKILLED = "sim-50"


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    tasks = ["simple_task", "multi_stage_pipeline"]
    with Simulator(keys={"k": {}}, tasks=tasks, instances=10) as simulator:
        yield simulator


def episode(
    simulator: Simulator,
    model: Model,
    task: str,
    difficulty: str,
    index: int,
    prompt: str,
    kind: Task | None = None,
) -> Json:
    client = http.client.HTTPConnection(simulator.address.removeprefix("http://"), timeout=30)

    def ask(request: Request) -> Answer:
        headers = {"api-key": simulator.secret("k")}
        client.request("POST", "/v1/chat/completions", json.dumps(request.body), headers)
        choice = json.loads(client.getresponse().read())["choices"][0]
        completion = Completion(choice["message"], choice["finish_reason"], "m")
        return Answer(completion, "k", 0.0, 0.0, 0.0, 1)

    kind = kind or TASKS[task]
    played = play(
        task=kind,
        instance=kind.instance(difficulty, index),
        prompt=PROMPTS[prompt],
        protocol=PROTOCOLS[model.protocol],
        model=model,
        rate="0.8",
        repeat=0,
        max_turns=kind.max_turns(difficulty),
        ask=ask,
    )
    client.close()
    return played.record


@pytest.mark.parametrize("protocol", ["native", "json", "text"])
@pytest.mark.parametrize("difficulty", ["very_easy", "medium", "hard", "very_hard"])
@pytest.mark.parametrize("prompt", ["baseline", "cot"])
def test_the_oracle_is_right(
    simulator: Simulator, protocol: str, difficulty: str, prompt: str
) -> None:
    model = Model("m", "simulated", "oracle", protocol)
    for task in ("simple_task", "multi_stage_pipeline"):
        assert episode(simulator, model, task, difficulty, 3, prompt)["success"] is True


def test_a_skill_is_known_instance_by_instance(simulator: Simulator) -> None:
    model = Model("m", "simulated", SKILLED)
    task = TASKS["simple_task"]
    skill = Skill.of(SKILLED)
    wanted = [skill.knows(1, task.instance("easy", n).content_hash) for n in range(10)]
    found = [episode(simulator, model, task.name, "easy", n, "baseline") for n in range(10)]
    assert [record["success"] for record in found] == wanted
    assert {True, False} == set(wanted)


@pytest.mark.parametrize("name", ["sim-30-70", "sim-30-70-plan_follower"])
def test_a_plan_lifts_a_skill_and_a_follower_follows_it(simulator: Simulator, name: str) -> None:
    model, task, skill = (
        Model("m", "simulated", name),
        TASKS["multi_stage_pipeline"],
        Skill.of(name),
    )
    for n in range(10):
        instance = task.instance("easy", n)
        alone, lifted = (skill.knows(1, instance.content_hash, given) for given in (False, True))
        assert lifted or not alone
        plan = flaws.flawed_plan(instance, "missing_step").steps
        failed = skill.player == "plan_follower" and fails(instance, plan)
        wanted = [alone, lifted, lifted and not failed]
        prompts = ("baseline", "optimal", "flawed_missing_step")
        found = [episode(simulator, model, task.name, "easy", n, one)["success"] for one in prompts]
        assert found == wanted, n


def test_a_skill_without_a_player_of_that_name_is_none() -> None:
    assert Skill.of("sim-30-70-nobody") is None
    assert Skill.of("sim-x") is None


def test_what_is_not_known_is_an_echo(simulator: Simulator) -> None:
    client = http.client.HTTPConnection(simulator.address.removeprefix("http://"), timeout=30)
    body = {"model": "oracle", "messages": [{"role": "user", "content": "Who are <<you>>?"}]}
    headers = {"api-key": simulator.secret("k")}
    client.request("POST", "/v1/chat/completions", json.dumps(body), headers)
    said = json.loads(client.getresponse().read())["choices"][0]["message"]["content"]
    client.close()
    assert said == "you"


def test_the_players_of_a_simulator_play_bfcl_in_every_protocol() -> None:
    needs_bfcl()
    names = ["bfcl_parallel_multiple", "bfcl_live_irrelevance", "bfcl_multi_turn_miss_func"]
    with Simulator(keys={"k": {}}, tasks=names, instances=6) as simulator:
        for name in names:
            for index, protocol in enumerate(("native", "text", "json")):
                model = Model("oracle", "p", "oracle", protocol)
                task = bfcl.load(name)
                record = episode(simulator, model, name, "none", index + 2, "baseline", task)
                assert record["success"], (name, protocol, record["verdict"])
