"""An instance of a question pack, and what it records of image and name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pilotbench.benchmark.instances import Image, Instance
from pilotbench.ground.canonical_json import digest
from pilotbench.ground.errors import TaskError

Json = dict[str, Any]


@dataclass(frozen=True)
class PackInstance(Instance):
    """An instance of a pack; its place in the file is not part of its identity."""

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of all that is recorded of this instance."""
        return digest({key: value for key, value in self.as_json().items() if key != "index"})

    @cached_property
    def played_hash(self) -> str:
        """SHA-256 of question, image, world and answer."""
        return digest([self.question_hash, self.extra["answer"]])

    @cached_property
    def question_hash(self) -> str:
        """SHA-256 of question, image and world: not of accepted answers and the pack's name."""
        seen = [self.extra["image"]] if "image" in self.extra else []
        return digest([self.request, self.world, *seen])


def name_of(where: str, value: Any) -> str:
    """Return the name of a question. Raises TaskError for what is not one."""
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise TaskError(f"{where} is not text or a whole number")
    return str(value).strip()


def image_shown(image: Image | None) -> Json:
    """Return what an instance says of its image: the type and a hash of the content."""
    return {"image": {"type": image.media_type, "sha256": image.sha256}} if image else {}
