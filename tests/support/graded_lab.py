"""The external task of external_lab.py with a grader that its command asks too."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pilotbench.asking.asker import KeyAllowance
from pilotbench.episodes.evaluate import evaluate
from pilotbench.episodes.shard_file import read_shard
from support.external_lab import ExternalLab
from support.scripted import Scripted, said

Json = dict[str, Any]
NAME = "grader"


class Graded:
    """A lab whose command also asks a grader, at a service with one slot."""

    def __init__(self, folder: Path) -> None:
        self.lab = ExternalLab(folder)
        self.grader = Scripted(self._grade)
        self.most, self._now, self._lock = 0, 0, threading.Lock()
        self.lab.task |= {
            "models": [NAME],
            "environment": {"QUIZ_MODEL": "{model}", "QUIZ_GRADER": NAME},
        }

    def _grade(self, body: Json, number: int) -> Json:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(0.02)
        with self._lock:
            self._now -= 1
        return said("I" if "2 plus 2" in str(body) else "C")

    def config(self, **chosen: Any) -> Json:
        """Return the keys of the config that name the grader."""
        usual = self.lab.config()
        entry = {**usual["model_catalog"]["m"], "provider": "graders", "deployment": "g"}
        keys = {"grader_key": {"env": "SCRIPTED_SECRET", "slots": 1}}
        url = f"{self.grader.address}/v1"
        service = {**usual["providers"]["scripted"], "base_url": url, "keys": keys}
        return {
            "model_catalog": {**usual["model_catalog"], NAME: {**entry, "parameters": {"seed": 7}}},
            "providers": {**usual["providers"], "graders": service},
            **chosen,
        }

    def evaluate(self, allowed: bool = True, **chosen: Any) -> list[tuple[Json, list[Json]]]:
        """Evaluate all shards at once; return header and episodes of each."""
        experiment = self.lab.experiment(**self.config(**chosen))
        allowance = KeyAllowance("scripted_key", 2, True, {})

        def one(shard: Any) -> tuple[Json, list[Json]]:
            out = experiment.settings.results_dir / "shards" / shard.path
            evaluate(experiment, shard, out, allowance if allowed else None)
            return read_shard(out)

        with ThreadPoolExecutor(4) as threads:
            return list(threads.map(one, experiment.plan.shards))

    @property
    def paid(self) -> tuple[int, int]:
        """The requests to the model and to the grader."""
        return self.lab.paid, len(self.grader.requests)
