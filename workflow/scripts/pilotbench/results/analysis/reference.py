"""The bounds of a score: oracle and random player on exactly the draws of the models.

If the selection does not include these players, a rule plays every draw, without any request, and
writes `results/reference.json`, which the summary reads. Its keys are the contents of draws, so
that a later run plays only new draws.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from pilotbench.ground import atomic_files, notices
from pilotbench.results.analysis.load import REFERENCE, ModelFacts, SummaryData
from pilotbench.results.analysis.scores import CEILING, DRAW, FLOOR

NAME = "reference.json"
PLAY_S = 0.015  # duration of one play
LONG_S = 20.0  # a longer wait is announced
SAVE_S = 10.0
Play = Callable[[str, Any], bool | None]
Known = dict[str, bool | None]
log = logging.getLogger(__name__)


def play_missing(data: SummaryData, settings: Any, path: Path) -> None:
    """Write `path`: the players' outcomes on every draw of a model that they have not played."""
    known = _read(path)
    wanted = [draw for draw in lacking(data).to_dict("records") if _key(draw) not in known]
    for played in _rounds(wanted, settings):
        known |= played
        _write(path, known)
    _write(path, known)


def completed(data: SummaryData, path: Path) -> SummaryData:
    """Return the data with the players' outcomes of `path`; nothing is played."""
    return _with(data, lacking(data), _read(path))


def _rounds(draws: list[Any], settings: Any) -> Iterator[Known]:
    """Yield the outcomes every few seconds, so that an interruption loses little."""
    if not draws:
        return
    _tell(len(draws))
    play, played, since = player(settings), Known(), time.monotonic()
    for number, draw in enumerate(draws, 1):
        played[_key(draw)] = play(draw["player"], draw)
        if time.monotonic() - since > SAVE_S:
            log.info("reference players: %s of %s draws played", number, len(draws))
            yield played
            played, since = Known(), time.monotonic()
    yield played


def _tell(count: int) -> None:
    log.info("reference players: %s draws to play", count)
    if count * PLAY_S > LONG_S:
        notices.say(
            "reference players",
            f"reference players: oracle and random play {count:,} draws for the bounds, about "
            f"{max(1, round(count * PLAY_S / 60))} min, once; in models they play as jobs",
        )


def _key(draw: Any) -> str:
    return " ".join([*_rules(draw["task"]), *(str(draw[name]) for name in ("player", *DRAW))])


def _rules(task: str) -> list[str]:
    """Return the versions of a task's rules, unless they are those that the file states."""
    from pilotbench.benchmark.catalogue import TASKS

    found = TASKS.get(task)
    versions = [found.benchmark_version, found.scoring_version] if found else _versions()
    return [] if versions == _versions() else ["/".join(map(str, versions))]


def lacking(data: SummaryData) -> pd.DataFrame:
    """Return the draws of models that a player has not played: columns DRAW and player."""
    draws = data.scored[DRAW].drop_duplicates()
    draws = draws[draws["tool_success_rate"] != "none"]
    have = data.played
    parts = []
    for name in (CEILING, FLOOR):
        mine = have.loc[have["player"] == name, DRAW].drop_duplicates().assign(there=True)
        joined = draws.merge(mine, on=DRAW, how="left")
        parts.append(joined[joined["there"].isna()].drop(columns="there").assign(player=name))
    return pd.concat(parts).sort_values(DRAW, kind="stable", ignore_index=True)


def player(settings: Any) -> Play:
    """Return a function that plays one draw and returns its success, None if it cannot."""
    from pilotbench.benchmark.catalogue import TASKS
    from pilotbench.benchmark.prompts.prompt_files import known, load
    from pilotbench.episodes.episode import play
    from pilotbench.ground.errors import UserError
    from pilotbench.matrix.seed_epoch import tasks_of
    from pilotbench.providers.answer import Answer
    from pilotbench.providers.protocols import PROTOCOLS
    from pilotbench.providers.protocols.players import answer
    from pilotbench.providers.request import Request
    from pilotbench.providers.settings import Model

    try:
        tasks = tasks_of(settings, settings.tasks)
        names = known(settings.prompt_folders)
        plain = "baseline" if "baseline" in names else names[0]
        found = load(settings.prompt_folders, [plain, *{REFERENCE} & {*names}])
    except (UserError, IndexError):
        return lambda name, draw: None

    def ask(request: Request) -> Answer:
        return Answer(answer(request), key="none", started=0, latency_s=0, queued_s=0, attempts=1)

    def one(name: str, draw: Any) -> bool | None:
        task = tasks.get(draw["task"])
        if task is None or not (task.planned or draw["task"] in TASKS):
            return None
        instance = task.instance(draw["difficulty"], int(draw["index"]))
        if instance.content_hash != draw["instance"]:
            return None
        model = Model(name=name, provider="players", deployment=name)
        rate, repeat, turns = draw["tool_success_rate"], int(draw["repeat"]), int(draw["max_turns"])
        for prompt in found.values():  # one that gives a plan, where an instance needs it
            episode = play(
                task, instance, prompt, PROTOCOLS["native"], model, rate, repeat, turns, ask
            )
            if episode.record["status"] == "completed":
                return bool(episode.record["success"])
        return None

    return one


def _with(data: SummaryData, missing: pd.DataFrame, known: Known) -> SummaryData:
    """Return the data with the outcomes of the missing draws that are known."""
    outcomes = [known.get(_key(draw)) for draw in missing.to_dict("records")]
    rows = missing.assign(success=outcomes, model=missing["player"])
    rows = rows[rows["success"].notna()]
    if rows.empty:
        return data
    added = rows.assign(status="completed", prompt="", progress=None)
    others = [frame for frame in (data.others, added) if frame is not None and len(frame)]
    facts = {
        name: data.models.get(name) or ModelFacts("players", name, "native", player=name)
        for name in (CEILING, FLOOR)
    }
    return replace(
        data, others=pd.concat(others, ignore_index=True), models={**data.models, **facts}
    )


def _read(path: Path) -> Known:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return dict(found["played"]) if found["versions"] == _versions() else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _versions() -> list[str]:
    """Return the versions that determine the outcome of a play in the simulated world."""
    from pilotbench.benchmark.tasks.scoring import SCORING_VERSION
    from pilotbench.benchmark.tasks.world_task import BENCHMARK_VERSION

    return [BENCHMARK_VERSION, SCORING_VERSION]


def _write(path: Path, known: Known) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"versions": _versions(), "played": known}, indent=0)
    atomic_files.write_text(path, text + "\n")
