"""The signals that end a run, in real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from support.build import ROOT

PROGRAM = """
import signal, sys
from pilotbench.build import signals
{before}
signals.on_ending(lambda number, _: (print(signal.Signals(number).name, flush=True), sys.exit()))
print("ready", flush=True)
signal.pause()
"""


DEFAULT = "signal.signal(signal.SIGHUP, signal.SIG_DFL)"
"""The tests themselves may run under nohup."""


def process(before: str = DEFAULT) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(before=before)],
        env=os.environ | {"PYTHONPATH": str(ROOT / "workflow/scripts")},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_handler_is_called_for_every_signal_that_ends_a_run(number: signal.Signals) -> None:
    with process() as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "ready\n"
        run.send_signal(number)
        assert run.stdout.readline() == f"{number.name}\n"


def test_under_nohup_sighup_stays_ignored() -> None:
    with process("signal.signal(signal.SIGHUP, signal.SIG_IGN)") as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "ready\n"
        run.send_signal(signal.SIGHUP)
        run.send_signal(signal.SIGTERM)
        assert run.stdout.readline() == "SIGTERM\n"
