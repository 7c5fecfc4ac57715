"""How models judge the replies of a pack: the options of the scorer `judge`, checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pilotbench.ground.canonical_json import digest
from pilotbench.ground.errors import TaskError, of_system

Json = dict[str, Any]
KIND = "judge"
ALL = "all"
FILES = (".md", ".txt")
SYSTEM = "You judge replies to questions strictly and fairly, by a rubric."


@dataclass(frozen=True)
class Judging:
    """The judges of a pack, what they are told, and what their verdicts add up to.

    `scale` and `criteria` are None and empty for a plain right or wrong. `compare` is None for
    single replies, else ALL or the model that every other is compared with.
    """

    rubric: str
    models: tuple[str, ...]
    repeats: int = 1
    aggregate: str = "majority"
    scale: tuple[float, float] | None = None
    criteria: dict[str, str] = field(default_factory=dict)
    threshold: float = 1.0
    compare: str | None = None
    reference: bool = True
    system: str = SYSTEM
    longest_reply: int = 30_000

    @property
    def asked(self) -> str:
        """A digest of what the judges are told, and of how their answers are read.

        It does not cover who judges how often, nor what is made of the scores.
        """
        words = (self.rubric, self.scale, self.criteria, bool(self.compare), self.reference)
        return digest([*words, self.system, self.longest_reply])

    @property
    def is_graded(self) -> bool:
        """Whether its scores are more than shares of right verdicts."""
        return bool(self.scale or self.criteria or self.compare) or self.aggregate == "mean"

    def others(self, model: str, models: Sequence[str]) -> tuple[str, ...]:
        """Return the models that `model` is compared with, among those of an experiment."""
        if self.compare is None or model not in models:
            return ()
        if self.compare in (ALL, model):
            return tuple(one for one in models if one != model)
        return (self.compare,) if self.compare in models else ()

    def pairs(self, models: Sequence[str]) -> list[tuple[str, str]]:
        """Return the pairs of models to compare, each once, in the order of the experiment."""
        found = [(one, other) for one in models for other in self.others(one, models)]
        return [(one, other) for one, other in found if models.index(one) < models.index(other)]


def judging_of(folder: Path, options: Json) -> Judging:
    """Return the judging of a pack from the options of its scorer. Raises TaskError, one line."""
    where = f"{folder / 'task.yaml'}: scorer"
    for name in ("rubric", "models"):
        if name not in options:
            raise TaskError(f"{where}.{name} is missing")
    given = {key: value for key, value in options.items() if value is not None}
    scale = given.get("scale")
    if scale is not None:
        if scale[0] >= scale[1]:
            raise TaskError(f"{where}.scale: the first number must be the lower one")
        given["scale"] = (float(scale[0]), float(scale[1]))
    _refuse_together(where, given)
    given.setdefault("threshold", 1.0 if scale is None else 0.5)
    given["rubric"] = _rubric(f"{where}.rubric", folder, given["rubric"])
    given["models"] = tuple(given["models"])
    return Judging(**given)


def _refuse_together(where: str, given: Json) -> None:
    """Raise TaskError for options that mean nothing beside `compare`."""
    if "compare" in given:
        for name in ("scale", "criteria", "threshold"):
            if name in given:
                raise TaskError(f"{where}.{name} is for single replies, without compare")


def _rubric(where: str, folder: Path, text: str) -> str:
    """Return the rubric: the text, or the content of the file that it names."""
    if "\n" in text.strip() or not text.strip().endswith(FILES):
        return text.strip()
    path = folder / text.strip()
    if not path.resolve().is_relative_to(folder.resolve()):
        raise TaskError(f"{where}: {text.strip()} is outside of the pack")
    try:
        found = path.read_text(encoding="utf-8-sig").strip()
    except OSError as error:
        raise TaskError(f"{where}: {of_system(error)}") from None
    except UnicodeDecodeError:
        raise TaskError(f"{where}: {path} is not UTF-8") from None
    if not found:
        raise TaskError(f"{where}: {path} is empty")
    return found
