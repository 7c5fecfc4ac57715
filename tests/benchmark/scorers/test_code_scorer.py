"""The scorer `code`: opt-in, one verdict per reply, and no verdict without a sandbox."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pilotbench.asking.asker import prove
from pilotbench.benchmark.packs.question_pack import QuestionPack
from pilotbench.benchmark.sandbox import isolation
from pilotbench.benchmark.sandbox.isolation import Isolation
from pilotbench.benchmark.scorers import SCORERS, code
from pilotbench.benchmark.scorers.scorer import RunCode
from pilotbench.benchmark.tasks.task import Score, Transcript, Turn
from pilotbench.ground.errors import ConfigError, TaskError, Unscorable
from pilotbench.matrix import config_files
from pilotbench.matrix.experiment import load_experiment

HEAD = 'def add(a, b):\n    """Return the sum."""\n'
CHECK = "def check(candidate):\n    assert candidate(1, 2) == 3\n"
LINE = {"question": HEAD, "answer": CHECK, "entry_point": "add"}
NOTHING = Isolation("nothing", lambda paths, command: ["false"])


def pack(folder: Path, line: Any = LINE, options: str = "", run: RunCode = "weak") -> QuestionPack:
    quiz = folder / "quiz"
    quiz.mkdir(exist_ok=True)
    (quiz / "task.yaml").write_text(f"description: d\nscorer: {{kind: code{options}}}\n")
    (quiz / "instances.jsonl").write_text(json.dumps(line) + "\n")
    return QuestionPack(quiz, run)


def score(one: QuestionPack, reply: str) -> Score:
    instance = one.instance("none", 0)
    turns = [Turn(0, reply, None, None)]
    return one.score(
        instance, Transcript(instance.content_hash, "none", 0, turns, "no_call", reply)
    )


@pytest.mark.parametrize(
    ("reply", "right", "why"),
    [
        ("```python\ndef add(a, b): return a + b\n```", True, "all tests pass"),
        ("    return a + b", True, "all tests pass"),
        ("    return a - b", False, "assert candidate(1, 2) == 3; the call gave -1"),
        ("I do not know.", False, "there is no Python code in the reply"),
        ("```python\nimport sys; sys.exit()\n```", False, "SystemExit (line 3 of the program)"),
    ],
)
def test_a_reply_is_right_if_its_program_passes(
    reply: str, right: bool, why: str, tmp_path: Path
) -> None:
    found = score(pack(tmp_path, options=", prepend: question"), reply)
    assert found.success is right
    assert found.verdict is not None
    assert found.verdict["why"] == why
    assert found.progress == float(right)


@pytest.mark.parametrize(
    ("answer", "share", "why"),
    [
        (["assert add(1, 2) == 3", "assert add(1, 1) == 2"], 1.0, "all tests pass"),
        (
            ["assert add(1, 2) == 3", "assert add(1, 1) == 3"],
            0.5,
            "1 of 2 tests pass: assert add(1, 1) == 3; the call gave 2",
        ),
    ],
)
def test_the_share_of_tests_is_the_progress(
    answer: Any, share: float, why: str, tmp_path: Path
) -> None:
    one = pack(tmp_path, {**LINE, "answer": answer})
    found = score(one, "```python\ndef add(a, b): return a + b\n```")
    assert (found.progress, found.success) == (share, share == 1)
    assert found.verdict is not None
    assert found.verdict["why"] == why


def test_a_script_is_run_for_each_input(tmp_path: Path) -> None:
    cases = [{"input": "1 2\n", "output": "3\n"}, {"input": "5 5\n", "output": "10\n"}]
    one = pack(tmp_path, {"question": "Add.", "answer": cases})
    found = score(one, "```python\nprint(sum(map(int, input().split())))\n```")
    assert found.success
    assert found.verdict is not None
    assert found.verdict["rule"].startswith("last block; run in: ")


def test_the_verdict_names_rule_and_sandbox(tmp_path: Path) -> None:
    found = score(pack(tmp_path), "```python\ndef add(a, b): return a + b\n```")
    assert found.verdict is not None
    way = isolation.chosen(weak=True).name
    assert found.verdict["rule"] == f"last block with add; run in: {way}"
    assert found.verdict["read"] == "def add(a, b): return a + b\n"


def test_a_program_is_run_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = isolation.Sandbox.verdict

    def counted(self: isolation.Sandbox, program: str, *rest: Any) -> Any:
        asked.append(program)
        return real(self, program, *rest)

    monkeypatch.setattr(isolation.Sandbox, "verdict", counted)
    one = pack(tmp_path)
    for _ in range(2):
        assert score(one, "```python\ndef add(a, b): return a + b\n```").success
    assert len(asked) == 1


def test_nothing_runs_unless_it_is_switched_on(tmp_path: Path) -> None:
    one = pack(tmp_path, run=False)
    one.check_lines()
    with pytest.raises(TaskError) as error:
        one.check()
    assert str(error.value) == f"{tmp_path}/quiz/task.yaml: {code.NOT_ALLOWED}"
    with pytest.raises(Unscorable, match="set run_code: true"):
        score(one, "```python\ndef add(a, b): return a + b\n```")


def test_a_run_stops_before_its_first_request(tmp_path: Path) -> None:
    pack(tmp_path)
    config = {
        **config_files.read(),
        "tasks": "quiz",
        "task_folders": [str(tmp_path)],
        "models": "oracle",
        "prompts": "baseline",
        "limits_dir": str(tmp_path / "limits"),
        "journal_dir": str(tmp_path / "journal"),
    }
    for value, allowed in (("false", False), ("weak", True)):
        experiment = load_experiment({**config, "run_code": value}, [])
        if allowed:
            prove(experiment, experiment.plan.shards, lambda shard: 0.0)
        else:
            with pytest.raises(TaskError, match="run_code: true"):
                prove(experiment, experiment.plan.shards, lambda shard: 0.0)
    with pytest.raises(ConfigError, match="run_code"):
        load_experiment({**config, "run_code": "yes, please"}, [])


def test_a_machine_without_a_sandbox_is_refused_unless_weak_is_stated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(isolation, "OWN_NAMESPACES", NOTHING)
    monkeypatch.setattr(isolation, "BUBBLEWRAP", NOTHING)
    isolation.chosen.cache_clear()
    reply = "```python\ndef add(a, b): return a + b\n```"
    try:
        with pytest.raises(TaskError, match=r"none works here \(nothing: the process ended"):
            pack(tmp_path, run=True).check()
        with pytest.raises(Unscorable, match="install bubblewrap, or set run_code: weak"):
            score(pack(tmp_path, run=True), reply)
        weak = pack(tmp_path, run="weak")
        weak.check()
        found = score(weak, reply)
        assert found.success
        assert found.verdict is not None
        assert found.verdict["rule"].endswith("run in: weak")
    finally:
        isolation.chosen.cache_clear()


def test_a_sandbox_that_leaks_is_not_used() -> None:
    open_door = Isolation("open", lambda paths, command: command)
    problem = isolation.problem_of(open_door)
    assert problem is not None
    assert "programs would have a network" in problem
    assert "programs would see other processes" in problem


def test_a_sandbox_that_cannot_be_started_scores_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(code, "chosen", lambda weak: NOTHING)
    with pytest.raises(Unscorable) as error:
        score(pack(tmp_path), "```python\ndef add(a, b): return a + b\n```")
    place = f"{tmp_path}/quiz/instances.jsonl: line 1"
    assert str(error.value) == f"{place}: the sandbox failed: the process ended (exit code 1)"


def test_a_program_that_ends_its_sandbox_is_wrong_and_others_are_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The weak sandbox has a first process that a program can end."""
    monkeypatch.setattr(code, "chosen", lambda weak: isolation.WEAK)
    one = pack(tmp_path)
    found = score(one, "```python\nimport os\nos.kill(os.getppid(), 9)\ndef add(a, b): pass\n```")
    assert found.success is False
    assert found.verdict is not None
    assert found.verdict["why"] == "it ends its sandbox"
    assert score(one, "```python\ndef add(a, b): return a + b\n```").success


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ({"answer": "def check(c:"}, "line 1: answer: the tests are not Python: '(' was never"),
        ({"answer": ["assert 1", "x ="]}, "the tests are not Python: invalid syntax (line 1)"),
        ({"answer": 3}, "answer of scorer code: 3 is not valid under any of the given schemas"),
        ({"answer": None}, "answer of scorer code: None is not valid"),
        ({"answer": [{"input": "1"}]}, "answer of scorer code: "),
        ({"answer": []}, "answer of scorer code: "),
    ],
)
def test_tests_that_cannot_be_used_are_one_line(line: Any, words: str, tmp_path: Path) -> None:
    with pytest.raises(TaskError) as error:
        pack(tmp_path, LINE | line).check_lines()
    assert words in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("line", "options", "words"),
    [
        (LINE, ", prepend: prompt", "prepend: prompt is not a text of the question's line"),
        ({**LINE, "entry_point": None}, "", "the tests call nothing of the program; for check"),
    ],
)
def test_a_pack_that_tests_nothing_scores_nothing(
    line: Any, options: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(Unscorable) as error:
        score(pack(tmp_path, line, options), "```python\ndef add(a, b): return a + b\n```")
    assert words in str(error.value)
    with pytest.raises(Unscorable):
        SCORERS["code"].judge("", "", {})


def test_a_table_has_tests_in_a_column(tmp_path: Path) -> None:
    quiz = tmp_path / "quiz"
    quiz.mkdir()
    (quiz / "task.yaml").write_text(
        "description: d\nsource: q.jsonl\nfields: {question: prompt, answer: test, id: task_id}\n"
        "scorer: {kind: code, prepend: question}\n"
    )
    row = {"task_id": "t/0", "prompt": HEAD, "test": CHECK, "entry_point": "add"}
    (quiz / "q.jsonl").write_text(json.dumps(row) + "\n")
    assert score(QuestionPack(quiz, "weak"), "    return a + b").success
