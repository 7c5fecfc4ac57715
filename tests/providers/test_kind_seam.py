"""A new provider kind is one file: every command, the build and the page know it at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pilotbench.providers.kinds import KINDS
from support import Simulator
from support.runs import Run

FOLDER = "workflow/scripts/pilotbench/providers/kinds"
FILE = '''
"""A kind that exists only in this test."""

from pilotbench.providers.kind import Kind


def connect(provider, model, access):
    from pilotbench.providers.service_client import ServiceClient
    from pilotbench.providers.wire_formats import WIRE_FORMATS

    return ServiceClient(provider, access, KIND.failures, WIRE_FORMATS[model.api])


KIND = Kind(
    name="throwaway",
    sentence="A service that exists only in a test.",
    connect=connect,
    default_slots=3,
    retry_for_s=120,
    latency_s=(3600.0, 3600.0, 3600.0),
)
'''
CELL = "echo/baseline/echo/none/none"
PRICE = {"input": 1.0, "output": 1.0}


@pytest.fixture
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Yield a checkout with one more file, whose model is of the new kind."""
    with Simulator(keys={"sim_key1": {}}) as simulator:
        run = Run(tmp_path_factory.mktemp("kind"), simulator, questions=6, keys=("sim_key1",))
        entry = {
            "kind": "throwaway",
            "base_url": simulator.base_url,
            "keys": {"sim_key1": {"env": "SIM_KEY1_SECRET"}},
        }
        model = {"provider": "sim", "deployment": "echo", "price": PRICE}
        run.change(providers={"sim": entry}, model_catalog={"echo": model})
        Path(run.folder, FOLDER, "throwaway.py").write_text(FILE)
        yield run


def printed(run: Run, *words: str) -> Any:
    """Return the JSON that a command prints."""
    done = run.pilotbench(*words, "--json")
    assert done.returncode == 0, done.stdout
    return json.loads(done.stdout)


def test_a_kind_that_no_file_declares_is_refused(tmp_path: Path, run: Run) -> None:
    entry = {**run.experiment["providers"]["sim"], "kind": "undeclared"}
    (tmp_path / "more.yaml").write_text(yaml.safe_dump({"providers": {"sim": entry}}))
    done = run.python("-m", "pilotbench", "status", "--configfile", "overlay.yaml",
                      str(tmp_path / "more.yaml"))  # fmt: skip
    assert done.returncode == 2
    assert f"allowed: {', '.join(sorted((*KINDS, 'throwaway')))}" in done.stdout


def test_the_latency_and_the_slots_of_a_new_kind_decide_its_estimate(run: Run) -> None:
    hours = printed(run, "estimate")["hours"]
    assert min(hours.values()) == pytest.approx(6 / 3, abs=0.1)


def test_check_asks_through_a_new_kind(run: Run) -> None:
    row, = printed(run, "check")  # fmt: skip
    assert (row["model"], row["key"], row["problem"]) == ("echo", "sim_key1", None)


@pytest.mark.slow
def test_a_build_asks_a_new_kind_over_http_and_makes_the_page(run: Run) -> None:
    done = run.snakemake("--cores", "2")
    assert done.returncode == 0, done.stdout
    assert [record["success"] for record in run.records()] == [True] * 6
    assert {record["provider"] for record in run.records()} == {"sim"}
    page = (run.folder / "results/summary/index.html").read_text(encoding="utf-8")
    assert "echo" in page
    assert run.simulator.stats()["total"]["requests"] == 6
    assert [row["model"] for row in printed(run, "status")["models"]] == ["echo"]
    assert "answer-0" in run.pilotbench("show", CELL, "0").stdout


def test_init_offers_the_models_of_a_new_kind(run: Run) -> None:
    for file in ("providers", "model_catalog"):
        name = {"model_catalog": "models"}.get(file, file)
        path = run.folder / f"config/{name}.yaml"
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
        config[file] |= run.experiment[file]
        path.write_text(yaml.safe_dump(config))
    done = run.python("-m", "pilotbench", "init", "--json")
    assert done.returncode == 0, done.stdout
    found = json.loads(done.stdout)
    assert (found["models"], found["keys"]) == (["echo"], {"sim": ["sim_key1"]})
