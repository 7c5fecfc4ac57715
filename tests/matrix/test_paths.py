"""Paths of a config: what is expanded, and what is refused before anything is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pilotbench.ground.errors import ConfigError
from pilotbench.matrix import config, config_files
from pilotbench.matrix.validation import validate


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the config, a file, a link into results and one to nothing."""
    (tmp_path / "config").symlink_to(Path("config").resolve())
    monkeypatch.chdir(tmp_path)
    Path("results/deep").mkdir(parents=True)
    Path("file").write_text("")
    Path("link").symlink_to("results/deep")
    Path("nothing").symlink_to("gone")
    Path("circle").symlink_to("circle")
    Path("elsewhere").mkdir()
    return tmp_path


def refusal(overrides: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        validate(config_files.read((), overrides), [Path(file) for file in config_files.BASE_FILES])
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            {"journal_dir": "results"},
            "journal_dir must not be inside results_dir (results): del",
        ),
        ({"journal_dir": "results/journal"}, "journal_dir must not be inside results_dir"),
        ({"journal_dir": "elsewhere/../results/j"}, "journal_dir must not be inside results_dir"),
        ({"journal_dir": "link"}, "journal_dir must not be inside results_dir"),
        ({"journal_dir": "link/j"}, "journal_dir must not be inside results_dir"),
        ({"results_dir": "."}, "journal_dir must not be inside results_dir (.)"),
        (
            {"results_dir": "link", "journal_dir": "results/deep/j"},
            "journal_dir must not be inside",
        ),
        ({"limits_dir": "results/limits"}, "limits_dir must not be inside results_dir"),
        ({"limits_dir": "link"}, "limits_dir must not be inside results_dir"),
        ({"results_dir": "r{x}"}, "results_dir must not contain { or }"),
        ({"results_dir": "a/{model}/b"}, "results_dir must not contain { or }"),
        ({"prompt_folders": "p{x}"}, "prompt_folders must not contain { or }"),
        ({"prompts": "baseline, a{b}"}, "prompts must not contain { or }"),
        ({"prompts": ["n" * 260]}, "prompts has a name of more than 255 bytes"),
        (
            {"model_catalog": {"oracle": {"weights": {"path": "w{x}.gguf"}}}},
            "model_catalog.oracle.weights.path must not contain { or }",
        ),
        ({"results_dir": "file"}, "results_dir cannot be a folder: file is a file"),
        ({"journal_dir": "file/j"}, "journal_dir cannot be a folder: "),
        ({"limits_dir": "file"}, "limits_dir cannot be a folder: file is a file"),
        ({"results_dir": "nothing"}, "results_dir is a link to a missing file"),
        ({"journal_dir": "circle"}, "journal_dir is a link to a missing file"),
        ({"results_dir": "n" * 256}, "results_dir has a name of more than 255 bytes"),
        ({"journal_dir": "密" * 86}, "journal_dir has a name of more than 255 bytes"),
        ({"limits_dir": "a/" * 2000}, "limits_dir has more than 3600 bytes"),
        ({"task_folders": ["t" * 256]}, "task_folders has a name of more than 255 bytes"),
        ({"prompt_folders": "p\x00q"}, "prompt_folders contains an unprintable character"),
        ({"results_dir": "a\nb"}, "results_dir contains an unprintable character"),
        ({"results_dir": "~no-such-user-here/x"}, "results_dir: no such user as in ~no-such"),
    ],
)
def test_a_path_that_cannot_be_used_is_one_line(
    folder: Path, overrides: dict[str, Any], message: str
) -> None:
    assert message in refusal(overrides)


@pytest.mark.parametrize(
    "overrides",
    [
        {"results_dir": "elsewhere/../new/results", "journal_dir": "new/journal"},
        {"results_dir": "results-2", "journal_dir": "results-2-journal"},
        {"results_dir": "elsewhere/results", "journal_dir": "elsewhere"},
        {"journal_dir": "j{x}", "limits_dir": "密/钥"},
        {"results_dir": "Ergebnisse für Müller"},
    ],
)
def test_a_path_that_can_be_used_is_accepted(folder: Path, overrides: dict[str, Any]) -> None:
    validate(config_files.read((), overrides), [Path(file) for file in config_files.BASE_FILES])


def test_the_home_folder_is_expanded_in_every_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home-of-a-test")
    weights = {"path": "~/m.gguf"}
    overrides: dict[str, Any] = {
        "results_dir": "~/r", "journal_dir": "~/j", "limits_dir": "~/l", "task_folders": "~/t, u",
        "prompt_folders": ["~/p"], "ca_bundle": "~/ca.pem",
        "model_catalog": {"m": {"provider": "embedded", "deployment": "m", "weights": weights}},
    }  # fmt: skip
    found = config.settings(config_files.read((), overrides))
    home = Path("/home-of-a-test")
    assert (found.results_dir, found.journal_dir, found.limits_dir) == (
        home / "r",
        home / "j",
        home / "l",
    )
    assert found.task_folders == (home / "t", Path("u"))
    assert found.prompt_folders == (home / "p",)
    assert {provider.ca_bundle for provider in found.providers.values()} == {f"{home}/ca.pem"}
    loaded = found.catalog["m"].weights
    assert loaded is not None
    assert loaded.on_disk == home / "m.gguf"
