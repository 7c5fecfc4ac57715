"""Whole runs with judges: paid once, whatever is killed, and only what changed is asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from support import Simulator
from support.build import DATABASE
from support.judge_lab import write_pack
from support.runs import Run, wait_until_kept

Json = dict[str, Any]
PANEL = ["first_judge", "second_judge"]
QUESTIONS = 30


class Judged(Run):
    """A run of the pack `essay`, whose every second reply is right."""

    scorer: Json

    def write(self, **scorer: Any) -> None:
        """Write the pack with a changed scorer."""
        self.scorer = {**getattr(self, "scorer", {}), **scorer}
        rows = [
            {
                "question": f"Question {n}: what stands in <<{'word' if n % 2 else 'other'}-{n}>>?",
                "answer": f"word-{n}",
            }
            for n in range(QUESTIONS)
        ]
        write_pack(self.folder / "packs", self.scorer, rows)

    def asked(self) -> int:
        """Return the number of answers that the service gave."""
        return int(self.simulator.stats()["total"]["answered"])

    def paid_twice(self) -> int:
        """Return the number of answers that it gave twice to one request."""
        return int(self.simulator.stats()["total"]["paid_again"])

    def asked_by(self, *words: str) -> int:
        """Run the build and return the number of answers that it asked for."""
        before = self.asked()
        self.again(DATABASE, *words)
        return self.asked() - before

    def counts(self) -> Json:
        """Return the counts of the cell."""
        names = ("planned", "completed", "owed", "full_success")
        with duckdb.connect(str(self.folder / DATABASE), read_only=True) as connection:
            (row,) = connection.execute(f"SELECT {', '.join(names)} FROM cells").fetchall()
        return dict(zip(names, map(int, row), strict=True))


def judged(folder: Path, simulator: Simulator, **config: Any) -> Judged:
    catalog = {
        "echo": {"provider": "sim", "deployment": "echo"},
        "first_judge": {"provider": "sim", "deployment": "judge-100-100"},
        "second_judge": {"provider": "sim", "deployment": "judge-100-100-0"},
    }
    chosen = {"tasks": ["essay"], "instances": "all", "shard_size": 10, "model_catalog": catalog}
    run = Judged(folder, simulator, {**chosen, **config}, keys=("sim_key1",))
    run.write(models=PANEL[:1])
    return run


@pytest.mark.slow
def test_only_what_changed_is_judged_again(tmp_path: Path) -> None:
    with Simulator(keys={"sim_key1": {"slots": 5}}) as simulator:
        run = judged(tmp_path, simulator)
        assert run.planned(DATABASE)["judge"] == 3
        assert run.asked_by() == 2 * QUESTIONS
        good = {"planned": 30, "completed": 30, "owed": 0, "full_success": 15}
        assert run.counts() == good
        assert run.asked_by() == 0
        run.write(models=PANEL, aggregate="all")
        assert run.asked_by() == QUESTIONS
        assert run.counts() == good
        assert run.paid_twice() == 0


@pytest.mark.slow
def test_nothing_is_judged_twice_when_everything_is_killed(tmp_path: Path) -> None:
    with Simulator(keys={"sim_key1": {"slots": 5}}, latency_s=0.15) as simulator:
        run = judged(tmp_path, simulator)
        for more in (12, 8):
            until = max(QUESTIONS, len(run.journal())) + more
            with run.running(DATABASE) as going:
                wait_until_kept(run.folder, until)
                going.kill_all()
        run.again(DATABASE)
        stats = simulator.stats()["total"]
        assert run.counts() == {"planned": 30, "completed": 30, "owed": 0, "full_success": 15}
        # What was in flight at a kill was answered to nobody: it is asked again, and nothing else.
        assert stats["answered"] - stats["paid_again"] == 2 * QUESTIONS
        assert stats["paid_again"] <= 2 * 5
        assert len({line["identity"] for line in run.journal()}) == 2 * QUESTIONS
