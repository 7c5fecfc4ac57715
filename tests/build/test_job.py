"""One line for an expected error of a job, never written into the table that its run draws."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from pilotbench.build.job import logged
from pilotbench.ground import job_context, notices
from pilotbench.ground.errors import UserError


@pytest.mark.parametrize("is_terminal", [True, False])
def test_a_run_on_a_terminal_prints_the_error_of_a_job_above_its_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_terminal: bool
) -> None:
    monkeypatch.setattr(notices, "_known", notices.Known())
    file = notices.of_run(tmp_path)
    notices.begin(file)
    monkeypatch.setenv(job_context.VARIABLE, json.dumps({"notices": str(file)}))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal)
    with pytest.raises(SystemExit) as ended, logged(tmp_path / "logs" / "job.log", tmp_path):
        raise UserError("a shard is owed")
    said = [one.text for one in notices.read(tmp_path)]
    line = "error: a shard is owed"
    assert (ended.value.code, said) == ((1, [line]) if is_terminal else (line, []))
