"""Every command in the guides runs. Commands that would ask a provider run dry; no key is set."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from support.build import EXPORTS, PLAYERS, ROOT, Build

GUIDES = ("usage", "parallel", "integration", "packs")
SCRIPTS = ("quick_test.sh", "test_all.sh", "run_batch_test.sh", "run_parallel_test.sh")
FREE = ("summary --config partial=true", "snakemake estimate", "snakemake check")


MODULES = ("snakemake ", "pilotbench ")
ADDED = "python -m pilotbench add-pack docs/examples/questions.csv"


def commands(file: Path) -> list[str]:
    blocks = re.findall(r"^```bash\n(.*?)^```", file.read_text(), re.M | re.S)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


ALL = list(dict.fromkeys(c for name in GUIDES for c in commands(ROOT / f"docs/{name}.md")))


def dry(command: str) -> str:
    """Return the command; if it would ask a provider, as a dry run."""
    if command.startswith("tail -f "):
        return command.replace("tail -f", "tail", 1)
    if "pilotbench serve" in command:  # it would serve until it is stopped
        return f"{command} --help"
    if "pilotbench" in command or "json.load" in command or any(w in command for w in FREE):
        return command
    if any(f"./{script}" in command for script in SCRIPTS[2:]) or "smart_batch" in command:
        return f"{command} -- -n --quiet all"
    return f"{command} -n --quiet all"


def typed(build: Build, command: str) -> subprocess.CompletedProcess[str]:
    """Run a line as it is typed; without a shell if it has no words for one."""
    module = command if command.startswith("snakemake ") else command.removeprefix("python -m ")
    if shlex.join(shlex.split(module)) == module and module.startswith(MODULES):
        return build.python("-m", *shlex.split(module))
    return in_shell(build, command)


def in_shell(build: Build, command: str) -> subprocess.CompletedProcess[str]:
    """Run a line as it is typed, with the environment of this Python active."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", command],
        cwd=build.folder,
        env=build.environment(PATH=path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1200,
        check=False,
    )


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """A checkout whose config selects players, with their results."""
    made = Build(tmp_path_factory.mktemp("guides"))
    shutil.copytree(ROOT / "legacy", made.folder / "legacy")
    for name in (*SCRIPTS, "smart_batch_runner.py", "logs", "pilot_bench_cumulative_results"):
        shutil.copy(ROOT / name, made.folder / name, follow_symlinks=False)
    shutil.copytree(ROOT / "docs/examples", made.folder / "docs/examples")
    file = made.folder / "config/config.yaml"
    own = {**yaml.safe_load(file.read_text()), **PLAYERS, "limits_dir": "limits"}
    file.write_text(yaml.safe_dump(own))
    run = in_shell(made, f"./run_batch_test.sh -m oracle,random -n 4 -- {EXPORTS}")
    assert run.returncode == 0, run.stdout
    assert f"+ snakemake {EXPORTS} --config models=oracle,random instances=4" in run.stdout
    return made


@pytest.mark.parametrize("command", ALL)
def test_a_command_of_a_guide_runs(build: Build, command: str) -> None:
    (build.folder / "mine.yaml").unlink(missing_ok=True)
    pack = build.folder / "config/tasks/questions"
    shutil.rmtree(pack, ignore_errors=True)
    if "questions/" in command or "tasks=questions" in command:
        assert typed(build, ADDED).returncode == 0
    if "--configfile mine.yaml" in command:
        shutil.copy(build.folder / "overlay.yaml", build.folder / "mine.yaml")
    run = typed(build, dry(command))
    assert run.returncode == 0, run.stdout
    assert "Traceback" not in run.stdout


@pytest.mark.parametrize("name", GUIDES)
def test_both_languages_give_the_same_commands(name: str) -> None:
    assert commands(ROOT / f"docs/zh/{name}.md") == commands(ROOT / f"docs/{name}.md")


def test_the_guides_name_every_command_and_every_script() -> None:
    from pilotbench.__main__ import all_commands

    text = "\n".join((ROOT / f"docs/{name}.md").read_text() for name in GUIDES)
    named = [f"| `{command.name}" for command in all_commands()]
    for word in (*named, *SCRIPTS, "smart_batch_runner.py"):
        assert word in text, word
