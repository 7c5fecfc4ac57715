"""A service that answers as a test scripts it, and a shard of two questions that asks it.

The service runs in this process: `Scripted(reply)` calls `reply(body, number)` for each request,
`number` counting the requests of one question from 0, and sends what it returns.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pilotbench.asking.asker import KeyAllowance
from pilotbench.episodes.evaluate import ShardOwed, evaluate, replay
from pilotbench.episodes.shard_file import read_shard
from pilotbench.matrix import config_files
from pilotbench.matrix.experiment import Experiment, load_experiment
from support.http_service import HttpService, Reply

Json = dict[str, Any]
USAGE = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
QUESTIONS = {"What is 6 times 7?": 42, "What is 3 plus 5?": 8}
PRICE = {"input": 1.0, "output": 10.0, "cached": 0.5}


def choice(message: Any, finish: Any = "stop", **rest: Any) -> Json:
    """Return the only choice of a completion."""
    return {"index": 0, "message": message, "finish_reason": finish, **rest}


def completion(*choices: Json, usage: Any = USAGE, **rest: Any) -> Json:
    """Return the body of a chat completion."""
    return {"id": "c", "object": "chat.completion", "model": "m", "choices": [*choices]} | (
        {"usage": usage} | rest
    )


def said(content: Any, finish: Any = "stop", *, usage: Any = USAGE, **message: Any) -> Json:
    """Return a completion whose message has `content`."""
    return completion(
        choice({"role": "assistant", "content": content, **message}, finish), usage=usage
    )


def failed(status: int, message: str = "", headers: Json | None = None, **error: Any) -> Reply:
    """Return an error in OpenAI's form."""
    return Reply({"error": {"message": message, **error}}, status, headers or {})


Script = Callable[[Json, int], Reply | Json | bytes]


class Scripted(HttpService):
    """The service, which may be given another `reply` while it runs."""

    def __init__(self, reply: Script) -> None:
        super().__init__(self._numbered)
        self.reply = reply
        self._numbers: Counter[str] = Counter()

    def asked(self, index: int) -> int:
        """Return how often the question of that index was asked."""
        text = list(QUESTIONS)[index]
        return sum(question_of(body) == text for body in self.requests)

    def _numbered(self, path: str, headers: dict[str, str], body: Json) -> Reply | Json | bytes:
        question = question_of(body)
        with self.lock:
            number = self._numbers[question]
            self._numbers[question] += 1
        return self.reply(body, number)


def question_of(body: Json) -> str:
    """Return the question that a request asks, or its whole opening."""
    text = str(body["messages"][:2])
    return next((question for question in QUESTIONS if question in text), text)


def shard_of(
    folder: Path,
    address: str,
    *,
    tools: bool,
    kind: str = "openai",
    retry_for_s: float = 1.5,
    questions: Mapping[str, int] = QUESTIONS,
    **config_keys: Any,
) -> Experiment:
    """Return a matrix of a model at `address`: one shard, if not chosen otherwise."""
    pack = folder / "packs" / "sums"
    pack.mkdir(parents=True, exist_ok=True)
    offered = "tools: [utility_helper]\n" if tools else ""
    (pack / "task.yaml").write_text(f"description: sums\nscorer: {{kind: number}}\n{offered}")
    lines = [json.dumps({"question": q, "answer": a}) + "\n" for q, a in questions.items()]
    (pack / "instances.jsonl").write_text("".join(lines))
    endpoint = {"azure": {"endpoint": address}, "gemini": {"base_url": address}}
    provider = {
        "kind": kind,
        **endpoint.get(kind, {"base_url": f"{address}/v1"}),
        "keys": {"scripted_key": {"env": "SCRIPTED_SECRET", "slots": 2}},
        "retry_for_s": retry_for_s,
        "attempt_deadline_s": 30,
    }
    entry = {"provider": "scripted", "deployment": "m", "protocol": "native", "price": PRICE}
    return load_experiment(
        config_files.read(
            (),
            {
                "models": ["m"],
                "prompts": ["baseline"],
                "tasks": ["sums"],
                "instances": 2,
                "task_folders": [str(folder / "packs")],
                "model_catalog": {"m": entry},
                "providers": {"scripted": provider},
                **{f"{name}_dir": str(folder / name) for name in ("results", "journal", "limits")},
                **config_keys,
            },
        )
    )


@dataclass(frozen=True)
class Played:
    """The outcome of the two questions: the record of each, or the error that made it owed."""

    records: dict[int, Json]
    owed: dict[int, str]
    messages: dict[int, str]

    def outcome(self, index: int) -> str:
        """Return right, wrong, refused or owed."""
        if index in self.owed:
            return "owed"
        record = self.records[index]
        if record["status"] != "completed":
            return str(record["status"])
        return "right" if record["success"] else "wrong"


def play(asked: Experiment, may_ask: bool = True, tokens: int = 2) -> Played:
    """Evaluate the shard, `tokens` questions at once, and return the outcome."""
    (shard,) = asked.plan.shards
    out = asked.settings.results_dir / "shards" / shard.path
    try:
        allowance = KeyAllowance("scripted_key", tokens, False, {})
        evaluate(asked, shard, out, allowance if may_ask else None)
    except ShardOwed:
        outcome = replay(asked, shard)
        return Played(
            {record["index"]: record for record in outcome.episodes},
            {one.index: one.kind for one in outcome.owed},
            {one.index: one.message for one in outcome.owed},
        )
    _, records = read_shard(out)
    return Played({record["index"]: record for record in records}, {}, {})


@contextmanager
def service(reply: Script) -> Iterator[Scripted]:
    """Yield a service that answers as `reply` says."""
    with Scripted(reply) as scripted:
        yield scripted
