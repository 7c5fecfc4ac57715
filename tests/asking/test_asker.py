"""What is asked and paid for, over changes that send the same requests; against the simulator."""

from __future__ import annotations

import errno
import json
import math
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

from pilotbench.asking import asker
from pilotbench.asking.journal import Segment, other_folders
from pilotbench.asking.keys import key_client
from pilotbench.asking.keys.circuit_breaker import CircuitBreaker
from pilotbench.asking.keys.limiter import Slot
from pilotbench.benchmark.packs.question_pack import QuestionPack
from pilotbench.episodes import evaluate as evaluating
from pilotbench.ground import notices
from pilotbench.providers.answer import Answer, Completion, Tokens
from pilotbench.providers.request import Request
from support import Simulator, scripted
from support.build import ROOT
from support.estimation_lab import load, make
from support.journals import is_segment
from support.runs import write_pack

Json = dict[str, Any]


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with Simulator(tasks=["simple_task"], instances=20, latency_s=0.001) as running:
        yield running


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    other_folders._folders.cache_clear()
    yield
    other_folders._folders.cache_clear()


class Lab:
    """A folder with prompts and packs of its own, whose matrix is evaluated in this process."""

    def __init__(self, folder: Path, simulator: Simulator) -> None:
        self.folder, self.simulator = folder, simulator
        self.prompts, self.packs = folder / "prompts", folder / "packs"
        self.halted: list[int] = []
        shutil.copytree(ROOT / "config/prompts", self.prompts)
        write_pack(self.packs, 6)

    def run(self, task: str = "echo", prompt: str = "baseline", **chosen: Any) -> list[Json]:
        """Evaluate every shard again and return the records."""
        other_folders._folders.cache_clear()  # each shard of a run has a process of its own
        shutil.rmtree(self.folder / "results", ignore_errors=True)
        loaded = load(
            self.folder,
            self.simulator,
            **{
                "models": ["sim-oracle"],
                "prompts": [prompt],
                "tasks": [task],
                "prompt_folders": [str(self.prompts)],
                "task_folders": [str(self.packs)],
                "instances": 6,
                **chosen,
            },
        )
        found = []
        for shard in loaded.plan.shards:
            replayed = evaluating.replay(loaded, shard)
            records = make(loaded, shard, halt=lambda: self.halted.append(1))
            if not replayed.owed:
                assert replayed.episodes == records
            found += records
        return found

    def asked(self) -> int:
        """Return the requests so far."""
        return int(self.simulator.stats()["total"]["requests"])


@pytest.fixture
def lab(tmp_path: Path, simulator: Simulator) -> Lab:
    return Lab(tmp_path, simulator)


def answers(records: list[Json]) -> list[Any]:
    return [(record["answer"], record["turns"], record["transcript"]) for record in records]


def correct(lab: Lab) -> None:
    """Correct the accepted answer of two questions."""
    path = lab.packs / "echo/instances.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for place in (1, 4):
        lines[place]["answer"] = "corrected"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def rename_prompt(lab: Lab) -> None:
    (lab.prompts / "baseline.md").rename(lab.prompts / "base.md")


def rename_pack(lab: Lab) -> None:
    (lab.packs / "echo").rename(lab.packs / "trivia")


def move_lines(lab: Lab) -> None:
    path = lab.packs / "echo/instances.jsonl"
    path.write_text("".join(reversed(path.read_text().splitlines(keepends=True))))


def rename_and_correct(lab: Lab) -> None:
    correct(lab)
    rename_pack(lab)
    rename_prompt(lab)


@pytest.mark.parametrize(
    ("change", "then"),
    [
        (correct, {}),
        (move_lines, {}),
        (rename_prompt, {"prompt": "base"}),
        (rename_pack, {"task": "trivia"}),
        (rename_and_correct, {"task": "trivia", "prompt": "base"}),
        (rename_prompt, {"prompt": "base", "shard_size": 3}),
    ],
)
def test_a_change_that_sends_the_same_requests_asks_nothing(
    lab: Lab, change: Any, then: Json
) -> None:
    before = lab.run()
    asked = lab.asked()
    change(lab)
    after = lab.run(**then)
    assert lab.asked() == asked
    assert len(after) == 6
    if change is correct:
        assert [record["success"] for record in after] == [n not in (1, 4) for n in range(6)]
    assert sorted(map(str, answers(after))) == sorted(map(str, answers(before)))


def test_a_renamed_prompt_of_a_world_asks_nothing(lab: Lab) -> None:
    before = lab.run("simple_task")
    asked = lab.asked()
    rename_prompt(lab)
    assert answers(lab.run("simple_task", "base")) == answers(before)
    assert lab.asked() == asked


def test_only_the_question_that_changed_is_asked_again(lab: Lab) -> None:
    lab.run()
    asked = lab.asked()
    write_pack(lab.packs, 7, {2: " (changed)"})
    lab.run(instances=7)
    assert lab.asked() == asked + 2


def test_two_prompts_with_the_same_bytes_share_their_answers(lab: Lab) -> None:
    lab.run()
    asked = lab.asked()
    shutil.copy(lab.prompts / "baseline.md", lab.prompts / "copy.md")
    assert answers(lab.run(prompt="copy")) == answers(lab.run())
    assert lab.asked() == asked


def test_a_duplicate_question_is_paid_for_once(lab: Lab) -> None:
    """Even with different accepted answers it is one request, also while both are in flight."""
    path = lab.packs / "echo/instances.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text(
        "".join(json.dumps({**lines[0], "answer": f"answer-{n}"}) + "\n" for n in range(4))
    )
    asked = lab.asked()
    records = lab.run(instances=4, shard_size=4)
    assert lab.asked() == asked + 1
    assert [record["success"] for record in records] == [True, False, False, False]


def test_a_player_answers_by_the_present_accepted_answer(lab: Lab) -> None:
    assert all(record["success"] for record in lab.run(models=["oracle"]))
    correct(lab)
    assert all(record["success"] for record in lab.run(models=["oracle"]))


def deep(levels: int, of: str = "list") -> Any:
    """Return JSON nested so many levels deep."""
    value: Any = 1
    for _ in range(levels):
        value = [value] if of == "list" else {"a": value}
    return value


def call(arguments: Any) -> Json:
    return {"tool_calls": [{"function": {"name": "finish", "arguments": arguments}}]}


HOSTILE: dict[str, Json] = {
    "content in parts, deep": {"content": deep(480)},
    "a field of its own, deep": {"content": "answer-1", "reasoning_details": deep(480, "dict")},
    "very deep": {"content": "x", "annotations": deep(900)},
    "arguments as an object, deep": call({"answer": deep(480)}),
    "arguments as text, deep": call('{"answer": ' + "[" * 480 + "]" * 480 + "}"),
    "arguments as text, too deep to read": call("[" * 100_000),
    "an integer of 400 digits": call('{"answer": 1' + "0" * 400 + "}"),
    "an integer of 9,000 digits": call('{"answer": 1' + "0" * 9000 + "}"),
    "an integer as an object": call({"answer": 10**400}),
    "NaN": call({"answer": math.nan}),
    "NaN as text": call('{"answer": NaN}'),
    "infinity": {"content": "x", "logprobs": [math.inf, -math.inf, math.nan]},
    "half a surrogate pair": call('{"answer": "\ud800"}'),
    "half a pair in the text": {"content": "\udfff answer"},
    "keys that are empty": {"content": "x", "": {"": {"": None}}},
    "no text": {"content": 5},
    "calls that are none": {"tool_calls": [None, 5, [], {"function": 5}]},
}


class FakePool:
    """Answers every question of the pack `echo` correctly except the second, and counts."""

    message: ClassVar[Json] = {}
    asked = 0

    def __init__(self, *_: Any, **__: Any) -> None: ...

    def close(self) -> None: ...

    def ask(
        self, request: Request, keep: object, tries: int, write: Callable[[Answer], None]
    ) -> Answer:
        """Return the answer to a request after it is written."""
        type(self).asked += 1
        words = json.dumps(request.body)
        found = re.findall(r"<<(answer-\d+)>>", words)[0]
        message = {"role": "assistant", "content": found}
        if found == "answer-1":
            message = {"role": "assistant", "content": None, **self.message}
        asked = Answer(Completion(message, "stop", "m", Tokens(1, 1)), "k", 0.0, 0.0, 0.0, 1)
        write(asked)
        return asked


@pytest.mark.parametrize("tools", [False, True], ids=["plain", "tools"])
@pytest.mark.parametrize("message", HOSTILE.values(), ids=HOSTILE)
def test_any_answer_is_journaled_once_scored_and_replayed(
    lab: Lab, message: Json, tools: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if tools:
        path = lab.packs / "echo/task.yaml"
        path.write_text(path.read_text() + "tools: [utility_helper]\nmax_turns: 3\n")
    monkeypatch.setattr(asker, "KeyClient", FakePool)
    monkeypatch.setattr(FakePool, "message", message)
    monkeypatch.setattr(FakePool, "asked", 0)
    before = lab.run()
    assert [record["status"] for record in before] == ["completed"] * 6
    if not tools:
        assert [record["success"] for record in before if record["index"] != 1] == [True] * 5
    json.dumps(before, allow_nan=False)
    asked = FakePool.asked
    assert lab.run() == before
    assert FakePool.asked == asked


def test_an_episode_that_cannot_be_played_is_owed_and_the_others_continue(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    score = QuestionPack.score

    def fails_on_one(pack: QuestionPack, instance: Any, transcript: Any) -> Any:
        if instance.index == 1:
            raise RecursionError("a fault of the scorer")
        return score(pack, instance, transcript)

    monkeypatch.setattr(QuestionPack, "score", fails_on_one)
    asked = lab.asked()
    for _ in range(2):
        with pytest.raises(evaluating.ShardOwed, match="1 RecursionError: a fault of the scorer"):
            lab.run(shard_size=6)
    assert lab.asked() == asked + 6
    assert "Traceback" in caplog.text
    monkeypatch.setattr(QuestionPack, "score", score)
    assert len(lab.run(shard_size=6)) == 6
    assert lab.asked() == asked + 6


def test_a_journal_that_cannot_be_written_stops_the_run_before_more_is_paid(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = [False]

    def write(file: int, data: bytes) -> int:
        if not is_segment(file):
            return written(file, data)
        if broken[0]:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        broken[0] = True
        return written(file, data)

    written = os.write
    monkeypatch.setattr(os, "write", write)
    asked = lab.asked()
    lost = r"\d paid answers could not be written, all others are kept; run again"
    with pytest.raises(evaluating.ShardOwed, match=lost):
        lab.run(shard_size=6)
    assert lab.asked() - asked <= 5  # one that is kept, and the four in flight beside it
    assert lab.halted


def test_an_unusable_answer_is_journaled_as_received_and_requested_twice_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRIPTED_SECRET", "sk-scripted-0123456789")
    right, unusable = scripted.said("8"), b"%PDF-1.4 of no use"

    def reply(body: Json, _: int) -> Json | bytes:
        return unusable if "6 times 7" in scripted.question_of(body) else right

    with scripted.Scripted(reply) as service:
        experiment = scripted.shard_of(tmp_path, service.address, tools=False, retry_for_s=60)
        for _ in range(2):
            played = scripted.play(experiment)
            assert (played.outcome(0), played.outcome(1)) == ("owed", "right")
            assert (service.asked(0), service.asked(1)) == (3, 1)
    (folder,) = {path.parent for path in (tmp_path / "journal").rglob("*.jsonl")}
    texts = [path.read_text() for path in folder.glob("*.jsonl")]
    lines = [json.loads(line) for text in texts for line in text.splitlines()]
    failed = [line for line in lines if line.get("failure")]
    assert [line["raw"] for line in failed] == [unusable.decode()] * 3
    (key,) = experiment.settings.providers["scripted"].keys
    assert {line["key"] for line in failed} == {key}


def test_a_stream_that_breaks_off_is_journaled_each_time_as_it_may_be_charged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line of the request itself, which is not answered, is no charge of its own."""
    monkeypatch.setenv("SCRIPTED_SECRET", "sk-scripted-0123456789")
    piece = {"id": "c1", "choices": [{"delta": {"content": "fo"}, "finish_reason": None}]}
    broken = f"data: {json.dumps(piece)}\n\n".encode()
    with scripted.Scripted(lambda _, __: broken) as service:
        experiment = scripted.shard_of(tmp_path, service.address, tools=False, retry_for_s=60)
        assert scripted.play(experiment).outcome(0) == "owed"
        assert service.asked(0) == 3
    texts = [path.read_text() for path in (tmp_path / "journal").rglob("*.jsonl")]
    lines = [json.loads(line) for text in texts for line in text.splitlines()]
    of_first = [line for line in lines if line["failure"]["index"] == 0]
    assert [line.get("may_be_charged") for line in of_first] == [True, True, True, None]
    assert all(line["received"]["id"] == "c1" and line["key"] for line in of_first)


@pytest.mark.parametrize("part", ["settle", "release", "answered"])
def test_a_failure_after_an_answer_does_not_lose_it(
    lab: Lab, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For example a full disk below `limits_dir`."""
    real = {name: getattr(Slot, name) for name in ("settle", "release")}

    def fails(*words: Any) -> None:
        if part == "release":  # the slot is free, only the news of it fails
            real["release"](*words)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(CircuitBreaker if part == "answered" else Slot, part, fails)
    asked = lab.asked()
    assert all(record["success"] for record in lab.run())
    assert lab.asked() == asked + 6


def test_nothing_is_printed_between_an_answer_and_its_journal_line(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    write = Segment.write

    def writes(*words: Any, **extra: Any) -> None:
        events.append("written")
        write(*words, **extra)

    monkeypatch.setattr(key_client, "complaint", lambda *_: "another model answers")
    monkeypatch.setattr(notices, "_say", lambda notice: events.append(notice.kind))
    monkeypatch.setattr(Segment, "write", writes)
    lab.run(instances=1)
    assert events == ["written", "served sim-oracle"]
