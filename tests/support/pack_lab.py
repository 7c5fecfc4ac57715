"""A results folder with the replies of simulated models to a pack, its plan and its database."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pilotbench.benchmark.packs.question_pack import QuestionPack
from pilotbench.episodes.shard_file import write_shard
from pilotbench.ground.canonical_json import unit_interval
from pilotbench.matrix.cells import Cell, Shard
from pilotbench.matrix.plan import Plan
from pilotbench.results.analysis.load import SummaryData, load
from pilotbench.results.summary import answer_pages, transcripts
from support import make_shards
from support.database_lab import Lab

Json = dict[str, Any]
LANGUAGES = ("en", "fr", "zh")
WORDS = "The rest follows from what is known, so that nothing else has to be looked up. "
Reply = Callable[[Cell, int, int], str | None]


def number_of(index: int) -> int:
    """Return the answer to a question."""
    return 100 + index


def said(cell: Cell, index: int, repeat: int) -> str:
    """Return a reply: the later a model's name, the more often it is wrong, by hash."""
    draw = unit_interval("reply", *cell.words, index, repeat)
    wrong = draw < 0.15 * (1 + ord(cell.model[-1]) % 4)
    return f"{WORDS * (1 + index % 4)}\n{number_of(index) + wrong}"


@dataclass
class PackLab:
    """A pack of `questions`, and the shards of `models` under `prompts` that were written."""

    folder: Path
    questions: int
    models: Sequence[str] = ("model-a", "model-b", "model-c")
    prompts: Sequence[str] = ("baseline",)
    repeats: int = 1
    size: int = 20
    reply: Reply = said

    @property
    def results(self) -> Path:
        """The results folder."""
        return self.folder / "results"

    @property
    def out(self) -> Path:
        """The summary folder."""
        return self.results / "summary"

    @property
    def lab(self) -> Lab:
        """The results with their plan."""
        shards = [
            Shard(cell, first, min(first + self.size, self.questions) - 1)
            for cell in self.cells
            for first in range(0, self.questions, self.size)
        ]
        return Lab(self.results, Plan(tuple(shards), self.repeats))

    @property
    def cells(self) -> list[Cell]:
        """A cell per model and prompt."""
        return [Cell(m, p, "trivia", "none", "none") for m in self.models for p in self.prompts]

    @property
    def data(self) -> SummaryData:
        """What a summary reads."""
        return load(self.lab.database, None)

    def write_pack(self) -> QuestionPack:
        """Write the pack and return it."""
        pack = self.folder / "packs" / "trivia"
        pack.mkdir(parents=True, exist_ok=True)
        (pack / "task.yaml").write_text(
            "description: numbers\nsource: table.csv\nscorer: {kind: number}\n", encoding="utf-8"
        )
        with (pack / "table.csv").open("w", encoding="utf-8", newline="") as file:
            out = csv.writer(file)
            out.writerow(["id", "question", "answer", "language", "topic"])
            for index in range(self.questions):
                words = f"Which number comes {index} after one hundred?"
                language = LANGUAGES[index % 3]
                out.writerow([f"q{index}", words, number_of(index), language, f"t{index % 7}"])
        return QuestionPack(pack)

    def write_shards(self, pack: QuestionPack, only: Iterable[Shard] | None = None) -> None:
        """Write shard files; those that a reply of None leaves unfinished are missing."""
        for shard in only or self.lab.plan.shards:
            episodes = [
                episode(pack, shard.cell, index, repeat, reply)
                for index in shard.indices
                for repeat in range(self.repeats)
                if (reply := self.reply(shard.cell, index, repeat)) is not None
            ]
            if len(episodes) == len(shard.indices) * self.repeats:
                header = make_shards.make_header(shard, episodes, self.repeats)
                write_shard(self.results / "shards" / shard.path, header, episodes)

    def built(self) -> QuestionPack:
        """Write pack, shards and database, and return the pack."""
        pack = self.write_pack()
        self.write_shards(pack)
        self.lab.update()
        return pack

    def write_pages(self, pack: QuestionPack | None = None) -> int:
        """Write transcripts and answers, and return how many files of answers were written."""
        data, tasks = self.data, {} if pack is None else {"trivia": pack}
        transcripts.write(data.shards, self.lab.database, self.results, self.out)
        return answer_pages.write(data, tasks, self.lab.database, self.results, self.out)

    def changed(self, **fields: Any) -> PackLab:
        """Return the lab with other fields."""
        return replace(self, **fields)


def episode(pack: QuestionPack, cell: Cell, index: int, repeat: int, reply: str) -> Json:
    """Return the record of an episode, read as the scorer `number` reads it."""
    known = make_shards.make_episode(cell, index, repeat, text=0.0)
    instance = pack.instance("none", index)
    verdict = pack.scoring.verdict(instance, reply)
    success = bool(verdict["right"])
    turn = {"turn": 0, "content": reply, "call": None, "reply": None, "thought": None}
    return known | {
        "protocol": "none",
        "question_id": instance.extra["id"],
        "metadata": instance.extra["metadata"],
        "instance": instance.content_hash,
        "status": "completed",
        "end_reason": "finish",
        "reason": None,
        "success": success,
        "progress": float(success),
        "level": "full_success" if success else "failure",
        "weighted_score": float(success),
        "goals": [{"holds": success, "says": "the answer is the number"}],
        "broken": [],
        "errors": {} if success else {"no_rule_error": 1},
        "calls": [],
        "world_diff": [],
        "verdict": verdict,
        "turns": 1,
        "tool_calls": 0,
        "distinct_tools": 0,
        "parsed_turns": 1,
        "max_turns": 1,
        "requests": known["requests"][:1],
        "user": instance.request,
        "transcript": [turn | {"parse_error": None, "surplus": 0, "finish_reason": "stop"}],
        "answer": reply,
    }


def unpacked(file: Path) -> Any:
    """Return the content of a data file of a page."""
    import base64
    import gzip

    text = file.read_text(encoding="ascii").split('","')[1].split('"')[0]
    return json.loads(gzip.decompress(base64.b64decode(text)))


def handed_over(file: Path) -> list[str]:
    """Return what a data file hands over: its name and its parts."""
    words = file.read_text(encoding="ascii").split("pilotbenchData(", 1)[1].rsplit(");", 1)[0]
    found: list[str] = json.loads(f"[{words}]")
    return found
