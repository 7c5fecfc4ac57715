"""Whose instances a task has, and how results state it."""

from __future__ import annotations

import re

import pytest

from pilotbench.benchmark.catalogue import TASKS, epochs

SECRET = "a long and private name"


@pytest.mark.parametrize("name", ["horizon", "workflow"])
def test_a_private_epoch_has_instances_of_its_own_and_states_its_hash(name: str) -> None:
    public, private = TASKS[name], epochs.in_epoch(TASKS[name], SECRET)
    level = public.difficulties[0]
    assert epochs.shown(public) == "public"
    found = epochs.shown(private) or ""
    assert re.fullmatch("[0-9a-f]{12}", found)
    assert found == epochs.hashed(SECRET) != epochs.hashed(f"{SECRET}.")
    mine, theirs = private.instance(level, 0), public.instance(level, 0)
    assert mine.request != theirs.request
    assert mine.question_hash != theirs.question_hash
    assert SECRET not in f"{mine}{mine.as_json()}{private}"


def test_a_task_without_epochs_stays_as_it_is() -> None:
    task = TASKS["simple_task"]
    assert epochs.in_epoch(task, SECRET) is task
    assert epochs.shown(task) is None
