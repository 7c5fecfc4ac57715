"""lm-eval: a task of its own, chat completions, its cache of answers, which a re-run reads."""

from __future__ import annotations

import json
from pathlib import Path

from dev.bench.peers.peer import Ask, Peer, Tally, lines

_TASK = """\
task: echo
dataset_path: json
dataset_kwargs:
  data_files:
    test: questions.jsonl
test_split: test
output_type: generate_until
doc_to_text: "{{question}}"
doc_to_target: "{{answer}}"
generation_kwargs:
  until: []
  do_sample: false
metric_list:
  - metric: exact_match
"""


def files(ask: Ask) -> dict[str, str]:
    """Return the task and its dataset."""
    docs = [{"question": question, "answer": answer} for question, answer in ask.pairs]
    return {"echo.yaml": _TASK, "questions.jsonl": lines(docs)}


def words(ask: Ask) -> list[str]:
    """Return the command; by default a request is tried three times only."""
    model = {
        "model": "echo",
        "base_url": f"{ask.base_url}/chat/completions",
        "num_concurrent": ask.slots,
        "max_retries": 5,
    }
    return [
        *("lm_eval", "run", "--include_path", ".", "--tasks", "echo"),
        *("--model", "local-chat-completions", "--model_args"),
        ",".join(f"{name}={value}" for name, value in model.items()),
        *("--apply_chat_template", "--use_cache", "cache"),
        *("--output_path", "out", "--log_samples"),
    ]


def environment(ask: Ask) -> dict[str, str]:
    """Return variables: the key, data sets in the folder of the run, nothing asked of the hub."""
    return {"OPENAI_API_KEY": ask.secret, "HF_HOME": "hf", "HF_HUB_OFFLINE": "1"}


def tally(folder: Path, _: Path) -> Tally:
    """Read the newest file of samples."""
    found = sorted(folder.glob("out/*/samples_*.jsonl"))
    if not found:
        return Tally()
    scores = [json.loads(line)["exact_match"] for line in found[-1].read_text().splitlines()]
    return Tally(right=scores.count(1.0), wrong=len(scores) - scores.count(1.0))


PEER = Peer(
    name="lm-eval",
    registry="pypi",
    package="lm-eval[api]==0.4.13",
    files=files,
    words=words,
    environment=environment,
    result="out/*/samples_*.jsonl",
    tally=tally,
)
