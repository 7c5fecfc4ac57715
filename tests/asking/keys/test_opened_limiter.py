"""The folder of a key, and the slots that this machine allows."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pilotbench.asking.keys.opened_limiter import key_folder, limiter_of, with_slots
from pilotbench.ground.errors import ConfigError
from pilotbench.providers.settings import Access, Key

ROOT = Path(__file__).resolve().parents[3]


FEW_FILES = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200))
from pilotbench.providers.settings import Access, Key
from pilotbench.asking.keys.opened_limiter import limiter_of
limiter = limiter_of(Path(sys.argv[1]), Key("k", "p", int(sys.argv[2])), Access("u", "s"))
slots = [limiter.wait() for _ in range(limiter.slots)]
slots[0].rejected()
assert limiter.try_now() is None
print(len(slots))
"""


def test_more_slots_than_open_files_allowed_break_neither_this_run_nor_the_next(
    tmp_path: Path,
) -> None:
    def run(slots: int) -> subprocess.CompletedProcess[str]:
        path = str(ROOT / "workflow" / "scripts")
        return subprocess.run(
            [sys.executable, "-c", FEW_FILES, str(tmp_path), str(slots)],
            capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}, check=False,
        )  # fmt: skip

    first = run(1500)
    assert (first.returncode, first.stdout) == (0, "50\n"), first.stderr
    assert "k: 1500 slots need more open files than this machine allows" in first.stderr
    ledger = next(tmp_path.glob("*/ledger"))
    ledger.write_text(ledger.read_text().replace('"width":50', '"width":1500').rstrip())
    second = run(5)
    assert (second.returncode, second.stdout) == (0, "5\n"), second.stderr


def test_two_aliases_of_one_secret_are_one_key(tmp_path: Path) -> None:
    same = Access("http://gateway/v1", "canary-secret")
    one = key_folder(tmp_path, same, "a")
    assert one == key_folder(tmp_path, Access("http://gateway/v1/", "canary-secret"), "b")
    assert one != key_folder(tmp_path, Access("http://gateway/v1", "other-secret"), "a")
    assert one != key_folder(tmp_path, Access("http://elsewhere/v1", "canary-secret"), "a")


def test_keys_without_a_secret_are_distinguished_by_alias(tmp_path: Path) -> None:
    local = Access("http://127.0.0.1:8000/v1", "")
    assert key_folder(tmp_path, local, "a") != key_folder(tmp_path, local, "b")


def test_no_secret_is_left_in_names_or_contents(tmp_path: Path) -> None:
    limiter = limiter_of(tmp_path, Key("k", "p", 2, rpm=10, tpm=100), Access("u", "canary-secret"))
    with limiter.slot(10) as slot:
        slot.rejected(1.0)
        slot.settle(5)
    limiter.close()
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in tmp_path.rglob("*") if "canary" in str(path)]
    assert not [path for path in files if b"canary" in path.read_bytes()]


def test_slots_of_the_command_line_replace_those_of_the_config() -> None:
    key = Key("k", "p", 5)
    assert with_slots(key, 2).slots == 2
    assert with_slots(key, None) is key


def test_an_unusable_limits_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "limits").write_text("a file")
    with pytest.raises(ConfigError, match=r"limits_dir: .*limits cannot be used"):
        limiter_of(tmp_path / "limits", Key("k", "p", 2), Access("u", "secret"))


def test_without_limits_dir_all_runs_of_a_user_share_the_folder_of_their_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    limiter = limiter_of(None, Key("k", "p", 1), Access("u", "secret"))
    limiter.close()
    assert limiter.folder.parent == tmp_path / "pilotbench" / "limits"
    assert limiter.folder.stat().st_mode & 0o077 == 0
