"""A pack's own function: what it may return, what becomes of its errors, and its limits."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from pilotbench.asking.asker import KeyAllowance
from pilotbench.benchmark.packs.question_pack import QuestionPack
from pilotbench.benchmark.scorers import SCORERS
from pilotbench.benchmark.tasks.task import Score, Transcript, Turn
from pilotbench.episodes.evaluate import ShardOwed, evaluate, replay
from pilotbench.episodes.shard_file import episode_schema, read_shard
from pilotbench.ground.errors import TaskError, Unscorable
from pilotbench.matrix import config_files
from pilotbench.matrix.experiment import Experiment, load_experiment
from support.build import ROOT

ROW = {"question": "q", "answer": 42, "topic": "sums"}


def pack(folder: Path, code: str, options: str = "", row: Any = None) -> QuestionPack:
    """Return a pack of one question with this score.py."""
    quiz = folder / "quiz"
    quiz.mkdir(exist_ok=True)
    (quiz / "task.yaml").write_text(f"description: d\nscorer: {{kind: python{options}}}\n")
    (quiz / "instances.jsonl").write_text(json.dumps(row or ROW) + "\n")
    (quiz / "score.py").write_text(code)
    return QuestionPack(quiz)


def score(one: QuestionPack, reply: Any = "the reply") -> Score:
    instance = one.instance("none", 0)
    turns = [Turn(0, str(reply), None, None)]
    return one.score(
        instance, Transcript(instance.content_hash, "none", 0, turns, "no_call", reply)
    )


def function(body: str) -> str:
    return f"def score(reply, row):\n    {body}\n"


@pytest.mark.parametrize(
    ("value", "options", "success", "progress", "level"),
    [
        ("True", "", True, 1.0, "full_success"),
        ("False", "", False, 0.0, "failure"),
        ("1", "", True, 1.0, "full_success"),
        ("0.75", "", False, 0.75, "partial_success"),
        ("0.75", ", threshold: 0.7", True, 0.75, "full_success"),
        ("0.25", "", False, 0.25, "failure"),
        ("{'success': True}", "", True, 1.0, "full_success"),
        ("{'score': 0.5}", ", threshold: 0.5", True, 0.5, "full_success"),
        ("{'success': True, 'score': 0.5}", "", True, 0.5, "full_success"),
        ("{'success': False, 'score': 1.0}", "", False, 1.0, "partial_success"),
        ("__import__('numpy').float32(0.5)", "", False, 0.5, "partial_success"),
        ("__import__('numpy').bool_(True)", "", True, 1.0, "full_success"),
        ("row['answer'] == 42 and row['topic'] == 'sums'", "", True, 1.0, "full_success"),
        ("reply == 'the reply'", "", True, 1.0, "full_success"),
    ],
)
def test_a_function_returns_a_bool_a_share_or_a_dict(
    value: str, options: str, success: bool, progress: float, level: str, tmp_path: Path
) -> None:
    found = score(pack(tmp_path, function(f"return {value}"), options))
    assert (found.success, found.progress, found.level) == (success, progress, level)
    assert found.verdict is not None
    assert (found.verdict["right"], found.verdict["score"]) == (success, progress)
    assert found.verdict["rule"] == "function score"


def test_a_dict_may_have_metrics_and_words(tmp_path: Path) -> None:
    code = function(
        "return {'success': True, 'words': 3, 'polite': True, 'why': 'short', 'read': reply[:3]}"
    )
    verdict = score(pack(tmp_path, code)).verdict
    assert verdict is not None
    assert verdict["metrics"] == {"words": 3.0, "polite": 1.0}
    assert (verdict["why"], verdict["read"]) == ("short", "the")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (function("return None"), "score.py: line 1: score() returned None; allowed: True or"),
        (function("return 'yes'"), "line 1: score() returned the text 'yes'; allowed"),
        (function("return 1.5"), "returned 1.5; allowed: a number from 0 to 1"),
        (function("return float('nan')"), "returned nan; allowed: a number from 0 to 1"),
        (function("return -1"), "returned -1; allowed"),
        (function("return [1]"), "returned a value of the type list"),
        (function("return {}"), "returned a dict without success and score"),
        (function("return {'success': 1}"), "returned success: 1; allowed: True, False"),
        (function("return {'score': 2}"), "returned score: 2; allowed"),
        (function("return {'score': 1, 'n': float('inf')}"), "returned n: inf; allowed: a number"),
        (function("return {'score': 1, 3: 4}"), "returned the metric 3"),
        (function("return {'score': 1, 'why': 4}"), "returned why: 4; allowed: text"),
        ("async " + function("return True"), "returned a value of the type coroutine"),
        (function("return 1 / 0"), "score.py: line 2: ZeroDivisionError: division by zero"),
        (function("return row['none']"), "line 2: KeyError: 'none'"),
        (function("raise SystemExit(3)"), "line 2: SystemExit: 3"),
        (function("raise ValueError('two\\nlines')"), "line 2: ValueError: two lines"),
        (function("return score(reply, row)"), "line 2: RecursionError"),
        (function("import json; json.loads('{')"), "score.py: line 2: JSONDecodeError"),
        (function("import os; os._exit(3)"), "score.py: the process ended (exit code 3)"),
        (function("import os; os.abort()"), "line 2: the process was ended by SIGABRT"),
        ("def score(reply):\n    return True\n", "score.py: line 1: TypeError"),
    ],
)
def test_an_error_names_file_line_and_question_and_scores_nothing(
    code: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(Unscorable) as error:
        score(pack(tmp_path, code))
    said = str(error.value)
    assert said.startswith(f"{tmp_path}/quiz/instances.jsonl: line 1: {tmp_path}/quiz/score.py: ")
    assert words in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def score(reply, row:\n", "score.py: line 1: SyntaxError: "),
        (
            "x = 1\nimport no_such_module\n",
            "score.py: line 2: ModuleNotFoundError: No module named",
        ),
        ("def other(reply, row):\n    return True\n", "score.py: there is no function score"),
        ("score = 3\n", "score.py: there is no function score"),
        ("import os\nos._exit(0)\n", "score.py: the process ended (exit code 0)"),
        ("raise SystemExit\n", "score.py: line 1: SystemExit"),
        ("x = bytearray(4 << 30)\n", "score.py: line 1: MemoryError"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_line_before_the_first_request(
    code: str, words: str, tmp_path: Path
) -> None:
    one = pack(tmp_path, code)
    with pytest.raises(TaskError) as error:
        one.check()
    assert str(error.value).startswith(f"{tmp_path}/quiz/{words}")
    assert "\n" not in str(error.value)
    with pytest.raises(Unscorable, match=words[:8]):
        score(one)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (", file: other.py", "quiz/task.yaml: scorer.file: there is no file"),
        (", file: ../score.py", "scorer.file: ../score.py is outside of the pack"),
        (", file: score.txt", "scorer: file: 'score.txt' does not match"),
        (", function: a.b", "scorer: function: 'a.b' does not match"),
        (", threshold: 2", "scorer: threshold: 2 is greater"),
        (", timeout_s: 0", "scorer: timeout_s: 0 is less"),
        (", memory_mb: 1", "scorer: memory_mb: 1 is less"),
        (", files: a.py", "unknown key files; did you mean file?"),
    ],
)
def test_a_wrong_option_is_one_line(options: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(TaskError) as error:
        pack(tmp_path, function("return True"), options)
    assert words in str(error.value)


def test_a_call_that_does_not_end_is_ended_with_its_place(tmp_path: Path) -> None:
    code = function("if reply == 'slow':\n        while True:\n            pass\n    return True")
    one = pack(tmp_path, code, ", timeout_s: 1")
    with pytest.raises(Unscorable, match=r"score.py: line [34]: the call takes longer than 1 s"):
        score(one, "slow")
    assert score(one).success


def test_after_three_calls_in_a_row_that_do_not_end_no_more_are_made(tmp_path: Path) -> None:
    code = function("__import__('time').sleep(60)")
    one = pack(tmp_path, code, ", timeout_s: 0.2")
    for _ in range(3):
        with pytest.raises(Unscorable, match=r"line 2: the call takes longer than 0\.2 s"):
            score(one)
    with pytest.raises(Unscorable, match="not called, since 3 calls in a row took longer"):
        score(one)


def test_the_memory_is_limited(tmp_path: Path) -> None:
    one = pack(tmp_path, function("return bool(reply != 'large' or bytearray(4 << 30))"))
    with pytest.raises(Unscorable, match=r"line 2: MemoryError \(memory_mb: 2048\)"):
        score(one, "large")
    assert score(one).success


@pytest.mark.parametrize(
    "body",
    [
        "print('{\"success\": false}'); print('x' * 1_000_000)",
        "import sys; sys.stderr.write('x' * 1_000_000); sys.stdin.read()",
        "import os; os.write(1, b'{}\\n'); os.write(2, b'x\\n'); os.read(0, 9)",
        "import os; os.fork()",
        "import subprocess; subprocess.run(['echo', 'x'])",
        "import sys; sys.stdout = None",
    ],
)
def test_what_a_function_prints_reads_and_starts_changes_nothing(body: str, tmp_path: Path) -> None:
    one = pack(tmp_path, function(f"{body}; return reply == 'right'"))
    given = {reply: score(one, reply).success for reply in ("right", "wrong", "also wrong")}
    assert given == {"right": True, "wrong": False, "also wrong": False}


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_what_it_leaves_running_ends_with_the_process(tmp_path: Path) -> None:
    body = (
        "import os, time; child = os.fork()\n"
        "    if not child: time.sleep(600)\n"
        "    if reply == 'slow': time.sleep(600)\n"
        "    return {'score': 1, 'child': child, 'parent': os.getpid()}"
    )
    one = pack(tmp_path, function(body), ", timeout_s: 1")
    verdict = score(one).verdict
    assert verdict is not None
    pids = [int(pid) for pid in verdict["metrics"].values()]
    assert all(map(alive, pids))
    with pytest.raises(Unscorable, match="takes longer"):
        score(one, "slow")
    while any(map(alive, pids)):
        time.sleep(0.01)


def test_one_process_answers_all_questions_and_ends_with_its_pack(tmp_path: Path) -> None:
    code = "calls = 0\n" + function(
        "global calls; calls += 1\n"
        "    return {'score': 1, 'pid': __import__('os').getpid(), 'calls': calls}"
    )
    one = pack(tmp_path, code)
    found = [score(one, reply).verdict or {} for reply in ("a", "b", "a")]
    assert [verdict["metrics"]["calls"] for verdict in found] == [1, 2, 1]
    [pid] = {int(verdict["metrics"]["pid"]) for verdict in found}
    os.kill(pid, 9)
    while alive(pid):
        time.sleep(0.01)
    other = (score(one, "c").verdict or {})["metrics"]
    assert other["calls"] == 1
    del one
    while alive(int(other["pid"])):
        time.sleep(0.01)


def test_a_process_that_was_forked_has_one_of_its_own(tmp_path: Path) -> None:
    one = pack(tmp_path, function("return {'score': 1, 'pid': __import__('os').getpid()}"))
    mine = (score(one).verdict or {})["metrics"]["pid"]
    child = os.fork()
    if not child:
        other = (score(one, "another").verdict or {})["metrics"]["pid"]
        os._exit(int(other == mine))
    assert os.waitpid(child, 0)[1] == 0
    assert (score(one, "a third").verdict or {})["metrics"]["pid"] == mine


def test_it_sees_no_secret_and_runs_in_the_folder_of_the_pack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "made-up")
    code = function(
        "import os; return {'success': 'SOME_API_KEY' not in os.environ, 'read': os.getcwd()}"
    )
    found = score(pack(tmp_path, code))
    assert found.success
    assert (found.verdict or {})["read"] == str(tmp_path / "quiz")


def test_modules_beside_it_count_and_other_names_are_those_of_python(tmp_path: Path) -> None:
    (tmp_path / "quiz").mkdir()
    (tmp_path / "quiz" / "words.py").write_text("GOOD = True\n")
    code = "import numbers, words\n"
    one = pack(tmp_path, code + function("return words.GOOD and isinstance(1, numbers.Number)"))
    assert score(one).success
    assert not (tmp_path / "quiz" / "__pycache__").exists()
    (tmp_path / "quiz" / "words.py").write_text("GOOD = False\n")
    other = QuestionPack(tmp_path / "quiz")
    assert other.scoring_version != one.scoring_version
    assert other.rules_version != one.rules_version
    assert not score(other).success
    with pytest.raises(Unscorable, match=r"score.py was changed during this run; run again"):
        score(one, "another")


def test_a_change_of_what_the_function_sees_is_another_instance_of_the_same_question(
    tmp_path: Path,
) -> None:
    code = function("return True")
    one = pack(tmp_path, code).instance("none", 0)
    other = pack(tmp_path, code, row={**ROW, "topic": "products"}).instance("none", 0)
    assert one.content_hash != other.content_hash
    assert one.question_hash == other.question_hash


def test_a_line_needs_no_answer(tmp_path: Path) -> None:
    one = pack(tmp_path, function("return 'answer' not in row"), row={"question": "q"})
    one.check()
    assert score(one).success
    assert not score(one, None).success


def test_a_row_of_a_table_has_its_columns(tmp_path: Path) -> None:
    quiz = tmp_path / "quiz"
    quiz.mkdir()
    (quiz / "task.yaml").write_text("description: d\nscorer: {kind: python}\nsource: q.csv\n")
    (quiz / "q.csv").write_text("Nr,prompt,target,topic\n7,6 * 7?,42,sums\n")
    wanted = {"id": "7", "question": "6 * 7?", "answer": "42", "topic": "sums"}
    (quiz / "score.py").write_text(function(f"return row == {wanted}"))
    one = QuestionPack(quiz)
    one.check()
    assert score(one).success


def test_only_a_pack_has_a_function() -> None:
    with pytest.raises(Unscorable, match="needs the folder of a pack"):
        SCORERS["python"].judge({}, "reply", {})


def run(folder: Path, code: str) -> tuple[dict[str, Any], list[Any]]:
    """Play the pack of three questions by the oracle; return header and episodes of its file."""
    loaded = experiment(folder, code)
    [shard] = loaded.plan.shards
    out = folder / "results/shards" / shard.path
    out.unlink(missing_ok=True)
    evaluate(loaded, shard, out, KeyAllowance("players_local", 1, True, {}))
    return read_shard(out)


def experiment(folder: Path, code: str) -> Experiment:
    quiz = folder / "packs/quiz"
    quiz.mkdir(parents=True, exist_ok=True)
    (quiz / "task.yaml").write_text("description: d\nscorer: {kind: python, threshold: 0.5}\n")
    rows = ({"question": f"{n}?", "answer": str(n), "level": n} for n in range(3))
    (quiz / "instances.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (quiz / "score.py").write_text(code)
    chosen = {"models": "oracle", "prompts": "baseline", "tasks": "quiz", "instances": 3}
    places = {"limits_dir": "limits", "task_folders": ["packs"]}
    return load_experiment(config_files.read([], {**chosen, **places}))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").symlink_to(ROOT / "config")
    return tmp_path


def test_a_changed_function_scores_stored_answers_without_a_request(here: Path) -> None:
    import jsonschema

    header, episodes = run(here, function("return {'score': row['level'] / 4, 'n': 7}"))
    assert header["asked"] == 3
    assert [(e["success"], e["progress"]) for e in episodes] == [
        (False, 0.0),
        (False, 0.25),
        (True, 0.5),
    ]
    assert episodes[0]["verdict"]["metrics"] == {"n": 7.0}
    for episode in episodes:
        jsonschema.validate(episode, episode_schema())
    again, others = run(here, function("return reply == row['answer']"))
    assert (again["asked"], again["replayed"]) == (0, 3)
    assert [e["success"] for e in others] == [True] * 3
    assert again["fingerprint"] != header["fingerprint"]


def test_an_error_leaves_one_episode_unfinished_until_the_function_is_mended(here: Path) -> None:
    wrong = function("return [True, 1 / row['level'] > 0][1]")
    with pytest.raises(ShardOwed, match=r"1 of 3 episodes owed: 1 Unscorable: .*jsonl: line 1: "):
        run(here, wrong)
    loaded = experiment(here, wrong)
    outcome = replay(loaded, loaded.plan.shards[0])
    assert [e["success"] for e in outcome.episodes] == [True, True]
    [owed] = outcome.owed
    assert (owed.index, owed.is_asked_again) == (0, False)
    assert owed.message.endswith("score.py: line 2: ZeroDivisionError: division by zero")
    header, episodes = run(here, function("return True"))
    assert (header["asked"], header["replayed"]) == (0, 3)
    assert [e["success"] for e in episodes] == [True] * 3
