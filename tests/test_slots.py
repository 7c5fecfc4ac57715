import pytest

from pilotbench import slots


@pytest.mark.parametrize("value", [{}, {"k1": 5}, {"k1": 5, "k2": 1}])
def test_what_is_told_comes_back(value: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(slots.VARIABLE, "")
    slots.tell(value)
    assert slots.told() == value


def test_a_job_that_was_told_nothing_knows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(slots.VARIABLE, raising=False)
    assert slots.told() == {}
