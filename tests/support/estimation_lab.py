"""A matrix evaluated in this process against a simulated provider, with its actual cost."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pilotbench.asking.asker import KeyAllowance
from pilotbench.episodes.evaluate import evaluate
from pilotbench.episodes.shard_file import read_shard
from pilotbench.estimation.ranges import Range
from pilotbench.matrix.cells import Shard
from pilotbench.matrix.experiment import Experiment, load_experiment
from pilotbench.matrix.key_routing import home_key
from pilotbench.simulator import config_lines
from pilotbench.simulator.ground.setup import from_mapping
from support import Simulator
from support.build import ROOT

Json = dict[str, Any]


def shipped(name: str) -> Json:
    """Return a config file of the repository, to be changed at will."""
    return deepcopy(_parsed(name))


@cache
def _parsed(name: str) -> Json:
    return yaml.load((ROOT / "config" / name).read_text(), Loader=yaml.CSafeLoader)


def load(folder: Path, simulator: Simulator | None = None, **chosen: Any) -> Experiment:
    """Return a matrix of priced models that the simulator plays; all files are in `folder`."""
    catalog = shipped("models.yaml")
    players = ("oracle", "random", "do-nothing")
    price = {"input": 1, "output": 2, "cached": 0.1}
    catalog["model_catalog"] |= {
        f"sim-{name}": {
            "provider": "gate",
            "deployment": name,
            "parameters": {"max_tokens": 400},
            "price": price,
        }
        for name in players
    }
    merged = shipped("config.yaml") | catalog
    merged["providers"] = shipped("providers.yaml")["providers"]
    merged["providers"]["gate"] = {
        "kind": "openai",
        "base_url": simulator.base_url if simulator else "http://127.0.0.1:9/v1",
        "keys": {"gate_key": {"slots": 4}},
    }
    merged |= {
        "models": [f"sim-{name}" for name in players],
        "prompts": ["baseline"],
        "tasks": ["simple_task", "data_pipeline"],
        "instances": 4,
        "shard_size": 2,
        "results_dir": str(folder / "results"),
        "journal_dir": str(folder / "journal"),
        "limits_dir": str(folder / "limits"),
        "prompt_folders": [str(ROOT / "config/prompts")],
        "task_folders": [str(ROOT / "config/tasks")],
        **chosen,
    }
    return load_experiment(merged)


PRICES: dict[str, Json] = {
    "gpt-4": {"input": 2.5, "output": 10, "cached": 1.25},
    "gpt-5": {"input": 1.25, "output": 10, "cached": 0.125},
    "claude": {"input": 3, "output": 15, "cached": 0.3, "cache_write": 3.75},
    "gemini-3": {"input": 2, "output": 12, "cached": 0.2},
}
"""Prices of simulated families: one for each wire format, with cached input; three reason."""


def families(skill: str, **settings: Any) -> Json:
    """Return the settings of a simulator that plays each of PRICES with a skill of its own."""
    models = {name: {"family": name, "plays": f"{skill}-{97 + n}"} for n, name in enumerate(PRICES)}
    common = {"tasks": ["all"], "instances": 100, "keys": {"simulator": {"slots": 200}}}
    return {**common, "models": models, **settings}


def load_families(folder: Path, simulator: Simulator, **chosen: Any) -> Experiment:
    """Return a matrix of the simulated families, each by the API of its service."""
    entries = config_lines.experiment(from_mapping(simulator.settings), simulator.address)
    for name, price in PRICES.items():
        entries["model_catalog"][name] |= {"price": price, "max_output": 1000}
    claude = entries["model_catalog"]["claude"]
    claude["parameters"] = {**claude["parameters"], "cache_control": {"type": "ephemeral"}}
    usual = {"instances": 40, "shard_size": 20, "tasks": ["simple_task"], "retry_for_s": 5}
    return load(folder, simulator, **{**entries, **usual, **chosen})


def make(loaded: Experiment, shard: Shard, **share: Any) -> list[Json]:
    """Evaluate a shard and return its records; `share` limits what the job may use."""
    key = home_key(loaded.settings, shard)
    out = loaded.settings.results_dir / "shards" / shard.path
    evaluate(loaded, shard, out, KeyAllowance(key, 4, True, {}, **share))
    return read_shard(out)[1]


def paid(records: list[Json]) -> dict[str, float]:
    """Return the cost of records."""
    return {
        "requests": sum(len(record["requests"]) for record in records),
        "input": sum(record["tokens"]["input"] for record in records),
        "output": sum(record["tokens"]["output"] for record in records),
        "usd": sum(record["cost_usd"] for record in records),
    }


def inside(truth: float, told: Range) -> bool:
    """Return whether the true value is between low and high."""
    return told.low <= truth <= told.high
