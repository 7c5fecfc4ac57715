"""The axes of an experiment, each declared once: what a cell is made of.

Their order is that of paths, plans, tables and columns. Config, plan, schemas, database and summary
iterate over them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pilotbench.benchmark.catalogue import LEVELS, VERSIONS, of_version
from pilotbench.benchmark.flaws import FLAWED
from pilotbench.benchmark.prompts.prompt_files import STANDARD_PROMPTS

NONE = "none"
"""The word on an axis that a task does not have."""


def rate_text(rate: Any) -> str:
    """Return a tool success rate as it is written in paths: 1.0 as "1.0", 0.80 as "0.8"."""
    text = format(Decimal(str(rate).strip()).normalize(), "f")
    return text if "." in text else f"{text}.0"


def listed(value: Any) -> list[Any]:
    """Return a list or a comma-separated string as a list."""
    if isinstance(value, str):
        return [word.strip() for word in value.split(",") if word.strip()]
    return list(value) if isinstance(value, list | tuple) else [value]


@dataclass(frozen=True)
class Axis:
    """One axis of an experiment.

    `name` is a field of `Cell`, a key of an episode and a column; `key` is the key of config that
    lists its words. `groups` are the words of config that stand for several; `text` turns a value
    of config into the word of paths.
    """

    name: str
    key: str
    description: str
    groups: Mapping[str, Iterable[str]] = field(default_factory=dict)
    text: Callable[[Any], str] = str
    pattern: str = r"[^/]+"

    @property
    def title(self) -> str:
        """The axis in words."""
        return self.name.replace("_", " ")

    @property
    def plural(self) -> str:
        """Several words of the axis, in words."""
        return self.key.replace("_", " ")

    def words(
        self, value: Any, groups: Mapping[str, Iterable[str]] | None = None
    ) -> tuple[str, ...]:
        """Return the words that a value of config lists: groups expanded, each word once."""
        known = self.groups if groups is None else groups
        texts = [self.text(one) for one in listed(value)]
        return tuple(dict.fromkeys(word for text in texts for word in known.get(text, (text,))))


MODEL = Axis("model", "models", "Entry of config/models.yaml.")
PROMPT = Axis(
    "prompt",
    "prompts",
    "Prompt template.",
    groups={"all": STANDARD_PROMPTS, "flawed": FLAWED},
)
TASK = Axis("task", "tasks", "Task type.", groups={"all": of_version(VERSIONS[0])})
DIFFICULTY = Axis(
    "difficulty",
    "difficulties",
    "`none` where the task has no levels.",
    pattern="|".join((*LEVELS, NONE)),
)
TOOL_SUCCESS_RATE = Axis(
    "tool_success_rate",
    "tool_success_rates",
    "A number as text, `none` without tools.",
    text=rate_text,
    pattern=rf"[01]\.\d+|{NONE}",
)

AXES = (MODEL, PROMPT, TASK, DIFFICULTY, TOOL_SUCCESS_RATE)
NAMES = tuple(axis.name for axis in AXES)
KEYS = tuple(axis.key for axis in AXES)
