import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pilotbench.errors import Stopping
from pilotbench.run import orders
from pilotbench.run.orders import Orders


@pytest.mark.parametrize(
    "value", [Orders(), Orders({"k1": 5}, may_ask=False), Orders({"k1": 5, "k2": 1})]
)
def test_what_is_told_comes_back(value: Orders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(orders.VARIABLE, "{}")
    orders.tell(value)
    assert orders.told() == value


def test_a_job_that_was_told_nothing_knows_no_slots_and_may_ask(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv(orders.VARIABLE, raising=False)
    assert orders.told() == Orders()


def test_a_job_whose_run_ended_while_it_was_starting_stops() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    while Path(f"/proc/{gone.pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z":
        time.sleep(0.01)
    with pytest.raises(Stopping):  # it has ended and nobody has waited for it
        Orders(run=gone.pid).parent()
    gone.wait()
    with pytest.raises(Stopping, match="the run that started this shard is gone"):
        Orders(run=gone.pid).parent()
    assert Orders(run=os.getpid()).parent() == os.getppid()
    assert Orders().parent() == os.getppid()
