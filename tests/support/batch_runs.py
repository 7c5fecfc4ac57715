"""Matrices whose models ask several services in batches, for whole runs that are killed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pilotbench.simulator.families import family_of
from support import Simulator
from support.runs import Run

Json = dict[str, Any]
KEYS = ("sim_key1",)
EPISODES = 6
"""The instances of each model; they have several turns, so that there are several waves."""
FAMILIES = {
    "openai": "gpt-4",
    "responses": "gpt-5",
    "azure": "gpt-4",
    "anthropic": "claude",
    "gemini": "gemini-3",
}
"""What the model of each service is as strict as; three of them think, and want it back."""
SERVICES: dict[str, Json] = {
    "openai": {"kind": "openai"},
    "responses": {"kind": "openai", "api": "responses"},
    "azure": {"kind": "azure"},
    "anthropic": {"kind": "anthropic"},
    "gemini": {"kind": "gemini"},
}


def simulator_of(**batches: Any) -> Simulator:
    """Return a simulator with a perfect player for each service; `batches` are its settings."""
    return Simulator(
        keys={key: {} for key in KEYS},
        models={name: {"plays": "oracle", "family": FAMILIES[name]} for name in SERVICES},
        tasks=["simple_task"],
        difficulties=["easy"],
        instances=EPISODES,
        batches={"batch_s": 0.3, **batches},
    )


def run_of(folder: Path, simulator: Simulator, lanes: dict[str, str], **config: Any) -> Run:
    """Return a checkout with a model for each service in `lanes`; it is named after the service."""
    services = {name: SERVICES[name] for name in lanes}
    catalog = {
        name: {
            "provider": f"sim_{name}",
            "deployment": name,
            "lane": lane,
            **family_of(FAMILIES[name]).entry,
        }
        for name, lane in lanes.items()
    }
    keys = {"env": "SIM_KEY1_SECRET", "slots": 5}
    providers = {
        f"sim_{name}": {
            **service,
            _url(service): simulator.base_url if _is_openai(service) else simulator.address,
            "attempt_deadline_s": 3,
            "retry_for_s": 30,
            "keys": {f"sim_{name}_key": keys},
        }
        for name, service in services.items()
    }
    settings = {
        "models": list(lanes),
        "tasks": ["simple_task"],
        "difficulties": ["easy"],
        "instances": EPISODES,
        "shard_size": 3,
        "model_catalog": catalog,
        "providers": providers,
        **config,
    }
    return Run(folder, simulator, settings, keys=KEYS)


def _is_openai(service: Json) -> bool:
    return bool(service["kind"] == "openai")


def _url(service: Json) -> str:
    return "endpoint" if service["kind"] == "azure" else "base_url"
