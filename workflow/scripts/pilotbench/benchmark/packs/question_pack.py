"""Question packs: tasks that are folders with `task.yaml` and `instances.jsonl` or a `source`.

A pack has no difficulties, no reference plan and no tool failures: difficulty and rate are `none`.
Without tools an episode is one turn: the reply's text is the answer. With tools it is played like
any other, and the answer is the argument of `finish`. `schemas/task_folder.schema.yaml` documents
the keys of task.yaml, `benchmark/scorers` the comparisons.

An instance's content hash covers question, answer, world, id and metadata but not its place in the
file; only a change of question or world is asked again. A changed or added question costs its own
requests; moving a line, correcting an answer or changing metadata costs nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from pilotbench.benchmark.instances import Image, Instance
from pilotbench.benchmark.packs import columns, sources
from pilotbench.benchmark.packs.pack_files import (
    check_schema,
    file_hash,
    json_object,
    numbered_lines,
    rules_hash,
    settings_of,
    world_schema,
)
from pilotbench.benchmark.packs.pack_images import image_of
from pilotbench.benchmark.packs.pack_instance import PackInstance, image_shown, name_of
from pilotbench.benchmark.packs.pack_session import PackSession, tool_specs
from pilotbench.benchmark.scorers import SCORERS, SCORERS_VERSION
from pilotbench.benchmark.scorers.scorer import Verdict
from pilotbench.benchmark.tasks.task import Score, Task, ToolSpec, Transcript
from pilotbench.ground.errors import TaskError, TranscriptError, Unscorable, hint

Json = dict[str, Any]
NONE = "none"
OPTIONAL = ("score", "metrics")
"""What only some scorers say in a verdict."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
DEFAULT_SYSTEM = "Answer the question. The last line of your reply is the answer alone."


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
        settings = settings_of(folder / "task.yaml")
        self.description: str = settings["description"]
        self.scorer_kind: str = settings["scorer"]["kind"]
        self.options: Json = {k: v for k, v in settings["scorer"].items() if k != "kind"}
        self.system: str = settings.get("system", DEFAULT_SYSTEM)
        self.tool_names: tuple[str, ...] = tuple(settings["tools"])
        scorer = SCORERS[self.scorer_kind]
        self._code = scorer.opened(folder, self.options) if scorer.opened else None
        self._fields: dict[str, str] = settings["fields"]
        self._ignore: list[str] = settings["ignore"]
        self._max_turns: int = settings["max_turns"] if self.tool_names else 1
        self._file = str(folder / "instances.jsonl")
        self._word, self._keys = "line", {key: name for name, key in self._fields.items()}
        if "source" in settings:
            self._lines = self._sourced(settings)
            self._keys = {name: name for name in (*self._fields, "metadata")}
        else:
            self._lines = numbered_lines(Path(self._file))
            if "image" not in self._fields and "image" not in self._ignore:
                self._keys.setdefault("image", "image")
        self.size: int | None = len(self._lines)
        if not self._lines:
            raise TaskError(f"{self._file}: no instances")
        self.scoring_version = f"{SCORERS_VERSION}-{file_hash(settings, self._content())}"
        rules = [rules_hash(settings), *([self._code.version] if self._code else [])]
        self.rules_version = "-".join([SCORERS_VERSION, *rules])

    def _sourced(self, settings: Json) -> list[tuple[int, str]]:
        """Return the lines that the table of `source` has, and keep what its columns are."""
        where, tools = str(self.folder / "task.yaml"), bool(self.tool_names)
        table = sources.read(where, self.folder, settings["source"], settings.get("sheet"))
        self._file, self._word = table.name, table.word
        self._fields = columns.fields_of(where, table, self._fields, self._ignore, tools)
        return columns.lines_of(table, self._fields, self._ignore, self.scorer_kind, self.options)

    def _place(self, index: int) -> str:
        return f"{self._file}: {self._word} {self._lines[index][0]}"

    def _content(self) -> Iterator[tuple[int, str]]:
        """Yield the lines, the hash of the pack's code and that of each image that is a file."""
        yield from self._lines
        if self._code is not None:
            yield 0, self._code.version
        image_key = next((key for key, name in self._keys.items() if name == "image"), None)
        for number, text in self._lines:
            if f'"{image_key}"' in text:
                with suppress(TaskError):  # `instance` reports it
                    image = self._values(f"line {number}", text).get("image")
                    if image is not None:
                        yield number, image.sha256

    def instance(self, difficulty: str, index: int) -> PackInstance:
        """Return the instance of the `index`-th line. Raises TaskError naming file and line."""
        if difficulty != NONE:
            raise TaskError(f"{self.name} has no difficulty {difficulty!r}; allowed: {NONE}")
        if not 0 <= index < len(self._lines):
            raise TaskError(f"{self._file}: no instance {index}; it has {len(self._lines)}")
        values = self._values(self._place(index), self._lines[index][1])
        shown: Json = {key: values[key] for key in ("id", "metadata", "row") if key in values}
        return PackInstance(
            task=self.name,
            difficulty=NONE,
            index=index,
            request=values["question"],
            world=values.get("world", {}),
            extra={
                "answer": values["answer"],
                **image_shown(values.get("image")),
                **shown,
            },
        )

    def _row(self, instance: Instance) -> Json:
        """Return the line of an instance as it is written, or the row of `source`."""
        row = json_object(self._place(instance.index), self._lines[instance.index][1])
        return {**row.pop("metadata", {}), **row} if "metadata" in self._keys else row

    def images(self, instance: Instance) -> tuple[Image, ...]:
        """Return the image of a question, if it has one."""
        if "image" not in instance.extra:
            return ()
        text = self._lines[instance.index][1]
        return (self._values(self._place(instance.index), text)["image"],)

    @cached_property
    def names(self) -> dict[str, int]:
        """The index of each question that has a name (`id`)."""
        found: dict[str, int] = {}
        for index in range(len(self._lines)):
            name = self.instance(NONE, index).extra.get("id")
            first = index if name is None else found.setdefault(name, index)
            if first != index:
                raise TaskError(
                    f"{self._place(index)}: {name!r} is also the name of {self._word} "
                    f"{self._lines[first][0]}"
                )
        return found

    def check(self) -> None:
        """Raise TaskError for the first line that is not an instance or repeats an earlier one."""
        seen: dict[str, int] = {}
        for index, (number, _) in enumerate(self._lines):
            first = seen.setdefault(self.instance(NONE, index).played_hash, number)
            if first != number:
                raise TaskError(f"{self._place(index)}: the same instance as {self._word} {first}")
        if "id" in self._fields:
            _ = self.names
        if self._code is not None:
            self._code.check()

    def tools(self, instance: Instance) -> tuple[ToolSpec, ...]:
        """Return the pack's tools with `finish` last; without tools, nothing."""
        return tool_specs(self.tool_names)

    def start(self, instance: Instance, tool_success_rate: str, repeat: int) -> PackSession:
        """Return a session whose tools never fail by draw."""
        return PackSession(instance, self.tool_names, self._goal)

    def score(self, instance: Instance, transcript: Transcript) -> Score:
        """Score the answer. Raises TranscriptError where the transcript is of another instance."""
        from pilotbench.benchmark.tasks import scoring

        if not self.tool_names:
            score = self._score_reply(instance, transcript)
            return scoring.graded(score, self._verdict(instance, transcript.answer))
        score = scoring.score(instance, transcript, self.start)
        answered = transcript.end_reason in scoring.ANSWERED
        return scoring.graded(score, self._verdict(instance, transcript.answer, answered))

    def max_turns(self, difficulty: str) -> int:
        """Return the turns of an episode; without tools, one."""
        return self._max_turns

    def _goal(self, instance: Instance, answer: Any) -> tuple[Json, bool, str]:
        """Return (predicate, holds, words): the one goal of a question."""
        scorer, wanted = SCORERS[self.scorer_kind], instance.extra["answer"]
        verdict = self._judged(instance, answer)
        words = scorer.goal.format(json.dumps(wanted, ensure_ascii=False))
        return {"kind": "answer"}, verdict is not None and verdict.counts(self.options), words

    def _judged(self, instance: Instance, answer: Any) -> Verdict | None:
        """Return the scorer's verdict, None without an answer."""
        try:
            if answer is None:
                return None
            if self._code is not None:
                return self._code.judge(self._row(instance), answer)
            scorer = SCORERS[self.scorer_kind]
            return scorer.judge(instance.extra["answer"], answer, self.options)
        except Unscorable as error:
            raise Unscorable(f"{self._place(instance.index)}: {error}") from None

    def _verdict(self, instance: Instance, answer: Any, answered: bool = True) -> Json:
        """Return what was wanted, what was read and by which rule, and why it was accepted."""
        found = self._judged(instance, answer if answered else None)
        found = found or Verdict(False, False, None, "none", "no answer")
        known = {k: v for k, v in vars(found).items() if v is not None or k not in OPTIONAL}
        return {"wanted": instance.extra["answer"], **known}

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
        """Return question, answer and world of a line, checked, and what else code may see."""
        line = json_object(where, text)
        keys = self._keys
        others = {key: value for key, value in line.items() if key not in keys}
        for key in others if self._code is None else ():
            if key not in self._ignore:
                raise TaskError(f"{where}: unknown key {key!r}{hint(key, [*keys, *self._ignore])}")
        values = {keys[key]: value for key, value in line.items() if key in keys}
        if self._code is not None:
            values.setdefault("answer", None)
            values |= {"row": others} if others else {}
        for name in ("question", "answer"):
            if name not in values:
                raise TaskError(f"{where}: {self._fields[name]} is missing")
        question = values["question"]
        if not isinstance(question, str) or not question.strip():
            raise TaskError(f"{where}: {self._fields['question']} is not text")
        self._check_answer(f"{where}: {self._fields['answer']}", values["answer"])
        if "id" in values:
            values["id"] = name_of(f"{where}: {self._fields['id']}", values["id"])
        if "world" in values:
            self._check_world(f"{where}: {self._fields['world']}", values["world"])
        if "image" in values:
            where = f"{where}: {self._fields.get('image', 'image')}"
            values["image"] = image_of(where, self.folder, values["image"])
        return values

    def _check_world(self, where: str, world: Any) -> None:
        if not self.tool_names:
            raise TaskError(f"{where} is for packs with tools")
        check_schema(where, world_schema(), world)

    def _check_answer(self, where: str, answer: Any) -> None:
        scorer = SCORERS[self.scorer_kind]
        check_schema(f"{where} of scorer {self.scorer_kind}", scorer.answer, answer)
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
