"""A prompt that is edited while a run goes on."""

from __future__ import annotations

from pathlib import Path

from pilotbench.records import read_shard
from support import Simulator
from support.runs import Run, wait_until

BRIEF = "\nBe brief.\n"


def test_no_cell_is_made_of_two_texts_when_its_prompt_is_edited_during_the_run(
    tmp_path: Path,
) -> None:
    with Simulator(keys={"sim_key1": {"slots": 2}}, latency_s=0.2) as simulator:
        run = Run(tmp_path, simulator, questions=20, keys=("sim_key1",), slots=2)
        prompt = tmp_path / "config/prompts/baseline.md"
        with run.running("-j1", *run.targets()) as going:
            wait_until(lambda: simulator.stats()["total"]["answered"] > 2)
            prompt.write_text(prompt.read_text() + BRIEF)
            assert going.process.wait(60) == 1
            said = going.output
        assert "baseline.md: changed since this run began" in said
        users = [record["user"] for record in run.records()]
        assert len(users) == 10  # the job that had read the prompt before it was edited
        assert not any(text.endswith(BRIEF.strip()) for text in users)
        run.again(*run.targets())
        files = sorted((tmp_path / "results/shards").rglob("*.jsonl.gz"))
        for record in (record for file in files for record in read_shard(file)[1]):
            assert record["user"].endswith(BRIEF.strip())
        assert simulator.stats()["total"]["paid_again"] == 0
