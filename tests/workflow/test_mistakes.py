"""A user's mistake in real commands: one line that says what to change, and no traceback."""

from __future__ import annotations

import shutil

import pytest

from support.build import Build

SECRET = "sk-" + "Zq3v9LmT7xK2" * 2  # in two parts: no file may hold what looks like a key


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    made = Build(tmp_path_factory.mktemp("mistakes"))
    (made.folder / "numbers.yaml").write_text("budget_usd: 1e-1\ninstances: 0_2\n")
    (made.folder / "twice.yaml").write_text("instances: 1\nrepeats: 1\ninstances: 2\n")
    return made


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--resources", "playerslocal=1"], "did you mean players_local?"),
        (["--config", "instances=*"], "error: --config: instances is '*'; allowed: a whole number"),
        (
            ["--config", f"providers={{openai: {{keys: {{k: {{env: {SECRET}}}}}}}}}"],
            "k.env contains a secret",
        ),
        (["--configfile", "twice.yaml"], "twice.yaml: line 3: the key instances is already in li"),
        (
            ["--config", "journal_dir=results/j"],
            "error: --config: journal_dir must not be inside r",
        ),
    ],
    ids=["resource", "star", "secret", "twice", "journal"],
)
def test_a_mistake_is_one_line(build: Build, words: list[str], line: str) -> None:
    run = build.python("-m", "snakemake", "-n", *words)
    errors = [told for told in run.stdout.splitlines() if told.startswith("error: ")]
    assert run.returncode == 1
    assert len(errors) == 1
    assert line in errors[0]
    assert "Traceback" not in run.stdout
    assert SECRET not in run.stdout
    kept = [path for path in build.folder.rglob("*") if path.is_file()]
    assert not [path for path in kept if SECRET.encode() in path.read_bytes()]


def test_snakemake_and_the_commands_read_numbers_in_the_same_way(build: Build) -> None:
    selected = ["--config", "models=oracle", "tasks=simple_task", "prompts=baseline"]
    run = build.python("-m", "snakemake", "-n", "--configfile", "numbers.yaml", *selected)
    assert run.returncode == 0, run.stdout
    assert "oracle/baseline/simple_task/easy/0.8/00000-00001.jsonl.gz" in run.stdout


def test_an_overlay_that_is_not_utf8_is_named(build: Build) -> None:
    (build.folder / "latin.yaml").write_bytes("experiment: déjà\n".encode("latin-1"))
    run = build.python("-m", "snakemake", "-n", "--configfile", "latin.yaml")
    assert "error: latin.yaml: not UTF-8; save it as UTF-8" in run.stdout


@pytest.mark.parametrize("link", ["logs", "logs/oracle"])
def test_a_run_writes_nothing_through_a_link_out_of_its_results(build: Build, link: str) -> None:
    outside, path = build.folder / "outside", build.folder / "results" / link
    shutil.rmtree(build.folder / "results", ignore_errors=True)
    outside.mkdir(exist_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(outside)
    run = build.snakemake()
    path.unlink()
    assert run.returncode == 1
    assert (
        f"error: results/{link}: this symbolic link leads out of results; remove it" in run.stdout
    )
    assert not list(outside.iterdir())
