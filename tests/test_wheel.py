"""The wheel is complete: installed alone, it makes projects and runs them without the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from pilotbench.commands.simulate import SETUP
from pilotbench.simulator.ground import setup
from support import Simulator
from support.build import PLAYERS, ROOT

MADE_FROM = ("pyproject.toml", "setup.py", "README.md", "LICENSE", "NOTICE", "Snakefile")
FOLDERS = ("workflow", "config", "profiles", "envs")
MINE = ("--configfile", "mine.yaml")
SHARD = "results/shards/gpt-4o-mini/short/example/none/none/00000-00005.jsonl.gz"
CLAUDE = {
    "providers": {
        "claude": {
            "kind": "anthropic",
            "base_url": "http://127.0.0.1:9",
            "keys": {"own": {"env": "K"}},
        }
    },
    "model_catalog": {
        "c": {
            "provider": "claude",
            "deployment": "m",
            "protocol": "native",
            "parameters": {"max_tokens": 9},
        }
    },
    "models": ["c"],
}


@dataclass(frozen=True)
class Project:
    """A project that has run; `env` are the variables of its run."""

    folder: Path
    env: dict[str, str]


def run(*words: str | Path, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        list(map(str, words)),
        cwd=cwd,
        env={**os.environ, "NO_COLOR": "1", **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )


def pilotbench(
    python: Path, *words: str, cwd: Path, **env: str
) -> subprocess.CompletedProcess[str]:
    """Run the console command that is installed beside `python`."""
    return run(python.with_name("pilotbench"), *words, cwd=cwd, **env)


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a fresh environment: our wheel, and beside it the packages that it requires.

    The wheel is built from the source distribution. A .pth file lends it the packages of this
    environment; its own .pth files, so an editable installation of the checkout too, are not read
    through it.
    """
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    ignored = shutil.ignore_patterns("*.egg-info", "__pycache__")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=ignored)
    for name in MADE_FROM:
        shutil.copy(ROOT / name, source)
    sdist = "from setuptools import build_meta; build_meta.build_sdist('..')"
    packed = run(sys.executable, "-c", sdist, cwd=source)
    assert packed.returncode == 0, packed.stdout
    [archive] = folder.glob("*.tar.gz")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    offline = ("-qq", "--no-deps", "--no-index")
    made = run(*pip, "wheel", *offline, "--no-build-isolation", archive, cwd=folder)
    assert made.returncode == 0, made.stdout
    [wheel] = folder.glob("*.whl")
    run(sys.executable, "-m", "venv", "--without-pip", "fresh", cwd=folder)
    python = folder / "fresh/bin/python"
    done = run(*pip, "--python", python, "install", *offline, wheel, cwd=folder)
    assert done.returncode == 0, done.stdout
    [packages] = (folder / "fresh/lib").glob("python*/site-packages")
    (packages / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder without config files, except one to be named."""
    folder = tmp_path_factory.mktemp("elsewhere")
    own = {**PLAYERS, "limits_dir": "limits"}
    (folder / "mine.yaml").write_text(yaml.safe_dump(own))
    return folder


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(**yaml.safe_load(SETUP.read_text())) as simulator:
        yield simulator


@pytest.fixture(scope="module")
def project(
    python: Path, tmp_path_factory: pytest.TempPathFactory, simulator: Simulator
) -> Project:
    folder = tmp_path_factory.mktemp("projects")
    made = pilotbench(python, "new", "demo", cwd=folder)
    assert made.returncode == 0, made.stdout
    lines = [simulator.line() for _ in setup.load(SETUP, {}).environment]
    env = dict(line.removeprefix("export ").split("=", 1) for line in lines)
    own = {"models": ["gpt-4o-mini", "oracle"], "limits_dir": "limits"}
    (folder / "demo/mine.yaml").write_text(yaml.safe_dump(own))
    done = pilotbench(python, "run", *MINE, cwd=folder / "demo", **env)
    assert done.returncode == 0, done.stdout
    assert "gpt-4o-mini" in done.stdout
    return Project(folder / "demo", env)


def test_the_library_is_that_of_the_wheel(python: Path, elsewhere: Path) -> None:
    where = run(python, "-c", "import pilotbench; print(pilotbench.__file__)", cwd=elsewhere)
    assert Path(where.stdout.strip()).is_relative_to(python.parents[1])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["status"], "oracle"),
        (["status", "--json"], '"model": "oracle"'),
        (["estimate"], "oracle"),
        (["check"], "2 of 2"),
        (["show", "oracle/baseline/simple_task/easy/0.8", "1"], "simple_task"),
        (["show", "oracle/optimal/simple_task/easy/0.8", "1"], "simple_task"),
    ],
    ids=str,
)
def test_a_command_works_where_there_is_no_config(
    python: Path, elsewhere: Path, words: list[str], says: str
) -> None:
    done = pilotbench(python, *words, *MINE, cwd=elsewhere)
    assert done.returncode == 0, done.stdout
    assert says in done.stdout


def test_a_config_for_the_keys_of_the_environment_names_the_commands_of_the_package(
    python: Path, tmp_path: Path
) -> None:
    done = pilotbench(python, "init", cwd=tmp_path, OPENAI_API_KEY="sk-own")
    assert done.returncode == 0, done.stdout
    assert "next: pilotbench check --configfile mine.yaml" in done.stdout
    assert "# Then: pilotbench run --configfile mine.yaml" in (tmp_path / "mine.yaml").read_text()


def test_requests_can_be_put_into_words(python: Path, elsewhere: Path) -> None:
    program = "from pilotbench.benchmark.scenarios.wording.register import load, names"
    counted = "print(len(names()), sum(len(load(name).public) > 30 for name in names()))"
    done = run(python, "-c", f"{program}; {counted}", cwd=elsewhere)
    assert done.stdout.split() == ["5", "5"], done.stdout


def test_a_build_works_where_there_is_no_workflow(python: Path, elsewhere: Path) -> None:
    done = pilotbench(python, "run", *MINE, "--quiet", "all", "-n", cwd=elsewhere)
    assert done.returncode == 0, done.stdout
    failed = pilotbench(python, "run", "--config", "models=x", cwd=elsewhere)
    assert failed.returncode == 1
    assert "models: unknown model 'x'" in failed.stdout


def test_a_second_run_of_a_project_asks_nothing(
    python: Path, project: Project, simulator: Simulator
) -> None:
    assert "first comparison" in (project.folder / "results/summary/index.html").read_text()
    asked = simulator.stats()["total"]["requests"]
    assert asked
    again = pilotbench(python, "run", *MINE, cwd=project.folder, **project.env)
    assert again.returncode == 0, again.stdout
    assert "Nothing to be done" in again.stdout
    (project.folder / SHARD).unlink()
    rebuilt = pilotbench(python, "run", SHARD, *MINE, cwd=project.folder, **project.env)
    assert rebuilt.returncode == 0, rebuilt.stdout
    assert (project.folder / SHARD).exists()
    assert simulator.stats()["total"]["requests"] == asked


def test_snakemake_finds_the_workflow_of_a_project(python: Path, project: Project) -> None:
    words = ("-m", "snakemake", "-n", "--config", "models=random")
    done = run(python, *words, cwd=project.folder)
    assert done.returncode == 0, done.stdout
    assert "evaluate" in done.stdout


def test_the_quick_benchmark_is_there_without_its_file(python: Path, project: Project) -> None:
    done = pilotbench(python, "run", "quick", "-n", "-q", "rules", cwd=project.folder)
    assert done.returncode == 0, done.stdout
    assert "evaluate" in done.stdout


def test_an_extra_that_is_not_installed_is_one_line(python: Path, project: Project) -> None:
    blocked = project.folder / "blocked"
    blocked.mkdir()
    (blocked / "anthropic.py").write_text("raise ImportError")
    (project.folder / "claude.yaml").write_text(yaml.safe_dump(CLAUDE))
    words = ("run", "--configfile", "claude.yaml", "--quiet", "all")
    env = {"K": "secret", "PYTHONPATH": str(blocked)}
    done = pilotbench(python, *words, cwd=project.folder, **env)
    assert done.returncode == 1
    assert "pip install 'pilotbench[anthropic]'" in done.stdout
    assert "Traceback" not in done.stdout
