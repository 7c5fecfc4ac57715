"""What release 0.1 wrote stays valid: its journal answers, its results folder is read.

`tests/data/release_0.1.tar.xz` holds the overlay, pack, journal, shard files and exported numbers
of a run by release 0.1 against the simulator: three protocols, repeats, draws, a flaw, hard
instances, a question pack, refused and overflowed episodes, and one question that was always
rejected and is therefore owed.
"""

from __future__ import annotations

import json
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from support import Simulator
from support.build import EXPORTS, ROOT, Build

Json = dict[str, Any]
COUNTS = ("planned", "full_success", "partial_success", "failure", "refused", "not_applicable")


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(keys={"k": {}}) as simulator:
        yield simulator


@pytest.fixture
def build(tmp_path: Path, simulator: Simulator) -> Build:
    build = Build(tmp_path)
    with tarfile.open(ROOT / "tests/data/release_0.1.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    config = yaml.safe_load((tmp_path / "overlay.yaml").read_text())
    config["providers"]["sim"]["base_url"] = simulator.base_url
    build.configure(config)
    return build


def leaves(value: Json) -> dict[str, Json]:
    """Return the leaves of the tree of models by their path."""
    if "planned" in value:
        return {"": value}
    return {
        f"{name}/{path}": leaf
        for name, inner in value.items()
        for path, leaf in leaves(inner).items()
    }


def test_results_and_journal_of_an_earlier_release_give_the_same_numbers_without_a_request(
    build: Build, simulator: Simulator
) -> None:
    before = leaves(json.loads((build.folder / "master_database.json").read_text())["models"])
    run = build.snakemake("summary", "--config", "partial=true", SIM_SECRET=simulator.secret("k"))
    assert run.returncode == 0, run.stdout
    now = leaves(build.master()["models"])
    assert now.keys() == before.keys()
    for path, leaf in before.items():
        same = (*COUNTS, "owed", "total", "tokens_input", "tokens_output", "errors")
        assert {k: now[path][k] for k in same} == {k: leaf[k] for k in same}, path
        assert now[path]["cost_usd"] == pytest.approx(leaf["cost_usd"], abs=1e-6), path
    assert simulator.stats()["total"]["requests"] == 0


def test_a_journal_of_an_earlier_release_is_replayed_without_a_request(
    build: Build, simulator: Simulator
) -> None:
    before = leaves(json.loads((build.folder / "master_database.json").read_text())["models"])
    shutil.rmtree(build.folder / "results")
    secret = {"SIM_SECRET": simulator.secret("k")}
    # The last instance holds the question that is owed: everything but this one is run.
    run = build.snakemake(EXPORTS, "--config", "instances=3", **secret)
    assert run.returncode == 0, run.stdout
    assert simulator.stats()["total"]["requests"] == 0
    total = build.master()["summary"]
    assert total["planned"] == sum(leaf["planned"] for leaf in before.values()) * 3 // 4
    assert total["owed"] == 0
    # With the last instance again, nothing but the rejected question is left open.
    run = build.snakemake(EXPORTS, "--config", "partial=true", **secret)
    assert run.returncode == 0, run.stdout
    now = leaves(build.master()["models"])
    for path, leaf in before.items():
        assert {k: now[path][k] for k in COUNTS} == {k: leaf[k] for k in COUNTS}, path
    assert simulator.stats()["total"]["requests"] == 0
