"""docs/benchmark.md has what the code says."""

from __future__ import annotations

import pytest

from dev.benchmark_page import part
from dev.scenario_page import PAGE, PARTS


@pytest.mark.parametrize("name", PARTS)
def test_a_generated_part_is_up_to_date(name: str) -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert part(text, name).strip() == PARTS[name]().strip(), "run python -m dev.scenario_page"


def test_no_part_is_empty() -> None:
    text = PAGE.read_text(encoding="utf-8")
    names = [line.split("begin: ")[1].split()[0] for line in text.splitlines() if "begin: " in line]
    assert [name for name in names if not part(text, name).strip()] == []
