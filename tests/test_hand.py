"""The transcripts in docs/hand still have the outcome that is recorded with them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pilotbench.benchmark.prompts.prompt_files import load
from pilotbench.benchmark.tasks import TASKS
from pilotbench.benchmark.world.levels import DIFFICULTIES
from pilotbench.episodes.episode import play
from pilotbench.providers.answer import Answer, Completion
from pilotbench.providers.protocols import PROTOCOLS
from pilotbench.providers.request import Request
from pilotbench.providers.settings import Model

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "hand"
PROMPT = load([ROOT / "config" / "prompts"], ["baseline"])["baseline"]


def transcripts(task: str) -> list[Json]:
    text = (FOLDER / f"{task}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def replayed(row: Json) -> Json:
    """Repeat the calls that met no injected failure, with working tools; return the record."""
    calls = [call for call in row["calls"] if "failed" not in call]
    task = TASKS[row["task"]]

    def ask(request: Request) -> Answer:
        message = {"role": "assistant", "content": json.dumps(calls[request.turn])}
        completion = Completion(message, "stop", "hand")
        return Answer(completion, "none", started=0, latency_s=0, queued_s=0, attempts=1)

    instance = task.instance(row["difficulty"], row["index"])
    model, turns = Model("hand", "hand", "hand", "json"), task.max_turns(row["difficulty"])
    return play(task, instance, PROMPT, PROTOCOLS["json"], model, "1.0", 0, turns, ask).record


@pytest.mark.parametrize("task", TASKS)
def test_a_transcript_has_the_recorded_outcome(task: str) -> None:
    for row in transcripts(task):
        record = replayed(row)
        place = (row["task"], row["difficulty"], row["index"])
        assert record["instance"] == row["instance"], place
        assert (record["success"], record["end_reason"]) == (row["success"], "finish"), place
        assert record["errors"] == ({} if row["success"] else {"no_rule_error": 1}), place


@pytest.mark.parametrize("task", TASKS)
def test_a_call_that_met_an_injected_failure_was_repeated(task: str) -> None:
    for row in transcripts(task):
        calls = [(c["tool"], json.dumps(c["arguments"], sort_keys=True)) for c in row["calls"]]
        for place, call in enumerate(row["calls"]):
            assert "failed" not in call or calls[place] in calls[place + 1 :]


def test_the_table_on_the_page_matches_the_transcripts() -> None:
    page = (FOLDER / "README.md").read_text(encoding="utf-8")
    rows = [row for task in TASKS for row in transcripts(task)]
    planned = Counter((row["task"], row["difficulty"]) for row in rows)
    assert planned == {(task, level): 5 for task in TASKS for level in DIFFICULTIES}
    solved = Counter((row["task"], row["difficulty"]) for row in rows if row["success"])
    for task in TASKS:
        assert f"| {task} | {' | '.join(str(solved[task, d]) for d in DIFFICULTIES)} |" in page
    calls = [call for row in rows for call in row["calls"]]
    failed = sum("failed" in call for call in calls)
    assert f"In {len(calls)} calls there were {failed} injected failures" in page
