"""The environment files say the same: pyproject.toml and the two files of envs."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
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


def installed_with(names: set[str]) -> set[str]:
    """Return distributions and all that they require, without extras."""
    found: set[str] = set()
    waiting = sorted(names)
    while waiting:
        name = re.split(r"[^A-Za-z0-9._-]", waiting.pop())[0].lower().replace("_", "-")
        if name in found:
            continue
        found.add(name)
        try:
            needed = requires(name) or []
        except PackageNotFoundError:  # for another system
            needed = []
        waiting += [line for line in needed if "extra ==" not in line]
    return found


def imported_at_once(file: Path) -> Iterator[str]:
    """Yield the top-level names that a module imports when it is imported itself."""
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]


def test_what_the_library_imports_comes_with_its_dependencies() -> None:
    library = Path("workflow/scripts")
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    there = installed_with(set(pins(project["dependencies"])))
    owners = packages_distributions()
    own = {path.stem for path in library.iterdir()} | set(sys.stdlib_module_names)
    for file in library.rglob("*.py"):
        for name in set(imported_at_once(file)) - own:
            known = {owner.lower().replace("_", "-") for owner in owners.get(name, ())}
            assert known & there, f"{file}: {name}"
