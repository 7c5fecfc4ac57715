"""Each label has a token of its own; who does not show it is not admitted."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from pilotbench.gateway.labels import Labels, NotAdmitted, from_variable, generated
from pilotbench.ground.errors import ConfigError

TWO = Labels({"one": "token-of-one-0123456789", "two": "token-of-two-0123456789"})


@pytest.mark.parametrize(
    ("named", "token", "label"),
    [
        (None, "token-of-two-0123456789", "two"),
        ("one", "token-of-one-0123456789", "one"),
    ],
)
def test_a_token_admits_its_label(named: str | None, token: str, label: str) -> None:
    assert TWO.admitted(named, token) == label


@pytest.mark.parametrize(
    ("named", "token", "words"),
    [
        (None, "", "wrong token"),
        (None, "token-of-one", "wrong token"),
        ("one", "töken", "wrong token"),
        ("two", "token-of-one-0123456789", "label two: this token is not its token"),
        ("three", "token-of-one-0123456789", "label three: this token is not its token"),
    ],
)
def test_another_token_admits_nobody(named: str | None, token: str, words: str) -> None:
    with pytest.raises(NotAdmitted, match=words) as caught:
        TWO.admitted(named, token)
    assert "token-of" not in str(caught.value)


def test_generated_tokens_are_kept_and_private(tmp_path: Path) -> None:
    first = generated(["a", "b/ü"], tmp_path / "state")
    assert len(set(first.tokens.values())) == 2
    assert generated(["b/ü"], tmp_path / "state").tokens["b/ü"] == first.tokens["b/ü"]
    files = list((tmp_path / "state").iterdir())
    assert len(files) == 2
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


@pytest.mark.parametrize("value", ["", "short", "with spaces in the token", "tökenökenökenöken"])
def test_an_unfit_variable_is_refused(value: str) -> None:
    with pytest.raises(ConfigError, match="--token-env MINE: must be set to a token"):
        from_variable(["a"], "MINE", {"MINE": value})


def test_a_variable_serves_all_labels() -> None:
    found = from_variable(["a", "b"], "MINE", {"MINE": " a-fitting-token-0123 "})
    assert found.tokens == {"a": "a-fitting-token-0123", "b": "a-fitting-token-0123"}
