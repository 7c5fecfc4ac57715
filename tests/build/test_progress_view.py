"""The view of a run on a terminal: a bar, the time left, why it waits, tables; at any width."""

from __future__ import annotations

import json
import time
from dataclasses import asdict

import pytest
from rich.cells import cell_len

from pilotbench.asking.keys.key_status import DEAD, FAILING, LIMITED, PAUSED, UNSET, KeyState
from pilotbench.build import waiting
from pilotbench.build.batches_out import BatchProgress
from pilotbench.build.judge_progress import JudgeProgress
from pilotbench.build.progress import KeyProgress, ModelProgress
from pilotbench.build.progress_bar import left_s, overview
from pilotbench.build.progress_table import Look
from pilotbench.episodes.owed import causes

NOW = time.time()
MODELS = [
    ModelProgress("qwen2.5-3b-instruct", 1200, 300, 40, 3, 60, 15, 4, 0.0, 300, 90, 60.0, 2000,
                  400.0, 5900.0),
    ModelProgress("gpt-4o-mini", 1200, 1200, 0, 0, 60, 60, 0, 1.5, 0, 0, 0.0, 8000),
    ModelProgress("a-rather-long-name-of-a-model-with-a-date-2026-11-27", 10, 0, 0, 0, 1),
]  # fmt: skip
KEYS = [
    KeyProgress("azure_key", 50, 48, 600.0, KeyState(PAUSED, "until 17:40", NOW + 300)),
    KeyProgress("idealab_key1", 5, 5, 30.0, KeyState(FAILING, "connection refused for 12 s")),
    KeyProgress("idealab_key2", 5, 0, 0.0, KeyState(DEAD, "HTTP 401: no such key")),
    KeyProgress("idealab_key3", 5, None, 0.0, KeyState(UNSET, "set IDEALAB_API_KEY_3")),
    KeyProgress("other", 5, 1, 0.0, KeyState(LIMITED, "of rpm: 60 until 17:40:12", NOW + 12)),
    KeyProgress("fine", 5, 1, 60.0),
]
JUDGES = [JudgeProgress("judge", 40, 10, 2, 1, 4, 1, 1, 0.1)]
BATCHES = [BatchProgress("gpt-4o-mini", 2, 1, 500, 20, 1, NOW - 600, NOW + 86_000, 0.25)]
OWED = causes([("TimedOut", "no answer in 60 s"), ("TimedOut", "no answer in 60 s (2 attempts in "
               "99 s)"), ("BudgetSpent", "budget_usd is reached")])  # fmt: skip


def look(**changes: object) -> Look:
    rows: dict = {"models": MODELS, "keys": KEYS, "judges": JUDGES, "batches": BATCHES, **changes}
    seen = overview(rows["models"], rows["judges"], ["a", "b", "c"][: len(rows["models"])])
    why = waiting.reasons(rows["keys"], OWED, rows["batches"], NOW, seen.share >= 1)
    return Look(**rows, overview=seen, reasons=why)


@pytest.mark.parametrize("width", [30, 40, 60, 80, 140])
def test_no_line_is_wider_than_the_terminal_and_no_word_is_cut(width: int) -> None:
    words = set(look().text(None).split()) | {"━", "─"}
    text = look().text(width)
    assert max(map(cell_len, text.splitlines())) <= width
    cut = [w for w in text.split() if w not in words and not w.endswith("…") and w.strip("━─")]
    assert cut == []
    shortened = {word for word in text.split() if word.endswith("…")}
    assert len(shortened) <= (1 if width >= 40 else 2)  # the long name


def test_a_narrow_terminal_keeps_what_matters() -> None:
    text = look().text(40)
    for words in ("62 %", "14:45 left", "300/1200", "azure_key until 17:40", "qwen2.5-3b-instruct"):
        assert words in text, text
    assert "running" not in text


def test_every_cause_of_waiting_has_one_line_in_the_view_and_an_entry_in_the_json() -> None:
    shown = look().text(None).splitlines()
    assert shown[2:9] == [
        "paused by 429: azure_key until 17:40",
        "at a rate limit: other of rpm: 60 until 17:40:12",
        "retrying: idealab_key1 (connection refused for 12 s)",
        "dead: idealab_key2 (HTTP 401: no such key)",
        "not set: idealab_key3 (set IDEALAB_API_KEY_3)",
        "owed: 2 TimedOut: no answer in 60 s; run again to request them; 1 BudgetSpent: budget_usd "
        "is reached; raise budget_usd",
        shown[8],
    ]
    assert shown[8].startswith("out in batches: gpt-4o-mini 20/500 answered, since ")
    found = json.loads(json.dumps([asdict(one) for one in look().reasons]))
    assert [one["kind"] for one in found[:2]] == [PAUSED, LIMITED]
    assert found[0]["until"] == NOW + 300
    assert [one["episodes"] for one in found if one["kind"] == waiting.OWED] == [2, 1]
    assert look().line().startswith("62 %, 14:45 left, 1,500 of 2,410 episodes, 10,012 answers")


def test_many_keys_of_one_kind_are_counted() -> None:
    keys = [KeyProgress(f"k{n}", 5, 0, 0.0, KeyState(PAUSED, "until 17:40")) for n in range(9)]
    [line] = waiting.lines(waiting.reasons(keys, [], [], NOW))
    assert line.endswith("k3 until 17:40; 5 more")


def test_when_all_is_answered_only_what_is_missing_is_said() -> None:
    done = look(models=MODELS[1:2], judges=[], batches=[])
    assert done.overview.time_left == "all answered"
    assert done.text(80).startswith("100 % ━")
    assert [one.kind for one in done.reasons] == [DEAD, waiting.OWED, waiting.OWED]


def test_the_time_left_is_that_of_the_slowest_provider() -> None:
    fast = ModelProgress("fast", 10, recent_s=10.0, lately=100, expected=50)
    slow = ModelProgress("slow", 10, recent_s=10.0, lately=10, expected=50)
    silent = ModelProgress("silent", 10, expected=110)
    assert left_s([fast, slow], ["a", "b"]) == pytest.approx(50)
    assert left_s([fast, slow], ["a", "a"]) == pytest.approx(100 / 11)
    assert left_s([fast, silent], ["a", "b"]) == pytest.approx(11)
    assert left_s([silent], ["a"]) is None


def test_before_the_first_answer_the_bar_says_so() -> None:
    seen = overview([ModelProgress("m", 10, expected=10)], [], ["a"])
    assert (seen.percent, seen.time_left) == ("0 %", "waiting for the first answer")
