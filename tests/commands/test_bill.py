"""The bill of a journal equals the invoice of the simulated provider, row by row."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from pilotbench.__main__ import main
from pilotbench.asking.asker import JournalOnly, KeyAllowance
from pilotbench.asking.batches import lane
from pilotbench.asking.batches.lane import BatchLane
from pilotbench.asking.bill import bill_of_journal
from pilotbench.asking.journal import Journal
from pilotbench.commands.bill import text
from pilotbench.episodes.evaluate import evaluate, play_shard
from pilotbench.matrix.cells import Shard
from pilotbench.matrix.experiment import Experiment
from pilotbench.providers.batches import openai
from pilotbench.providers.request import Request
from support import Simulator
from support.estimation_lab import load, shipped
from support.journals import CELL, asked, wanted

Json = dict[str, Any]
PRICE: Json = {
    "input": 2.5, "output": 10, "cached": 0.3, "cache_write": 3.1,
    "tiers": {"flex": 0.5, "priority": {"input": 5, "output": 17}}, "batch": 0.5,
    "above": {400: {"input": 4}},
}  # fmt: skip
FORMS: dict[str, tuple[str, str]] = {
    "chat": ("openai", "/v1"),
    "responses": ("openai", "/v1"),
    "messages": ("anthropic", ""),
    "gemini": ("gemini", ""),
}
MODELS: dict[str, Json] = {
    "chat": {},
    "chat-flex": {"parameters": {"service_tier": "flex"}},
    "chat-stream": {"stream": True},
    "responses": {"parameters": {"service_tier": "priority"}},
    "messages": {},
    "messages-cache": {"parameters": {"cache_control": {"type": "ephemeral"}}},
    "messages-stream": {"stream": True, "parameters": {"service_tier": "priority"}},
    "gemini": {},
    "gemini-flex": {"parameters": {"serviceTier": "flex"}, "stream": True},
    "responses-batch": {},
    "messages-batch": {},
}
"""Model -> what its entry of the config has; the first word is its wire format."""
BATCHED = [name for name in MODELS if name.endswith("-batch")]
KEYS: dict[str, Json] = {f"{form}_{number}": {} for form in FORMS for number in (1, 2)}
FAULTS = {"unusable": 0.06, "reset": 0.04, "error_500": 0.04, "cut_stream": 0.04}
STANDARD = ("default", "standard", None)
COUNTS = ("requests", "input", "cached", "cache_writes", "output", "reasoning")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane, "FIRST_LOOK_S", 0.02)
    monkeypatch.setattr(openai, "_READY_PAUSE_S", 0.02)
    for key in KEYS:
        monkeypatch.setenv(key.upper(), f"sk-{key}")


def config_of(folder: Path, address: str = "http://127.0.0.1:9") -> Json:
    """Return a config of models of all wire formats, with two keys for each."""
    providers = shipped("providers.yaml")["providers"]
    for form, (kind, end) in FORMS.items():
        keys = {key: {"env": key.upper(), "slots": 4} for key in KEYS if key.startswith(form)}
        url = address + end
        providers[form] = {"kind": kind, "base_url": url, "keys": keys, "api": form}
    catalog = {
        name: {"provider": name.split("-")[0], "deployment": name, "price": PRICE, **entry}
        for name, entry in MODELS.items()
    }
    return {
        "models": [*MODELS],
        "tasks": ["simple_task"],
        "instances": 6,
        "shard_size": 3,
        "providers": providers,
        "model_catalog": shipped("models.yaml")["model_catalog"] | catalog,
        **{f"{name}_dir": str(folder / name) for name in ("limits", "journal", "results")},
    }


def played(experiment: Experiment) -> None:
    """Ask everything, through all keys of each provider; the last models in batches."""
    for shard in experiment.plan.shards:
        if not shard.cell.model.endswith("-batch"):
            out = experiment.settings.results_dir / "shards" / shard.path
            evaluate(experiment, shard, out, allowance(shard.cell.model, shard.first % 2 + 1))
    for model in BATCHED:
        shards = [shard for shard in experiment.plan.shards if shard.cell.model == model]
        with BatchLane(experiment, model, allowance(model), lambda _: 0.0) as batches:
            while wave := [(s, request) for s in shards for request in unanswered(experiment, s)]:
                batches.submit(wave)
                while batches.out():
                    batches.collect(20)


def unanswered(experiment: Experiment, shard: Shard) -> list[Request]:
    """Return the next request of each unfinished episode."""
    journal = JournalOnly(experiment, shard)
    play_shard(experiment, shard, journal)
    return journal.unanswered


def allowance(model: str, number: int = 1) -> KeyAllowance:
    """Return what a job may use: its home key first, then the other one."""
    return KeyAllowance(f"{model.split('-')[0]}_{number}", 2, True, dict.fromkeys(KEYS, 4))


def billed(folder: Path, config: Json, capsys: pytest.CaptureFixture[str], *words: str) -> Json:
    """Return what `pilotbench bill --json` prints."""
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(config))
    assert main(["bill", "--json", "--configfile", str(file), *words]) == 0
    found: Json = json.loads(capsys.readouterr().out)
    return found


def by_item(rows: list[Json]) -> dict[tuple[str, ...], Json]:
    """Return rows by key, model, day and tier, the usual tier under one name."""

    def tier(row: Json) -> str:
        return "standard" if row["tier"] in STANDARD else str(row["tier"])

    return {(row["key"], row["model"], row["day"], tier(row)): row for row in rows}


@pytest.mark.slow
def test_the_bill_of_a_whole_run_is_the_invoice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = {name: {"plays": "oracle", "price": PRICE} for name in MODELS}
    with Simulator(
        keys=KEYS, models=models, faults=FAULTS, tasks=["simple_task"], instances=6
    ) as simulator:
        config = config_of(tmp_path, simulator.address)
        played(load(tmp_path, **config))
        invoice, stats = simulator.invoice(), simulator.stats()
    made = billed(tmp_path, config, capsys)
    ours, theirs = by_item(made["rows"]), by_item(invoice["rows"])
    assert ours.keys() == theirs.keys()
    for item, row in theirs.items():
        assert {name: ours[item][name] for name in COUNTS} == {name: row[name] for name in COUNTS}
        assert ours[item]["usd"] == pytest.approx(row["usd"], abs=1e-9)
    assert made["total"]["usd"] == pytest.approx(invoice["usd"], abs=1e-9)
    tiers = {item[-1] for item in theirs}
    assert tiers == {"standard", "flex", "priority", "batch"}
    total = made["total"]
    assert total["unusable"] == stats["faults"]["unusable"] > 0
    assert total["unsure"] == stats["faults"]["cut_stream"] > 0
    assert total["cached"] > 0 < total["cache_writes"]
    assert (total["unknown"], total["again"], made["damaged"]) == (0, 0, [])


@pytest.fixture
def small(tmp_path: Path) -> Json:
    """A config whose journal has an answer paid twice, one of an unknown price, a broken line."""
    config = config_of(tmp_path)
    journal = tmp_path / "journal"
    for model, numbers in (("chat-0123456789ab", (1, 1, 2)), ("gone-0123456789ab", (3,))):
        cell = Path("chat", model, *CELL.parts[2:])
        for place, number in enumerate(numbers):
            with Journal(journal, cell).open(0, 19) as segment:
                segment.write(wanted(number), replace(asked(), started=NOON + DAY * (place % 2)))
    (journal / cell / "broken.jsonl").write_text("broken\n")
    return config


NOON, DAY = 1_795_651_200.0 + 43_200, 86_400
ONE = 8 * 2.5e-6 + 2 * 0.3e-6 + 5 * 10e-6


@pytest.mark.parametrize(
    ("words", "requests"),
    [
        ([], 4),
        (["--since", "2026-11-27"], 1),
        (["--until", "2026-11-26"], 3),
        (["--since", "0001-01-01", "--until", "9999-12-31"], 4),
        (["--since", "2026-11-27T12:00", "--until", "2026-11-27T13:00+01:00"], 0),
        (["--since", "2026-11-26", "--until", "2026-11-27", "--by", "day"], 4),
    ],
)
def test_a_part_of_the_time_is_billed(
    small: Json, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], requests: int
) -> None:
    assert billed(tmp_path, small, capsys, *words)["total"]["requests"] == requests


def test_the_table_tells_what_was_paid_twice_and_what_is_not_known(
    small: Json, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(small))
    assert main(["bill", "--configfile", str(file), "--by", "model"]) == 0
    head, chat, gone, total, *notes = capsys.readouterr().out.splitlines()
    assert head.split() == ["model", "requests", *COUNTS[1:3], "written", *COUNTS[4:], "USD",
                            "unknown"]  # fmt: skip
    usd = f"{3 * ONE:.6f}"
    assert chat.split() == ["chat", "3", "30", "6", "0", "15", "3", usd]
    assert gone.split() == ["gone", "1", "10", "2", "0", "5", "1", "-", "1"]
    assert total.split() == ["total", "4", "40", "8", "0", "20", "4", usd, "1"]
    assert notes[0].startswith("requests of unknown cost, not in USD: 1 (")
    assert notes[1].endswith(f", paid for twice: 1 ({ONE:.6f} USD)")
    assert notes[2].startswith("lines of the journal that cannot be read: 1 (")


def test_a_narrow_terminal_gets_a_few_lines_per_row(
    small: Json, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = bill_of_journal(load(tmp_path, **small).settings)
    wide, narrow = text(made, 140).splitlines(), text(made, 80).splitlines()
    assert max(map(len, wide[:-1])) <= 140
    assert len(wide) == 1 + 3 + 1 + 3
    assert max(map(len, narrow[:-3])) <= 80
    assert narrow[0].split() == ["provider", "key", "requests", "input", "output", "USD"]
    assert narrow[2].split() == ["chat", "key1", "2", "20", "10", f"{2 * ONE:.6f}"]
    assert narrow[3].split() == ["chat", "2026-11-26", "-", "4", "2"]


def test_the_rows_are_written_as_csv(
    small: Json, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = billed(tmp_path, small, capsys, "--csv", str(tmp_path / "bill.csv"))
    with (tmp_path / "bill.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["day"] for row in rows] == [row["day"] for row in made["rows"]]
    written = [row["usd"] and float(row["usd"]) for row in rows]
    assert written == [row["usd"] or "" for row in made["rows"]]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--by", "keys"], "--by keys: is unknown; did you mean key?"),
        (["--since", "yesterday"], "--since yesterday: must be 2026-11-26 or 2026-11-26T14:30"),
        (["--until", "2026-13-01"], "--until 2026-13-01: must be"),
        (["--csv", "/none-such/bill.csv"], "--csv /none-such/bill.csv: No such file"),
    ],
)
def test_a_wrong_option_is_one_line(
    small: Json,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    message: str,
) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(small))
    assert main(["bill", "--configfile", str(file), *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_an_empty_journal_has_no_bill(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = billed(tmp_path, config_of(tmp_path), capsys)
    assert (made["rows"], made["total"]["requests"]) == ([], 0)
