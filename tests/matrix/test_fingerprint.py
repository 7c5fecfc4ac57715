"""Only episodes that the present config would ask alike count; everything else is superseded."""

from __future__ import annotations

import base64
import gzip
import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pilotbench.benchmark.catalogue import of_version
from pilotbench.benchmark.tasks.world_task import BENCHMARK_VERSION
from pilotbench.build import outputs
from pilotbench.build.progress import Watch
from pilotbench.commands import show
from pilotbench.estimation.needs import UP_TO_DATE, reason
from pilotbench.ground.canonical_json import digest
from pilotbench.matrix.experiment import Experiment
from pilotbench.providers.protocols.protocol import NO_CALL
from pilotbench.providers.wire_formats.chat import offered
from pilotbench.results.database import prune, queries, store
from pilotbench.results.summary import answer_replies, transcripts
from support.build import ROOT
from support.chat import CHAT
from support.estimation_lab import load, make
from support.pack_lab import handed_over
from support.runs import write_pack

Json = dict[str, Any]


@dataclass
class Bench:
    """A folder with a player as its model, whose config can change between two commands."""

    folder: Path
    config: Json = field(default_factory=dict)

    @property
    def experiment(self) -> Experiment:
        """The matrix of the config as it is now."""
        catalog = {"m": {"provider": "players", "deployment": "oracle"}}
        merged = load(self.folder).settings
        chosen = {"models": ["m"], "tasks": ["simple_task"], "shard_size": 2, "instances": 4}
        entries = {name: _entry(model) for name, model in merged.catalog.items()} | catalog
        prompts = [str(self.folder / "prompts")]
        chosen |= {"model_catalog": entries, "prompt_folders": prompts, "partial": True}
        return load(self.folder, **{**chosen, **self.config})

    def make(self) -> None:
        """Write every planned shard file."""
        experiment = self.experiment
        for shard in experiment.plan.shards:
            make(experiment, shard)

    def change(self, **config: Any) -> None:
        """Lay `config` over the config."""
        self.config |= config

    def model(self, **entry: Any) -> None:
        """Change the entry of the model."""
        catalog = {"m": {"provider": "players", "deployment": "oracle", **entry}}
        self.change(model_catalog=catalog)

    def update(self) -> Path:
        """Bring the database up to date."""
        return outputs.update_database(self.experiment)

    def counts(self) -> tuple[int, int, int]:
        """Return (current episodes, owed ones, superseded ones) after an update."""
        with store.reader(self.update()) as connection:
            return tuple(
                connection.execute(query).fetchall()[0][0]
                for query in (
                    "SELECT count(*) FROM episodes WHERE current",
                    "SELECT count(*) FROM owed",
                    "SELECT coalesce(sum(outdated), 0)::BIGINT FROM shards",
                )
            )

    def forget_journal(self) -> None:
        """Delete the journal: the files alone can tell what was asked."""
        shutil.rmtree(self.folder / "journal")

    def files(self) -> list[Path]:
        """Return the shard files."""
        return sorted((self.folder / "results/shards").rglob("*.jsonl.gz"))


def _entry(model: Any) -> Json:
    return {"provider": model.provider, "deployment": model.deployment}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a bench with its shard files and its database."""
    bench = Bench(tmp_path_factory.mktemp("bench"))
    shutil.copytree(ROOT / "config/prompts", bench.folder / "prompts")
    bench.make()
    assert bench.counts() == (4, 0, 0)
    return bench.folder


@pytest.fixture
def bench(made: Path, tmp_path: Path) -> Bench:
    """A bench of one's own."""
    ignored = shutil.ignore_patterns("limits")  # it has named pipes
    shutil.copytree(made, tmp_path, dirs_exist_ok=True, ignore=ignored)
    return Bench(tmp_path)


def deployment(bench: Bench) -> None:
    bench.model(deployment="random")


def parameters(bench: Bench) -> None:
    bench.model(parameters={"temperature": 0.5})


def protocol(bench: Bench) -> None:
    bench.model(protocol="json")


def prompt(bench: Bench) -> None:
    with (bench.folder / "prompts/baseline.md").open("a") as file:
        file.write("\nThink twice.\n")


def max_turns(bench: Bench) -> None:
    bench.change(max_turns=3)


CHANGES: list[Callable[[Bench], None]] = [deployment, parameters, protocol, prompt, max_turns]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_what_was_asked_otherwise_does_not_count(
    bench: Bench, change: Callable[[Bench], None]
) -> None:
    change(bench)
    assert bench.counts() == (0, 4, 4)
    found = queries.superseded(bench.folder / "results/master.duckdb")
    assert found.to_dict("records") == [{"model": "m", "differs": change.__name__, "episodes": 4}]
    listed = prune.prunable(bench.folder / "results")
    assert [(file.kind, file.episodes) for file in listed] == [("superseded", 2)] * 2


def same(bench: Bench) -> None:
    bench.change(routing="by_prompt")


def price(bench: Bench) -> None:
    bench.model(price={"input": 1, "output": 2}, reports="somebody")


def fewer(bench: Bench) -> None:
    bench.change(instances=4, shard_size=4)


def stream(bench: Bench) -> None:
    bench.model(stream=True)


ALIKE: list[Callable[[Bench], None]] = [same, price, fewer, stream]


@pytest.mark.parametrize("change", ALIKE, ids=lambda change: change.__name__)
def test_what_is_asked_alike_counts(bench: Bench, change: Callable[[Bench], None]) -> None:
    bench.forget_journal()
    change(bench)
    assert bench.counts() == (4, 0, 0)


def test_another_history_of_reasoning_is_asked_otherwise(bench: Bench) -> None:
    bench.model(reasoning_history="none")
    assert bench.counts() == (4, 0, 4), "the journal has the answers to equal requests"
    found = queries.superseded(bench.folder / "results/master.duckdb")
    assert found["differs"].tolist() == ["reasoning_history"]
    bench.forget_journal()
    assert bench.counts()[0] == 0


def test_a_change_that_is_taken_back_brings_the_episodes_back(bench: Bench) -> None:
    deployment(bench)
    assert bench.counts() == (0, 4, 4)
    bench.model()
    assert bench.counts() == (4, 0, 0)


def test_the_journal_completes_a_file_of_another_config(bench: Bench) -> None:
    deployment(bench)
    bench.make()
    bench.model()
    assert bench.counts() == (4, 0, 4)
    rows = queries.episodes(bench.folder / "results/master.duckdb")
    assert rows["provisional"].tolist() == [True] * 4
    assert set(rows["deployment"]) == {"oracle"}
    bench.make()
    assert bench.counts() == (4, 0, 0)


def test_a_left_over_file_of_fewer_instances_is_not_taken_for_a_new_deployment(
    bench: Bench,
) -> None:
    bench.change(instances=3, shard_size=3)
    deployment(bench)
    assert bench.counts() == (0, 3, 4)


def test_episodes_beyond_fewer_instances_or_repeats_are_not_current(bench: Bench) -> None:
    bench.change(repeats=2)
    bench.make()
    assert bench.counts() == (8, 0, 0)
    bench.change(repeats=1, instances=2)
    assert bench.counts() == (2, 0, 0)


@pytest.mark.parametrize("kept", [("versions",), ()], ids=["versions", "hashes"])
def test_a_file_of_an_older_release_is_judged_by_what_its_header_has(
    bench: Bench, kept: tuple[str, ...]
) -> None:
    for path in bench.files():
        _older(path, kept)
    assert bench.counts() == (4, 0, 0)
    bench.forget_journal()
    for change in (deployment, prompt):
        bench.config.clear()
        change(bench)
        assert bench.counts() == (0, 4, 4)


def _older(path: Path, kept: tuple[str, ...]) -> None:
    """Take out of a header what older releases did not write."""
    head, _, rest = gzip.decompress(path.read_bytes()).partition(b"\n")
    header = json.loads(head)
    header.pop("fingerprint", None)
    for word in {"versions"} - set(kept):
        header["provenance"].pop(word)
    path.write_bytes(gzip.compress(json.dumps(header).encode() + b"\n" + rest))


@pytest.fixture
def pack(tmp_path: Path) -> Bench:
    """A bench whose task is a pack of four questions; its journal is gone."""
    shutil.copytree(ROOT / "config/prompts", tmp_path / "prompts")
    write_pack(tmp_path / "packs", 4)
    bench = Bench(tmp_path, {"tasks": ["echo"], "task_folders": [str(tmp_path / "packs")]})
    bench.make()
    bench.forget_journal()
    assert bench.counts() == (4, 0, 0)
    return bench


def test_an_edited_question_supersedes_only_its_own_episodes(pack: Bench) -> None:
    write_pack(pack.folder / "packs", 4, {1: " (edited)"})
    assert pack.counts() == (3, 1, 1)
    found = queries.superseded(pack.folder / "results/master.duckdb")
    assert found.to_dict("records") == [{"model": "m", "differs": "instances", "episodes": 1}]


def test_a_question_that_is_added_supersedes_nothing(pack: Bench) -> None:
    write_pack(pack.folder / "packs", 5)
    assert pack.counts() == (4, 0, 0)


def test_another_scorer_supersedes_the_whole_pack(pack: Bench) -> None:
    settings = pack.folder / "packs/echo/task.yaml"
    settings.write_text("description: Say a word.\nscorer:\n  kind: contained_text\n")
    assert pack.counts() == (0, 4, 4)


def test_a_question_that_is_corrected_is_scored_again_from_the_journal(bench: Bench) -> None:
    write_pack(bench.folder / "packs", 4)
    packs = {"tasks": ["echo"], "task_folders": [str(bench.folder / "packs")]}
    bench.change(**packs)
    bench.make()
    write_pack(bench.folder / "packs", 4, {1: " (edited)"})
    bench.make()
    write_pack(bench.folder / "packs", 4)
    current, owed, outdated = bench.counts()
    assert (current, owed, outdated) == (4, 0, 1)
    rows = queries.episodes(bench.folder / "results/master.duckdb")
    assert rows["provisional"].tolist() == [False, True, False, False]
    results = bench.folder / "results"
    database, path = results / "master.duckdb", rows["shard"][0]
    found = [queries.record(database, results, episode) for episode in rows["episode"][:2]]
    assert [one["index"] for one in found] == [0, 1]
    transcripts.write(queries.shards(database), database, results, results / "summary")
    file = results / "summary/transcripts" / transcripts.data_path(path)
    _, packed, *_ = handed_over(file)
    lines = gzip.decompress(base64.b64decode(packed)).decode().splitlines()
    assert [json.loads(line) for line in lines[1:]] == found
    assert "edited" not in found[1]["user"]
    replies = answer_replies.Shards(queries.shards(database), database, results, 2)
    assert [replies.records(path)[place] for place in ((0, 0), (1, 0))] == found


def test_a_model_that_left_the_config_keeps_its_results(bench: Bench) -> None:
    entry = {"provider": "players", "deployment": "oracle"}
    bench.change(models=["oracle"], model_catalog={"oracle": entry}, instances=1)
    bench.update()
    rows = queries.episodes(bench.folder / "results/master.duckdb", current=False)
    assert Counter(rows["model"]) == {"m": 4, "oracle": 1}


def test_status_counts_no_file_of_another_config_as_done(bench: Bench) -> None:
    [row] = Watch(bench.experiment).model_rows()
    assert (row.done, row.shards_done) == (4, 2)
    deployment(bench)
    [row] = Watch(bench.experiment).model_rows()
    assert (row.done, row.shards_done) == (0, 0)


def test_status_counts_no_more_done_than_planned(bench: Bench) -> None:
    bench.change(repeats=2)
    bench.make()
    bench.change(repeats=1)
    [row] = Watch(bench.experiment).model_rows()
    assert (row.done, row.planned) == (4, 4)


def test_show_does_not_show_the_episode_of_another_config(bench: Bench) -> None:
    deployment(bench)
    experiment = bench.experiment
    shard = experiment.plan.shards[0]
    assert reason(experiment, shard) != UP_TO_DATE
    assert show.look_at(experiment, shard.cell, 0).record is None


@pytest.mark.slow
def test_the_page_says_in_one_warning_what_is_superseded(bench: Bench) -> None:
    deployment(bench)
    bench.change(instances=2)
    bench.make()
    bench.change(instances=4)
    outputs.refresh(bench.experiment)
    texts = (
        "2 episodes are superseded by the present config and not counted; differences: "
        "m (deployment). To list the files: python -m pilotbench prune"
    )
    assert texts in (bench.folder / "results/summary/summary.md").read_text()
    assert "2 episodes are superseded" in (bench.folder / "results/summary/summary.txt").read_text()


def test_the_texts_for_models_are_those_of_the_benchmark_version() -> None:
    """A fingerprint names system messages and tools by BENCHMARK_VERSION: raise it with them."""
    texts: list[Any] = [NO_CALL]
    for name, task in sorted(of_version(BENCHMARK_VERSION).items()):
        for level in ("easy", "hard"):
            instance = task.instance(level, 0)
            for protocol in (CHAT[word] for word in ("native", "json", "text")):
                offer = protocol.protocol.offer(task.tools(instance))
                body = offered(offer, lambda schema: schema)
                texts.append([name, level, protocol.system(task, instance, 9), body])
    known = {"3": "45df42078aa45de5beb474fc09374c6ff74725ada9646dd19afda0b11a2e6b65"}
    assert digest(texts) == known.get(BENCHMARK_VERSION), "raise BENCHMARK_VERSION"
