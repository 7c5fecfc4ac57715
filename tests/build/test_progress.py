"""The progress of a run: counts, rates and costs of models and keys."""

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pilotbench.asking.journal import Journal, journal_folder
from pilotbench.asking.journal.answers import Answers
from pilotbench.build import live_page
from pilotbench.build.progress import Watch
from pilotbench.build.progress_table import Look, tables
from pilotbench.commands.status import _as_json
from pilotbench.episodes.shard_file import write_shard
from pilotbench.ground import job_context, notices
from pilotbench.ground.errors import RateLimited
from pilotbench.ground.file_locks import is_locked
from pilotbench.matrix import config_files
from pilotbench.matrix.experiment import load_experiment
from pilotbench.providers.answer import Answer, Completion, Tokens
from pilotbench.providers.price import Price
from support.journals import wanted

OVERRIDES = {
    "models": "oracle",
    "prompts": "baseline",
    "tasks": "simple_task",
    "instances": 6,
    "shard_size": 2,
}


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    folders = {name: str(tmp_path / name) for name in ("results", "journal", "limits")}
    overrides = {f"{name}_dir": folder for name, folder in folders.items()}
    return Watch(load_experiment(config_files.read((), OVERRIDES | overrides)))


def finish(watch: Watch, position: int, minutes_ago: float = 1.0, **words: object) -> Path:
    shard = watch.experiment.plan.shards[position]
    ended = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    provenance = {
        "started": (ended - timedelta(minutes=1)).isoformat(),
        "ended": ended.isoformat(),
        "keys": {"players_local": 7},
    }
    path = watch.experiment.settings.results_dir / "shards" / shard.path
    header = {"kind": "shard", "planned": 2, "asked": 7, "cost_usd": 0.25, "system": {}}
    write_shard(path, header | words | {"provenance": provenance}, [])
    return path


def journal_of(watch: Watch, position: int) -> Journal:
    shard = watch.experiment.plan.shards[position]
    model = watch.experiment.settings.catalog["oracle"]
    return Journal(watch.experiment.settings.journal_dir, journal_folder(model, shard.cell))


def test_before_the_first_answer_everything_is_still_planned(watch: Watch) -> None:
    [row] = watch.model_rows()
    assert (row.planned, row.done, row.shards, row.shards_done, row.left_s) == (6, 0, 3, 0, None)


def test_finished_shards_count_towards_cost_and_rate(watch: Watch) -> None:
    finish(watch, 0)
    finish(watch, 1)
    [row] = watch.model_rows()
    assert (row.done, row.shards_done, row.usd) == (4, 2, 0.5)
    assert row.rate == pytest.approx(2.0, rel=0.1)  # four episodes since two minutes
    assert row.left_s == pytest.approx(60, rel=0.1)
    [key] = watch.key_rows()
    assert (key.slots, key.in_flight) == (4, 0)
    assert key.rate == pytest.approx(7.0, rel=0.1)


@pytest.mark.parametrize("words", [{"minutes_ago": 60.0}, {"asked": 0}], ids=["old", "replayed"])
def test_older_answers_do_not_count_towards_the_rate(watch: Watch, words: dict) -> None:
    finish(watch, 0, **words)
    [row] = watch.model_rows()
    assert (row.done, row.rate) == (2, 0.0)


def test_an_unfinished_shard_shows_begun_and_owed_episodes_and_that_it_runs(
    watch: Watch,
) -> None:
    asked = Answer(
        Completion({"content": "x"}, "stop", "m", Tokens(1, 1)),
        "players_local",
        time.time(),
        1,
        0,
        1,
    )
    with journal_of(watch, 2).open(4, 5) as segment:
        segment.write(wanted("a", 4), asked)
        segment.write_failure(wanted("b", 5), RateLimited("busy"))
        assert is_locked(segment.path)
        [row] = watch.model_rows()
        assert (row.begun, row.owed, row.shards_running, row.done) == (1, 1, 1, 0)
    assert not is_locked(segment.path)
    assert watch.model_rows()[0].shards_running == 0


def test_the_time_left_is_known_from_the_first_answers_on(watch: Watch) -> None:
    def asked(ago_s: float) -> Answer:
        completion = Completion({"content": "x"}, "stop", "m", Tokens(1, 1))
        return Answer(completion, "players_local", time.time() - ago_s, 1, 0, 1)

    assert Look.at(watch).overview.left_s is None
    with journal_of(watch, 2).open(4, 5) as segment:
        for turn in range(4):
            segment.write(wanted(f"a{turn}", 4, turn=turn), asked(8 - 2 * turn))
    row, seen = watch.model_rows()[0], Look.at(watch).overview
    assert (row.done, row.shards_done, row.answers) == (0, 0, 4)
    assert row.answer_rate == pytest.approx(30, rel=0.2)
    assert row.expected > 5  # of six episodes
    assert seen.left_s == pytest.approx(2 * row.expected, rel=0.2)
    assert 0 < seen.share < 1


def test_answers_before_the_run_do_not_slow_its_rate(watch: Watch) -> None:
    finish(watch, 0, minutes_ago=3)
    assert watch.model_rows()[0].lately == 7
    notices.begin(notices.of_run(watch.experiment.settings.results_dir))
    assert (watch.model_rows()[0].lately, watch.model_rows()[0].left_s) == (0, None)


def test_a_look_reads_each_journal_once(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    whole = Journal.read
    monkeypatch.setattr(
        Journal, "read", lambda self, first, last: read.append(first) or whole(self, first, last)
    )
    Look.at(watch)
    assert sorted(read) == [0, 2, 4]


def test_an_answer_is_read_only_once(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    whole = Answers.record
    monkeypatch.setattr(
        Answers, "record", lambda self, name: read.append(name) or whole(self, name)
    )
    completion = Completion({"content": "x"}, "stop", "m", Tokens(1, 1))
    asked = Answer(completion, "players_local", time.time(), 1, 0, 1)
    with journal_of(watch, 2).open(4, 5) as segment:
        for count, one in enumerate("ab", start=1):
            segment.write(wanted(one, 3 + count, turn=count), asked)
            for _ in range(2):
                assert watch.model_rows()[0].begun == count
                assert watch.key_rows()[0].rate > 0
    assert read == [wanted(one, turn=count).identity for count, one in enumerate("ab", start=1)]


def test_the_slots_in_force_are_those_of_the_last_answer_and_of_this_run(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(slots: int, ago_s: float) -> Answer:
        completion = Completion({"content": "x"}, "stop", "m", Tokens(1, 1))
        return Answer(completion, "players_local", time.time() - ago_s, 1, 0, 1, slots)

    assert [row.slots for row in watch.key_rows()] == [4]
    with journal_of(watch, 2).open(4, 5) as segment:
        segment.write(wanted("a", 4), asked(2, 1))
        segment.write(wanted("b", 4, turn=1), asked(3, 9))
    assert [row.slots for row in watch.key_rows()] == [2]
    monkeypatch.setenv(job_context.VARIABLE, '{"slots": {"players_local": 7}}')
    assert [row.slots for row in watch.key_rows()] == [7]


def test_unknown_cost_is_shown_as_unknown_not_as_zero(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = watch.experiment.settings
    priced = replace(settings.catalog["oracle"], price=Price(1, 1, 1))
    monkeypatch.setitem(settings.catalog, "oracle", priced)
    asked = Answer(Completion({"content": "x"}, "stop", "m"), "k", time.time(), 1, 0, 1)
    with journal_of(watch, 2).open(4, 5) as segment:
        segment.write(wanted("a", 4), asked)
    assert tables(watch.model_rows(), []).endswith("unknown")
    finish(watch, 0)
    assert tables(watch.model_rows(), []).endswith("0.2500 + 1 unknown")


def test_a_damaged_file_counts_as_unfinished_and_stops_nothing(watch: Watch) -> None:
    finish(watch, 0).write_bytes(b"no gzip")
    assert watch.model_rows()[0].shards_done == 0


def test_the_text_names_every_model_and_key_as_the_json_does(watch: Watch) -> None:
    finish(watch, 0)
    text = tables(watch.model_rows(), watch.key_rows())
    assert "oracle" in text
    assert "2/6" in text
    assert "players_local" in text
    found = json.loads(json.dumps(_as_json(watch)))
    assert set(found) >= {"overview", "waiting", "models", "keys", "judges", "batches", "notices"}
    assert found["models"][0]["done"] == 2
    assert found["keys"][0]["state"] == ""


def live(watch: Watch) -> dict[str, Any]:
    """Return what the data file of the page says."""
    page = live_page.write(watch, 2.0)
    text = page.with_name("live_data.js").read_text()
    found: dict[str, Any] = json.loads(text.removeprefix("window.pilotbenchLive(")[:-3])
    return found


def test_the_page_of_a_run_says_how_far_it_is_and_when_the_summary_is_new(watch: Watch) -> None:
    finish(watch, 0)
    before = live(watch)
    assert (before["every"], before["over"], before["page"]) == (2.0, False, None)
    models, keys = before["tables"]
    assert models["rows"][0][:2] == ["oracle", "2/6"]
    assert keys["rows"][0][0] == "players_local"
    summary = watch.experiment.settings.results_dir / "summary"
    assert "live_data.js" in (summary / "live.html").read_text()
    (summary / "index.html").write_text("x")
    for position in (1, 2):
        finish(watch, position)
    after = live(watch)
    assert (after["over"], after["percent"]) == (True, "100 %")
    assert after["page"]
