"""evalscope: a benchmark of its own with the metric `acc`; a re-run reads its predictions."""

from __future__ import annotations

import json
from pathlib import Path

from dev.bench.peers.peer import Ask, Peer, Tally, lines

_SCRIPT = """\
import sys

from evalscope import TaskConfig, run_task
from evalscope.api.benchmark import BenchmarkMeta, DefaultDataAdapter
from evalscope.api.dataset import Sample
from evalscope.api.registry import register_benchmark


@register_benchmark(
    BenchmarkMeta(
        name="echo",
        pretty_name="echo",
        description="Say a word.",
        dataset_id="data",
        subset_list=["echo"],
        eval_split="test",
        prompt_template="{question}",
        metric_list=["acc"],
    )
)
class Echo(DefaultDataAdapter):
    def load_from_disk(self, **options):
        return super().load_from_disk(use_local_loader=True)

    def record_to_sample(self, record):
        return Sample(input=record["question"], target=record["answer"])


url, key, slots, *cache = sys.argv[1:]
run_task(
    TaskConfig(
        model="echo",
        eval_type="openai_api",
        api_url=url,
        api_key=key,
        datasets=["echo"],
        dataset_args={"echo": {"local_path": "."}},
        eval_batch_size=int(slots),
        generation_config={"retries": 5, "stream": False},
        ignore_errors=True,
        collect_perf=False,
        work_dir="out",
        no_timestamp=True,
        use_cache=cache[0] if cache else None,
    )
)
"""


def files(ask: Ask) -> dict[str, str]:
    """Return the script, which registers the benchmark, and its data."""
    records = [{"question": question, "answer": answer} for question, answer in ask.pairs]
    return {"run.py": _SCRIPT, "echo.jsonl": lines(records)}


def words(ask: Ask) -> list[str]:
    """Return the command: a benchmark of one's own is registered in Python."""
    return ["python", "run.py", ask.base_url, ask.secret, str(ask.slots)]


def again(ask: Ask) -> list[str]:
    """Return the command that takes what the folder already holds."""
    return [*words(ask), "out"]


def tally(folder: Path, _: Path) -> Tally:
    """Read the reviews, one line a scored sample."""
    file = folder / "out/reviews/echo/echo_echo.jsonl"
    if not file.exists():
        return Tally()
    reviews = {one["index"]: one for one in map(json.loads, file.read_text().splitlines())}
    values = [one["sample_score"]["score"]["value"] for one in reviews.values()]
    right = sum(value.get("accuracy") == 1 for value in values)
    return Tally(right=right, wrong=len(values) - right)


PEER = Peer(
    name="evalscope",
    registry="pypi",
    package="evalscope==1.14.1",
    files=files,
    words=words,
    again=again,
    resume=again,
    result="out/reviews/echo/*.jsonl",
    tally=tally,
)
