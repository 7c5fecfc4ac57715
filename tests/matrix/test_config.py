from pathlib import Path

import pytest

from pilotbench.benchmark.catalogue import of_version
from pilotbench.benchmark.flaws import FLAWED
from pilotbench.benchmark.prompts.prompt_files import STANDARD_PROMPTS
from pilotbench.benchmark.scenarios.levels import LEVELS
from pilotbench.benchmark.world.levels import DIFFICULTIES
from pilotbench.ground import schemas
from pilotbench.ground.errors import ConfigError
from pilotbench.matrix import config, config_files
from pilotbench.matrix.validation import validate
from pilotbench.providers.kinds import KINDS

FILES = [Path(file) for file in config_files.BASE_FILES]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"instnces": 3}, "--config: unknown key instnces; did you mean instances?"),
        ({"instances": 0}, "--config: instances is 0; allowed: a whole number from 1"),
        ({"models": "gpt-4"}, "--config: models: unknown model 'gpt-4'; did you mean gpt-4o"),
        (
            {"difficulties": "esy"},
            "--config: difficulties: unknown difficulty 'esy'; did you mean easy",
        ),
        ({"prompts": "basline"}, "--config: prompts: unknown prompt 'basline'; did you mean base"),
        ({"tasks": "simpel_task"}, "--config: tasks: unknown task 'simpel_task'; did you mean si"),
        (
            {"providers": {"openai": {"keys": {"runtime": {}}}}},
            "--config: providers.openai.keys.runtime: the alias is the name of another resource",
        ),
        ({"routing": "x"}, "--config: routing is 'x'; allowed: balanced, by_prompt"),
        ({"tool_success_rates": 2}, "--config: tool_success_rates is 2; allowed: numbers above 0"),
        ({"tool_success_rates": [0.0]}, "--config: tool_success_rates is [0.0]; allowed: numbers"),
        ({"shard_size": "big"}, "--config: shard_size is 'big'; allowed: auto, or a whole number"),
        ({"partial": "maybe"}, "--config: partial is 'maybe'; allowed: boolean"),
        ({"budget_usd": 0}, "--config: budget_usd is 0; allowed: more than 0"),
        ({"batch_wait": "long"}, "--config: batch_wait is 'long'; allowed: null, hours as a num"),
        ({"batch_deadline": -1}, "--config: batch_deadline is -1; allowed: hours as a number"),
        ({"batch_deadline": None}, "--config: batch_deadline is None; allowed: hours as a numb"),
        (
            {"model_catalog": {"oracle": {"lane": "batch"}}},
            "--config: model_catalog.oracle.lane must be online for the kind player; kinds with "
            "batches: anthropic, azure, gemini, openai",
        ),
        (
            {"model_catalog": {"oracle": {"lane": "slow"}}},
            "--config: model_catalog.oracle.lane is 'slow'; allowed: online, batch",
        ),
        (
            {"model_catalog": {"oracle": {"protocol": "nativ"}}},
            "--config: model_catalog.oracle.protocol is 'nativ'; allowed: native, json, text",
        ),
        (
            {"model_catalog": {"new": {"deployment": "x"}}},
            "--config: model_catalog.new.provider is missing",
        ),
        (
            {"model_catalog": {"new": {"deployment": "x", "provider": "azur"}}},
            "--config: model_catalog.new.provider: unknown provider 'azur'; did you mean azure?",
        ),
        (
            {"providers": {"openai": {"keys": {"openai_key": {"slots": 0}}}}},
            "--config: providers.openai.keys.openai_key.slots is 0; allowed: at least 1",
        ),
        (
            {"providers": {"openai": {"keys": {"idealab_key1": {}}}}},
            "providers.openai.keys.idealab_key1: the alias is already a key of idealab",
        ),
        (
            {"providers": {"mine": {"kind": "http", "keys": {"k1": {}}}}},
            f"--config: providers.mine.kind is 'http'; allowed: {', '.join(KINDS)}",
        ),
        (
            {"grids": [{}, {"prompts": "baseline, optimum"}]},
            "--config: grids.0 is {}; allowed:",
        ),
        (
            {"grids": [{"tasks": "all"}, {"prompts": "baseline, optimum"}]},
            "--config: grids.1.prompts: unknown prompt 'optimum'",
        ),
        (
            {"grids": [{"instances": 5}]},
            "--config: unknown key grids.0.instances",
        ),
    ],
)
def test_bad_config_is_one_line_that_names_file_key_and_what_is_allowed(
    overrides: dict, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        validate(config_files.read((), overrides), FILES)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_wrong_key_in_an_overlay_names_the_overlay(tmp_path: Path) -> None:
    overlay = tmp_path / "mine.yaml"
    overlay.write_text("instances: 5\nrepeat: 2\n")
    with pytest.raises(ConfigError, match=r"mine\.yaml: unknown key repeat; did you mean repeats"):
        validate(config_files.read([overlay]), [*FILES, overlay])


def test_a_wrong_value_inside_a_list_names_its_file(tmp_path: Path) -> None:
    overlay = tmp_path / "mine.yaml"
    overlay.write_text("grids:\n  - {prompts: all}\n  - {tool_success_rates: 2}\n")
    with pytest.raises(ConfigError, match=r"mine\.yaml: grids\.1\.tool_success_rates is 2"):
        validate(config_files.read([overlay]), [*FILES, overlay])


@pytest.mark.parametrize(
    ("text", "message"),
    [("a: [", "not YAML"), ("- a", "must be a mapping"), (None, "no such config file")],
)
def test_a_file_that_is_no_config_is_named(tmp_path: Path, text: str | None, message: str) -> None:
    overlay = tmp_path / "mine.yaml"
    if text is not None:
        overlay.write_text(text)
    with pytest.raises(ConfigError, match=rf"mine\.yaml: {message}"):
        config_files.read([overlay])


def test_the_shipped_config_is_valid() -> None:
    merged = config_files.read()
    validate(merged, FILES)
    found = config.settings(merged)
    assert (found.tasks, found.difficulties) == (("workflow",), ("easy",))


@pytest.mark.parametrize("file", sorted(Path("config/experiments").glob("*.yaml")), ids=str)
def test_every_shipped_experiment_is_valid(file: Path) -> None:
    validate(config_files.read([file]), [*FILES, file])


@pytest.mark.parametrize(
    ("overrides", "field", "expected"),
    [
        ({"models": "oracle,random"}, "models", ("oracle", "random")),
        ({"models": ["oracle", "oracle"]}, "models", ("oracle",)),
        ({"prompts": "all"}, "prompts", STANDARD_PROMPTS),
        ({"prompts": "flawed,baseline"}, "prompts", (*FLAWED, "baseline")),
        ({"difficulties": "all"}, "difficulties", DIFFICULTIES),
        ({"tasks": "all"}, "tasks", tuple(of_version("4"))),
        ({"tasks": "all", "benchmark": 3}, "tasks", tuple(of_version("3"))),
        (
            {"tasks": "all,simple_task", "benchmark": "4"},
            "tasks",
            (*of_version("4"), "simple_task"),
        ),
        ({"tasks": "horizon", "difficulties": "all"}, "difficulties", tuple(LEVELS["horizon"])),
        ({"tasks": "horizon"}, "difficulties", tuple(LEVELS["horizon"])),
        ({"tasks": "horizon,workflow"}, "difficulties", (*LEVELS["horizon"], "easy")),
        ({"tool_success_rates": "0.80, 1"}, "tool_success_rates", ("0.8", "1.0")),
        ({"tool_success_rates": 0.75}, "tool_success_rates", ("0.75",)),
        ({"instances": "all"}, "instances", None),
        ({"shard_size": 7}, "shard_size", 7),
        ({"instances": 200}, "shard_size", 20),
        ({"instances": 201}, "shard_size", 100),
        ({"instances": "all"}, "shard_size", 100),
        ({"instances": 2001}, "shard_size", 400),
        ({"max_turns": 9}, "max_turns", 9),
        ({"partial": "true"}, "partial", True),
        ({"partial": "False"}, "partial", False),
        ({"budget_usd": "null"}, "budget_usd", None),
        ({}, "batch_deadline_s", 86_400),
        ({}, "batch_wait_s", None),
        ({"batch_wait": 0}, "batch_wait_s", 0),
        ({"batch_wait": "0"}, "batch_wait_s", 0),
        ({"batch_wait": "null"}, "batch_wait_s", None),
        ({"batch_wait": "90s"}, "batch_wait_s", 90),
        ({"batch_wait": 1.5}, "batch_wait_s", 5400),
        ({"batch_deadline": "30 m"}, "batch_deadline_s", 1800),
        ({"batch_deadline": "2d"}, "batch_deadline_s", 172_800),
        ({"instances": "7"}, "instances", 7),
    ],
)
def test_words_lists_and_groups_mean_the_same(
    overrides: dict, field: str, expected: object
) -> None:
    value = getattr(config.settings(config_files.read((), overrides)), field)
    assert (tuple(value) if isinstance(value, dict) else value) == expected


def test_an_embedded_model_is_not_tried_for_as_long_as_a_service() -> None:
    providers = config.settings(config_files.read()).providers
    assert {name: providers[name].retry_for_s for name in ("embedded", "idealab", "azure")} == {
        "embedded": 60,
        "idealab": 900,
        "azure": 900,
    }


def test_slots_default_by_kind_so_that_no_key_is_unlimited() -> None:
    overrides = {"providers": {"mine": {"kind": "azure", "keys": {"mine_key": None}}}}
    keys = config.settings(config_files.read((), overrides)).keys
    assert keys["mine_key"].slots == KINDS["azure"].default_slots
    assert all(key.slots >= 1 for key in keys.values())


def test_every_key_of_the_schema_is_described_and_has_its_line_in_the_config_or_a_default() -> None:
    schema = schemas.load("config")
    written = config_files.read()
    for key, rule in schema["properties"].items():
        assert "description" in rule or "$ref" in rule, key
        assert key in written or "default" in rule or key in ("experiment", "grids"), key
