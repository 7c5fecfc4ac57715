"""A matrix whose requests go through the batch lane to the simulator, here or in a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pilotbench.asking.asker import JournalOnly, KeyAllowance
from pilotbench.asking.batches.lane import BatchLane, Collected, Submitted
from pilotbench.asking.budget import budget_of
from pilotbench.episodes.evaluate import ShardOutcome, play_shard
from pilotbench.episodes.spending import spent
from pilotbench.matrix.cells import Shard
from pilotbench.matrix.experiment import Experiment
from pilotbench.providers.request import Request
from support import Simulator
from support.build import ROOT
from support.estimation_lab import load, make, shipped

Json = dict[str, Any]
PRICE = {"input": 1, "output": 2}
KINDS: dict[str, Json] = {
    "openai": {"kind": "openai", "end": "/v1", "api": "chat"},
    "openai-responses": {"kind": "openai", "end": "/v1", "api": "responses"},
    "azure": {"kind": "azure", "end": "", "api": "chat"},
    "azure-responses": {"kind": "azure", "end": "", "api": "responses"},
    "anthropic": {"kind": "anthropic", "end": "", "api": "messages"},
    "gemini": {"kind": "gemini", "end": "", "api": "gemini"},
}


class Lab:
    """One model, `oracle` by default, over a simulated service of a kind; all files in `folder`."""

    def __init__(
        self, folder: Path, simulator: Simulator, kind: str = "openai", **chosen: Any
    ) -> None:
        self.folder, self.simulator, self.kind = folder, simulator, kind
        self.chosen = {"instances": 4, "shard_size": 2, **chosen}
        self.keys: Json = {"gate_key": {"env": "BATCH_LAB_KEY", "slots": 4}}

    def experiment(self, **chosen: Any) -> Experiment:
        """Return the matrix."""
        of = KINDS[self.kind]
        url = {"azure": "endpoint"}.get(of["kind"], "base_url")
        provider = {
            "kind": of["kind"],
            url: self.simulator.address + of["end"],
            "keys": self.keys,
            "retry_for_s": 3,
            "attempt_deadline_s": 2,
        }
        entry = {
            "provider": "gate",
            "deployment": "oracle",
            "api": of["api"],
            "parameters": {"max_tokens": 400},
            "price": PRICE,
        }
        providers = shipped("providers.yaml")["providers"] | {"gate": provider}
        catalog = shipped("models.yaml")["model_catalog"] | {"oracle": entry}
        return load(
            self.folder,
            **{
                "models": ["oracle"],
                "tasks": ["simple_task"],
                "providers": providers,
                "model_catalog": catalog,
                **self.chosen,
                **chosen,
            },
        )

    @contextmanager
    def lane(self, home: str = "gate_key", **chosen: Any) -> Iterator[BatchLane]:
        """Yield the lane of the model, with `home` as its first key."""
        experiment = self.experiment(**chosen)
        allowance = KeyAllowance(home, 2, True, {})
        with BatchLane(
            experiment, "oracle", allowance, lambda shard: spent(experiment, shard)
        ) as lane:
            yield lane

    def wave(self, **chosen: Any) -> list[tuple[Shard, Request]]:
        """Return the next request of each unfinished episode."""
        experiment = self.experiment(**chosen)
        return [
            (shard, request)
            for shard in experiment.plan.shards
            for request in _replayed(experiment, shard)[1].unanswered
        ]

    def outcomes(self) -> list[ShardOutcome]:
        """Return what the journal has of each shard."""
        experiment = self.experiment()
        return [_replayed(experiment, shard)[0] for shard in experiment.plan.shards]

    def episodes(self) -> list[Json]:
        """Return the finished episodes."""
        return [record for outcome in self.outcomes() for record in outcome.episodes]

    def run(self, most_waves: int = 30) -> list[Submitted]:
        """Submit and collect waves until nothing can be submitted; return what was submitted."""
        found: list[Submitted] = []
        with self.lane() as lane:
            for _ in range(most_waves):
                self.collect_all(lane)
                wave = self.wave()
                found.append(lane.submit(wave))
                if not wave or not (found[-1].requests or lane.out()):
                    return found
        raise AssertionError(f"still not done after {most_waves} waves")

    def collect_all(self, lane: BatchLane, wait_s: float = 20.0) -> list[Collected]:
        """Collect until nothing is out."""
        found, until = [], time.monotonic() + wait_s
        while lane.out():
            assert time.monotonic() < until, lane.out()
            found.append(lane.collect(wait_s))
        return found

    def stats(self) -> Json:
        """Return the statistics of the simulator."""
        return self.simulator.stats()

    def faults(self) -> Json:
        """Return the faults that have not happened yet."""
        address = f"{self.simulator.address}/batches/faults"
        request = urllib.request.Request(address, data=b"", method="POST")
        with urllib.request.urlopen(request, timeout=60) as reply:
            found: Json = json.load(reply)["faults"]
        return found

    def failures(self) -> list[Json]:
        """Return the failures in the journal."""
        return [line for line in self._lines() if "failure" in line]

    def answers(self) -> list[Json]:
        """Return the answers in the journal, each with the `prompt` of its folder."""
        return [line for line in self._lines() if "asked" in line]

    def _lines(self) -> Iterator[Json]:
        for path in (self.folder / "journal").glob("gate/**/*.jsonl"):
            for line in path.read_text().splitlines():
                yield {**json.loads(line), "prompt": path.parts[-5]}

    def spent(self) -> float:
        """Return what the budget counts as spent, lost or reserved, once a new run has begun."""
        experiment = self.experiment(budget_usd=1.0)
        budget = budget_of(experiment.settings)
        shards = experiment.plan.shards
        budget.begin(lambda: sum(spent(experiment, shard) for shard in shards))
        try:
            return budget.spent
        finally:
            budget.close()

    def online(self) -> list[Json]:
        """Evaluate every shard online and return the records."""
        experiment = self.experiment()
        return [one for shard in experiment.plan.shards for one in make(experiment, shard)]

    def process(self, what: str) -> subprocess.Popen[str]:
        """Start a process that does `what`: submit, collect or run; it may be killed."""
        words = [str(self.folder), self.simulator.base_url, self.kind, what]
        return subprocess.Popen(
            [sys.executable, "-m", "support.batch_lab", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'tests'}:{ROOT / 'workflow/scripts'}"},
            text=True,
        )


def _replayed(experiment: Experiment, shard: Shard) -> tuple[ShardOutcome, JournalOnly]:
    ask = JournalOnly(experiment, shard)
    return play_shard(experiment, shard, ask), ask


def main(words: Sequence[str]) -> None:
    """Submit the next wave, collect what is out, or do both until all is done."""
    folder, url, kind, what = words
    simulator = Simulator()
    simulator.base_url = url
    lab = Lab(Path(folder), simulator, kind)
    lab.experiment()
    print("begun", flush=True)
    if what == "run":
        lab.run()
    with lab.lane() as lane:
        if what == "submit":
            lane.submit(lab.wave())
        elif what == "collect":
            lab.collect_all(lane)
    print("done")


if __name__ == "__main__":
    main(sys.argv[1:])
