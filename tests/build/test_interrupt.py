"""Ctrl-C: the first waits for what is in flight, the second stops at once."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from pilotbench.asking.keys.limiter import Limiter
from pilotbench.asking.keys.opened_limiter import key_folder
from pilotbench.build.interrupt import Interrupt, waits_for
from pilotbench.ground import job_context
from pilotbench.matrix.config import Settings
from pilotbench.providers.settings import Access, Key, Model, ProviderSettings

URL = "http://127.0.0.1:9/v1"
FIRST = "interrupted: waiting for 2 answers in flight; Ctrl-C again stops at once"


@pytest.fixture(autouse=True)
def _handler() -> Iterator[None]:
    """Handle SIGINT as before when the test is over."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


def pressed(count: int) -> list[bool]:
    """Return of each Ctrl-C whether it was raised as KeyboardInterrupt."""
    raised = []
    for _ in range(count):
        try:
            signal.raise_signal(signal.SIGINT)
            raised.append(False)
        except KeyboardInterrupt:
            raised.append(True)
    return raised


@pytest.mark.parametrize(
    ("over", "presses", "raised", "said"),
    [
        (False, 1, [True], [FIRST]),
        (False, 3, [True, False, False], [FIRST, "stopping at once"]),
        (True, 2, [True, True], [FIRST, "stopping at once"]),
    ],
    ids=["one", "several", "after the jobs"],
)
def test_each_interrupt_is_answered_by_one_line(
    over: bool, presses: int, raised: list[bool], said: list[str]
) -> None:
    lines: list[str] = []
    interrupt = Interrupt(lambda: "2 answers in flight", lines.append)
    interrupt.over = over
    interrupt.listen()
    assert pressed(presses) == raised
    assert lines == said
    assert interrupt.times == presses


def test_the_first_interrupt_stops_the_jobs_from_asking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking = tmp_path / "asking"
    asking.touch()
    monkeypatch.setenv(job_context.VARIABLE, json.dumps({"asking": str(asking)}))
    Interrupt(lambda: "", lambda _: None).listen()
    assert asking.exists()
    assert pressed(2) == [True, False]
    assert not asking.exists()


def test_an_ignored_interrupt_stays_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    interrupt = Interrupt(lambda: "", lambda _: None)
    interrupt.listen()
    assert pressed(1) == [False]
    assert interrupt.times == 0


MODELS = [Model("m", "p", "m"), Model("judge", "q", "j")]


def settings(folder: Path) -> Settings:
    """Return settings of a model with three keys, the third without a secret, and a judge."""
    model, judge = MODELS
    keys = {name: Key(name, "p", 5, env=name.upper()) for name in ("k1", "k2", "k3")}
    return Settings(
        models={"m": model}, prompts=("baseline",), tasks=("t",), difficulties=("none",),
        tool_success_rates=("none",), instances=1, repeats=1, shard_size=1, max_turns=None,
        providers={
            "p": ProviderSettings("p", "openai", keys, base_url=URL),
            "q": ProviderSettings("q", "openai", {"k4": Key("k4", "q", 5, env="K4")}, base_url=URL),
        },
        catalog={"m": model, "judge": judge}, limits_dir=folder,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("in_flight", "words"),
    [
        ({}, "0 answers in flight"),
        ({"k2": 1}, "1 answer in flight"),
        ({"k1": 2, "k2": 1}, "3 answers in flight"),
        ({"k1": 2, "k4": 2}, "4 answers in flight"),
    ],
)
def test_the_answers_in_flight_on_all_keys_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_flight: dict[str, int], words: str
) -> None:
    for name in ("k1", "k2", "k4"):
        monkeypatch.setenv(name.upper(), f"sk-{name}")
    monkeypatch.delenv("K3", raising=False)
    monkeypatch.chdir(tmp_path)
    with ExitStack() as stack:
        for name, count in in_flight.items():
            limiter = Limiter(key_folder(tmp_path, Access(URL, f"sk-{name}"), name), 5)
            stack.callback(limiter.close)
            for _ in range(count):
                stack.enter_context(limiter.slot())
        assert waits_for(settings(tmp_path), MODELS) == words


def test_files_that_cannot_be_read_do_not_prevent_an_interrupt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_bytes(b"K1=\xff")  # not UTF-8
    assert waits_for(settings(tmp_path), MODELS) == "the answers in flight"
