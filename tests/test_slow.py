"""`make test-fast` starts no build: a test that starts one needs the marker `slow`."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.build import Build


def test_a_test_without_the_marker_cannot_start_a_build(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="slow"):
        Build(tmp_path).snakemake("--version")


@pytest.mark.slow
def test_a_test_with_the_marker_can(tmp_path: Path) -> None:
    assert Build(tmp_path).python("-m", "snakemake", "--version").stdout.strip()


def test_the_files_with_slow_tests_come_first(request: pytest.FixtureRequest) -> None:
    items = request.session.items
    long = {item.path for item in items if item.get_closest_marker("slow")}
    order = [item.path in long for item in items]
    assert order == sorted(order, reverse=True)


@pytest.mark.parametrize("folder", ["browser", "doors", "workflow"])
def test_every_test_of_a_slow_folder_has_the_marker(
    request: pytest.FixtureRequest, folder: str
) -> None:
    root = request.config.rootpath / "tests" / folder
    found = [item for item in request.session.items if item.path.is_relative_to(root)]
    assert all(item.get_closest_marker("slow") for item in found)
