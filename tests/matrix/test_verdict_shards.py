"""What judges judge: a file per judge and shard, or pair; and the lines about what cannot be."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pilotbench.ground.errors import ConfigError, RecordError
from pilotbench.matrix.cells import Cell, Shard
from pilotbench.matrix.verdict_shards import (
    VerdictShard,
    check_judges,
    own_families,
    verdict_shard_of,
)
from pilotbench.providers.kind import Role
from pilotbench.providers.kinds import KINDS
from support.judge_lab import JudgeLab, right

Json = dict[str, Any]
CELL = Cell("model/a", "baseline", "essay", "none", "none")


@pytest.mark.parametrize("other", ["", "model b"])
@pytest.mark.parametrize("judge", ["judge", "vendor/judge:1", "single", "pair"])
def test_a_path_says_what_is_judged(judge: str, other: str) -> None:
    one = VerdictShard(judge, Shard(CELL, 0, 19), other)
    assert verdict_shard_of(one.path) == one


@pytest.mark.parametrize("path", ["", "single/judge/a", "triple/j/a/b/c/d/e/00000-00001.jsonl.gz"])
def test_another_path_is_refused(path: str) -> None:
    with pytest.raises(RecordError):
        verdict_shard_of(Path(path))


def lab(folder: Path, scorer: Json, *players: str, **config: Any) -> JudgeLab:
    made = JudgeLab(folder, scorer, dict.fromkeys(players, right), **config)
    made.service.address = "http://127.0.0.1:9"
    return made


def test_every_judge_has_a_file_for_every_shard(tmp_path: Path) -> None:
    experiment = lab(tmp_path, {"models": ["j", "k"]}, "a", "b").experiment
    found = [(one.judge, one.cell.model, one.first, one.other) for one in experiment.verdicts]
    assert found == [(j, m, first, "") for m in "ab" for first in (0, 3) for j in "jk"]


def test_every_pair_has_a_file_of_two_shards(tmp_path: Path) -> None:
    experiment = lab(tmp_path, {"models": ["j"], "compare": "all"}, "a", "b", "c").experiment
    found = [(one.cell.model, one.other, one.first) for one in experiment.verdicts]
    pairs = [("a", "b"), ("a", "c"), ("b", "c")]
    assert sorted(found) == [(*pair, first) for pair in pairs for first in (0, 3)]
    assert all(len(one.shards) == 2 for one in experiment.verdicts)


@pytest.mark.parametrize(
    ("scorer", "config", "words"),
    [
        ({"models": ["nobody"]}, {"nobody": None}, "scorer.models: unknown model 'nobody'"),
        ({"models": ["j"]}, {"j": {"lane": "batch"}}, "j has lane: batch; a judge is asked online"),
        ({"models": ["j"], "compare": "all"}, {}, "two models must be selected"),
        ({"models": ["j"], "compare": "other"}, {}, "other and another model must be selected"),
    ],
)
def test_judges_that_cannot_be_asked_are_one_line(
    tmp_path: Path, scorer: Json, config: Json, words: str
) -> None:
    made = lab(tmp_path, scorer, "a")
    plain = {n: {"provider": "judges", "deployment": n} for n in ("a", *scorer["models"])}
    catalog = {name: {**entry, **(config.get(name) or {})} for name, entry in plain.items()}
    made.config["model_catalog"] = {
        name: entry for name, entry in catalog.items() if config.get(name, {}) is not None
    }
    with pytest.raises(ConfigError, match="task essay") as error:
        _ = made.experiment
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_a_player_judges_nothing(tmp_path: Path) -> None:
    experiment = lab(tmp_path, {"models": ["j"]}, "a").experiment
    kind = next(name for name, one in KINDS.items() if one.role is Role.PLAYER)
    settings = experiment.settings
    catalog = {**settings.catalog, "j": replace(settings.catalog["j"], kind=kind)}
    with pytest.raises(ConfigError, match="j is a player, which judges nothing"):
        check_judges(replace(settings, catalog=catalog), experiment.tasks)


def test_a_judge_of_its_own_family_is_named(tmp_path: Path) -> None:
    made = lab(tmp_path, {"models": ["gpt-5.4", "claude-x"]}, "gpt-4o", "gpt-5.4", "qwen-max")
    experiment = made.experiment
    (line,) = own_families(experiment.settings, experiment.tasks)
    assert "the judge gpt-5.4 judges its own family" in line
    assert "gpt-4o (OpenAI), gpt-5.4 (the same model)" in line
