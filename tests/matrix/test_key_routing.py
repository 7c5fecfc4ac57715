"""Home keys: a pure function that gives each key its share and ties it to nothing."""

from __future__ import annotations

from collections import Counter
from itertools import product

import pytest

from pilotbench.matrix.cells import Cell, Shard
from pilotbench.matrix.config import Settings
from pilotbench.matrix.key_routing import home_key, usable_keys
from pilotbench.providers.settings import Key, Model, ProviderSettings

PROMPTS = ("baseline", "cot", "optimal")
TASKS = ("a", "b", "c", "d", "e")
MODELS = ("m1", "m2")


def settings_of(slots: dict[str, int], routing: str = "balanced", instances: int = 100) -> Settings:
    """Return settings with two models on one provider with these keys."""
    keys = {alias: Key(alias, "p", count) for alias, count in slots.items()}
    models = {name: Model(name, "p", name) for name in MODELS}
    return Settings(
        models=models, prompts=PROMPTS, tasks=TASKS, difficulties=("easy",),
        tool_success_rates=("0.8",), instances=instances, repeats=1, shard_size=20, max_turns=None,
        providers={"p": ProviderSettings("p", "openai", keys)}, catalog=models, routing=routing,
    )  # fmt: skip


def shards(instances: int = 100) -> list[Shard]:
    """Return all shards of the matrix."""
    return [
        Shard(Cell(model, prompt, task, "easy", "0.8"), first, first + 19)
        for model, prompt, task in product(MODELS, PROMPTS, TASKS)
        for first in range(0, instances, 20)
    ]


@pytest.mark.parametrize(
    "slots", [{"k1": 5, "k2": 5, "k3": 5}, {"k1": 50, "k2": 10}, {"only": 3}], ids=str
)
@pytest.mark.parametrize("instances", [20, 100])
def test_each_key_is_home_to_its_share_of_the_shards(slots: dict[str, int], instances: int) -> None:
    settings = settings_of(slots, instances=instances)
    all_shards = shards(instances)
    homes = Counter(home_key(settings, shard) for shard in all_shards)
    for alias, count in slots.items():
        expected = len(all_shards) * count / sum(slots.values())
        assert homes[alias] == pytest.approx(expected, abs=2), homes


def test_no_prompt_and_no_task_is_tied_to_a_key() -> None:
    settings = settings_of({"k1": 5, "k2": 5, "k3": 5})
    for part in ("prompt", "task", "model"):
        met = Counter((getattr(s.cell, part), home_key(settings, s)) for s in shards())
        names = {name for name, _ in met}
        assert len(met) == 3 * len(names)


def test_the_home_key_does_not_change_from_call_to_call() -> None:
    settings = settings_of({"k1": 5, "k2": 5})
    assert [home_key(settings, s) for s in shards()] == [home_key(settings, s) for s in shards()]


def test_a_shard_outside_the_matrix_has_a_home_too() -> None:
    shard = Shard(Cell("m1", "other", "else", "hard", "0.5"), 400, 419)
    for routing in ("balanced", "by_prompt"):
        assert home_key(settings_of({"k1": 5, "k2": 5}, routing), shard) in {"k1", "k2"}


def test_by_prompt_gives_each_prompt_one_key() -> None:
    settings = settings_of({"k1": 5, "k2": 5, "k3": 5}, "by_prompt")
    homes = {(s.cell.prompt, home_key(settings, s)) for s in shards()}
    assert homes == {("baseline", "k1"), ("cot", "k2"), ("optimal", "k3")}


@pytest.mark.parametrize(
    ("routing", "borrow", "expected"),
    [
        ("balanced", True, ("k2", "k1", "k3")),
        ("balanced", False, ("k2",)),
        ("by_prompt", True, ("k2",)),
    ],
)
def test_only_balanced_local_shards_use_other_keys(
    routing: str, borrow: bool, expected: tuple[str, ...]
) -> None:
    settings = settings_of({"k1": 5, "k2": 5, "k3": 5}, routing)
    assert usable_keys(settings, "m1", "k2", borrow) == expected
