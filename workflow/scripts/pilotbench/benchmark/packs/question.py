"""A question of a pack: what a line says, read and checked.

Every problem is a TaskError of one line that begins with the place of the question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pilotbench.benchmark.instances import Image, ToolSpec
from pilotbench.benchmark.packs.conversations import Conversation, conversation_of
from pilotbench.benchmark.packs.pack_files import json_object, world_schema
from pilotbench.benchmark.packs.pack_images import image_shown, images_of
from pilotbench.benchmark.packs.pack_schema import check_schema
from pilotbench.benchmark.packs.question_tools import check_calls, shown, tools_of
from pilotbench.benchmark.packs.scorer_choice import ScorerChoice, chosen
from pilotbench.benchmark.scorers import SCORERS
from pilotbench.benchmark.scorers.judging import KIND as JUDGE
from pilotbench.ground.errors import TaskError, hint

Json = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """What a line says.

    `images` are shown beside the question, those of a conversation in their place. `others` are the
    keys that no field names, which only code of the pack sees.
    """

    asked: Conversation
    answer: Any
    solution: str | None = None
    id: str | None = None
    images: tuple[Image, ...] = ()
    world: Json | None = None
    tools: tuple[ToolSpec, ...] = ()
    scorer: ScorerChoice | None = None
    metadata: Json | None = None
    others: Json | None = None

    @property
    def extra(self) -> Json:
        """What an instance has besides its request and its world."""
        pictures = list(map(image_shown, self.images))
        named = {
            "image": (pictures if len(pictures) > 1 else pictures[0]) if pictures else None,
            "earlier": [list(one) for one in self.asked.before] or None,
            "images": list(map(image_shown, self.asked.images)) or None,
            "tools": list(map(shown, self.tools)) or None,
            "scorer": self.scorer and self.scorer.as_json(),
            "solution": self.solution,
            "id": self.id,
            "metadata": self.metadata,
            "row": self.others,
        }
        given = {key: value for key, value in named.items() if value is not None}
        return {"answer": self.answer, **given}


@dataclass(frozen=True)
class QuestionReader:
    """How the lines of a pack are read.

    `keys` are the fields by the key of a line, `names` what errors call the fields. `ignore` are
    other keys that a line may have. `scorer` is the pack's; a line may have another. Where code of
    the pack scores, a line may have any keys, and needs no answer.
    """

    folder: Path
    keys: Mapping[str, str]
    names: Mapping[str, str]
    ignore: tuple[str, ...]
    scorer: ScorerChoice
    has_tools: bool

    def read(self, where: str, text: str) -> Question:
        """Return the question of a line, whose place is `where`. Raises TaskError."""
        line = json_object(where, text)
        values = {self.keys[key]: value for key, value in line.items() if key in self.keys}
        others = {key: value for key, value in line.items() if key not in self.keys}
        own = self._scorer(where, values)
        scorer = own or self.scorer
        if scorer.has_code or not scorer.scorer.needs_answer:
            values.setdefault("answer", None)
        if not scorer.has_code:
            self._refuse_unknown(where, others)
        for field in ("question", "answer"):
            if field not in values:
                raise TaskError(f"{self._at(where, field)} is missing")
        asked, images = self._asked(where, values), self._images(where, values)
        if asked.images and images:
            raise TaskError(f"{self._at(where, 'image')}: put it in a message, like the others")
        check_answer(self._at(where, "answer"), scorer, values["answer"])
        tools = self._tools(where, values, scorer)
        if scorer.scorer.calls == "only":
            check_calls(self._at(where, "answer"), values["answer"], tools)
        return Question(
            asked=asked,
            answer=values["answer"],
            solution=self._solution(where, values),
            id=name_of(self._at(where, "id"), values["id"]) if "id" in values else None,
            images=images,
            world=self._world(where, values),
            tools=tools,
            scorer=own,
            metadata=values.get("metadata"),
            others=(others or None) if scorer.has_code else None,
        )

    def scorer_of(self, where: str, text: str) -> ScorerChoice:
        """Return the scorer of a line. Raises TaskError."""
        return self._scorer(where, self._values(where, text)) or self.scorer

    def images(self, where: str, text: str) -> tuple[Image, ...]:
        """Return only the images of a line. Raises TaskError."""
        values = self._values(where, text)
        return (*self._images(where, values), *self._asked(where, values).images)

    def _values(self, where: str, text: str) -> Json:
        line = json_object(where, text)
        return {field: line[key] for key, field in self.keys.items() if key in line}

    def _scorer(self, where: str, values: Json) -> ScorerChoice | None:
        if "scorer" not in values:
            return None
        found = chosen(self._at(where, "scorer"), values["scorer"])
        if found.kind == JUDGE:
            raise TaskError(f"{self._at(where, 'scorer')}: judge is the scorer of a whole pack")
        return found

    def _at(self, where: str, field: str) -> str:
        return f"{where}: {self.names.get(field, field)}"

    def _refuse_unknown(self, where: str, others: Json) -> None:
        for key in others:
            if key not in self.ignore:
                known = [*self.keys, *self.ignore]
                raise TaskError(f"{where}: unknown key {key!r}{hint(key, known)}")

    def _solution(self, where: str, values: Json) -> str | None:
        solution = values.get("solution")
        if solution is not None and not isinstance(solution, str):
            raise TaskError(f"{self._at(where, 'solution')} is not a text")
        return solution

    def _asked(self, where: str, values: Json) -> Conversation:
        return conversation_of(self._at(where, "question"), self.folder, values["question"])

    def _images(self, where: str, values: Json) -> tuple[Image, ...]:
        if "image" not in values:
            return ()
        return images_of(self._at(where, "image"), self.folder, values["image"])

    def _tools(self, where: str, values: Json, scorer: ScorerChoice) -> tuple[ToolSpec, ...]:
        """Return the tools of a line, whose scorer has to fit."""
        place, compares = self._at(where, "tools"), scorer.scorer.calls
        if "tools" not in values:
            if compares == "only":
                raise TaskError(f"{place} is missing; the scorer {scorer.kind} needs it")
            return ()
        if self.has_tools:
            raise TaskError(f"{place} is for packs without tools in task.yaml")
        if compares == "none":
            kinds = ", ".join(name for name, one in SCORERS.items() if one.calls != "none")
            raise TaskError(
                f"{place}: the scorer {scorer.kind} does not compare calls; allowed: {kinds}"
            )
        return tools_of(place, values["tools"])

    def _world(self, where: str, values: Json) -> Json | None:
        if "world" not in values:
            return None
        if not self.has_tools:
            raise TaskError(f"{self._at(where, 'world')} is for packs with tools")
        check_schema(self._at(where, "world"), world_schema(), values["world"])
        return dict(values["world"])


def check_answer(where: str, choice: ScorerChoice, answer: Any) -> None:
    """Raise TaskError for an answer that a scorer cannot compare with."""
    check_schema(f"{where} of scorer {choice.kind}", choice.scorer.answer, answer)
    problem = choice.scorer.problem(answer)
    if problem is not None:
        raise TaskError(f"{where}: {problem}")


def name_of(where: str, value: Any) -> str:
    """Return the name of a question. Raises TaskError for what is not one."""
    if isinstance(value, bool) or not isinstance(value, str | int) or not str(value).strip():
        raise TaskError(f"{where} is not text or a whole number")
    return str(value).strip()
