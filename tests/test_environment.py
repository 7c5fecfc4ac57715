"""The environment files say the same: pyproject.toml and the two files of envs."""

import re
import tomllib
from pathlib import Path

import yaml

PIN = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)$")


def pins(lines: list[str]) -> dict[str, str]:
    found = (PIN.match(line.strip()) for line in lines)
    return {m[1].lower().replace("_", "-").replace(".", "-"): m[2] for m in found if m}


def test_every_dependency_is_pinned_and_the_constraints_hold_the_same_pin() -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    named = pins(wanted)
    assert len(named) == len(wanted), "a dependency without =="
    locked = pins(Path("envs/constraints.txt").read_text().splitlines())
    assert named.items() <= locked.items()
    plugins = Path("envs/plugins.txt").read_text().splitlines()
    assert {name for name in plugins if name and not name.startswith("#")} <= locked.keys()


def test_the_conda_environment_has_the_same_pins() -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    env = yaml.safe_load(Path("envs/pilotbench.yaml").read_text())
    [pip] = [entry["pip"] for entry in env["dependencies"] if isinstance(entry, dict)]
    assert pip == project["dependencies"]
    assert "python=3.11" in env["dependencies"]


def test_the_packages_that_the_project_is_made_of_are_there() -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    named = pins([*project["dependencies"], *project["optional-dependencies"]["dev"]])
    assert {"snakemake", "openai", "requests", "pandas", "jsonschema", "pytest"} <= set(named)
