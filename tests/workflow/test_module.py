"""Imported by `module`, the workflow has none of its handlers; limits and budget hold anyway."""

from __future__ import annotations

import fcntl
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from support import Simulator, preloaded
from support.build import ROOT
from support.runs import KEYS, Run

PRICE = {"input": 1.0, "output": 1.0}
MODEL = {"provider": "sim", "deployment": "echo", "parameters": {"max_tokens": 20}}
README = (ROOT / "config/README.md").read_text()
SNAKEFILE = re.findall(r"^```python\n(.*?)^```", README, re.M | re.S)[0]
"""The workflow that the documentation shows."""


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    keys: dict[str, Any] = {key: {} for key in KEYS}
    with Simulator(keys=keys, latency_s=0.02, reject_containing=["poison"]) as simulator:
        yield simulator


class Importing:
    """A folder with a config of its own and a Snakefile that imports a checkout elsewhere."""

    def __init__(self, folder: Path, simulator: Simulator) -> None:
        for name in ("checkout", "mine"):
            (folder / name).mkdir()
        simulator.reset()
        self.run = Run(folder / "checkout", simulator, keys=KEYS[:1])
        self.folder = folder / "mine"
        (self.folder / "Snakefile").write_text(
            SNAKEFILE.replace("/path/to/pilot-bench", str(self.run.folder))
        )
        self.run.experiment["task_folders"] = [str(self.run.folder / "packs")]
        self.run.experiment["limits_dir"] = str(folder / "limits")
        self.configure()

    def configure(self, model: dict[str, Any] | None = None, **keys: Any) -> None:
        """Write the one config file: only what differs from the checkout's own files."""
        catalog = {"echo": {**MODEL, **(model or {})}}
        mine = {**self.run.experiment, "model_catalog": catalog, **keys}
        (self.folder / "mine.yaml").write_text(yaml.safe_dump(mine))

    def snakemake(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the importing workflow."""
        command = ("-m", "snakemake", "--cores", "4", *words)
        return preloaded.python(command, self.folder, self.run.environment())


@pytest.fixture
def mine(tmp_path: Path, simulator: Simulator) -> Importing:
    return Importing(tmp_path, simulator)


def test_ten_lines_and_one_config_file_make_a_whole_run(
    mine: Importing, simulator: Simulator
) -> None:
    assert len([line for line in SNAKEFILE.splitlines() if line]) <= 10
    mine.configure(instances=10)
    done = mine.snakemake()
    assert done.returncode == 0, done.stdout
    assert simulator.stats()["total"]["answered"] == 10
    assert (mine.folder / "results/summary/index.html").is_file()


def test_limits_budget_and_rescoring_hold(mine: Importing, simulator: Simulator) -> None:
    first, *others = mine.run.targets()
    mine.configure(model={"price": PRICE})
    done = mine.snakemake(first, "--resources", "sim_key1=2")
    assert done.returncode == 0, done.stdout
    key = simulator.stats()["keys"]["sim_key1"]
    assert (key["answered"], key["in_flight_max"] <= 2) == (10, True)

    rescored = mine.snakemake("pilot_rescore")  # nothing is asked for the other twenty
    assert rescored.returncode == 1
    assert simulator.stats()["total"]["requests"] == 10

    spent = simulator.stats()["total"]["tokens"] / 1e6
    mine.configure(model={"price": PRICE}, budget_usd=spent)  # all of it is spent already
    stopped = mine.snakemake(*others)
    assert stopped.returncode == 1
    assert "budget_usd" in stopped.stdout
    assert simulator.stats()["total"]["requests"] == 10


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"budget_usd": 1}, "model_catalog.echo has no price"),
        ({"instances": "many"}, "error: mine.yaml: instances is 'many'"),
        ({"budget": 1}, "error: mine.yaml: unknown key budget"),
    ],
    ids=["no price", "a wrong value", "an unknown key"],
)
def test_an_invalid_config_asks_nothing(
    mine: Importing, simulator: Simulator, change: dict[str, Any], line: str
) -> None:
    mine.configure(**change)
    done = mine.snakemake(mine.run.targets()[0])
    assert done.returncode == 1
    assert line in done.stdout
    assert "Traceback" not in done.stdout
    assert simulator.stats()["total"]["requests"] == 0


def test_a_pack_with_a_broken_line_asks_nothing(mine: Importing, simulator: Simulator) -> None:
    with (mine.run.folder / "packs/echo/instances.jsonl").open("a") as lines:
        lines.write('{"question": "without an answer"}\n')
    done = mine.snakemake(mine.run.targets()[0])
    assert done.returncode == 1
    assert "instances.jsonl: line 31" in done.stdout
    assert simulator.stats()["total"]["requests"] == 0


def test_a_rejected_model_is_stopped_for_all_jobs_and_reported_once(
    mine: Importing, simulator: Simulator
) -> None:
    mine.run.write_pack(dict.fromkeys(range(30), " of poison"))
    mine.configure(shard_size=1)
    mine.run.experiment["shard_size"] = 1
    done = mine.snakemake(*mine.run.targets(), "--keep-going")
    assert done.returncode == 1
    assert 5 <= simulator.stats()["total"]["requests"] <= 8
    assert "model_catalog.echo: stopped after" in done.stdout


def test_an_outage_is_reported_once_and_a_locked_out_run_resets_nothing(
    mine: Importing, simulator: Simulator
) -> None:
    with Simulator() as gone:
        url = gone.base_url
    provider = {**mine.run.experiment["providers"]["sim"], "base_url": url, "retry_for_s": 2}
    mine.run.experiment["shard_size"] = 1
    mine.configure(shard_size=1, providers={"sim": provider})
    done = mine.snakemake(*mine.run.targets(), "--keep-going")
    assert done.returncode == 1
    assert "Traceback" not in done.stdout
    assert done.stdout.count("sim_key1: connection refused, retrying for ") == 1
    assert done.stdout.count("nothing more is sent until it answers") == 1
    assert not list((mine.folder / ".snakemake").glob("pilotbench.asking*"))

    (notes,) = (mine.folder / "results/logs").glob("notices-*.jsonl")
    before = notes.read_text()
    (mine.folder / ".snakemake/locks").mkdir(exist_ok=True)
    with (mine.folder / ".snakemake/pilotbench.runs").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_SH)  # another run of this folder
        for kind in ("input", "output"):
            lines = "\n".join([*mine.run.targets(), ""])
            (mine.folder / f".snakemake/locks/0.{kind}.lock").write_text(lines)
        refused = mine.snakemake(*mine.run.targets())
    assert "cannot be locked" in refused.stdout
    assert refused.returncode == 1
    assert notes.read_text() == before
    assert list(notes.parent.glob("notices-*.jsonl")) == [notes]


def test_batches_that_are_out_are_told_by_their_job_and_collected_by_the_next_run(
    tmp_path: Path,
) -> None:
    keys: dict[str, Any] = {key: {} for key in KEYS}
    with Simulator(keys=keys, batches={"batch_s": 3600.0}) as simulator:
        mine = Importing(tmp_path, simulator)
        mine.configure({"lane": "batch"}, batch_wait=0)
        targets = mine.run.targets()
        out = mine.snakemake(*targets)
        assert out.returncode == 1
        assert "\n1 batch is out, run again after " in out.stdout
        simulator.end_batches()
        done = mine.snakemake(*targets)
        assert done.returncode == 0, done.stdout
        assert simulator.stats()["tiers"] == {"batch": 30}
        assert "Nothing to be done" in mine.snakemake(*targets).stdout
