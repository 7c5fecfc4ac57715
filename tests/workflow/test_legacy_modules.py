"""The predecessor's modules, imported by scripts, and its files in the top folder."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from legacy import batch_test_runner as runner
from legacy import scripts
from support import Simulator
from support.build import ROOT
from support.gateway_lab import KEYS, config_of

MODULES = ("api_client_manager.py", "batch_test_runner.py", "smart_batch_runner.py")
GUIDES = {
    "BATCH_TEST_USAGE.md": "docs/usage.md",
    "PARALLEL_TESTING_GUIDE.md": "docs/parallel.md",
    "INTEGRATION_SUMMARY.md": "docs/integration.md",
}
ASKING = """
from concurrent.futures import ThreadPoolExecutor
from api_client_manager import APIClientManager, get_client_for_model

with APIClientManager(["overlay.yaml"]) as manager:
    client = manager.get_client("chatty", "baseline")

    def ask(number):
        words = [{"role": "user", "content": f"What is {number} x 7?"}]
        return client.chat.completions.create(model="chatty", messages=words).usage.total_tokens

    with ThreadPoolExecutor(8) as pool:
        total = sum(pool.map(ask, range(20)))
    stats = manager.stats()
    print(total > 0, stats["paid"], stats["replayed"], stats["failed"])
"""


def test_a_client_takes_keys_from_the_pool_and_pays_once(tmp_path: Path) -> None:
    (tmp_path / "config").symlink_to(ROOT / "config")
    (tmp_path / "mine.py").write_text(ASKING)
    for name in MODULES:
        (tmp_path / name).symlink_to(ROOT / name)
    with Simulator(keys={key: {"slots": 4} for key in KEYS}) as simulator:
        (tmp_path / "overlay.yaml").write_text(
            yaml.safe_dump(config_of(tmp_path, simulator.base_url))
        )
        secrets = {alias.upper(): simulator.secret(alias) for alias in KEYS}
        said = [script(tmp_path, secrets) for _ in range(2)]
        stats = simulator.stats()
    assert said == ["True 20 0 0", "True 0 20 0"]
    assert stats["total"]["requests"] == 20
    assert all(stats["keys"][key]["requests"] for key in KEYS)


def script(folder: Path, secrets: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "mine.py"], cwd=folder, env={"PATH": "/usr/bin:/bin", **secrets},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("function", "typed"),
    [
        (lambda: runner.quick_test("-n"), "quick_test.sh -- -n"),
        (lambda: runner.test_all(), "test_all.sh"),
        (
            lambda: runner.run_batch_test(["a", "b"], "-n", num_instances=3, difficulty=None),
            "run_batch_test.sh --model a,b --num-instances 3 -- -n",
        ),
        (
            lambda: runner.run_parallel_test(prompt_types="all", tool_success_rate=0.7),
            "run_parallel_test.sh --prompt-types all --tool-success-rate 0.7",
        ),
        (
            lambda: runner.smart_batch_runner("a", max_workers=3, qps=0.5, silent=True),
            "smart_batch_runner.py --model a --max-workers 3 --qps 0.5 --silent",
        ),
    ],
)
def test_a_function_runs_the_script_of_its_name(
    function: Callable[[], Any], typed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[list[str]] = []

    def run(command: list[str], **_: object) -> object:
        ran.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(runner, "load_database", lambda: {"models": {}})
    assert function() == {"models": {}}
    assert ran == [[sys.executable, str(ROOT / "legacy"), *typed.split()]]


def test_a_command_that_fails_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = subprocess.CompletedProcess[str](["bash"], 1)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(runner.BatchTestFailed, match=r"quick_test\.sh: exit code 1; what is fini"):
        runner.quick_test()


def test_leaves_are_rows_that_can_be_selected() -> None:
    cell = {"0.8": {"by_difficulty": {"easy": {"by_task_type": {"simple_task": {"total": 4}}}}}}
    prompts = {name: {"by_tool_success_rate": cell} for name in ("baseline", "cot")}
    database = {"models": {"oracle": {"by_prompt_type": prompts}}}
    [row] = runner.leaves(database, prompt_type="cot", tool_success_rate=0.8)
    assert row == {
        "model": "oracle", "prompt_type": "cot", "tool_success_rate": "0.8", "difficulty": "easy",
        "task_type": "simple_task", "total": 4,
    }  # fmt: skip


@pytest.mark.parametrize("name", [*scripts.SCRIPTS, *MODULES, *GUIDES, "logs"])
def test_what_the_top_folder_has_of_the_predecessor_is_a_thin_link(name: str) -> None:
    path = ROOT / name
    assert path.is_symlink() or len(path.read_text().splitlines()) <= 3


@pytest.mark.parametrize(("name", "guide"), GUIDES.items())
def test_each_guide_of_the_predecessor_leads_to_its_successor(name: str, guide: str) -> None:
    text = (ROOT / name).read_text()
    assert f"]({guide})" in text
    assert f"]({guide.replace('docs/', 'docs/zh/')})" in text


def test_ps_finds_the_run_of_every_script(monkeypatch: pytest.MonkeyPatch) -> None:
    became: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _, command: became.append(command))
    monkeypatch.setattr(os, "chdir", lambda _: None)
    scripts.main("quick_test.sh", ["--version"])
    [[python, *words]] = became
    assert words[:4] == ["-X", "smart_batch_runner=quick_test.sh", "-m", "snakemake"]
    done = subprocess.run([python, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
