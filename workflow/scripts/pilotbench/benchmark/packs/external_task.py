"""External tasks: folders whose task.yaml has `kind: external` and names a command.

Another program owns the samples, asks the model and scores the replies; what it wrote is read into
episodes (`episodes/external`). So an instance here is no more than a number. Everything that
decides about the results (task.yaml, the files beside it, those of `files`) is in the versions: a
change runs the command again. `schemas/external_task.schema.yaml` documents the keys.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeGuard

from pilotbench.benchmark.instances import Example, Image, Instance
from pilotbench.benchmark.packs.pack_schema import check_schema
from pilotbench.benchmark.tasks.conversation import ONE_CALL
from pilotbench.benchmark.tasks.task import Score, Session, ToolSpec, Transcript
from pilotbench.ground import schemas
from pilotbench.ground.canonical_json import digest
from pilotbench.ground.errors import TaskError, hint, of_system

Json = dict[str, Any]
KIND, NONE = "external", "none"
READERS_VERSION = "external-1"
"""Of how results are read (episodes/external); part of the scoring version."""
QUESTION, TARGET = "question", "target"
"""What the metadata of an episode has of its sample: its prompt, and what was wanted."""
READERS = {
    "inspect": "**/*.json",
    "lm_eval": "**/samples_*.jsonl",
    "json": "**/*.json*",
    "csv": "**/*.csv",
}
"""Kind of a reader -> the files that it reads by default."""
PLACEHOLDERS = (
    "model", "base_url", "token_env", "first", "last", "first_1", "last_1", "end", "count",
    "samples", "samples_json", "out", "folder", "repeat", "seed", "slots",
)  # fmt: skip
_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


class ExternalInstance(Instance):
    """A sample by its number; requests are known by their bodies alone."""

    @cached_property
    def question_hash(self) -> str:
        """The same for all samples: which one a request is for is not known when it is sent."""
        return digest([KIND])


@dataclass(frozen=True)
class Reading:
    """How the results of a command are read; see `reader` in the schema."""

    kind: str
    file: str
    score: str | None
    filter: str | None
    best: float
    success_at: float
    fields: dict[str, str]


class ExternalTask:
    """A task that another program runs; see the Task protocol for the attributes."""

    difficulties: tuple[str, ...] = (NONE,)
    rated = False
    planned = False
    longest_plan = 1
    benchmark_version = None
    calling = ONE_CALL
    examples: Sequence[Example] = ()
    judging = None

    def __init__(self, folder: Path, settings: Json) -> None:
        """Check the settings of task.yaml. Raises TaskError, one line."""
        self.name, self.folder = folder.name, folder
        self._file = folder / "task.yaml"
        schema = schemas.load("external_task", readers=READERS)
        check_schema(str(self._file), schema, settings)
        settings = {**schemas.defaults(schema), **settings}
        self.description: str = settings["description"]
        self.command: tuple[str, ...] = tuple(settings["command"])
        self.environment: dict[str, str] = settings["environment"]
        self.timeout_s: float | None = settings.get("timeout_s")
        self.size: int | None = settings["samples"]
        self.requests = float(settings["requests_per_sample"])
        self.input_tokens = float(settings["input_tokens_per_sample"])
        self.output_tokens = float(settings["output_tokens_per_sample"])
        self.models: tuple[str, ...] = tuple(settings["models"])
        self.reading = self._reading(schema, settings["reader"])
        self._extra: list[str] = settings["files"]
        self._check_placeholders()
        told = ["description", "timeout_s", *(name for name in settings if "_per_sample" in name)]
        told += [] if self.models else ["models"]  # a task without it is what it was before
        counts = {name: value for name, value in settings.items() if name not in told}
        self.rules_version = f"{READERS_VERSION}-{self._digest(counts)}"
        self.scoring_version = self.rules_version

    def filled(self, text: str, values: dict[str, str]) -> str:
        """Return a text of the settings with a value for each placeholder."""
        return _PLACEHOLDER.sub(lambda match: values[match[1]], text)

    def instance(self, difficulty: str, index: int) -> ExternalInstance:
        """Return the sample of a number. Raises TaskError if there is none."""
        if difficulty != NONE:
            raise TaskError(f"{self.name} has no difficulty {difficulty!r}; allowed: {NONE}")
        if not 0 <= index < (self.size or 0):
            raise TaskError(f"{self._file}: no sample {index}; it has {self.size}")
        words = f"Sample {index} of {self.name}; the command has its text."
        return ExternalInstance(self.name, NONE, index, words)

    def check(self) -> None:
        """Raise TaskError if the program of the command is not there."""
        if self.program is None:
            raise TaskError(
                f"{self._file}: command: {self.command[0]}: no such program; install it, or write "
                "its path"
            )

    @property
    def program(self) -> str | None:
        """The path of the program, None if there is none."""
        word = self.command[0]
        found = str(self.folder / Path(word).expanduser()) if "/" in word else word
        return shutil.which(found)

    def tools(self, instance: Instance) -> tuple[ToolSpec, ...]:
        """Return nothing: the command has its own tools."""
        return ()

    def images(self, instance: Instance) -> tuple[Image, ...]:
        """Return nothing: the command has its own images."""
        return ()

    def start(self, instance: Instance, tool_success_rate: str, repeat: int) -> Session:
        """Raise TaskError: episodes of this task are not played here."""
        raise TaskError(f"{self.name}: is run by its command, and cannot be played")

    def score(self, instance: Instance, transcript: Transcript) -> Score:
        """Raise TaskError: the command scores."""
        raise TaskError(f"{self.name}: is scored by its command")

    def max_turns(self, difficulty: str) -> int:
        """Return 1: what the command does in a sample is not counted in turns."""
        return 1

    def _reading(self, schema: Json, given: Json) -> Reading:
        options = {**schemas.defaults(schema["properties"]["reader"]), **given}
        kind = options["kind"]
        for name, kinds in (
            ("score", ("inspect", "lm_eval")),
            ("filter", ("lm_eval",)),
            ("fields", ("json", "csv")),
        ):
            if name in given and kind not in kinds:
                raise TaskError(
                    f"{self._file}: reader: {name} is for readers of kind {' and '.join(kinds)}"
                )
        return Reading(
            kind,
            options.get("file", READERS[kind]),
            options.get("score"),
            options.get("filter"),
            float(options["best"]),
            float(options["success_at"]),
            options["fields"],
        )

    def _check_placeholders(self) -> None:
        texts = [("command", text) for text in self.command]
        texts += [(f"environment.{name}", text) for name, text in self.environment.items()]
        for where, text in texts:
            for name in _PLACEHOLDER.findall(text):
                if name not in PLACEHOLDERS:
                    raise TaskError(
                        f"{self._file}: {where}: unknown placeholder {{{name}}}"
                        f"{hint(name, PLACEHOLDERS)}"
                    )
        if not any("{out}" in text for _, text in texts):
            raise TaskError(f"{self._file}: command: must write its results below {{out}}")

    def _digest(self, counts: Json) -> str:
        whole = hashlib.sha256(digest(counts).encode())
        for name, path in self._contents():
            try:
                content = hashlib.sha256(path.read_bytes()).hexdigest()
            except OSError as error:
                raise TaskError(f"{self._file}: files: {of_system(error)}") from None
            whole.update(f"\n{name} {content}".encode("utf-8", "surrogatepass"))
        return whole.hexdigest()[:16]

    def _contents(self) -> Iterator[tuple[str, Path]]:
        """Yield the files that count, by a name that does not depend on where the folder lies."""
        for path in _files(self.folder.iterdir()):
            if path.name != "task.yaml":
                yield path.name, path
        for word in self._extra:
            path = self.folder / Path(word).expanduser()
            found = sorted(path.rglob("*")) if path.is_dir() else [path]
            for one in _files(found) if path.is_dir() else found:
                yield f"{word}/{one.relative_to(path)}", one


def _files(paths: Iterable[Path]) -> list[Path]:
    """Return those that are files, without hidden ones and what Python has compiled."""
    ignored = (".pyc", ".log")
    return sorted(
        path
        for path in paths
        if path.is_file() and path.name[0] != "." and path.suffix not in ignored
    )


def is_external(task: object) -> TypeGuard[ExternalTask]:
    """Return whether another program runs a task."""
    return isinstance(task, ExternalTask)
