import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotbench.names import from_path, to_path


@pytest.mark.parametrize(
    ("name", "component"),
    [
        ("gpt-4o-mini", "gpt-4o-mini"),
        ("qwen2.5-3b-instruct", "qwen2.5-3b-instruct"),
        ("org/model", "org%2Fmodel"),
        ("..", "%2E."),
        ("a b", "a%20b"),
        ("50%", "50%25"),
        ("通义", "%E9%80%9A%E4%B9%89"),
    ],
)
def test_a_name_becomes_one_safe_path_component(name: str, component: str) -> None:
    assert to_path(name) == component
    assert from_path(component) == name


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1))
def test_every_name_comes_back(name: str) -> None:
    component = to_path(name)
    assert from_path(component) == name
    assert not set(component) & set("/\\ {},\0")
    assert component not in (".", "..")
