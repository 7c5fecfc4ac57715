"""Each axis is declared once; cells, grids, schemas and groups follow."""

from __future__ import annotations

from dataclasses import fields

from pilotbench.benchmark.catalogue import of_version
from pilotbench.benchmark.prompts import prompt_files
from pilotbench.benchmark.prompts.prompt_files import SHIPPED_PROMPTS
from pilotbench.episodes.shard_file import episode_schema
from pilotbench.matrix import axes
from pilotbench.matrix.cells import Cell
from pilotbench.matrix.config import Grid
from pilotbench.matrix.validation import schema_of
from pilotbench.providers.protocols import PROTOCOLS


def test_a_cell_and_a_grid_have_the_fields_of_the_axes() -> None:
    assert tuple(field.name for field in fields(Cell)) == axes.NAMES
    assert tuple(field.name for field in fields(Grid)) == axes.KEYS[1:]


def test_the_config_schema_has_a_key_for_each_axis_and_describes_its_groups() -> None:
    properties = schema_of("config")["properties"]
    for axis in axes.AXES[1:]:
        assert "default" in properties[axis.key]
        for words in axis.groups.values():
            assert ", ".join(words) in properties[axis.key]["description"]
    assert set(properties["grids"]["items"]["properties"]) == set(axes.KEYS[1:])


def test_the_schema_of_models_names_every_protocol_of_calls() -> None:
    entry = schema_of("models")["additionalProperties"]["properties"]
    assert [*entry["protocol"]["enum"], "none"] == list(PROTOCOLS)


def test_an_episode_has_a_key_for_each_axis() -> None:
    episode = episode_schema()
    assert set(axes.NAMES) <= set(episode["required"])


def test_groups_keep_their_order_since_plans_follow_it() -> None:
    assert axes.TASK.words("all") == (
        *("workflow", "horizon", "policy", "observation", "recovery", "abstention"),
        *("wording", "dialogue", "briefed_pipeline"),
    )
    assert tuple(of_version("3")) == (
        *("simple_task", "basic_task", "data_pipeline", "api_integration"),
        "multi_stage_pipeline",
    )
    assert axes.PROMPT.words("all,flawed") == (
        *("baseline", "cot", "optimal", "flawed_sequence_disorder", "flawed_tool_misuse"),
        *("flawed_parameter_error", "flawed_missing_step", "flawed_redundant_operations"),
        *("flawed_logical_inconsistency", "flawed_semantic_drift"),
    )


def test_every_prompt_of_a_group_is_shipped() -> None:
    known = prompt_files.known([SHIPPED_PROMPTS])
    assert {*axes.PROMPT.words("all,flawed"), "few_shot", "chatty"} == set(known)


def test_a_cell_names_its_words() -> None:
    cell = Cell("m", "p", "t", "easy", "0.8")
    assert cell.words == ("m", "p", "t", "easy", "0.8")
    assert list(cell.named.items()) == list(zip(axes.NAMES, cell.words, strict=True))
