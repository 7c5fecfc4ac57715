"""YAML 1.2 scalars, and what is refused with its line."""

from __future__ import annotations

import math
from typing import Any

import pytest
import yaml

from pilotbench.ground import yaml_files


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-5", 1e-5), ("1e5", 1e5), ("1E+3", 1e3), (".5", 0.5), ("5.", 5.0), ("-.5e3", -500.0),
        ("+.INF", math.inf), ("-.inf", -math.inf), ("010", 10), ("0o17", 15), ("0x1f", 31),
        ("1_000", 1000), ("1:30", "1:30"), ("2024-10-21", "2024-10-21"), ("1e", "1e"),
        ("1.5.2", "1.5.2"), ("e5", "e5"), ("true", True), ("FALSE", False), ("~", None),
        ("null", None), ("", None), ("'no'", "no"), ("nope", "nope"), ("y", "y"),
        ("{a: {<<: {x: 1, y: 2}, x: 3}}", {"a": {"x": 3, "y": 2}}),
        ("{a: &b {x: 1}, c: {<<: *b, z: 2}, d: *b}",
         {"a": {"x": 1}, "c": {"x": 1, "z": 2}, "d": {"x": 1}}),
    ],
)  # fmt: skip
def test_scalars_are_those_of_yaml_1_2(text: str, value: Any) -> None:
    found = yaml_files.load(f"k: {text}")["k"]
    assert (found, type(found)) == (value, type(value))


def test_not_a_number_is_read() -> None:
    assert math.isnan(yaml_files.load(".NaN"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\nb: 2\na: 3", "line 3: the key a is already in line 1"),
        ("a:\n  b: {c: 1,\n      c: 1}", "line 3: the key c is already in line 2"),
        ('- "x": 1\n  x: 2', "line 2: the key x is already in line 1"),
        ("a: 1\n? 1\n: 2\n1: 3", "line 4: the key 1 is already in line 2"),
        ("a: on", 'line 1: on: write true or false, or "on" in quotes'),
        ("a: [1,\n No]", 'line 2: No: write true or false, or "No" in quotes'),
        ("off: 1", 'line 1: off: write true or false, or "off" in quotes'),
        ("a: [", "line 2: did not find expected node content"),
        ("a: *", "line 1: did not find expected alphabetic or numeric character"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, told: str) -> None:
    with pytest.raises(yaml.YAMLError) as caught:
        yaml_files.load(text)
    assert yaml_files.where(caught.value) == told


@pytest.mark.parametrize(
    ("text", "value"), [("*", "*"), ("on", "on"), ("[", "["), ("5", 5), ("1e-5", 1e-5)]
)
def test_a_word_of_the_command_line_is_always_a_value(text: str, value: Any) -> None:
    assert yaml_files.word(text) == value
