"""A config of one's own, for whatever keys are there."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pilotbench.__main__ import main
from pilotbench.build import preflight
from pilotbench.matrix import config, config_files
from pilotbench.matrix.experiment import load_experiment
from pilotbench.providers.known_services import known_services
from support.build import ROOT

AZURE = {"AZURE_OPENAI_ENDPOINT": "http://127.0.0.1:9", "AZURE_OPENAI_API_KEY": "sk-secret-azure"}
GATEWAY = {"IDEALAB_API_BASE": "http://127.0.0.1:9/v1", "IDEALAB_API_KEY_2": "sk-secret-two"}
NAMES = tuple(service.env for service in known_services() if service.env)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").symlink_to(ROOT / "config")
    for provider in config.settings(config_files.read()).providers.values():
        for name in [provider.base_url_env, *(key.env for key in provider.keys.values())]:
            monkeypatch.delenv(name or "-", raising=False)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("variables", "models"),
    [
        ({}, {"smollm2-135m", "oracle"}),
        (AZURE, {"gpt-4o-mini", "oracle"}),
        (GATEWAY, {"qwen2.5-3b-instruct", "qwen2.5-7b-instruct", "oracle"}),
        ({"OPENAI_API_KEY": "sk-secret"}, {"openai-gpt-4o-mini", "oracle"}),
        ({"OPENROUTER_API_KEY": "sk-secret"}, {"openrouter-gpt-4o-mini", "oracle"}),
        (
            AZURE | GATEWAY | {"GROQ_API_KEY": "sk-secret"},
            {"gpt-4o-mini", "qwen2.5-3b-instruct", "qwen2.5-7b-instruct",
             "groq-llama-3.1-8b-instant", "oracle"},
        ),
    ],
)  # fmt: skip
def test_what_it_writes_runs_with_the_keys_that_are_there(
    variables: dict[str, str], models: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert main(["init"]) == 0
    text = Path("mine.yaml").read_text()
    assert "secret" not in text
    files = [*map(Path, config_files.BASE_FILES), Path("mine.yaml")]
    loaded = load_experiment(config_files.read(files[-1:]), files)
    assert set(loaded.settings.models) == models
    preflight.check(loaded, loaded.plan.shards)


@pytest.mark.parametrize(
    ("variable", "asks"), [("OPENAI_API_KEY", False), ("DASHSCOPE_API_KEY", True)]
)
def test_a_price_is_asked_for_only_where_the_price_list_has_none(
    variable: str, asks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "sk-secret")
    assert main(["init"]) == 0
    assert ("# price: {input: …, output: …}" in Path("mine.yaml").read_text()) == asks


def test_an_overlay_says_what_can_be_changed_and_keeps_what_is_there() -> None:
    assert main(["init", "--out", "own.yaml"]) == 0
    assert main(["init", "--out", "own.yaml"]) == 2
    assert main(["init", "--out", "own.yaml", "--force"]) == 0
    text = Path("own.yaml").read_text()
    assert text.count("#") > 8
    assert yaml.safe_load(text)["experiment"] == "mine"


def test_a_file_that_cannot_be_written_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "--out", "nowhere/mine.yaml"]) == 2
    assert capsys.readouterr().err == (
        "error: --out: nowhere/mine.yaml cannot be written: No such file or directory\n"
    )
