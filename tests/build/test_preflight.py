"""What is checked before the first job of a run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from pilotbench.build import preflight
from pilotbench.ground.errors import ConfigError
from support.messages_api import Strict, use
from support.scripted import QUESTIONS, play, question_of, service, shard_of

Json = dict[str, Any]


def right(body: Json, number: int) -> list[Json]:
    """Return the call with the right answer."""
    return [use("finish", answer=QUESTIONS[question_of(body)])]


def test_a_missing_sdk_stops_a_run_that_has_something_to_ask_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCRIPTED_SECRET", "secret")
    with service(Strict(right)) as scripted:
        asked = shard_of(tmp_path, scripted.address, tools=True, kind="anthropic")
        with monkeypatch.context() as without:
            without.setitem(sys.modules, "anthropic", None)
            with pytest.raises(ConfigError) as caught:
                preflight.check(asked, asked.plan.shards)
        preflight.check(asked, asked.plan.shards)
        assert play(asked).outcome(0) == "right"
    monkeypatch.setitem(sys.modules, "anthropic", None)
    preflight.check(asked, asked.plan.shards)
    words = "model m: api messages needs the package anthropic: pip install"
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
