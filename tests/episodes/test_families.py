"""One solver that writes as a family of models does scores the same under every protocol."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.players import PLAYERS
from pilotbench.benchmark.players.player import PlayContext, Seen
from pilotbench.matrix.experiment import Experiment
from support.families import STYLES, Json, Style
from support.scripted import Scripted, play, said, shard_of

PROTOCOLS = ("native", "json", "text")
FAMILIES = {name: styles[0] for name, styles in STYLES.items()}
ROWS = [
    (family, protocol, ("medium", "hard")[place % 2])
    for place, family in enumerate(FAMILIES)
    for protocol in PROTOCOLS
]
INSTANCES = 2


class Oracle:
    """A service whose model is the oracle; it knows what it called, whatever the client read."""

    def __init__(self, asked: Experiment, style: Style, difficulty: str) -> None:
        task = asked.tasks["basic_task"]
        self._style = style
        self._instances = [task.instance(difficulty, index) for index in range(INSTANCES)]
        self._calls: dict[str, list[Json]] = {}
        self._lock = threading.Lock()

    def script(self, body: Json, number: int) -> Any:
        """Make the next call, in the text of the message."""
        prompt = str(body["messages"][1]["content"])
        instance = next(one for one in self._instances if one.request in prompt)
        with self._lock:
            made = self._calls.setdefault(instance.content_hash, [])
            turn = sum(message["role"] == "assistant" for message in body["messages"])
            del made[turn:]
            made.append(self._next(instance, prompt, made, body["messages"][2:]))
            return said(self._style(made[-1]))

    def _next(self, instance: Instance, prompt: str, made: list[Json], rest: list[Json]) -> Json:
        replies = [json.loads(m["content"]) for m in rest if m["role"] in ("user", "tool")]
        seen = [Seen(call, reply) for call, reply in zip(made, replies, strict=True)]
        call = PLAYERS["oracle"](instance, PlayContext(prompt, 30, 0), seen)
        assert isinstance(call, dict)
        return call


def matrix(folder: Path, address: str, protocol: str, difficulty: str) -> Experiment:
    """Return a shard of two instances of the benchmark."""
    entry = {"provider": "scripted", "deployment": "m", "protocol": protocol}
    return shard_of(
        folder,
        address,
        tools=True,
        tasks=["basic_task"],
        difficulties=[difficulty],
        tool_success_rates=[0.8],
        instances=INSTANCES,
        model_catalog={"m": entry},
    )


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRIPTED_SECRET", "sk-scripted")


def test_there_are_at_least_sixteen_families() -> None:
    assert len(FAMILIES) >= 16


@pytest.mark.parametrize(("family", "protocol", "difficulty"), ROWS)
def test_the_oracle_scores_the_same_in_the_style_of_every_family(
    family: str, protocol: str, difficulty: str, tmp_path: Path
) -> None:
    with Scripted(lambda body, number: oracle.script(body, number)) as scripted:
        asked = matrix(tmp_path, scripted.address, protocol, difficulty)
        oracle = Oracle(asked, FAMILIES[family], difficulty)
        records = play(asked).records
    assert [records[index]["success"] for index in range(INSTANCES)] == [True] * INSTANCES
    for record in records.values():
        assert record["parsed_turns"] == record["turns"]
        assert (record["repaired"], record["errors"]) == (0, {})
        assert not any(turn["surplus"] or turn["parse_error"] for turn in record["transcript"])
