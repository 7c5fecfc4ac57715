"""A service that answers as a test scripts it, and a shard of two questions that asks it.

The service runs in this process: `Scripted(reply)` calls `reply(body, number)` for each request,
`number` counting the requests of one question from 0, and sends what it returns.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from pilotbench.asking.asker import KeyAllowance
from pilotbench.episodes.evaluate import ShardOwed, evaluate, replay
from pilotbench.episodes.shard_file import read_shard
from pilotbench.matrix import config_files
from pilotbench.matrix.experiment import Experiment, load_experiment

Json = dict[str, Any]
USAGE = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
QUESTIONS = {"What is 6 times 7?": 42, "What is 3 plus 5?": 8}
PRICE = {"input": 1.0, "output": 10.0, "cached": 0.5}


@dataclass(frozen=True)
class Reply:
    """One HTTP answer; a body that is not bytes is sent as JSON."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        """The bytes that are sent."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


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


class Scripted:
    """The service, while the `with` block lasts; `requests` are the bodies it was sent.

    `heads` are their paths and headers, names in lower case.
    """

    def __init__(self, reply: Script) -> None:
        self.reply = reply
        self.requests: list[Json] = []
        self.heads: list[tuple[str, dict[str, str]]] = []
        self._numbers: Counter[str] = Counter()
        self._lock = threading.Lock()

    def __enter__(self) -> Scripted:
        """Listen on a free port of this machine."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def asked(self, index: int) -> int:
        """Return how often the question of that index was asked."""
        text = list(QUESTIONS)[index]
        return sum(question_of(body) == text for body in self.requests)

    def _answer(self, body: Json) -> Reply:
        question = question_of(body)
        with self._lock:
            number = self._numbers[question]
            self._numbers[question] += 1
            self.requests.append(body)
        reply = self.reply(body, number)
        return reply if isinstance(reply, Reply) else Reply(reply)

    def _handler(service) -> type[BaseHTTPRequestHandler]:  # noqa: N805 (self is the handler)
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                size = int(self.headers["content-length"])
                head = {name.lower(): value for name, value in self.headers.items()}
                service.heads.append((self.path, head))
                reply = service._answer(json.loads(self.rfile.read(size)))
                content = reply.content
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Print nothing."""

        return Handler


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
