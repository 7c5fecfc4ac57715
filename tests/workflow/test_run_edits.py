"""A prompt, a pack or a models file that is edited during a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from pilotbench.episodes.shard_file import read_shard
from support import Simulator
from support.runs import Run, wait_until

MARK = "Be brief."


def edit_prompt(run: Run) -> None:
    prompt = run.folder / "config/prompts/baseline.md"
    prompt.write_text(f"{prompt.read_text()}\n{MARK}\n")


def edit_pack(run: Run) -> None:
    run.write_pack(dict.fromkeys(range(20), f" {MARK}"))


@pytest.mark.parametrize(
    ("edit", "named"), [(edit_prompt, "baseline.md"), (edit_pack, "task echo")]
)
def test_no_cell_mixes_two_texts_when_a_file_is_edited_during_the_run(
    tmp_path: Path, edit: Callable[[Run], None], named: str
) -> None:
    with Simulator(keys={"sim_key1": {"slots": 2}}, latency_s=0.2) as simulator:
        run = Run(tmp_path, simulator, questions=20, keys=("sim_key1",), slots=2)
        with run.running("-j1", *run.targets()) as going:
            wait_until(lambda: simulator.stats()["total"]["answered"] > 2)
            edit(run)
            assert going.process.wait(60) == 1
            said = going.output
        assert f"{named}: changed since this run began" in said
        users = [record["user"] for record in run.records()]
        assert len(users) == 10  # the job that had read the text before it was edited
        assert not any(MARK in text for text in users)
        run.again(*run.targets())
        assert [MARK in record["user"] for record in run.records()] == [True] * 20
        assert simulator.stats()["total"]["paid_again"] == 0


def test_a_models_file_edited_during_the_run_takes_effect_in_the_next_run(
    tmp_path: Path,
) -> None:
    with Simulator(keys={"sim_key1": {"slots": 2}}, latency_s=0.2) as simulator:
        run = Run(tmp_path, simulator, questions=20, keys=("sim_key1",), slots=2)
        models = tmp_path / "config/models.yaml"
        with run.running("-j1", *run.targets()) as going:
            wait_until(lambda: simulator.stats()["total"]["answered"] > 2)
            catalog = yaml.safe_load(models.read_text())
            catalog["model_catalog"]["echo"] = {"parameters": {"temperature": 0.5}}
            models.write_text(yaml.safe_dump(catalog))
            assert going.process.wait(60) == 0, going.output
        assert parameters(run) == [{}, {}]
        run.again(*run.targets())
        assert parameters(run) == [{"temperature": 0.5}] * 2
        assert simulator.stats()["total"]["answered"] == 40


def parameters(run: Run) -> list[object]:
    """Return the parameters that each shard was asked with."""
    files = sorted((run.folder / "results/shards").rglob("*.jsonl.gz"))
    headers = [read_shard(file)[0] for file in files]
    return [header["provenance"]["parameters"]["parameters"] for header in headers]
