"""A judged pack in this process: a service over loopback whose models reply and judge."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import yaml

from pilotbench.asking.asker import KeyAllowance
from pilotbench.build import outputs
from pilotbench.episodes.evaluate import ShardOwed, evaluate
from pilotbench.episodes.judging import judge, verdict_file
from pilotbench.matrix import config_files
from pilotbench.matrix.experiment import Experiment, load_experiment
from pilotbench.matrix.key_routing import home_key
from pilotbench.matrix.verdict_shards import Asked
from pilotbench.simulator.ground.conversation import conversation
from pilotbench.simulator.ground.judges import SimulatedJudge
from support.http_service import HttpService, Reply
from support.scripted import said

Json = dict[str, Any]
Player = Callable[[str], Any]
PRICE = {"input": 1.0, "output": 10.0}
SECRETS = ("JUDGE_LAB_SECRET", "JUDGE_LAB_OTHER_SECRET")
RUBRIC = "The reply names the word."


def write_pack(folder: Path, scorer: Json, rows: list[Json], name: str = "essay") -> Path:
    """Write a pack with this scorer; return its folder."""
    pack = folder / name
    pack.mkdir(parents=True, exist_ok=True)
    task = {"description": "Essays.", "scorer": {"kind": "judge", "rubric": RUBRIC, **scorer}}
    (pack / "task.yaml").write_text(yaml.safe_dump(task, allow_unicode=True), encoding="utf-8")
    lines = (json.dumps(row) + "\n" for row in rows)
    (pack / "instances.jsonl").write_text("".join(lines), encoding="utf-8")
    return pack


def questions(count: int) -> list[Json]:
    """Return questions whose right reply contains `word-N`."""
    return [{"question": f"Q{n}: which word?", "answer": f"word-{n}"} for n in range(count)]


def right(question: str) -> str:
    """A player whose every reply is right."""
    return f"It is word-{question.partition(':')[0].rpartition('Q')[2]}."


def wrong(question: str) -> str:
    """A player whose every reply is wrong, and another one for each question."""
    return f"I do not know what stands in {question}"


class JudgeLab:
    """`players` reply to questions; deployments such as judge-100-100 judge.

    `outputs` bounds the tokens of an answer by deployment. `special` replaces the answer of a
    judge: it is called with the body. The judges have a key of their own (`judges_key`), which
    `dead` refuses.
    """

    def __init__(
        self,
        folder: Path,
        scorer: Json,
        players: dict[str, Player],
        rows: list[Json] | None = None,
        **config: Any,
    ) -> None:
        self.folder, self.scorer, self.players = folder, scorer, players
        self.rows = questions(4) if rows is None else rows
        self.config = config
        self.outputs: dict[str, int] = {}
        self.special: Callable[[Json], Any] | None = None
        self.dead = False
        self.pack = "essay"
        self.messages: list[str] = []
        self.service = HttpService(self._reply)

    def __enter__(self) -> JudgeLab:
        self.service.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.service.__exit__()

    def _reply(self, path: str, headers: dict[str, str], body: Json) -> Any:
        name = body["model"]
        if name in self.players:
            asked = body["messages"][-1]["content"]
            reply = self.players[name](asked)
            return said(reply) if isinstance(reply, str) else reply
        if self.dead:
            return Reply({"error": {"message": "no such key", "code": "invalid_api_key"}}, 401)
        if self.special is not None and (found := self.special(body)) is not None:
            return said(found) if isinstance(found, str) else found
        played = SimulatedJudge.of(name)
        assert played is not None, name
        raw = json.dumps(body).encode()
        return said(played.answer(1, conversation(name, body, body, raw)))

    @property
    def experiment(self) -> Experiment:
        """The experiment as pack and config are now."""
        write_pack(self.folder / "packs", self.scorer, self.rows, self.pack)
        owners = dict.fromkeys(self.scorer["models"], "judges")
        owners |= dict.fromkeys(self.players, "players")
        catalog = {name: self._entry(provider, name) for name, provider in owners.items()}
        keys = (("players", SECRETS[0]), ("judges", SECRETS[1]))
        providers = {
            name: {
                "kind": "openai",
                "base_url": f"{self.service.address}/v1",
                "keys": {f"{name}_key": {"env": secret, "slots": 4}},
                "retry_for_s": 1,
            }
            for name, secret in keys
        }
        folders = {f"{n}_dir": str(self.folder / n) for n in ("results", "journal", "limits")}
        chosen = {
            "models": list(self.players),
            "prompts": ["baseline"],
            "tasks": [self.pack],
            "instances": "all",
            "shard_size": 3,
            "task_folders": [str(self.folder / "packs")],
            "model_catalog": catalog,
            "providers": providers,
            **folders,
            **self.config,
        }
        return load_experiment(config_files.read((), chosen))

    def _entry(self, provider: str, name: str) -> Json:
        bound = self.outputs.get(name)
        more = {} if bound is None else {"max_output": bound}
        return {"provider": provider, "deployment": name, "price": PRICE, **more}

    def allowance(self, experiment: Experiment, asked: Asked) -> KeyAllowance:
        """Return what a job may use."""
        return KeyAllowance(home_key(experiment.settings, asked), 2, False, {})

    def run(self, database: bool = True, judges: bool = True) -> Counter[str]:
        """Do what a build does, and return the number of requests by deployment."""
        before, experiment = len(self.service.requests), self.experiment
        results = experiment.settings.results_dir
        self.messages = []
        for shard in experiment.plan.shards:
            out = results / "shards" / shard.path
            try:
                evaluate(experiment, shard, out, self.allowance(experiment, shard))
            except ShardOwed as error:
                self.messages.append(str(error))
        for one in experiment.verdicts if judges else ():
            out = results / verdict_file.FOLDER / one.path
            out.unlink(missing_ok=True)
            try:
                judge.evaluate(experiment, one, out, self.allowance(experiment, one))
            except ShardOwed as error:
                self.messages.append(str(error))
        if database:
            outputs.update_database(experiment)
        return Counter(body["model"] for body in self.service.requests[before:])

    def rows_of(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query to the database."""
        path = self.folder / "results/master.duckdb"
        with duckdb.connect(str(path), read_only=True) as connection:
            return connection.execute(query).fetchall()

    def scores(self, model: str) -> list[tuple[bool | None, float | None]]:
        """Return success and score of each selected question of a model."""
        where = f"WHERE model = '{model}' AND current ORDER BY index, repeat"
        return self.rows_of(f"SELECT success, progress FROM episodes {where}")
