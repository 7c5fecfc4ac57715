"""A run in a process that has imported the packages is like one of a new interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support import preloaded

Run = Callable[..., subprocess.CompletedProcess[str]]
PROGRAM = """
import json, os, sys, threading
path = [one for one in sys.path if os.path.isdir(one)]  # Snakemake adds one that is to come
print(json.dumps([__name__, os.getcwd(), sys.argv, path, dict(os.environ)], sort_keys=True))
print(sys.stdin.read(), threading.active_count(), file=sys.stderr, flush=True)
"""
ENDS = {
    "nothing": ("", 0),
    "a code": ("sys.exit(3)", 3),
    "words": ("sys.exit('no')", 1),
    "an error": ("1 / 0", 1),
    "a kill": ("os.kill(os.getpid(), 9)", -9),
    "a thread": ("threading.Thread(target=print, args=['late']).start()", 0),
}


def plain(
    words: list[str], folder: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a new interpreter."""
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("end", "code"), ENDS.values(), ids=ENDS)
def test_a_run_is_like_one_of_a_new_interpreter(tmp_path: Path, end: str, code: int) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/told.py").write_text(f"{PROGRAM}{end}\n")
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}/elsewhere", "OWN": "ä\n", "_": "x"}
    words = ["-m", "told", "a word", "--flag"]
    assert preloaded.is_possible(words, environment)
    mine, new = (
        plain(words, tmp_path, environment),
        preloaded.run(words, tmp_path, environment, 60),
    )
    assert (mine.returncode, new.returncode) == (code, code)
    assert without_frames(mine.stdout) == without_frames(new.stdout)


def without_frames(text: str) -> list[str]:
    """Return the lines without those that name the frames of a traceback."""
    return [line for line in text.splitlines() if not line.startswith("  ")]


def test_a_run_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text("import time; print('began', flush=True); time.sleep(600)")
    found = preloaded.run(["-m", "slow"], tmp_path, dict(os.environ), 2)
    assert (found.returncode, found.stdout) == (-9, "began\n")


@pytest.mark.parametrize(
    ("words", "more"),
    [
        (["-c", "pass"], {}),
        (["-m", "told"], {"PYTHONHASHSEED": "5"}),
        (["-m", "told"], {"PYTHONPATH": "/nowhere:own"}),
        (["-m", "told"], {"PYTHONPATH": "plugins"}),
    ],
)
def test_what_only_a_new_interpreter_can_do_is_left_to_it(
    words: list[str], more: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("own/sitecustomize.py", "plugins/snakemake_executor_plugin_any/__init__.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    assert not preloaded.is_possible(words, {**os.environ, **more})


def test_the_packages_of_this_repository_are_not_among_those_imported(tmp_path: Path) -> None:
    (tmp_path / "loaded.py").write_text("import sys; print(*sys.modules)")
    found = preloaded.run(["-m", "loaded"], tmp_path, dict(os.environ), 60).stdout.split()
    assert "snakemake.workflow" in found
    assert not [name for name in found if name.startswith(("pilotbench", "support"))]
