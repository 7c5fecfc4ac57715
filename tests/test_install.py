"""The environment is installed by uv or by pip, with the same packages and without noise."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from envs import install
from pilotbench.benchmark.bfcl.official import INSTALL
from support.build import ROOT

WORDS = (["environment"], ["extras", "litellm"], ["plugins"])
FAILS = [sys.executable, "-c", "print('no such package'); raise SystemExit(3)"]
PASSES = [sys.executable, "-c", "print('90 lines of warnings')"]


def packages(words: list[str], uv: str | None) -> list[list[str]]:
    """Return what each command installs, from where and how pinned."""
    own = {*install.PIP, "uv", "--quiet", "--python"}
    return [
        [word for word in command if word not in own]
        for command in install.commands(words, uv)
        if "install" in command
    ]


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_uv_and_pip_install_the_same(words: list[str]) -> None:
    assert packages(words, "uv") == packages(words, None)
    assert all(line[0] == "uv" for line in install.commands(words, "uv"))


def test_what_is_said_to_install_bfcl_is_what_is_installed() -> None:
    assert INSTALL.endswith(" ".join(["--no-deps", *install.BFCL]))


def test_the_output_is_shown_only_where_a_command_fails(capfd: pytest.CaptureFixture[str]) -> None:
    assert install.run([PASSES, PASSES]) == 0
    assert capfd.readouterr() == ("", "")
    assert install.run([PASSES, FAILS, PASSES]) == 3
    assert capfd.readouterr() == ("", "no such package\n")


def test_pip_is_used_where_uv_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "uv").write_text("#!/bin/sh\necho offline\nexit 2\n")
    (tmp_path / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(install, "PIP", PASSES)
    assert install.main(["plugins"]) == 0
    assert capfd.readouterr().err == "offline\nuv has failed; trying pip\n"


def test_only_this_script_installs_packages() -> None:
    for name in ("Makefile", ".ci/run"):
        assert not re.search(r"pip install|uv pip", (ROOT / name).read_text()), name
