"""Programs of a simulated model, from the request over HTTP to the verdict of their tests."""

from __future__ import annotations

import json
from pathlib import Path

from support import Simulator
from support.runs import Run

SHARD = "results/shards/echo/baseline/adds/none/none/00000-00002.jsonl.gz"
TASK = """\
description: Functions to complete.
source: questions.jsonl
fields: {id: task_id, question: prompt, answer: test}
scorer: {kind: code, prepend: question, timeout_s: 2}
"""
BODIES = ("return a + b", "return a - b", "import os; os._exit(0)")
"""What the simulated model replies: it repeats what stands between the marks."""


def write(folder: Path, expected: int) -> None:
    rows = [
        {
            "task_id": f"adds/{n}",
            "prompt": f'def add(a, b):\n    """Return the sum, as in number {n}. <<{body}>>"""\n',
            "entry_point": "add",
            "test": f"def check(candidate):\n    assert candidate(5, 3) == {expected}\n",
        }
        for n, body in enumerate(BODIES)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "task.yaml").write_text(TASK)
    (folder / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_replies_are_run_only_on_request_and_changed_tests_cost_nothing(tmp_path: Path) -> None:
    with Simulator(keys={"sim_key1": {"slots": 5}}) as simulator:
        run = Run(tmp_path, simulator, keys=("sim_key1",), config={"tasks": ["adds"]})
        run.change(instances="all")
        write(tmp_path / "packs/adds", 8)

        def answered() -> int:
            return int(simulator.stats()["total"]["answered"])

        refused = run.snakemake(SHARD)
        assert refused.returncode != 0
        assert "set run_code: true" in refused.stdout
        assert answered() == 0

        run.change(run_code="weak")
        run.again(SHARD)
        assert answered() == 3
        records = run.records()
        assert [record["success"] for record in records] == [True, False, False]
        whys = [record["verdict"]["why"] for record in records]
        assert whys == [
            "all tests pass",
            "assert candidate(5, 3) == 8; the call gave 2",
            "it ends itself (exit 0)",
        ]

        write(tmp_path / "packs/adds", 2)
        run.again(SHARD)
        assert answered() == 3
        assert [record["success"] for record in run.records()] == [False, True, False]
