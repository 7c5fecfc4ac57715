"""Question packs: tasks that are folders with `task.yaml` and `instances.jsonl`.

A pack has no difficulties, no reference plan and no tool failures: difficulty and rate are `none`.
Without tools an episode is one turn: the reply's text is the answer. With tools it is played like
any other, and the answer is the argument of `finish`. `schemas/task_folder.schema.yaml` documents
the keys of task.yaml, `benchmark/scorers` the comparisons.

An instance's content hash covers question, answer and world but not its place in the file; only a
change of question or world is asked again. A changed or added question costs its own requests;
moving a line or correcting an answer costs nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import yaml

from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.packs.pack_session import PackSession, known_tools, tool_specs
from pilotbench.benchmark.scorers import SCORERS, SCORERS_VERSION
from pilotbench.benchmark.scorers.scorer import depth_within
from pilotbench.benchmark.tasks.task import Score, Session, Task, ToolSpec, Transcript
from pilotbench.ground import schemas, yaml_files
from pilotbench.ground.canonical_json import digest
from pilotbench.ground.errors import TaskError, TranscriptError, Unscorable, hint

Json = dict[str, Any]
NONE = "none"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
DEEPEST = 40
DEFAULT_SYSTEM = "Answer the question. The last line of your reply is the answer alone."


@dataclass(frozen=True)
class PackInstance(Instance):
    """An instance of a pack; its place in the file is not part of its identity."""

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of all that a player or the scorer can see of this instance."""
        return digest({key: value for key, value in self.as_json().items() if key != "index"})

    @cached_property
    def question_hash(self) -> str:
        """SHA-256 of question and world: neither accepted answers nor the pack's name count."""
        return digest([self.request, self.world])


class QuestionPack:
    """A task read from a folder; see the Task protocol for the attributes."""

    difficulties: tuple[str, ...] = (NONE,)
    rated = False
    planned = False
    longest_plan = 1

    def __init__(self, folder: Path) -> None:
        """Read task.yaml and count the lines of instances.jsonl.

        Raises TaskError, one line that names file and key.
        """
        self.name = folder.name
        self.folder = folder
        settings = _settings(folder / "task.yaml")
        self.description: str = settings["description"]
        self.scorer_kind: str = settings["scorer"]["kind"]
        self.options: Json = {k: v for k, v in settings["scorer"].items() if k != "kind"}
        self.system: str = settings.get("system", DEFAULT_SYSTEM)
        self.tool_names: tuple[str, ...] = tuple(settings["tools"])
        self._fields: dict[str, str] = settings["fields"]
        self._ignore: list[str] = settings["ignore"]
        self._max_turns: int = settings["max_turns"] if self.tool_names else 1
        self._file = folder / "instances.jsonl"
        self._lines = _numbered_lines(self._file)
        self.size: int | None = len(self._lines)
        if not self._lines:
            raise TaskError(f"{self._file}: no instances")
        self.scoring_version = f"{SCORERS_VERSION}-{_file_hash(settings, self._lines)}"
        self.rules_version = f"{SCORERS_VERSION}-{_rules_hash(settings)}"

    def instance(self, difficulty: str, index: int) -> PackInstance:
        """Return the instance of the `index`-th line. Raises TaskError naming file and line."""
        if difficulty != NONE:
            raise TaskError(f"{self.name} has no difficulty {difficulty!r}; allowed: {NONE}")
        if not 0 <= index < len(self._lines):
            raise TaskError(f"{self._file}: no instance {index}; it has {len(self._lines)}")
        number, text = self._lines[index]
        values = self._values(f"{self._file}: line {number}", text)
        return PackInstance(
            task=self.name,
            difficulty=NONE,
            index=index,
            request=values["question"],
            world=values.get("world", {}),
            extra={"answer": values["answer"]},
        )

    def check(self) -> None:
        """Raise TaskError for the first line that is not an instance or repeats an earlier one."""
        seen: dict[str, int] = {}
        for index, (number, _) in enumerate(self._lines):
            first = seen.setdefault(self.instance(NONE, index).content_hash, number)
            if first != number:
                raise TaskError(f"{self._file}: line {number}: the same instance as line {first}")

    def tools(self, instance: Instance) -> tuple[ToolSpec, ...]:
        """Return the pack's tools with `finish` last; without tools, nothing."""
        return tool_specs(self.tool_names)

    def start(self, instance: Instance, tool_success_rate: str, repeat: int) -> Session:
        """Return a session whose tools never fail by draw."""
        return PackSession(instance, self.tool_names, self._goal)

    def score(self, instance: Instance, transcript: Transcript) -> Score:
        """Score the answer. Raises TranscriptError where the transcript is of another instance."""
        if self.tool_names:
            from pilotbench.benchmark.tasks import scoring

            return scoring.score(instance, transcript, self.start)  # type: ignore[arg-type]
        return self._score_reply(instance, transcript)

    def max_turns(self, difficulty: str) -> int:
        """Return the turns of an episode; without tools, one."""
        return self._max_turns

    def _goal(self, instance: Instance, answer: Any) -> tuple[Json, bool, str]:
        """Return (predicate, holds, words): the one goal of a question."""
        scorer, wanted = SCORERS[self.scorer_kind], instance.extra["answer"]
        try:
            holds = answer is not None and scorer.holds(wanted, answer, self.options)
        except Unscorable as error:
            line = self._lines[instance.index][0]
            raise Unscorable(f"{self._file}: line {line}: {error}") from None
        words = scorer.goal.format(json.dumps(wanted, ensure_ascii=False))
        return {"kind": "answer"}, holds, words

    def _score_reply(self, instance: Instance, transcript: Transcript) -> Score:
        if transcript.instance != instance.content_hash:
            raise TranscriptError(
                f"{self.name} {instance.index}: the transcript is of instance "
                f"{transcript.instance[:12]}, this one is {instance.content_hash[:12]}"
            )
        _, success, words = self._goal(instance, transcript.answer)
        return Score(
            success=success,
            progress=float(success),
            level="full_success" if success else "failure",
            weighted_score=float(success),
            collateral_damage=False,
            goals=[{"kind": "answer", "holds": success, "says": words}],
            broken=[],
            errors={} if success else {"no_rule_error": 1},
            calls=[],
            transient={"met": 0, "retried": 0, "recovered": 0},
            flaws={},
            world_diff=[],
        )

    def _values(self, where: str, text: str) -> Json:
        """Return question, answer and world of a line, checked."""
        line = _json_object(where, text)
        keys = {key: name for name, key in self._fields.items()}
        for key in line:
            if key not in keys and key not in self._ignore:
                raise TaskError(f"{where}: unknown key {key!r}{hint(key, [*keys, *self._ignore])}")
        values = {keys[key]: value for key, value in line.items() if key in keys}
        for name in ("question", "answer"):
            if name not in values:
                raise TaskError(f"{where}: {self._fields[name]} is missing")
        question = values["question"]
        if not isinstance(question, str) or not question.strip():
            raise TaskError(f"{where}: {self._fields['question']} is not text")
        self._check_answer(f"{where}: {self._fields['answer']}", values["answer"])
        if "world" in values:
            self._check_world(f"{where}: {self._fields['world']}", values["world"])
        return values

    def _check_world(self, where: str, world: Any) -> None:
        if not self.tool_names:
            raise TaskError(f"{where} is for packs with tools")
        _check(where, _world_schema(), world)

    def _check_answer(self, where: str, answer: Any) -> None:
        scorer = SCORERS[self.scorer_kind]
        _check(f"{where} of scorer {self.scorer_kind}", scorer.answer, answer)
        problem = scorer.problem(answer)
        if problem is not None:
            raise TaskError(f"{where}: {problem}")


def load_tasks(folders: Sequence[Path], names: Sequence[str] | None = None) -> dict[str, Task]:
    """Return the named tasks, of the benchmark and from `folders`, in the order of `names`.

    Only the named packs are read; without `names`, all. A missing folder has no packs. Raises
    TaskError for an unknown name, for a name that two packs or a pack and a task of the benchmark
    share, and for an invalid pack.
    """
    from pilotbench.benchmark.tasks import TASKS

    packs = _pack_folders(folders, TASKS)
    known = [*TASKS, *packs]
    chosen = known if names is None else names
    for name in chosen:
        if name not in TASKS and name not in packs:
            raise TaskError(f"tasks: unknown task {name!r}{hint(name, known)}")
    return {name: TASKS[name] if name in TASKS else QuestionPack(packs[name]) for name in chosen}


def known(folders: Sequence[Path]) -> list[str]:
    """Return the names of all tasks: those of the benchmark, then the packs in `folders`."""
    from pilotbench.benchmark.tasks import TASKS

    return [*TASKS, *_pack_folders(folders, TASKS)]


def _pack_folders(folders: Iterable[Path], taken: Iterable[str]) -> dict[str, Path]:
    """Return the folders of packs by name, without those that begin with a dot or an underscore."""
    found: dict[str, Path] = {}
    benchmark = set(taken)
    for path in sorted(path for folder in map(Path, folders) for path in _subfolders(folder)):
        name = path.name
        if NAME.fullmatch(name) is None or name in (NONE, "all"):
            raise TaskError(f"{path}: a pack's name has letters, digits, '.', '_' and '-' only")
        if name in benchmark:
            raise TaskError(f"{path}: {name} is a task of the benchmark; rename the pack")
        if name in found and found[name].resolve() != path.resolve():
            raise TaskError(f"{path}: the name {name} is taken by {found[name]}")
        found.setdefault(name, path)
    return found


def _subfolders(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [path for path in folder.iterdir() if path.is_dir() and path.name[0] not in "._"]


def _settings(path: Path) -> Json:
    """Return task.yaml, checked, with defaults filled in."""
    try:
        settings = yaml_files.load(_read(path))
    except yaml.YAMLError as error:
        raise TaskError(f"{path}: not YAML: {_line(error)}") from None
    _check(str(path), schemas.load("task_folder"), settings)
    kind = settings["scorer"]["kind"]
    if kind not in SCORERS:
        raise TaskError(f"{path}: scorer.kind: unknown scorer {kind!r}{hint(kind, SCORERS)}")
    given = {key: value for key, value in settings["scorer"].items() if key != "kind"}
    _check(f"{path}: scorer", _options_schema(kind), given)
    _check_tools(path, settings)
    defaults = {key: value["default"] for key, value in SCORERS[kind].options.items()}
    names = {"question": "question", "answer": "answer", "world": "world"}
    return {
        "tools": [],
        "ignore": [],
        "max_turns": 10,
        **settings,
        "fields": {**names, **settings.get("fields", {})},
        "scorer": {"kind": kind, **defaults, **given},
    }


@lru_cache(maxsize=1)
def _world_schema() -> Json:
    return schemas.load("world")


def _options_schema(kind: str) -> Json:
    options = SCORERS[kind].options
    return {"type": "object", "additionalProperties": False, "properties": options}


def _check_tools(path: Path, settings: Json) -> None:
    tools = settings.get("tools", [])
    known = known_tools()
    for name in tools:
        if name not in known:
            raise TaskError(f"{path}: tools: unknown tool {name!r}{hint(name, known)}")
    for key in ("max_turns",) if not tools else ("system",):
        if key in settings:
            raise TaskError(f"{path}: {key} is for packs {'without' if tools else 'with'} tools")


def _check(where: str, schema: Json, value: Any) -> None:
    """Raise TaskError, one line, where `value` is not valid under `schema`."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    error = best_match(Draft202012Validator(schema).iter_errors(value))
    if error is None:
        return
    key = ".".join(map(str, error.absolute_path))
    if error.validator == "additionalProperties":
        allowed = list(error.schema["properties"])
        unknown = next(name for name in error.instance if name not in allowed)
        dotted = f"{key}.{unknown}" if key else str(unknown)
        raise TaskError(f"{where}: unknown key {dotted}{hint(str(unknown), allowed)}")
    words = f"{where}: {key}: " if key else f"{where}: "
    message = " ".join(error.message.split())
    raise TaskError(words + (message if len(message) <= 200 else message[:199] + "…"))


def _numbered_lines(path: Path) -> list[tuple[int, str]]:
    lines = _read(path).split("\n")
    return [(number, line) for number, line in enumerate(lines, start=1) if line.strip()]


def _json_object(where: str, text: str) -> Json:
    try:
        value = json.loads(text, parse_constant=_no_number, object_pairs_hook=_once)
        text.encode("utf-8")
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise TaskError(f"{where}: not JSON: {_line(error)}") from None
    if not isinstance(value, dict):
        raise TaskError(f"{where}: not a JSON object")
    if not depth_within(value, DEEPEST):
        raise TaskError(f"{where}: nests more than {DEEPEST} levels")
    return value


def _once(pairs: list[tuple[str, Any]]) -> Json:
    """Return an object. Raises ValueError for a repeated key."""
    value = dict(pairs)
    if len(value) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r} appears twice")
    return value


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is not a JSON number")


def _file_hash(settings: Json, lines: Iterable[tuple[int, str]]) -> str:
    """Return a short hash of everything that determines a pack's requests and scores."""
    words = json.dumps({k: v for k, v in settings.items() if k != "description"}, sort_keys=True)
    whole = hashlib.sha256(words.encode())
    for chunk in _encoded(lines):
        whole.update(chunk)
    return whole.hexdigest()[:16]


def _rules_hash(settings: Json) -> str:
    """Return a short hash of what task.yaml determines about requests and scores."""
    other = ("description", "fields", "ignore")
    return digest({key: value for key, value in settings.items() if key not in other})[:16]


def _encoded(lines: Iterable[tuple[int, str]]) -> Iterator[bytes]:
    return (line.encode("utf-8") + b"\n" for _, line in lines)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise TaskError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise TaskError(f"{path}: cannot be read as UTF-8: {_line(error)}") from None


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
