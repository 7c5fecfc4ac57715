"""Each name of Snakemake that is not documented does what the library expects of it.

A failure after an upgrade of Snakemake names the function of `snakemake_internals` to change.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pilotbench.build import snakemake_internals as internals
from support.build import ROOT, snakemake

pytestmark = pytest.mark.slow

SNAKEFILE = """
import json
from pathlib import Path
from pilotbench.build import snakemake_internals as internals

configfile: "base.yaml"

internals.set_limit(workflow, "set_here", 7)

def write(name, functions):
    found = {one: getattr(internals, one)(workflow) for one in functions}
    Path(name).write_text(json.dumps(found, default=lambda value: (
        sorted(value) if isinstance(value, set) else vars(value) if hasattr(value, "rule")
        else dict(value) if hasattr(value, "items") else str(value)
    )))

AT_PARSING = ("is_main_process", "is_remote_job", "is_imported", "config_files", "overlays",
    "config_words", "limits", "storage")
WITH_JOBS = ("executes", "only_touches", "runs_jobs_here", "temporary_folders", "targets",
    "shares_folder", "jobs_to_run", "planned_rules", "log_handlers")

if workflow.is_main_process:
    write("parsing.json", AT_PARSING)
    Path("job_resources.json").write_text(json.dumps(list(internals.job_resources(workflow))))

def planned(wildcards):
    write("planning.json", ("executes",))
    return []

onstart:
    write("start.json", WITH_JOBS)
    locks = [str(path) for path in internals.lock_files()]
    Path("more.json").write_text(json.dumps({"locks": locks}))

rule all:
    input: "b.txt"

rule b:
    input: "a-1.txt"
    output: "b.txt"
    shell: "touch {output}"

rule a:
    input: planned
    output: "a-{n}.txt"
    script: "a.py"
"""
SCRIPT = """
import json
from pathlib import Path
from pilotbench.build import snakemake_internals as internals
Path("copies.json").write_text(json.dumps([str(path) for path in internals.script_copies()]))
Path(snakemake.output[0]).touch()
"""
WORDS = (
    "b.txt --cores 2 --configfile mine.yaml --config mode=x size=2 --resources k=5"
    " --logger pilotbench --default-resources mem_mb=10 --set-resources a:runtime=3"
)


@pytest.fixture(scope="module")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the probing workflow has run once."""
    folder = tmp_path_factory.mktemp("probe")
    (folder / "Snakefile").write_text(SNAKEFILE)
    (folder / "a.py").write_text(SCRIPT)
    for name in ("base", "mine"):
        (folder / f"{name}.yaml").write_text(f"{name}: 1\n")
    done = snakemake(folder, *WORDS.split())
    assert done.returncode == 0, done.stdout
    for file in folder.glob("*.json"):
        file.rename(folder / f"first-{file.name}")
    return folder


def found(probe: Path, name: str, run: str = "first-") -> dict[str, Any]:
    """Return what the run of the fixture has written, or, with an empty `run`, the last one."""
    return dict(json.loads((probe / f"{run}{name}.json").read_text()))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("is_main_process", True),
        ("is_remote_job", False),
        ("is_imported", False),
        ("config_words", ["mode=x", "size=2"]),
        ("storage", None),
    ],
)
def test_what_is_known_when_the_rules_are_read(probe: Path, name: str, value: Any) -> None:
    assert found(probe, "parsing")[name] == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("executes", True),
        ("only_touches", False),
        ("runs_jobs_here", True),
        ("targets", ["b.txt"]),
        ("shares_folder", True),
        ("planned_rules", ["a", "b"]),
    ],
)
def test_what_is_known_when_the_run_starts(probe: Path, name: str, value: Any) -> None:
    assert found(probe, "start")[name] == value


def test_that_jobs_are_executed_is_known_when_they_are_planned(probe: Path) -> None:
    assert found(probe, "planning") == {"executes": True}


def test_config_files_are_named(probe: Path) -> None:
    assert "base.yaml" in found(probe, "parsing")["config_files"]


def test_overlays_are_the_files_of_the_command_line(probe: Path) -> None:
    assert [Path(file).name for file in found(probe, "parsing")["overlays"]] == ["mine.yaml"]


def test_limits_are_those_of_the_command_line_and_those_set_here(probe: Path) -> None:
    limits = found(probe, "parsing")["limits"]
    assert (limits["k"], limits["set_here"]) == (5, 7)


def test_resources_of_jobs_are_named(probe: Path) -> None:
    named = json.loads((probe / "first-job_resources.json").read_text())
    assert {"mem_mb", "runtime"} <= set(named)


def test_jobs_to_run_have_rule_and_wildcards(probe: Path) -> None:
    jobs = {job["rule"]: job["wildcards"] for job in found(probe, "start")["jobs_to_run"]}
    assert jobs == {"a": {"n": "1"}, "b": {}}


def test_log_handlers_are_those_of_plugins(probe: Path) -> None:
    (handler,) = found(probe, "start")["log_handlers"]
    assert handler.startswith("<LogHandler ")


def test_a_running_command_has_lock_files_and_a_finished_one_has_none(probe: Path) -> None:
    during = found(probe, "more")["locks"]
    assert [Path(lock).name for lock in during] == ["0.input.lock", "0.output.lock"]
    assert internals.lock_files(probe / ".snakemake") == []


def test_a_script_runs_from_a_copy_that_is_removed_after_it(probe: Path) -> None:
    assert len(json.loads((probe / "first-copies.json").read_text())) == 1
    assert internals.script_copies(probe / ".snakemake") == []


def test_temporary_folders_have_the_expected_names_and_are_removed(probe: Path) -> None:
    own, cache = map(Path, found(probe, "start")["temporary_folders"])
    assert own.name.startswith(internals.TEMPORARY_PREFIX)
    assert cache.parent.name == internals.CACHE_FOLDER
    assert cache.name.startswith("tmp")
    assert not own.exists()
    assert not cache.exists()


def lines(folder: Path, *words: str) -> list[str]:
    return snakemake(folder, "--cores", "1", *words).stdout.splitlines()


def test_the_last_message_of_a_dry_run_is_recognized(probe: Path) -> None:
    assert any(map(internals.ends_dry_run, lines(probe, "-n", "--forceall")))
    assert found(probe, "planning", run="") == {"executes": False}


def test_a_config_file_that_cannot_be_read_is_recognized(probe: Path) -> None:
    (probe / "list.yaml").write_text("- a\n")
    for file in ("missing.yaml", "list.yaml"):
        text = "\n".join(lines(probe, "--configfile", file))
        assert internals.is_config_file_error(text), text


def test_a_locked_folder_is_recognized(probe: Path) -> None:
    locks = [probe / f".snakemake/locks/0.{kind}.lock" for kind in ("input", "output")]
    locks[0].parent.mkdir(parents=True, exist_ok=True)
    for lock in locks:
        lock.write_text("b.txt\n")
    try:
        assert any(map(internals.is_lock_error, lines(probe, "--forceall")))
    finally:
        for lock in locks:
            lock.unlink()


@pytest.mark.parametrize(
    ("recognized", "left"),
    [(internals.is_lock_error, ()), (internals.is_missing_metadata, ("b.txt",))],
    ids=["an output that is not written yet", "an output about which nothing is recorded"],
)
def test_an_output_missing_from_a_report_is_recognized(
    tmp_path: Path, recognized: Any, left: Any
) -> None:
    (tmp_path / "Snakefile").write_text(
        'rule b:\n    output: report("b.txt")\n    shell: "false"\n'
    )
    for name in left:
        (tmp_path / name).touch()
    assert any(map(recognized, lines(tmp_path, "--report", "report.html")))


def test_the_default_log_handler_writes_a_message(capsys: pytest.CaptureFixture[str]) -> None:
    settings = SimpleNamespace(
        quiet=set(), debug_dag=False, verbose=False, dryrun=False, printshellcmds=False,
        show_failed_logs=False, nocolor=True,
    )  # fmt: skip
    record = logging.LogRecord("snakemake", logging.INFO, "", 0, "a message", (), None)
    assert internals.event_of(record) is None
    assert internals.default_log_filter(settings).filter(record)
    internals.default_log_handler(settings, sys.stderr).emit(record)
    assert "a message" in capsys.readouterr().err


def test_with_object_storage_provider_bucket_and_copies_are_known() -> None:
    from snakemake.settings.types import StorageSettings

    settings = StorageSettings(
        default_storage_provider="s3",
        default_storage_prefix="s3://bucket/folder",
        keep_storage_local=True,
    )
    storage = internals.storage(SimpleNamespace(storage_settings=settings))
    assert storage == internals.Storage(
        "s3", "bucket/folder", Path(settings.local_storage_prefix), True
    )


RULES = [ROOT / "Snakefile", *sorted((ROOT / "workflow/rules").glob("*.smk"))]
DOCUMENTED = {"current_basedir"}


def test_rule_files_touch_no_private_name() -> None:
    for file in RULES:
        used = set(re.findall(r"\bworkflow\.(\w+)", file.read_text()))
        assert used <= DOCUMENTED | {"rst"}, file


def test_only_this_module_imports_snakemake() -> None:
    library = ROOT / "workflow/scripts"
    importers = {
        str(file.relative_to(library))
        for file in library.rglob("*.py")
        if re.search(r"^\s*(from|import) snakemake\b", file.read_text(), re.M)
    }
    assert importers == {"pilotbench/build/snakemake_internals.py"}
