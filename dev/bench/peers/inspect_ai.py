"""inspect-ai: a task of its own with the scorer `exact`; an eval set, which knows what it has."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from dev.bench.peers.peer import Ask, Peer, Tally, lines

_TASK = """\
from inspect_ai import Task, task
from inspect_ai.dataset import json_dataset
from inspect_ai.scorer import exact
from inspect_ai.solver import generate


@task
def echo():
    return Task(dataset=json_dataset("questions.jsonl"), solver=generate(), scorer=exact())
"""


def files(ask: Ask) -> dict[str, str]:
    """Return the task and its dataset."""
    samples = [{"id": n, "input": q, "target": a} for n, (q, a) in enumerate(ask.pairs)]
    return {"task.py": _TASK, "questions.jsonl": lines(samples)}


def words(ask: Ask) -> list[str]:
    """Return the command: a sample that fails permanently must not stop the others."""
    return [
        *("inspect", "eval-set", "task.py", "--model", "openai-api/sim/echo"),
        *("--max-connections", str(ask.slots), "--max-samples", str(ask.slots)),
        *("--no-fail-on-error", "--display", "none", "--log-dir", "logs"),
    ]


def tally(folder: Path, programs: Path) -> Tally:
    """Read the newest log, by its own program: it is a zip of a kind that Python 3.11 cannot."""
    logs = sorted((folder / "logs").glob("*.eval"))
    if not logs:
        return Tally()
    dump = [str(programs / "inspect"), "log", "dump", str(logs[-1])]
    log = json.loads(subprocess.run(dump, capture_output=True, check=True).stdout)
    scores = [sample["scores"]["exact"]["value"] for sample in log["samples"] if sample["scores"]]
    return Tally(right=scores.count("C"), wrong=len(scores) - scores.count("C"))


PEER = Peer(
    name="inspect-ai",
    registry="pypi",
    package="inspect-ai==0.3.285",
    also=("openai==3.57.0",),
    files=files,
    words=words,
    environment=lambda ask: {"SIM_API_KEY": ask.secret, "SIM_BASE_URL": ask.base_url},
    result="logs/*.eval",
    tally=tally,
)
