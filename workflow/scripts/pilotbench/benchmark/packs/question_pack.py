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

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from pilotbench.benchmark.instances import Example, Image, Instance
from pilotbench.benchmark.packs import label_files, solved_examples
from pilotbench.benchmark.packs.pack_files import file_hash, rules_hash, settings_of
from pilotbench.benchmark.packs.pack_instance import PackInstance
from pilotbench.benchmark.packs.pack_lines import lines_of
from pilotbench.benchmark.packs.pack_scoring import PackScoring
from pilotbench.benchmark.packs.pack_session import PackSession, tool_specs
from pilotbench.benchmark.packs.question import Question, QuestionReader
from pilotbench.benchmark.packs.question_tools import OneMessage
from pilotbench.benchmark.packs.scorer_choice import chosen
from pilotbench.benchmark.scorers import SCORERS_VERSION
from pilotbench.benchmark.scorers.judging import KIND as JUDGE
from pilotbench.benchmark.scorers.judging import Judging, judging_of
from pilotbench.benchmark.scorers.scorer import PackCode, RunCode
from pilotbench.benchmark.tasks.conversation import ONE_CALL, Calling
from pilotbench.benchmark.tasks.task import Score, ToolSpec, Transcript
from pilotbench.ground.errors import TaskError

Json = dict[str, Any]
NONE = "none"
DEFAULT_SYSTEM = "Answer the question. The last line of your reply is the answer alone."

JUDGED_SYSTEM = "Answer the question."


class QuestionPack:
    """A task read from a folder; see the Task protocol for the attributes."""

    difficulties: tuple[str, ...] = (NONE,)
    rated = False
    planned = False
    longest_plan = 1
    benchmark_version = None

    def __init__(self, folder: Path, run_code: RunCode = False) -> None:
        """Read task.yaml and count the lines of instances.jsonl.

        `run_code` says whether programs in replies may be run. Raises TaskError, one line that
        names file and key.
        """
        self.name = folder.name
        self.folder = folder
        settings = settings_of(folder / "task.yaml")
        self.description: str = settings["description"]
        self.scorer = chosen(f"{folder / 'task.yaml'}: scorer", settings["scorer"])
        usual = JUDGED_SYSTEM if self.scorer.kind == JUDGE else DEFAULT_SYSTEM
        self._is_table = "source" in settings
        self.system: str = settings.get("system", usual)
        self._stated_system: str = settings.get("system", "")
        self.tool_names: tuple[str, ...] = tuple(settings["tools"])
        self.judging: Judging | None = None
        if self.scorer.kind == JUDGE:
            if self.tool_names:
                raise TaskError(f"{folder / 'task.yaml'}: scorer judge is for packs without tools")
            self.judging = judging_of(folder, self.scorer.options)
            settings = {**settings, "scorer": {"kind": JUDGE}}  # a rubric changes no reply
        self._max_turns: int = settings["max_turns"] if self.tool_names else 1
        self.calling = ONE_CALL if self.tool_names else Calling(rules="", several=True)
        self._lines, self._solved = solved_examples.split(
            folder, settings, lines_of(folder, settings)
        )
        self._reader = QuestionReader(
            folder=folder,
            keys=self._lines.keys,
            names=self._lines.fields,
            ignore=tuple(settings["ignore"]),
            scorer=self.scorer,
            has_tools=bool(self.tool_names),
        )
        self._code = self._opened(run_code)
        self.scoring = PackScoring(self.name, self._lines, self.scorer, self._code)
        self.size: int | None = len(self._lines.lines)
        self.labels_file = label_files.path_of(folder, settings)
        self.scoring_version = f"{SCORERS_VERSION}-{file_hash(settings, self._content())}"
        rules = [rules_hash(settings), *self._code_versions]
        self.rules_version = "-".join([SCORERS_VERSION, *rules])

    def _opened(self, run_code: RunCode) -> dict[str, PackCode]:
        """Return the code of the pack by the scorer that runs it."""
        found = {self.scorer.key: self.scorer}
        for index, (_, text) in self._lines_with("scorer"):
            with suppress(TaskError):  # `instance` reports it
                choice = self._reader.scorer_of(self._lines.place(index), text)
                found[choice.key] = choice
        return {
            key: choice.scorer.opened(self.folder, choice.options, run_code)
            for key, choice in found.items()
            if choice.scorer.opened
        }

    @property
    def _code_versions(self) -> list[str]:
        return sorted({code.version for code in self._code.values()})

    def _lines_with(self, field: str) -> Iterator[tuple[int, tuple[int, str]]]:
        """Yield the lines that may have a field, with their indices."""
        key = next((key for key, one in self._lines.keys.items() if one == field), None)
        for index, line in enumerate(self._lines.lines):
            if f'"{key}"' in line[1]:
                yield index, line

    def _content(self) -> Iterator[tuple[int, str]]:
        """Yield the lines, the hash of the pack's code and that of each image that is a file."""
        yield from self._lines.lines
        yield from self._solved.lines
        for version in self._code_versions:
            yield 0, version
        key = next((key for key, field in self._lines.keys.items() if field == "image"), None)
        for number, text in self._lines.lines:
            if f'"{key}"' in text or '"image' in text:
                with suppress(TaskError, KeyError):  # `instance` reports it
                    for image in self._reader.images(f"line {number}", text):
                        yield number, image.sha256

    def _question(self, index: int) -> Question:
        return self._reader.read(self._lines.place(index), self._lines.lines[index][1])

    def instance(self, difficulty: str, index: int) -> PackInstance:
        """Return the instance of the `index`-th line. Raises TaskError naming file and line."""
        if difficulty != NONE:
            raise TaskError(f"{self.name} has no difficulty {difficulty!r}; allowed: {NONE}")
        count = len(self._lines.lines)
        if not 0 <= index < count:
            raise TaskError(f"{self._lines.file}: no instance {index}; it has {count}")
        question = self._question(index)
        return PackInstance(
            task=self.name,
            difficulty=NONE,
            index=index,
            request=question.asked.request,
            world=question.world or {},
            extra=self._with_system(question.extra),
        )

    def _with_system(self, extra: Json) -> Json:
        """Return what an instance has, with the pack's system message if it has tools of its own.

        Plain questions get it from the protocol, unless they have one.
        """
        earlier = extra.get("earlier", [])
        has_own = bool(earlier) and earlier[0][0] == "system"
        if "tools" not in extra or has_own or not self._stated_system:
            return extra
        return {**extra, "earlier": [["system", self._stated_system], *earlier]}

    def images(self, instance: Instance) -> tuple[Image, ...]:
        """Return the images of a question."""
        if not {"image", "images"} & instance.extra.keys():
            return ()
        place, text = self._lines.place(instance.index), self._lines.lines[instance.index][1]
        return self._reader.images(place, text)

    @cached_property
    def examples(self) -> Sequence[Example]:
        """Solved examples, in the order of the draw. Raises TaskError naming file and line."""
        return solved_examples.examples(self._solved, self._reader)

    @cached_property
    def names(self) -> dict[str, int]:
        """The index of each question that has a name (`id`)."""
        found: dict[str, int] = {}
        for index in range(len(self._lines.lines)):
            name = self.instance(NONE, index).extra.get("id")
            first = index if name is None else found.setdefault(name, index)
            if first != index:
                raise TaskError(
                    f"{self._lines.place(index)}: {name!r} is also the name of "
                    f"{self._lines.word} {self._lines.lines[first][0]}"
                )
        return found

    @cached_property
    def labels(self) -> tuple[label_files.Label, ...]:
        """Labels of people. Raises TaskError naming file and line."""
        if self.labels_file is None:
            return ()
        names = self.names if "id" in self._lines.fields else {}
        questions = label_files.Questions(self.name, len(self._lines.lines), names)
        scale = label_files.scale_of(self.scorer.options)
        return label_files.read(self.labels_file, questions, scale)

    def check(self) -> None:
        """Raise TaskError for the first line that is wrong, and for code that cannot be run."""
        self.check_lines()
        for code in self._code.values():
            code.check()

    def check_lines(self) -> None:
        """Raise TaskError for the first line that is not an instance or repeats an earlier one."""
        seen: dict[str, tuple[int, str]] = {}
        for index, (number, _) in enumerate(self._lines.lines):
            one = self.instance(NONE, index)
            key = one.question_hash if self._is_table else one.played_hash
            first, played = seen.setdefault(key, (number, one.played_hash))
            if first != number:
                same = f"the same instance as {self._lines.word} {first}"
                if played != one.played_hash:
                    same = f"asks the same as {self._lines.word} {first}, with another answer"
                    same += "; where several answers are right, use the scorer one_of"
                raise TaskError(f"{self._lines.place(index)}: {same}")
        if "id" in self._lines.fields:
            _ = self.names
        _ = self.examples, self.labels

    def tools(self, instance: Instance) -> tuple[ToolSpec, ...]:
        """Return the question's own tools, or the pack's with `finish` last, or nothing."""
        own = instance.extra.get("tools", ())
        return tuple(ToolSpec(**tool) for tool in own) or tool_specs(self.tool_names)

    def start(
        self, instance: Instance, tool_success_rate: str, repeat: int
    ) -> PackSession | OneMessage:
        """Return a session: of a world without failures by draw, or one that hears one message."""
        if "tools" in instance.extra:
            return OneMessage(self.tools(instance))
        return self._world(instance, tool_success_rate, repeat)

    def _world(self, instance: Instance, tool_success_rate: str, repeat: int) -> PackSession:
        return PackSession(instance, self.tool_names, self.scoring.goal)

    def score(self, instance: Instance, transcript: Transcript) -> Score:
        """Score the answer. Raises TranscriptError where the transcript is of another instance."""
        from pilotbench.benchmark.tasks import scoring

        if not self.tool_names:
            return self.scoring.of_reply(instance, transcript)
        score = scoring.score(instance, transcript, self._world)
        answered = transcript.end_reason in scoring.ANSWERED
        answer = transcript.answer if answered else None
        return scoring.graded(score, self.scoring.verdict(instance, answer))

    def max_turns(self, difficulty: str) -> int:
        """Return the turns of an episode; without tools, one."""
        return self._max_turns
