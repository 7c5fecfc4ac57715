"""An external task of a few sums, and a scripted service that its command asks."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from threading import Event
from typing import Any

import yaml

from pilotbench.asking.asker import KeyAllowance
from pilotbench.episodes.evaluate import evaluate
from pilotbench.episodes.shard_file import read_shard
from pilotbench.matrix import config_files
from pilotbench.matrix.experiment import Experiment, load_experiment
from support.build import ROOT
from support.scripted import PRICE, Script, Scripted, said

Json = dict[str, Any]
SCRIPT = ROOT / "tests" / "data" / "external" / "quiz.py"
TASK: Json = {
    "kind": "external",
    "description": "Sums that a script asks.",
    "command": [sys.executable, "{folder}/quiz.py", "{first}", "{last}", "{out}"],
    "reader": {"kind": "csv"},
    "samples": 4,
    "environment": {"QUIZ_MODEL": "{model}"},
}


def right(body: Json, number: int) -> Json:
    """Reply to `What is N plus N?` with the sum, but to 2 with a wrong one."""
    found = re.search(r"What is (\d+)", str(body["messages"]))
    value = int(found[1]) if found else -1
    return said("5" if value == 2 else str(2 * value))


class ExternalLab:
    """A folder with the task `quiz`; `mode` is how its script behaves."""

    def __init__(self, folder: Path, reply: Script = right) -> None:
        self.folder, self.service = folder, Scripted(reply)
        self.task: Json = dict(TASK)
        self.mode = ""

    def experiment(self, **chosen: Any) -> Experiment:
        """Return the experiment: one shard of four samples, if not chosen otherwise."""
        task = self.folder / "tasks" / "quiz"
        task.mkdir(parents=True, exist_ok=True)
        shutil.copy(SCRIPT, task)
        environment = {**self.task["environment"], "QUIZ_MODE": self.mode}
        content = {**self.task, "environment": environment}
        (task / "task.yaml").write_text(yaml.safe_dump(content))
        return load_experiment(config_files.read((), self.config(**chosen)))

    def config(self, **chosen: Any) -> Json:
        """Return the config."""
        provider = {
            "kind": "openai",
            "base_url": f"{self.service.address}/v1",
            "keys": {"scripted_key": {"env": "SCRIPTED_SECRET", "slots": 2}},
            "retry_for_s": 0.5,
        }
        entry = {"provider": "scripted", "deployment": "m", "price": PRICE, "max_output": 100}
        return {
            "models": ["m"],
            "prompts": ["baseline"],
            "tasks": ["quiz"],
            "instances": "all",
            "task_folders": [str(self.folder / "tasks")],
            "model_catalog": {"m": entry},
            "providers": {"scripted": provider},
            **{f"{name}_dir": str(self.folder / name) for name in ("results", "journal", "limits")},
            **chosen,
        }

    def evaluate(
        self, allowed: bool = True, stop: Event | None = None, **chosen: Any
    ) -> list[tuple[Json, list[Json]]]:
        """Evaluate every shard; return header and episodes of each."""
        experiment = self.experiment(**chosen)
        allowance = KeyAllowance("scripted_key", 2, False, {}, stop=stop or Event())
        found = []
        for shard in experiment.plan.shards:
            out = experiment.settings.results_dir / "shards" / shard.path
            evaluate(experiment, shard, out, allowance if allowed else None)
            found.append(read_shard(out))
        return found

    @property
    def paid(self) -> int:
        """The number of requests that the service was sent."""
        return len(self.service.requests)
