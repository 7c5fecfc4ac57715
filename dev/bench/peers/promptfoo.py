"""promptfoo: a provider, one prompt, the assertion `equals`.

A finished job is quickest with `--resume`; after a kill its cache has more than its database.
"""

from __future__ import annotations

import json
from pathlib import Path

from dev.bench.peers.peer import Ask, Peer, Tally, lines


def files(ask: Ask) -> dict[str, str]:
    """Return the config and its tests."""
    config = {
        "prompts": ["{{question}}"],
        "providers": [{"id": "openai:chat:echo", "config": {"apiBaseUrl": ask.base_url}}],
        "defaultTest": {"assert": [{"type": "equals", "value": "{{answer}}"}]},
        "tests": "file://questions.jsonl",
    }
    tests = [{"vars": {"question": question, "answer": answer}} for question, answer in ask.pairs]
    return {"promptfooconfig.json": json.dumps(config, indent=1), "questions.jsonl": lines(tests)}


def words(ask: Ask) -> list[str]:
    """Return the command, without table and bar, which only cost time."""
    return ["promptfoo", "eval", "-c", "promptfooconfig.json", *_options(ask)]


def again(ask: Ask) -> list[str]:
    """Return the command for a job that is finished."""
    return ["promptfoo", "eval", "--resume", *_options(ask)]


def _options(ask: Ask) -> list[str]:
    return ["-j", str(ask.slots), "--no-table", "--no-progress-bar", "-o", "results.json"]


def environment(ask: Ask) -> dict[str, str]:
    """Return variables: the key, state in the folder of the run, nothing sent elsewhere."""
    return {
        "OPENAI_API_KEY": ask.secret,
        "PROMPTFOO_CONFIG_DIR": ".promptfoo",
        "PROMPTFOO_RETRY_5XX": "true",
        "PROMPTFOO_DISABLE_TELEMETRY": "1",
        "PROMPTFOO_DISABLE_UPDATE": "1",
        "PROMPTFOO_DISABLE_REMOTE_GENERATION": "1",
    }


def tally(folder: Path, _: Path) -> Tally:
    """Read the output file: `failureReason` is 0 for none, 1 for an assertion, 2 for an error."""
    file = folder / "results.json"
    if not file.exists():
        return Tally()
    reasons = [one["failureReason"] for one in json.loads(file.read_text())["results"]["results"]]
    return Tally(right=reasons.count(0), wrong=reasons.count(1))


PEER = Peer(
    name="promptfoo",
    registry="npm",
    package="promptfoo@0.121.20",
    files=files,
    words=words,
    again=again,
    environment=environment,
    result="results.json",
    tally=tally,
)
