"""The bounds of a score: oracle and random player on exactly the draws that the models met.

Where the selection does not hold these players, they are played here: nothing is asked, and what
they scored is kept beside the summary, so that the next one need not play again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from pilotbench import BENCHMARK_VERSION, drafts
from pilotbench.summary.data import Data, ModelFacts
from pilotbench.summary.scores import CEILING, DRAW, FLOOR

MOST = 1500  # draws played in one build, about 20 s; more are a matter of `models: …,oracle,random`
Play = Callable[[str, Any], bool | None]


def completed(data: Data, settings: Any, cache: Path) -> Data:
    """Return the data with the players' episodes that it lacks; over `MOST` it stays as it is."""
    missing = lacking(data)
    if missing.empty or len(missing) > MOST or settings is None:
        return data
    known = _read(cache)
    play = player(settings)
    rows = []
    for draw in missing.to_dict("records"):
        key = " ".join(str(draw[name]) for name in ("player", *DRAW))
        if key not in known:
            known[key] = play(draw["player"], draw)
        if known[key] is not None:
            rows.append(draw | {"success": known[key], "model": draw["player"]})
    _write(cache, known)
    return _with(data, pd.DataFrame(rows)) if rows else data


def lacking(data: Data) -> pd.DataFrame:
    """Return the draws that models met and a bounding player did not: columns DRAW and player."""
    draws = data.scored[DRAW].drop_duplicates()
    draws = draws[draws["tool_success_rate"] != "none"]
    have = data.played
    parts = []
    for name in (CEILING, FLOOR):
        mine = have.loc[have["player"] == name, DRAW].drop_duplicates().assign(there=True)
        joined = draws.merge(mine, on=DRAW, how="left")
        parts.append(joined[joined["there"].isna()].drop(columns="there").assign(player=name))
    return pd.concat(parts, ignore_index=True)


def player(settings: Any) -> Play:
    """Return a function that plays one draw and returns its success, None where it cannot."""
    from pilotbench.config import Model
    from pilotbench.episode import play
    from pilotbench.errors import UserError
    from pilotbench.prompts import known, load
    from pilotbench.protocols import PROTOCOLS
    from pilotbench.providers.players import answer
    from pilotbench.providers.provider import Asked, Request
    from pilotbench.tasks.folder import load_tasks

    try:
        tasks = load_tasks(settings.task_folders, settings.tasks)
        names = known(settings.prompt_folders)
        prompt = load(settings.prompt_folders, ["baseline" if "baseline" in names else names[0]])
    except (UserError, IndexError):
        return lambda name, draw: None
    template = next(iter(prompt.values()))

    def ask(request: Request) -> Asked:
        return Asked(answer(request), key="none", started=0, latency_s=0, queued_s=0, attempts=1)

    def one(name: str, draw: Any) -> bool | None:
        task = tasks.get(draw["task"])
        if task is None or not task.planned:
            return None
        instance = task.instance(draw["difficulty"], int(draw["index"]))
        if instance.content_hash != draw["instance"]:
            return None
        model = Model(name=name, provider="players", deployment=name)
        rate, repeat, turns = draw["tool_success_rate"], int(draw["repeat"]), int(draw["max_turns"])
        episode = play(
            task, instance, template, PROTOCOLS["native"], model, rate, repeat, turns, ask
        )
        return bool(episode.record["success"])

    return one


def _with(data: Data, rows: pd.DataFrame) -> Data:
    added = rows.assign(status="completed", prompt="", progress=None)
    others = [frame for frame in (data.others, added) if frame is not None and len(frame)]
    facts = {
        name: data.models.get(name) or ModelFacts("players", name, "native", player=name)
        for name in (CEILING, FLOOR)
    }
    return replace(
        data, others=pd.concat(others, ignore_index=True), models={**data.models, **facts}
    )


def _read(cache: Path) -> dict[str, bool | None]:
    try:
        kept = json.loads(cache.read_text(encoding="utf-8"))
        return dict(kept["played"]) if kept["benchmark_version"] == BENCHMARK_VERSION else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _write(cache: Path, known: dict[str, bool | None]) -> None:
    cache.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"benchmark_version": BENCHMARK_VERSION, "played": known}, indent=0)
    drafts.write_text(cache, text + "\n")
