"""Our verdicts on BFCL equal those of BFCL's own program: a sample of `dev.bfcl_agreement`."""

from __future__ import annotations

import pytest

from dev.bfcl_agreement import OfficialProgram, Row, compared, main, table
from pilotbench.benchmark import bfcl
from support.bfcl import needs_bfcl

TESTS = 3


@pytest.fixture(scope="module")
def program() -> OfficialProgram:
    needs_bfcl()
    return OfficialProgram()


@pytest.mark.parametrize("name", bfcl.NAMES)
def test_requests_and_verdicts_are_those_of_bfcl(name: str, program: OfficialProgram) -> None:
    step = (bfcl.load(name).size or 0) // TESTS
    row = compared(name, program, range(1, TESTS * step, step))
    assert row.differences == []
    assert (row.tests, row.truths, row.same) == (TESTS, TESTS, TESTS)
    assert row.agreed == row.answers >= 10 * TESTS
    assert 0 < row.valid < row.answers


def test_a_difference_is_printed_and_is_an_error(
    program: OfficialProgram, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [("bfcl_a", Row(2, 2, 2, 9, 8, 4, differences=["a_1, null: True"])), ("bfcl_b", Row(1))]
    lines = [*table(rows)]
    assert lines[2].split(" | ")[1:] == ["2", "2", "2", "9", "4", "8 |"]
    assert lines[4].startswith("| all | 3 |")
    assert lines[-1] == "DIFFERENT: a_1, null: True"
    assert main(["--every", "1000", "--category", "bfcl_multiple"]) == 0
    assert "| `bfcl_multiple` | 1 |" in capsys.readouterr().out
