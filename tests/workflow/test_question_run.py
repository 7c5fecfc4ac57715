"""A pack with conversations, images, tools and scorers of single questions, built and built again.

The oracle answers everything through the simulator, so that every question must be a success.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support import Simulator
from support.build import EXPORTS
from support.runs import Run

Json = dict[str, Any]
PNG = b"\x89PNG\r\n\x1a\n" + b"dots"
IMAGE = {"type": "image", "image": "flags/togo.png"}
WEATHER = {
    "name": "weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}
LINES: list[Json] = [
    {
        "id": "capital",
        "question": [
            {"role": "system", "content": "Reply with the capital alone."},
            {"role": "user", "content": "Chad"},
            {"role": "assistant", "content": "N'Djamena"},
            {"role": "user", "content": [{"type": "text", "text": "This flag:"}, IMAGE]},
        ],
        "answer": "Lomé",
    },
    {
        "id": "prime",
        "question": "A prime below 5?",
        "answer": ["2", "3"],
        "scorer": "one_of",
    },
    {
        "id": "warm",
        "question": [{"role": "user", "content": "How warm is it in Lomé and Accra?"}],
        "tools": [{"type": "function", "function": WEATHER}],
        "answer": [
            {"name": "weather", "arguments": {"city": {"any": ["Lomé", "Lome"]}}},
            {"name": "weather", "arguments": {"city": "Accra"}},
        ],
        "scorer": {"kind": "calls", "order": "any"},
    },
    {"id": "none", "question": "Hello!", "tools": [WEATHER], "answer": [], "scorer": "calls"},
    {"id": "two", "question": "Which of the two?", "image": ["flags/togo.png"] * 2, "answer": "B"},
]


def write(folder: Path, lines: list[Json]) -> None:
    (folder / "flags").mkdir(parents=True, exist_ok=True)
    (folder / "flags" / "togo.png").write_bytes(PNG)
    (folder / "task.yaml").write_text("description: d\nscorer: {kind: exact}\nfields: {id: id}\n")
    (folder / "instances.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("run")
    packs = tmp_path_factory.mktemp("known")
    write(packs / "asked", LINES)
    players = {"oracle": {"plays": "oracle"}, "random": {"plays": "random"}}
    known: Json = {"tasks": ["asked"], "task_folders": [str(packs)], "models": players}
    with Simulator(**known) as simulator:
        config = {
            "models": ["sim-oracle", "sim-random"],
            "tasks": ["asked"],
            "instances": len(LINES),
            "model_catalog": {
                "sim-oracle": {"provider": "sim", "deployment": "oracle"},
                "sim-random": {"provider": "sim", "deployment": "random", "protocol": "json"},
            },
        }
        made = Run(folder, simulator, config, keys=("sim_key1",))
        write(folder / "packs" / "asked", LINES)
        yield made


def succeeded(run: Run, model: str) -> dict[str, bool]:
    return {one["question_id"]: one["success"] for one in run.records() if one["model"] == model}


def test_a_pack_with_all_kinds_of_questions_is_asked_once(run: Run) -> None:
    run.again(EXPORTS)
    assert succeeded(run, "sim-oracle") == dict.fromkeys([line["id"] for line in LINES], True)
    assert succeeded(run, "sim-random") == {
        **dict.fromkeys([line["id"] for line in LINES], False),
        "none": True,
    }
    asked = run.simulator.stats()["total"]["answered"]
    assert asked == 2 * len(LINES)
    shutil.rmtree(run.folder / "results")
    run.again(EXPORTS)
    assert run.simulator.stats()["total"]["answered"] == asked

    changed = [{**line, "scorer": "exact", "answer": "7"} if line["id"] == "prime" else line
               for line in LINES]  # fmt: skip
    write(run.folder / "packs" / "asked", changed)
    run.again(EXPORTS)
    assert succeeded(run, "sim-oracle")["prime"] is False
    assert succeeded(run, "sim-oracle")["warm"] is True
    assert run.simulator.stats()["total"]["answered"] == asked
