"""Where a result comes from never stops the work: git may be missing, broken or slow."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

from pilotbench.ground import provenance, shipped


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    provenance.commit.cache_clear()
    yield
    provenance.commit.cache_clear()


def git_is(folder: Path, script: str, mode: int = 0o755) -> None:
    """Put a program called git into `folder`."""
    path = folder / "git"
    path.write_text(script)
    path.chmod(mode)


@pytest.mark.parametrize(
    ("script", "mode"),
    [
        (None, 0),
        ("#!/bin/sh\nexit 127\n", 0o755),
        ("#!/bin/sh\necho 'fatal: detected dubious ownership' >&2\nexit 128\n", 0o755),
        ("#!/no/such/interpreter\n", 0o755),
        ("not a program", 0o755),
        ("#!/bin/sh\nexit 0\n", 0o644),
        ("#!/bin/sh\nexec sleep 30\n", 0o755),
        ("#!/bin/sh\nkill -9 $$\n", 0o755),
        ("#!/bin/sh\nprintf '\\377\\376'\nexit 1\n", 0o755),
    ],
    ids=[
        "missing",
        "fails",
        "dubious",
        "interpreter",
        "format",
        "mode",
        "hangs",
        "killed",
        "bytes",
    ],
)
def test_without_a_git_that_works_the_commit_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, mode: int
) -> None:
    if script is not None:
        git_is(tmp_path, script, mode)
    monkeypatch.setattr(provenance, "PATIENCE_S", 0.3, raising=False)
    (tmp_path / "sleep").symlink_to(str(shutil.which("sleep")))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert provenance.commit() == (None, None)
    assert provenance.stamp()["commit"] is None


def test_a_commit_in_bytes_that_are_no_text_is_a_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git_is(tmp_path, "#!/bin/sh\nprintf 'abc\\377\\n'\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    head, dirty = provenance.commit()
    assert (head, dirty) == ("abc\ufffd", True)


def test_an_installed_package_has_a_version_and_no_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shipped, "IN_CHECKOUT", False)
    assert provenance.commit() == (None, None)
    assert provenance.libraries()["pilotbench"] == version("pilotbench")
