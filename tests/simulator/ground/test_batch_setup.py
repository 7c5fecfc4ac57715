"""The settings of batches name what is wrong with them."""

from __future__ import annotations

from typing import Any

import pytest

from pilotbench.ground.errors import UserError
from pilotbench.simulator.ground.setup import from_mapping


@pytest.mark.parametrize(
    ("batches", "words"),
    [
        ({"speed": 1}, "batches: speed is not a setting; allowed are batch_s, sigma"),
        ({"batch_s": "soon"}, "batches: batch_s is 'soon'; must be a number"),
        ({"faults": {"none": 1}}, "batches.faults: none; allowed are submit_late"),
        ({"faults": {"stuck": -1}}, "batches.faults: stuck is -1; must be a count"),
    ],
)
def test_a_wrong_setting_is_named(batches: dict[str, Any], words: str) -> None:
    with pytest.raises(UserError, match=words):
        from_mapping({"batches": batches})


def test_settings_are_kept() -> None:
    setup = from_mapping({"batches": {"batch_s": "3e1", "faults": {"stuck": 2}}})
    assert (setup.batches.batch_s, setup.batches.faults) == (30.0, {"stuck": 2})
