import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilotbench.ground.path_names import LONGEST, from_path, remember, to_path


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


LONG = ["通义千问" * 10, "a" * 256, "é" * 200, "x" + "通" * 100, "org/model " * 30, "~" * 100]


@pytest.mark.parametrize("name", LONG)
def test_a_name_that_does_not_fit_is_shortened_and_comes_back(name: str) -> None:
    component = to_path(name)
    assert LONGEST - 20 < len(component.encode()) <= LONGEST
    assert from_path(component) == name
    assert to_path(name) == component != to_path(name + "x")
    begin = component.rpartition("~")[0]
    assert name.startswith(from_path(begin)), "what is left can be read"
    assert len(to_path(name, 100)) <= 100


def test_a_shortened_name_that_is_not_known_stays_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    components = [to_path(name) for name in LONG]
    monkeypatch.setattr("pilotbench.ground.path_names._seen", {})
    assert [from_path(component) for component in components] == components
    assert [to_path(component) for component in components] == components
    remember(LONG)
    assert [from_path(component) for component in components] == LONG


@pytest.mark.parametrize("size", [1, 85, 86, 254, 255])
def test_a_name_that_fits_is_written_as_ever(size: int) -> None:
    assert to_path("a" * size) == "a" * size
    assert to_path("a~0123456789abcdef") == "a%7E0123456789abcdef"
