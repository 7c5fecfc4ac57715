"""An instance of a question pack, and what identifies it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pilotbench.benchmark.instances import Instance
from pilotbench.ground.canonical_json import digest

Json = dict[str, Any]
ASKED = ("earlier", "images", "tools")
"""What is asked besides the request, the image beside it and the world."""


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
        """SHA-256 of question, images and world: not of accepted answers and the pack's name."""
        seen = [self.extra["image"]] if "image" in self.extra else []
        more = {key: self.extra[key] for key in ASKED if key in self.extra}
        return digest([self.request, self.world, *seen, *([more] if more else [])])
