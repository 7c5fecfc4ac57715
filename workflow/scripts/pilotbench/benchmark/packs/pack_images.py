"""The image of a question: a file beside the pack or a data URL, identified by its content."""

from __future__ import annotations

import base64
import binascii
from pathlib import Path
from typing import Any

from pilotbench.benchmark.instances import Image
from pilotbench.ground.errors import TaskError

LARGEST = 20 << 20
"""Maximum bytes; services accept less, most of them 5 to 20 MB."""
_DATA = "data:"
_BEGINNINGS = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF8": "image/gif",
}


def image_of(where: str, folder: Path, value: Any) -> Image:
    """Return the image that a line names. Raises TaskError, one line that begins with `where`."""
    if not isinstance(value, str) or not value:
        raise TaskError(f"{where} is not a path or a data URL")
    if value.startswith(("http://", "https://")):
        raise TaskError(f"{where} is an address: download it, and give a path below {folder}")
    content = _decoded(where, value) if value.startswith(_DATA) else _file(where, folder, value)
    if len(content) > LARGEST:
        raise TaskError(f"{where} has more than {LARGEST >> 20} MiB")
    kind = _media_type(content)
    if kind is None:
        raise TaskError(f"{where} is not an image; allowed: PNG, JPEG, GIF, WebP")
    return Image(kind, base64.b64encode(content).decode("ascii"))


def _decoded(where: str, url: str) -> bytes:
    head, _, data = url.partition(",")
    try:
        if head.endswith(";base64"):
            return base64.b64decode(data, validate=True)
    except binascii.Error:
        pass
    raise TaskError(f"{where} is not a data URL in base64: data:image/png;base64,…")


def _file(where: str, folder: Path, value: str) -> bytes:
    path = folder / value
    try:
        if not path.resolve().is_relative_to(folder.resolve()):
            raise TaskError(f"{where}: {value} is outside of the pack: give a path below {folder}")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a path"
        raise TaskError(f"{where}: {value[:200]} cannot be read: {reason}") from None


def _media_type(content: bytes) -> str | None:
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for sign, kind in _BEGINNINGS.items() if content.startswith(sign)), None)


def images_of(where: str, folder: Path, value: Any) -> tuple[Image, ...]:
    """Return the image, or the list of images, that a line names. Raises TaskError."""
    if not isinstance(value, list):
        return (image_of(where, folder, value),)
    if not value:
        raise TaskError(f"{where} is an empty list")
    return tuple(image_of(f"{where}[{n}]", folder, one) for n, one in enumerate(value))


def image_shown(image: Image) -> dict[str, Any]:
    """Return what an instance says of an image: the type and a hash of the content."""
    return {"type": image.media_type, "sha256": image.sha256}
