"""The predecessor's scripts: each flag and variable becomes the right word for snakemake."""

from __future__ import annotations

import argparse
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from snakemake.cli import get_argument_parser

from legacy.options import GONE, WITH_VALUE
from legacy.scripts import SCRIPTS
from support.build import ROOT, Build

KEYS = {
    "OPENAI_API_KEY": "x", "AZURE_OPENAI_API_KEY": "x", "USER_AZURE_OPENAI_API_KEY": "x",
    "AZURE_OPENAI_ENDPOINT": "https://a.example", "USER_AZURE_OPENAI_ENDPOINT": "https://b.example",
    "IDEALAB_API_BASE": "https://i.example/v1", "IDEALAB_API_KEY_1": "x",
    "IDEALAB_API_KEY_2": "x", "IDEALAB_API_KEY_3": "x",
}  # fmt: skip
VARIABLES = ("NUM_INSTANCES", "DIFFICULTY", "TASK_TYPES", "PROMPT_TYPES")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").symlink_to(ROOT / "config")
    for name in (*VARIABLES, *KEYS):
        monkeypatch.delenv(name, raising=False)


def line(command: str) -> str:
    script, *words = shlex.split(command)
    return shlex.join(SCRIPTS[script](words).line())


def read_by_snakemake(command: str) -> argparse.Namespace:
    return get_argument_parser().parse_args(shlex.split(line(command)))


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("quick_test.sh", "quick --configfile config/experiments/quick.yaml"),
        ("quick_test.sh -n", "quick -n --configfile config/experiments/quick.yaml"),
        ("test_all.sh -n", "-n --config models=oracle,random prompts=all tasks=all benchmark=3"),
        (
            "test_all.sh --config models=smollm2-135m",
            "--config models=smollm2-135m --config prompts=all tasks=all benchmark=3 "
            "models=smollm2-135m",
        ),
        ("run_batch_test.sh -m gpt-5-nano", "--config models=gpt-5-nano"),
        (
            "run_batch_test.sh -m gpt-5-nano -p baseline,cot,optimal -t all -n 100 -d medium",
            "--config models=gpt-5-nano prompts=baseline,cot,optimal tasks=all instances=100 "
            "difficulties=medium benchmark=3",
        ),
        ("run_batch_test.sh --all-models -- -n", "-n --config models=oracle,random"),
        ("run_batch_test.sh -m smollm2-135m", "--config models=smollm2-135m"),
        ("run_batch_test.sh -- --configfile x.yaml", "--configfile x.yaml"),
        ("run_batch_test.sh -- --config models=oracle", "--config models=oracle"),
        ("run_parallel_test.sh", "--config models=oracle,random"),
        ("run_parallel_test.sh -m smollm2-135m", "--config models=smollm2-135m"),
        ("run_parallel_test.sh oracle random -n 3", "--config models=oracle,random instances=3"),
        (
            "run_batch_test.sh -m oracle -- --config repeats=2 --quiet",
            "--config repeats=2 --quiet --config models=oracle repeats=2",
        ),
        (
            "smart_batch_runner.py --model oracle --prompt-types all --task-types all "
            "--num-instances 20 --difficulty hard --tool-success-rate 0.7 --silent",
            "--quiet all --config models=oracle prompts=all tasks=all instances=20 "
            "difficulties=hard tool_success_rates=0.7 benchmark=3",
        ),
        (
            "smart_batch_runner.py --model qwen2.5-3b-instruct --max-workers 3",
            "--config models=qwen2.5-3b-instruct --resources idealab_key1=3 idealab_key2=3 "
            "idealab_key3=3",
        ),
    ],
)
def test_a_script_becomes_a_snakemake_command(typed: str, said: str) -> None:
    assert line(typed) == said


@pytest.mark.parametrize(
    ("typed", "targets"),
    [
        ("quick_test.sh summary", ["quick", "summary"]),
        ("quick_test.sh summary -n", ["quick", "summary"]),
        ("test_all.sh summary", ["summary"]),
        ("test_all.sh -n summary", ["summary"]),
        ("test_all.sh -n -- summary", ["summary"]),
        (
            "run_batch_test.sh -m oracle -- results/summary/index.html",
            ["results/summary/index.html"],
        ),
        ("run_batch_test.sh -m oracle -- --config=repeats=2 summary", ["summary"]),
        ("smart_batch_runner.py --model oracle --max-workers 2 --silent -- summary", ["summary"]),
    ],
)
def test_a_target_reaches_snakemake(typed: str, targets: list[str]) -> None:
    assert read_by_snakemake(typed).targets == targets


@pytest.mark.parametrize(
    "words",
    [
        "--config repeats=2",
        "--config=repeats=2",
        "-C repeats=2",
        "-Crepeats=2",
        "-C a=1 -C repeats=2",
    ],
)
def test_the_user_s_config_adds_to_that_of_a_script(words: str) -> None:
    read = read_by_snakemake(f"run_batch_test.sh -m oracle -- {words} -n summary")
    assert (read.config, read.targets) == (["models=oracle", "repeats=2"], ["summary"])


@pytest.mark.parametrize(
    "flag", ["--configfile ", "--configfiles ", "--configfile=", "--configfiles="]
)
def test_the_user_s_overlay_comes_after_that_of_a_script(flag: str) -> None:
    overlays = read_by_snakemake(f"quick_test.sh {flag}mine.yaml -n").configfile
    assert [str(path) for path in overlays] == ["config/experiments/quick.yaml", "mine.yaml"]


@pytest.mark.parametrize("flag", ["--resources ", "--res ", "--resources=", "--resource "])
def test_the_user_s_resources_add_to_those_of_a_script(flag: str) -> None:
    command = "smart_batch_runner.py --model qwen2.5-3b-instruct --max-workers 3"
    resources = read_by_snakemake(f"{command} -- {flag}mem_mb=9").resources
    assert set(resources) == {"idealab_key1", "idealab_key2", "idealab_key3", "mem_mb"}


@pytest.mark.parametrize(
    "script", ["test_all.sh", "run_batch_test.sh -m oracle", "run_parallel_test.sh"]
)
def test_variables_are_used_where_no_flag_is_given(
    script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in zip(VARIABLES, ("7", "hard", "simple_task", "cot"), strict=True):
        monkeypatch.setenv(name, value)
    for word in ("instances=7", "difficulties=hard", "tasks=simple_task", "prompts=cot"):
        assert word in line(script).split()
    if script != "test_all.sh":
        assert "instances=9" in line(f"{script} -n 9").split()


@pytest.mark.parametrize("flag", GONE)
def test_a_flag_without_effect_is_reported_in_one_line(
    flag: str, capsys: pytest.CaptureFixture[str]
) -> None:
    value = " 5" if flag in WITH_VALUE else ""
    assert line(f"smart_batch_runner.py --model oracle {flag}{value}") == "--config models=oracle"
    [note] = capsys.readouterr().err.splitlines()
    assert note.startswith(f"note: {flag} has no effect")


def test_requests_per_second_become_requests_per_minute_on_each_key() -> None:
    words = line("smart_batch_runner.py --model qwen2.5-3b-instruct --qps 2").split()
    overlay = Path(words[words.index("--configfile") + 1]).read_text()
    assert overlay.count("{rpm: 120}") == 3
    assert "idealab:" in overlay


@pytest.mark.parametrize(
    "typed",
    [
        "smart_batch_runner.py --frobnicate",
        "smart_batch_runner.py --mod oracle",
        "smart_batch_runner.py --max-workers 0",
        "smart_batch_runner.py --qps -1",
        "run_batch_test.sh oracle",
        "run_batch_test.sh --all-models -m oracle",
    ],
)
def test_an_unknown_option_is_an_error(typed: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        line(typed)
    assert end.value.code == 2
    assert "error: " in capsys.readouterr().err


@pytest.mark.parametrize(
    "typed", ["test_all.sh", "run_batch_test.sh --all-models", "run_parallel_test.sh"]
)
def test_all_means_the_models_whose_keys_are_set(
    typed: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("IDEALAB_API_BASE", "IDEALAB_API_KEY_2", "AZURE_OPENAI_API_KEY"):
        monkeypatch.setenv(name, KEYS[name])
    models = "models=oracle,random,qwen2.5-3b-instruct,qwen2.5-7b-instruct"
    assert models in line(typed).split()
    assert capsys.readouterr().err.splitlines() == [
        "note: smollm2-135m is skipped: it would run on this machine for hours; to run it, name it",
        "note: gpt-4o-mini is skipped: set AZURE_OPENAI_ENDPOINT",
        "note: gpt-5-nano is skipped: set USER_AZURE_OPENAI_ENDPOINT and USER_AZURE_OPENAI_API_KEY",
    ]


@pytest.mark.parametrize(
    "typed", ["run_batch_test.sh", "run_batch_test.sh -n 5", "smart_batch_runner.py --qps 2"]
)
def test_no_script_runs_the_embedded_model_unless_it_is_named(typed: str) -> None:
    from pilotbench.ground.errors import UserError

    with pytest.raises(UserError, match=r"no model is named, and smollm2-135m .* for hours"):
        line(typed)


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_each_script_prints_its_own_help_without_an_environment(script: str, flag: str) -> None:
    run = subprocess.run(
        [Path(sys.base_prefix, "bin/python3"), ROOT / "legacy", script, flag],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith(f"usage: {script} ")
    assert "snakemake" in run.stdout
    assert run.stderr == ""


def test_an_unknown_model_is_named() -> None:
    from pilotbench.ground.errors import UserError

    with pytest.raises(UserError, match="unknown model 'qwen'"):
        line("smart_batch_runner.py --model qwen --max-workers 2")


def test_a_missing_environment_is_created_first(tmp_path: Path) -> None:
    build = Build(tmp_path / "clone")
    made = build.folder / ".venv/bin/python"
    recipe = f"printf '#!/bin/sh\\nexec {sys.executable} \"$$@\"' > {made}; chmod +x {made}"
    (build.folder / "Makefile").write_text(f"setup:\n\tmkdir -p {made.parent}\n\t{recipe}\n")
    shutil.copytree(ROOT / "legacy", build.folder / "legacy")
    shutil.copy(ROOT / "quick_test.sh", build.folder)
    bare = Path(sys.base_prefix, "bin/python3")
    run = subprocess.run(
        [build.folder / "quick_test.sh", "-n", "--quiet", "all"],
        env=build.environment(PYTHON=str(bare), CONDA_PREFIX=None),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1200,
        check=False,
    )
    assert run.returncode == 0, run.stdout
    assert made.exists()
    assert (
        "+ snakemake quick -n --quiet all --configfile config/experiments/quick.yaml" in run.stdout
    )


def test_without_make_one_line_says_what_to_install(tmp_path: Path) -> None:
    """The Python is one without any package, as on a machine where nothing was installed."""
    for name in ("bash", "dirname"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    base = getattr(sys, "_base_executable", sys.executable)
    python = tmp_path / "python3"
    python.write_text(f'#!{shutil.which("bash")}\nexec {base} -S "$@"\n')
    python.chmod(0o755)
    done = subprocess.run(
        [ROOT / "quick_test.sh"],
        env={"PATH": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout.startswith("error: make is not installed: install it (apt-get install make)")
    assert done.stdout.count("\n") == 1
