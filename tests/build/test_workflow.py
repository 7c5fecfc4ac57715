"""What the rules ask of the workflow, without a run of Snakemake."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from snakemake.settings.types import SharedFSUsage

from pilotbench.build.workflow import Workflow
from pilotbench.ground import job_context
from pilotbench.ground.job_context import JobContext
from pilotbench.matrix import config_files
from support.build import ROOT

SMALL = {"models": ["oracle"], "prompts": ["baseline"], "tasks": ["simple_task"], "instances": 4}
SHARD = {
    "model": "oracle",
    "prompt": "baseline",
    "task": "simple_task",
    "difficulty": "easy",
    "tool_success_rate": "0.8",
    "shard": "00000-00001",
}


class Snakemake(SimpleNamespace):
    """As much of Snakemake's workflow as the rules need while they are read: one job's process."""

    def __init__(self, **given: Any) -> None:
        storage = {"default_storage_provider": None, "shared_fs_usage": SharedFSUsage.all()}
        resources = SimpleNamespace(default_resources=None, overwrite_resources={})
        super().__init__(
            **{
                "is_main_process": False,
                "remote_exec": False,
                "modifier": SimpleNamespace(namespace=None),
                "executor_plugin": None,
                "overwrite_configfiles": [],
                "resource_settings": resources,
                "storage_settings": SimpleNamespace(**storage),
                "global_resources": {},
                **given,
            }
        )

    def register_resource(self, name: str, value: int) -> None:
        """Keep a limit as Snakemake does."""
        self.global_resources[name] = SimpleNamespace(value=value)


@pytest.fixture(autouse=True)
def _checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv(job_context.VARIABLE, "{}")


def load(snakemake: Snakemake | None = None, **config: Any) -> Workflow:
    merged = config_files.read((), {**SMALL, "shard_size": 2, **config})
    return Workflow.load(snakemake or Snakemake(), merged, [])


def test_every_result_is_a_target() -> None:
    pilot = load()
    shards = [target for target in pilot.targets if "/shards/" in target]
    assert shards == pilot.planned_shards({})
    assert [shard.rpartition("/")[2] for shard in shards] == [
        "00000-00001.jsonl.gz",
        "00002-00003.jsonl.gz",
    ]
    assert {"results/master.duckdb", "results/summary/index.html"} <= set(pilot.targets)


def test_a_partial_summary_needs_no_shard() -> None:
    pilot = load(partial=True)
    assert pilot.planned_shards({}) == []
    assert pilot.database_params["look_again"] is not None


def test_limits_are_the_slots_of_the_config_unless_the_command_line_replaces_them() -> None:
    snakemake = Snakemake(global_resources={"openai_key": SimpleNamespace(value=2)})
    pilot = load(snakemake)
    slots = {alias: key.slots for alias, key in pilot.settings.keys.items()}
    assert pilot.slots_in_force() == slots | {"openai_key": 2}


def test_a_job_on_a_cluster_has_the_slots_of_its_run() -> None:
    job_context.publish(JobContext({"openai_key": 3}))
    pilot = load(Snakemake(remote_exec=True))
    assert pilot.slots_in_force()["openai_key"] == 3
    assert pilot.runs_on_cluster


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"openai_key": 0}, "--resources openai_key=0: must be 1 or more"),
        ({"openai_kei": 2}, "--resources openai_kei: no key has this alias"),
    ],
)
def test_a_limit_that_limits_nothing_ends_the_command(given: dict[str, int], message: str) -> None:
    resources = {name: SimpleNamespace(value=value) for name, value in given.items()}
    with pytest.raises(SystemExit, match=f"error: {message}"):
        load(Snakemake(global_resources=resources))


def test_a_job_counts_on_the_key_of_its_model_alone() -> None:
    slots = load().job_slots()
    counted = {alias: count for alias, count in slots.items() if callable(count)}
    assert {alias: count(SHARD) for alias, count in counted.items()} == {"players_local": 1}
    assert set(slots.values()) - set(counted.values()) == {0}


def test_the_prompt_file_is_the_template_of_the_config() -> None:
    assert load().prompt_file(SHARD) == "config/prompts/baseline.md"


def test_a_model_outside_the_selection_is_named_with_the_word_that_selects_it() -> None:
    with pytest.raises(SystemExit, match="gpt-4o-mini is not selected: --config models=gpt-4o"):
        load().prompt_file({**SHARD, "model": "gpt-4o-mini"})


def test_quick_targets_need_the_quick_selection() -> None:
    with pytest.raises(SystemExit, match="error: quick needs its own selection"):
        load().quick_targets({})
    assert load(quick=True).quick_targets({})


def test_without_asking_the_jobs_may_not_ask() -> None:
    assert load().targets_without_asking({})
    assert not job_context.read().may_ask


@pytest.mark.parametrize(
    ("changes", "config", "message"),
    [
        ({}, {"results_dir": "/somewhere"}, "results_dir: must be relative"),
        ({"is_main_process": True}, {}, "--keep-storage-local-copies is missing"),
    ],
)
def test_object_storage_needs_relative_results_and_copies(
    changes: dict[str, Any], config: dict[str, Any], message: str
) -> None:
    storage = SimpleNamespace(
        default_storage_provider="s3",
        default_storage_prefix="s3://bucket",
        local_storage_prefix=".snakemake/storage",
        keep_storage_local=False,
    )
    with pytest.raises(SystemExit, match=message):
        load(Snakemake(storage_settings=storage, **changes), **config)


def test_jobs_without_a_shared_folder_need_an_absolute_journal() -> None:
    storage = SimpleNamespace(default_storage_provider=None, shared_fs_usage=frozenset())
    with pytest.raises(SystemExit, match="journal_dir: must be an absolute path"):
        load(Snakemake(storage_settings=storage)).begin()


def test_a_command_that_executes_nothing_publishes_no_run() -> None:
    pilot = load(Snakemake(is_main_process=True))
    pilot.begin()
    assert job_context.read() == JobContext()
