"""The container recipe copies what the wheel is made of, and starts the command of the package."""

from __future__ import annotations

import json
import re
import runpy
import subprocess
import tomllib
from fnmatch import fnmatch

import pytest

from support.build import ROOT

INSTRUCTIONS = {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "ENTRYPOINT", "CMD"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def instructions() -> list[tuple[str, str]]:
    """Return (instruction, arguments) of each line of the recipe; continued lines are joined."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Containerfile").read_text(), flags=re.M)
    joined = re.sub(r"\\\n\s*", "", text)
    lines = (line.partition(" ") for line in joined.splitlines() if line.strip())
    return [(word, rest) for word, _, rest in lines]


def copied() -> list[str]:
    """Return the files and folders of the checkout that the recipe copies."""
    found = (rest.split() for word, rest in instructions() if word == "COPY")
    return [name for names in found if not names[0].startswith("--") for name in names[:-1]]


def is_sent(name: str) -> bool:
    """Return whether .dockerignore lets the builder see a top-level file; the last rule wins."""
    rules = (ROOT / ".dockerignore").read_text().split()
    last = next(rule for rule in reversed(rules) if fnmatch(name, rule.removeprefix("!")))
    return last.startswith("!")


def test_the_recipe_consists_of_known_instructions() -> None:
    words = [word for word, _ in instructions()]
    assert set(words) <= INSTRUCTIONS
    assert words[0] == "FROM"
    assert words[-2:] == ["ENTRYPOINT", "CMD"]
    for word, rest in instructions():
        if word in ("ENTRYPOINT", "CMD"):
            assert all(isinstance(one, str) for one in json.loads(rest))


@pytest.mark.parametrize("name", copied())
def test_what_it_copies_is_tracked_and_sent_to_the_builder(name: str) -> None:
    top = name.split("/")[0]
    tracked = subprocess.run(
        ["git", "ls-files", "--", name], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert tracked.stdout
    assert is_sent(top)


def test_secrets_results_and_environments_are_not_sent() -> None:
    for name in (".env", ".git", ".venv", "results", "journal", "resources"):
        assert not is_sent(name)


def test_it_copies_everything_that_the_wheel_carries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("setuptools.setup", lambda **_: None)
    shipped = runpy.run_path("setup.py")["SHIPPED"]
    described = {"pyproject.toml", "setup.py", PROJECT["project"]["readme"]}
    described |= set(PROJECT["project"]["license-files"])
    assert {pattern.split("/")[0] for pattern in shipped} | described <= set(copied())


def test_its_python_is_one_that_the_package_supports() -> None:
    bases = [rest.split()[0] for word, rest in instructions() if word == "FROM"]
    assert len(set(bases)) == 1
    version = re.search(r"python:3\.(\d+)-slim-\w+$", bases[0])
    low, high = re.findall(r"3\.(\d+)", PROJECT["project"]["requires-python"])
    assert version is not None
    assert int(low) <= int(version[1]) < int(high)


def test_it_starts_the_command_of_the_package_as_a_user_without_rights() -> None:
    found = dict(instructions())
    assert json.loads(found["ENTRYPOINT"])[0] in PROJECT["project"]["scripts"]
    assert found["USER"] not in ("root", "0")
