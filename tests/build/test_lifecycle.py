"""The start and the end of a run, without Snakemake."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pilotbench.build import batches_out, job_server, outputs, snakemake_internals
from pilotbench.build.lifecycle import Lifecycle
from pilotbench.build.result_files import ResultFiles
from pilotbench.ground.errors import UserError
from pilotbench.providers.price import Listed
from pilotbench.providers.settings import Model

OURS = {"pilotbench.providers.anthropic_sdk", "pilotbench.providers.litellm_sdk"}


class View:
    """A log handler with a live table."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.ended = False

    def watch(self, look: Any) -> None:
        """Show the table."""

    def unwatch(self) -> None:
        """End the table."""
        self.ended = True

    def say(self, line: str) -> None:
        """Write a line."""
        self.lines.append(line)


@pytest.fixture
def refreshed(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return whether figures were among the results, once per refresh."""
    found: list[Any] = []
    monkeypatch.setattr(outputs, "refresh", lambda _, *, drawn: found.append(drawn))
    monkeypatch.setattr(outputs, "budget_reached", lambda _: None)
    return found


@pytest.fixture(autouse=True)
def nothing_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """No batches are out: there is no experiment."""
    monkeypatch.setattr(batches_out, "rows", lambda _: [])


def begun(here: Path, *rules: str, **snakemake: Any) -> Lifecycle:
    jobs = [SimpleNamespace(rule=SimpleNamespace(name=rule), wildcards={}) for rule in rules]
    dag = SimpleNamespace(jobs=jobs, needrun_jobs=lambda exclude_finished: jobs)
    handlers = snakemake.pop("handlers", [])
    given = {
        "dag": dag,
        "dag_settings": SimpleNamespace(targets=()),
        "logger_manager": SimpleNamespace(get_log_handlers=lambda: handlers),
        "local_exec": True,
        "touch": False,
        **snakemake,
    }
    models = [
        Model("m", "p", "m", api="messages"),
        Model("lite", "l", "bedrock/m", kind="litellm", price=Listed(("m",))),
    ]
    workflow: Any = SimpleNamespace(
        snakemake=SimpleNamespace(**given),
        settings=SimpleNamespace(models={model.name: model for model in models}),
        experiment=SimpleNamespace(models_asked=models),
        here=here,
        files=ResultFiles(str(here), (), drawn=(here / outputs.FIGURES).is_dir()),
    )
    return Lifecycle(workflow)


def with_table(here: Path) -> Path:
    (here / "summary").mkdir()
    (here / "summary/summary.txt").write_text("the table\n")
    return here


def test_a_successful_run_for_the_summary_prints_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    view = View()
    begun(with_table(tmp_path), "evaluate", "summary_pages", handlers=[view]).on_success()
    told = capsys.readouterr().err
    assert "the table" in told
    assert f"summary: {tmp_path}/summary/index.html" in told
    assert view.ended


def test_a_successful_run_for_some_shards_prints_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begun(with_table(tmp_path), "evaluate").on_success()
    assert capsys.readouterr().err == ""


def test_a_failed_run_refreshes_the_results(tmp_path: Path, refreshed: list[Any]) -> None:
    begun(tmp_path, "evaluate").on_error()
    assert refreshed == [False]


def test_figures_that_a_failed_job_has_removed_stay_results(
    tmp_path: Path, refreshed: list[Any]
) -> None:
    figures = tmp_path / outputs.FIGURES
    figures.mkdir(parents=True)
    lifecycle = begun(tmp_path, "figures")
    figures.rmdir()  # as Snakemake does before the job
    lifecycle.on_error()
    assert refreshed == [True]


@pytest.mark.parametrize("target", ["estimate", "check"])
def test_a_failed_target_that_makes_no_results_refreshes_nothing(
    tmp_path: Path, refreshed: list[Any], target: str
) -> None:
    begun(tmp_path, target, dag_settings=SimpleNamespace(targets=(target,))).on_error()
    assert refreshed == []


@pytest.mark.parametrize("error", [UserError("a mistake"), OSError(28, "No space left on device")])
def test_a_refresh_that_fails_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
) -> None:
    def fail(_: Any, *, drawn: bool) -> None:
        raise error

    monkeypatch.setattr(outputs, "refresh", fail)
    begun(tmp_path, "evaluate").on_error()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ")


SERVERS = (job_server.ASKING, job_server.DERIVING)


@pytest.mark.parametrize(
    ("rules", "snakemake", "started"),
    [
        (("evaluate", "database"), {}, SERVERS),
        (("evaluate",), {}, SERVERS[:1]),
        (("summary_pages",), {}, SERVERS[1:]),
        (("estimate",), {}, ()),
        (("evaluate", "database"), {"touch": True}, ()),
        (("evaluate", "database"), {"local_exec": False}, ()),
    ],
)
def test_job_servers_serve_the_jobs_that_run_here(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    rules: tuple[str, ...],
    snakemake: dict[str, Any],
    started: tuple[str, ...],
) -> None:
    starts: dict[str, set[str]] = {}

    def start(modules: tuple[str, ...], variable: str = job_server.ASKING) -> None:
        starts[variable] = {*modules}

    monkeypatch.setattr(job_server, "start", start)
    monkeypatch.setattr(snakemake_internals, "temporary_folders", lambda _: [])
    begun(tmp_path, *rules, **snakemake).start_job_servers()
    assert tuple(starts) == started
    sdks = {"anthropic", "litellm", "pilotbench.providers.openai_sdk", "genai_prices.data"}
    asking = starts.get(job_server.ASKING, {*job_server.MODULES, *sdks})
    assert asking - OURS == {*job_server.MODULES, *sdks}


def test_what_the_servers_import_exists() -> None:
    for name in (*job_server.MODULES, *job_server.DERIVING_MODULES):
        module, _, function = name.partition(":")
        assert importlib.util.find_spec(module), name
        assert not function or callable(getattr(importlib.import_module(module), function))
