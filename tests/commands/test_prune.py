"""The command lists what can be pruned and removes it."""

from __future__ import annotations

import shlex

import pytest

from pilotbench.__main__ import main
from support.database_lab import Lab, pruned


def test_the_list_ends_with_the_command_that_removes(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    pruned(lab)
    assert main(["prune", "--results", str(lab.results)]) == 0
    head, *files, last = capsys.readouterr().out.splitlines()
    assert head.split() == ["kind", "bytes", "episodes", "file"]
    assert [line.split()[0] for line in files] == ["damaged", "outside", "superseded"]
    command = f"python -m pilotbench prune --results {lab.results}"
    remove = f"{command} --remove superseded outside damaged"
    assert last.endswith(remove)
    assert main(shlex.split(remove)[3:]) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("removed 3 files")
    assert main(["prune", "--results", str(lab.results)]) == 0
    assert capsys.readouterr().out == "nothing to prune\n"
