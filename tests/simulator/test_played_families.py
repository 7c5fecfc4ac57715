"""Our own clients play episodes with strict simulated families, in every protocol and wire format.

The oracle solves every instance, so an episode that fails was spoilt on the way.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from pilotbench.benchmark.catalogue import TASKS
from pilotbench.benchmark.prompts import prompt_files
from pilotbench.benchmark.tasks.task import Task
from pilotbench.episodes.episode import play
from pilotbench.ground.errors import (
    AuthenticationFailed,
    ConnectionFailed,
    ProviderError,
    QuotaSpent,
    ServerFailed,
    UnusableAnswer,
)
from pilotbench.providers.answer import Answer
from pilotbench.providers.kinds import KINDS
from pilotbench.providers.protocols import PROTOCOLS
from pilotbench.providers.request import Request
from pilotbench.providers.service_client import ServiceClient
from pilotbench.providers.settings import Access, Key, Model, ProviderSettings
from pilotbench.simulator.families import FAMILIES as SIMULATED
from support import Simulator

Json = dict[str, Any]
PROMPT = prompt_files.load([Path(__file__).parents[2] / "config" / "prompts"], ["baseline"])
TASK = TASKS["multi_stage_pipeline"]
DIALOGUE = TASKS["dialogue"]
THINKING = {"type": "enabled", "budget_tokens": 1024}
FAMILIES: dict[str, tuple[str, str, Json]] = {
    "gpt-5": ("openai", "responses", {"reasoning_effort": "low"}),
    "gpt-4": ("openai", "chat", {"temperature": 0, "max_tokens": 500}),
    "claude": ("anthropic", "messages", {"max_tokens": 4096, "thinking": THINKING}),
    "gemini-3": ("gemini", "gemini", {"include_thoughts": True, "max_tokens": 4096}),
    "gemini-2.5": ("gemini", "gemini", {"temperature": 0, "seed": 1}),
    "deepseek": ("openai", "chat", {}),
    "kimi": ("openai", "chat", {}),
    "qwen": ("openai", "chat", {}),
    "mistral": ("openai", "chat", {}),
}
"""Family -> kind of provider, wire format, parameters."""
BOTH = (False, True)
NO_SCHEMA = ("deepseek",)
"""Families whose service has no answers by a schema."""
STREAMED = ("qwen",)
"""Families whose service only streams."""
PLAYED = [
    (family, protocol, calls, stream)
    for family in FAMILIES
    for protocol in ("native", "json", "text")
    for calls in ((1, 2) if protocol == "native" else (1,))
    for stream in BOTH
    if not (protocol == "json" and family in NO_SCHEMA) and (stream or family not in STREAMED)
]


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    models = {
        f"{family}-{calls}": {"family": family, "plays": "oracle", "calls": calls}
        for family in FAMILIES
        for calls in (1, 2)
    }
    tasks = [TASK.name, DIALOGUE.name]
    with Simulator(models=models, tasks=tasks, instances=3) as simulator:
        yield simulator


def episode(
    simulator: Simulator, model: Model, task: Task = TASK, difficulty: str = "medium"
) -> Json:
    """Return the record of an episode of the model, played through its client."""
    kind = KINDS[model.kind]
    base_url = simulator.base_url if model.kind == "openai" else simulator.address
    provider = ProviderSettings("sim", model.kind, {"k": Key("k", "sim", 1)}, base_url)
    access = {"k": Access(base_url, "secret-of-k")}
    client = cast(ServiceClient, kind.connect(provider, model, access))

    def ask(request: Request) -> Answer:
        return Answer(client.complete(request, "k", 60), "k", 0.0, 0.0, 0.0, 1)

    try:
        return play(
            task=task,
            instance=task.instance(difficulty, 1),
            prompt=PROMPT["baseline"],
            protocol=PROTOCOLS[model.protocol],
            model=model,
            rate="0.8",
            repeat=0,
            max_turns=task.max_turns(difficulty),
            ask=ask,
        ).record
    finally:
        client.close()


@pytest.mark.parametrize(("family", "protocol", "calls", "stream"), PLAYED)
def test_an_episode_is_solved_without_a_refusal(
    simulator: Simulator, family: str, protocol: str, calls: int, stream: bool
) -> None:
    simulator.reset()
    kind, api, parameters = FAMILIES[family]
    name = f"{family}-{calls}"
    model = Model("m", "sim", name, protocol, parameters, kind=kind, api=api, stream=stream)
    record = episode(simulator, model)
    stats = simulator.stats()
    assert (stats["refusals"], stats["total"]["failed"]) == ({}, 0)
    assert record["success"] is True
    assert record["turns"] > 3
    assert all(request["tokens"] for request in record["requests"])
    if stream:
        assert all(request["first_token_s"] > 0 for request in record["requests"])


@pytest.mark.parametrize("level", ["completes", "changes", "asked"])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_second_speaker_is_heard_without_a_refusal(
    simulator: Simulator, family: str, level: str
) -> None:
    simulator.reset()
    kind, api, parameters = FAMILIES[family]
    entry = {"parameters": parameters, **SIMULATED[family].entry}
    model = Model("m", "sim", f"{family}-1", kind=kind, api=api, **entry)
    record = episode(simulator, model, DIALOGUE, level)
    stats = simulator.stats()
    assert (stats["refusals"], stats["total"]["failed"]) == ({}, 0)
    assert record["success"] is True


FAILURES = [
    *((fault, stream, ServerFailed) for fault in ("error_500", "overloaded") for stream in BOTH),
    *((fault, stream, ConnectionFailed) for fault in ("reset",) for stream in BOTH),
    ("truncated", False, ServerFailed),
    ("truncated", True, ConnectionFailed),
    ("cut_stream", True, ConnectionFailed),
    ("stream_error", True, ServerFailed),
    *(("malformed", stream, UnusableAnswer) for stream in BOTH),
    *(("insufficient_quota", stream, QuotaSpent) for stream in BOTH),
    *(("unauthorized", stream, AuthenticationFailed) for stream in BOTH),
]
ENDS = [
    ("context_overflow", "completed"),
    ("length", "completed"),
    ("content_filter", "refused"),
    ("filtered", "refused"),
]
EACH_API = ("gpt-4", "gpt-5", "claude", "gemini-3")


@pytest.mark.parametrize(("fault", "stream", "error"), FAILURES)
def test_a_fault_is_the_same_failure_in_every_wire_format(
    fault: str, stream: bool, error: type[ProviderError]
) -> None:
    with spoilt(fault) as simulator:
        for family in EACH_API:
            with pytest.raises(error):
                episode(simulator, played_by(family, stream))
        assert simulator.stats()["total"]["answered"] == 0


@pytest.mark.parametrize("stream", BOTH)
@pytest.mark.parametrize(("fault", "status"), ENDS)
def test_a_spoilt_answer_ends_the_episode_in_every_wire_format(
    fault: str, status: str, stream: bool
) -> None:
    with spoilt(fault) as simulator:
        found = [episode(simulator, played_by(family, stream))["status"] for family in EACH_API]
    assert found == [status] * len(EACH_API)


def spoilt(fault: str) -> Simulator:
    """Return a simulator whose every answer has the fault."""
    models = {family: {"family": family, "plays": "oracle"} for family in EACH_API}
    return Simulator(models=models, tasks=[TASK.name], instances=3, faults={fault: 1})


def played_by(family: str, stream: bool) -> Model:
    """Return a model of a family."""
    kind, api, parameters = FAMILIES[family]
    return Model("m", "sim", family, "native", parameters, kind=kind, api=api, stream=stream)
