"""Which names count as the model that was asked."""

from __future__ import annotations

import pytest

from pilotbench.providers.served import complaint


@pytest.mark.parametrize(
    ("deployment", "reports", "answered", "right"),
    [
        ("gpt-4o", None, "gpt-4o", True),
        ("gpt-4o", None, "gpt-4o-2024-08-06", True),
        ("gpt-4", None, "gpt-4-0613", True),
        ("gpt-4o", None, "gpt-4o-mini", False),
        ("gpt-4o", None, "qwen", False),
        ("gpt-4o", None, None, True),
        ("mine", "gpt-4o", "gpt-4o", True),
        ("mine", "gpt-4o", "mine", False),
    ],
)
def test_the_reported_name_is_the_requested_one_or_its_dated_form(
    deployment: str, reports: str | None, answered: str | None, right: bool
) -> None:
    assert (complaint(deployment, reports, answered) is None) is right


def test_the_complaint_says_what_to_write_where_it_is_right_after_all() -> None:
    assert complaint("qwen-max", None, "qwen-turbo") == (
        "answered as qwen-turbo, asked for qwen-max; if that is right, write reports: qwen-turbo"
    )
