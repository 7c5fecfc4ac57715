"""Mistakes and system errors end a command with one line; anything else is a defect."""

from __future__ import annotations

import pytest

from pilotbench.build.one_line_errors import one_line_errors
from pilotbench.ground.errors import ConfigError


@pytest.mark.parametrize("error", [ConfigError("a mistake"), OSError(28, "No space left")])
def test_an_expected_error_is_one_line(error: Exception) -> None:
    with pytest.raises(SystemExit) as ended, one_line_errors():
        raise error
    assert str(ended.value).startswith("error: ")
    assert "\n" not in str(ended.value)


def test_a_defect_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError), one_line_errors():
        raise ZeroDivisionError
