"""The estimate as a person and as a program read it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pilotbench.asking.asker import JournalOnly
from pilotbench.asking.journal import request_identity
from pilotbench.asking.journal.batch_book import Book
from pilotbench.asking.journal.batch_file import BookedRequest
from pilotbench.commands.estimate import as_json, text
from pilotbench.episodes.evaluate import play_shard
from pilotbench.estimation.totals import estimate
from support.estimation_lab import load


def test_the_table_has_a_line_a_model_a_total_and_why_shards_run(tmp_path: Path) -> None:
    experiment = load(tmp_path, models=["sim-oracle", "qwen2.5-3b-instruct"], budget_usd=0.001)
    told = text(experiment, estimate(experiment), shards=True).splitlines()
    assert [line.split()[0] for line in told[1:5]] == [
        "model",
        "sim-oracle",
        "qwen2.5-3b-instruct",
        "total",
    ]
    assert "price unknown" in told[3]
    assert "and more" in told[4]
    assert any(line.startswith("budget_usd: 0.001, 0.0000 of it spent: NOT") for line in told)
    assert "      8  no file; not asked yet" in told
    assert told[-1].endswith("00002-00003.jsonl.gz: no file; not asked yet")


def test_shards_that_are_out_in_batches_are_named(tmp_path: Path) -> None:
    experiment = load(tmp_path, models=["sim-oracle"], tasks=["simple_task"], difficulties=["easy"])
    shard, other = experiment.plan.shards[:2]
    ask, model = JournalOnly(experiment, shard), experiment.settings.catalog["sim-oracle"]
    play_shard(experiment, shard, ask)
    before = estimate(experiment)
    book = Book(experiment.settings.journal_dir, model)
    book.folder.mkdir(parents=True)
    out = [
        BookedRequest(f"ab-{n}", wanted.identity, wanted.components, "", 0, 1, wanted.index)
        for n, wanted in enumerate(request_identity(model, one) for one in ask.unanswered)
    ]
    head = {
        **{"tag": "ab", "provider": "gate", "model": model.name, "deployment": model.deployment},
        **{"key": "gate_key", "key_folder": "f", "count": len(out)},
    }
    book.write(head, out).note("sending")
    made = estimate(experiment)
    told = text(experiment, made, shards=True).splitlines()
    assert told[-2].endswith(f"{shard.path}: no file; 2 episodes out in batches")
    assert told[-1].endswith(f"{other.path}: no file; not asked yet")
    assert made.load.requests == before.load.requests


def test_the_json_has_the_same_numbers(tmp_path: Path) -> None:
    made = estimate(load(tmp_path, models=["sim-oracle"]))
    told = json.loads(json.dumps(as_json(made)))
    assert told["usd"]["high"] == made.usd.high
    assert told["models"][0]["load"]["requests"]["low"] == made.load.requests.low
    assert sum(shard["episodes_to_ask"] for shard in told["shards"]) == made.rows[0].episodes


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0"), (9999, "9,999"), (633_597, "634k"), (6_669_283, "6.67M")]
)
def test_three_digits_count(count: float, said: str) -> None:
    from pilotbench.estimation.wording import rounded

    assert rounded(count) == said


def test_a_narrow_terminal_gets_low_likely_and_high_on_three_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = load(tmp_path, models=["sim-oracle"])
    made = estimate(experiment)
    _, head, *wide = text(experiment, made).splitlines()
    monkeypatch.setattr("pilotbench.commands.estimate.terminal_width", lambda: 80)
    narrow = text(experiment, made).splitlines()
    assert max(map(len, narrow)) <= 80
    counts = wide[0][head.index("requests") :].split("  ")[0]
    column = narrow[1].index("requests")
    shown = [line[column:].split()[0] for line in narrow[2:] if line[column : column + 1].strip()]
    assert shown[:3] == counts.split(" / ")
