"""Question packs: a task is a folder, what is wrong with it is one line, a line is an instance."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from pilotbench.benchmark.packs.pack_folders import load_tasks
from pilotbench.benchmark.packs.pack_session import PackSession
from pilotbench.benchmark.packs.question_pack import QuestionPack
from pilotbench.benchmark.scorers import SCORERS
from pilotbench.benchmark.tasks import TASKS
from pilotbench.benchmark.tasks.task import Transcript, Turn
from pilotbench.ground.errors import TaskError, TranscriptError
from pilotbench.matrix import config_files
from pilotbench.matrix.experiment import load_experiment

ROOT = Path(__file__).resolve().parents[3]
SHIPPED = ("everyday_arithmetic", "record_extraction")
PLAIN = "description: d\nscorer: {kind: exact}\n"
TOOLED = "description: d\nscorer: {kind: number}\ntools: [computation_calculator]\n"
LINE = '{"question": "q", "answer": "a"}\n'
COMPARING = [
    name
    for name, one in SCORERS.items()
    if one.opened is None and one.needs_answer and one.calls != "only"
]


def write(folder: Path, settings: str = PLAIN, lines: str = LINE, name: str = "quiz") -> Path:
    """Write a pack and return its folder."""
    pack = folder / name
    pack.mkdir(parents=True, exist_ok=True)
    (pack / "task.yaml").write_text(settings, encoding="utf-8")
    (pack / "instances.jsonl").write_text(lines, encoding="utf-8")
    return pack


def score(pack: QuestionPack, answer: Any, index: int = 0) -> bool:
    """Return whether `answer` succeeds as the reply to a question."""
    instance = pack.instance("none", index)
    turn = Turn(0, str(answer), None, None)
    transcript = Transcript(instance.content_hash, "none", 0, [turn], "finish", answer)
    return pack.score(instance, transcript).success


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_packs_are_good(name: str) -> None:
    pack = load_tasks([ROOT / "config" / "tasks"], [name])[name]
    assert isinstance(pack, QuestionPack)
    pack.check()
    assert pack.size is not None
    assert pack.size >= 10
    assert (pack.difficulties, pack.rated, pack.planned) == (("none",), False, False)
    for index in range(pack.size):
        key = pack.instance("none", index).extra["answer"]
        assert score(pack, json.dumps(key), index)
        assert not score(pack, "I do not know.", index)


def test_a_pack_is_planned_once_and_only_under_prompts_without_a_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, lines=LINE * 3)
    monkeypatch.chdir(ROOT)
    choice = {"models": "oracle", "tasks": "quiz", "prompts": "all,flawed", "instances": "all"}
    sweep = {"difficulties": "all", "tool_success_rates": [0.8, 0.9], "task_folders": str(tmp_path)}
    cells = load_experiment(config_files.read((), choice | sweep)).plan
    found = {(cell.prompt, cell.difficulty, cell.tool_success_rate) for cell in cells.cells}
    assert found == {("baseline", "none", "none"), ("cot", "none", "none")}
    assert cells.episodes == 6


BAD_SETTINGS = {
    "no mapping": ("[]", "is not of type 'object'"),
    "no YAML": ("a: [", "not YAML"),
    "no scorer": ("description: d", "'scorer' is a required property"),
    "an unknown key": (PLAIN + "scorrer: 1", "unknown key scorrer; did you mean scorer?"),
    "an unknown field": (PLAIN + "fields: {question: q, reply: r}", "unknown key fields.reply"),
    "an unknown scorer": ("description: d\nscorer: {kind: exakt}", "did you mean exact?"),
    "an unknown option": (
        "description: d\nscorer: {kind: number, tolerence: 1}",
        "unknown key tolerence; did you mean tolerance?",
    ),
    "an option of a wrong type": (
        "description: d\nscorer: {kind: number, tolerance: much}",
        "tolerance: 'much' is not of type 'number'",
    ),
    "an unknown tool": (PLAIN + "tools: [calculator]", "unknown tool 'calculator'"),
    "turns without tools": (PLAIN + "max_turns: 5", "max_turns is for packs with tools"),
    "system with tools": (TOOLED + "system: x", "system is for packs without tools"),
}


@pytest.mark.parametrize("case", BAD_SETTINGS)
def test_a_wrong_task_yaml_is_one_line_that_names_file_and_key(case: str, tmp_path: Path) -> None:
    settings, words = BAD_SETTINGS[case]
    pack = write(tmp_path, settings)
    with pytest.raises(TaskError) as error:
        load_tasks([tmp_path], ["quiz"])
    assert str(error.value).startswith(f"{pack / 'task.yaml'}: ")
    assert words in str(error.value)
    assert "\n" not in str(error.value)


BAD_LINES = {
    "no JSON": ("{", "not JSON"),
    "a list": ("[]", "not a JSON object"),
    "no number": ('{"question": "q", "answer": NaN}', "NaN is not a JSON number"),
    "an infinite number": ('{"question": "q", "answer": 1e999}', "not JSON"),
    "a lone surrogate": ('{"question": "\\ud800", "answer": "a"}', "not JSON"),
    "a bomb": ('{"question": "q", "answer": ' + "[" * 5000, "not JSON"),
    "a key twice": ('{"question": "q", "answer": "a", "answer": "b"}', "'answer' appears twice"),
    "a deep value": ('{"question": "q", "answer": ' + "[" * 60 + "]" * 60 + "}", "forty"),
    "no answer": ('{"question": "q"}', "answer is missing"),
    "no question": ('{"answer": "a"}', "question is missing"),
    "an empty question": ('{"question": " ", "answer": "a"}', "question is not text"),
    "an unknown key": ('{"question": "q", "answer": "a", "anwser": 1}', "did you mean answer?"),
    "an answer of a wrong type": ('{"question": "q", "answer": [1]}', "answer of scorer exact"),
    "a world without tools": ('{"question": "q", "answer": "a", "world": {}}', "with tools"),
}


@pytest.mark.parametrize("case", BAD_LINES)
def test_a_wrong_line_is_one_line_that_names_file_and_line(case: str, tmp_path: Path) -> None:
    line, words = BAD_LINES[case]
    pack = write(tmp_path, PLAIN, f"{LINE}\n{line}\n")
    quiz = QuestionPack(pack)
    assert quiz.size == 2
    quiz.instance("none", 0)
    with pytest.raises(TaskError) as error:
        quiz.check()
    assert str(error.value).startswith(f"{pack / 'instances.jsonl'}: line 3: ")
    assert words.replace("forty", "40") in str(error.value)
    assert "\n" not in str(error.value)


def test_files_that_are_missing_or_empty_are_one_line(tmp_path: Path) -> None:
    pack = write(tmp_path, PLAIN, "\n \n")
    with pytest.raises(TaskError, match=r"instances\.jsonl: no instances"):
        QuestionPack(pack)
    (pack / "instances.jsonl").unlink()
    with pytest.raises(TaskError, match=r"instances\.jsonl: no such file"):
        QuestionPack(pack)
    (pack / "task.yaml").write_bytes(b"\xff")
    with pytest.raises(TaskError, match=r"task\.yaml: cannot be read as UTF-8"):
        QuestionPack(pack)


@pytest.mark.parametrize(("difficulty", "index"), [("easy", 0), ("none", 1), ("none", -1)])
def test_there_is_no_other_difficulty_and_no_instance_past_the_end(
    difficulty: str, index: int, tmp_path: Path
) -> None:
    with pytest.raises(TaskError, match=r"has no difficulty|no instance"):
        QuestionPack(write(tmp_path)).instance(difficulty, index)


def hashes(folder: Path, *answers: str) -> list[str]:
    """Return the content hashes of a pack with one question for each answer."""
    lines = "".join(json.dumps({"question": f"q{a}", "answer": a}) + "\n" for a in answers)
    pack = QuestionPack(write(folder, PLAIN, lines))
    return [pack.instance("none", index).content_hash for index in range(len(answers))]


def test_a_changed_added_or_moved_line_changes_no_other_instance(tmp_path: Path) -> None:
    before = hashes(tmp_path, "1", "2", "3")
    assert len(set(before)) == 3
    changed = hashes(tmp_path, "1", "X", "3")
    assert [before[0], before[2]] == [changed[0], changed[2]]
    assert before[1] != changed[1]
    assert hashes(tmp_path, "0", "1", "2", "3")[1:] == before
    assert hashes(tmp_path, "3", "2", "1") == before[::-1]


def test_a_change_of_file_or_scorer_changes_the_scoring_version_but_words_do_not(
    tmp_path: Path,
) -> None:
    def version(settings: str, lines: str = LINE) -> str:
        return QuestionPack(write(tmp_path, settings, lines)).scoring_version

    assert version(PLAIN) == version(PLAIN.replace("d\n", "other words\n"))
    others = {
        version(PLAIN),
        version(PLAIN, LINE + LINE),
        version("description: d\nscorer: {kind: exact, ignore_case: false}\n"),
        version(PLAIN + "system: Be brief.\n"),
    }
    assert len(others) == 4


def test_ignored_keys_are_no_part_of_an_instance(tmp_path: Path) -> None:
    settings = PLAIN + "ignore: [id]\n"
    one, other = (
        QuestionPack(write(tmp_path, settings, f'{{"question": "q", "answer": "a", "id": {n}}}'))
        for n in (1, 2)
    )
    assert one.instance("none", 0).content_hash == other.instance("none", 0).content_hash


def test_fields_name_the_keys(tmp_path: Path) -> None:
    settings = PLAIN + "fields: {question: prompt, answer: target}\n"
    pack = QuestionPack(write(tmp_path, settings, '{"prompt": "q", "target": "a"}'))
    assert pack.instance("none", 0).request == "q"


SCORES = [  # scorer with options, wanted, replies that succeed, replies that do not
    (
        "{kind: exact}",
        "Blue whale",
        ["blue whale", "Well.\nAnswer: **Blue  Whale.**", '"Blue whale"', "\uff22lue whale"],
        ["a blue whale", "blue whale\nor not", "", "bluewhale"],
    ),
    ("{kind: exact, ignore_case: false}", "Ag", ["Ag"], ["ag", "AG"]),
    ("{kind: exact, extract: whole}", "a b", ["a\nb"], ["x\na b"]),
    ("{kind: exact}", 12, ["12", "12."], ["12.0", "13"]),
    ("{kind: one_of}", ["GB", "UK", 44], ["uk", "Final answer: GB", "44"], ["GB or UK", "U.K", ""]),
    (
        "{kind: number, tolerance: 0.5}",
        1200,
        [
            "1200",
            "1,200.4",
            "Answer: 1199.5",
            "1.2e3",
            "so\n**1200**",
            "```\n1200\n```",
            "about 1200",
            "1 200",
        ],
        ["1201", "1200 or 1300", "", "nan", "12 00", "٣"],
    ),
    ("{kind: number, relative: 0.1, unit: kg}", -50, ["-45 kg", "-55"], ["-44 kg", "50", "-50 g"]),
    ("{kind: number}", 7, ["$7$", "\\boxed{7}", "**Answer: $\\boxed{7}$**"], ["$7$ or $8$"]),
    ("{kind: number}", 0.3, ["0.3", "0.30000000000000004"], ["0.31"]),
    ("{kind: regular_expression}", "[A-C]", ["B", "x\nAnswer: C"], ["D", "AB", "b"]),
    (
        "{kind: regular_expression, match: search, extract: whole, ignore_case: true}",
        r"order \d+",
        ["Your ORDER 66\nis done"],
        ["your order"],
    ),
    (
        "{kind: json_equality}",
        {"a": [1, 2.0], "b": None},
        ['{"b": null, "a": [1.0, 2]}', 'Here:\n```json\n{"a": [1, 2], "b": null}\n```\nDone.'],
        ['{"a": [2, 1], "b": null}', '{"a": [1, 2]}', "no", "[" * 5000, '{"a": NaN}', ""],
    ),
    ("{kind: json_equality, ignore_order: true}", [1, [2, 3]], ["[[3, 2], 1]"], ["[1, 2, 3]"]),
    ("{kind: json_equality}", True, ["true", "So:\ntrue"], ["1", '"true"']),
    (
        "{kind: json_schema}",
        {"type": "object", "required": ["a"], "properties": {"a": {"minimum": 2}}},
        ['{"a": 2}', 'x\n{"a": 9, "b": 1}'],
        ['{"a": 1}', "{}", "words"],
    ),
    (
        "{kind: json_schema}",
        {"$defs": {"id": {"type": "string", "pattern": "^F-[0-9]+$"}}, "$ref": "#/$defs/id"},
        ['"F-204"'],
        ['"F-"', "204", '"' + "F-" * 9_000 + '"'],
    ),
    ("{kind: json_schema}", {"type": "array", "items": {"$ref": "#"}}, ["[[], [[]]]"], ["[1]"]),
    ("{kind: contained_text}", "Paris", ["It is PARIS, of course."], ["It is Pari s"]),
    ("{kind: contained_text}", ["a b", "c"], ["C then A\nB"], ["a b"]),
]


@pytest.mark.parametrize(("scorer", "wanted", "good", "bad"), SCORES)
def test_a_scorer_accepts_and_refuses(
    scorer: str, wanted: Any, good: list[str], bad: list[str], tmp_path: Path
) -> None:
    line = json.dumps({"question": "q", "answer": wanted})
    pack = QuestionPack(write(tmp_path, f"description: d\nscorer: {scorer}\n", line))
    assert {reply: score(pack, reply) for reply in good} == dict.fromkeys(good, True)
    assert {reply: score(pack, reply) for reply in bad} == dict.fromkeys(bad, False)


BAD_ANSWERS = [
    ("exact", None),
    ("exact", ""),
    ("exact", " '.' "),
    ("one_of", []),
    ("one_of", ["yes", "*"]),
    ("number", "5"),
    ("regular_expression", "(["),
    ("json_schema", {"type": 5}),
    ("json_schema", {"pattern": "("}),
    ("json_schema", {"$ref": "http://127.0.0.1:9/x"}),
    ("json_schema", {"items": {"$ref": "#/$defs/order"}}),
    ("contained_text", ""),
    ("contained_text", ["a", " . "]),
]


@pytest.mark.parametrize(("kind", "answer"), BAD_ANSWERS)
def test_an_answer_that_its_scorer_cannot_use_is_one_line(
    kind: str, answer: Any, tmp_path: Path
) -> None:
    line = json.dumps({"question": "q", "answer": answer})
    pack = QuestionPack(write(tmp_path, f"description: d\nscorer: {{kind: {kind}}}\n", line))
    with pytest.raises(TaskError, match="line 1: answer") as error:
        pack.check()
    assert "\n" not in str(error.value)


LONG = ["$" * 50_000 + "x", "[" * 50_000, "`" * 50_000, "9" * 50_000, "**" * 50_000, "\ud800"]


@pytest.mark.parametrize("kind", COMPARING)
def test_hostile_replies_are_failures_and_take_no_time(kind: str, tmp_path: Path) -> None:
    wanted = {"one_of": ["a b"], "number": 0, "json_schema": {"type": "object"}}.get(kind, "a b")
    line = json.dumps({"question": "q", "answer": wanted})
    pack = QuestionPack(write(tmp_path, f"description: d\nscorer: {{kind: {kind}}}\n", line))
    assert [reply[:9] for reply in LONG if score(pack, reply)] == []


@pytest.mark.parametrize("kind", COMPARING)
def test_no_scorer_accepts_no_answer(kind: str, tmp_path: Path) -> None:
    special = {"one_of": ["None"], "number": 0, "json_schema": True, "mathematics": "N"}
    wanted = special.get(kind, "None")
    line = json.dumps({"question": "q", "answer": wanted})
    pack = QuestionPack(write(tmp_path, f"description: d\nscorer: {{kind: {kind}}}\n", line))
    assert not score(pack, None)


def test_a_transcript_of_another_instance_is_refused(tmp_path: Path) -> None:
    pack = QuestionPack(write(tmp_path))
    with pytest.raises(TranscriptError, match="quiz 0: the transcript is of instance"):
        pack.score(pack.instance("none", 0), Transcript("0" * 64, "none", 0))


def test_a_pack_with_tools_may_ask_for_any_json_value(tmp_path: Path) -> None:
    settings = TOOLED.replace("kind: number", "kind: json_equality")
    write(tmp_path, settings, '{"question": "q", "answer": {"a": [1]}}')
    pack = QuestionPack(tmp_path / "quiz")
    instance = pack.instance("none", 0)
    session = pack.start(instance, "none", 0)
    assert isinstance(session, PackSession)
    assert session.call("finish", {"answer": {"a": [1]}})["ok"]
    assert isinstance(session, PackSession)
    assert session.goal_state({"a": [1]})[0][1]


def test_a_pack_with_tools_offers_them_and_no_others(tmp_path: Path) -> None:
    line = '{"question": "6 * 7?", "answer": 42, "world": {"files": {}}}'
    pack = QuestionPack(write(tmp_path, TOOLED, line))
    instance = pack.instance("none", 0)
    assert [tool.name for tool in pack.tools(instance)] == ["computation_calculator", "finish"]
    session = pack.start(instance, "none", 0)
    assert isinstance(session, PackSession)
    calls: list[dict[str, Any]] = [
        {"tool": "utility_helper", "arguments": {"topic": "x"}},
        {"tool": "computation_calculator", "arguments": {"expression": "6*7"}},
        {"tool": "finish", "arguments": {"answer": 42}},
    ]
    replies = [session.call(call["tool"], call["arguments"]) for call in calls]
    turns = [
        Turn(place, None, call, reply)
        for place, (call, reply) in enumerate(zip(calls, replies, strict=True))
    ]
    assert replies[0]["error"]["code"] == "unknown_tool"
    assert replies[1]["result"]["value"] == 42
    transcript = Transcript(instance.content_hash, "none", 0, turns, "finish", session.answer)
    scored = pack.score(instance, transcript)
    assert scored.success
    assert scored.errors == {"tool_selection": 1}


@pytest.mark.parametrize("task", TASKS)
def test_the_worlds_of_the_benchmark_are_worlds_of_packs(task: str, tmp_path: Path) -> None:
    for difficulty, index in product(("easy", "very_hard"), range(40)):
        world = TASKS[task].instance(difficulty, index).world
        line = json.dumps({"question": "q", "answer": 1, "world": world})
        pack = QuestionPack(write(tmp_path, TOOLED, line))
        assert pack.instance("none", 0).world == world


BAD_WORLDS = {
    "a list": ([], "is not of type 'object'"),
    "an unknown section": ({"fles": {}}, "unknown key fles; did you mean files?"),
    "a file that is text alone": ({"files": {"a.csv": "id\n1\n"}}, "files.a.csv: "),
    "a file of no kind": ({"files": {"a.csv": {"value": "x"}}}, "'kind' is a required property"),
    "a kind that does not fit": ({"files": {"a": {"kind": "text", "value": 7}}}, "files.a.value: "),
    "a table of no records": ({"tables": {"t": {"kind": "table", "value": [1]}}}, "value.0: "),
    "a note that is no object": ({"notes": {"n": "text"}}, "notes.n: "),
    "a backend without a state": ({"backends": {"s": [{"backend": "b"}]}}, "backends.s.0: "),
    "a queue that is no list": ({"queues": {"q": {}}}, "queues.q: "),
}


@pytest.mark.parametrize("case", BAD_WORLDS)
def test_a_wrong_world_is_one_line_that_names_line_and_key(case: str, tmp_path: Path) -> None:
    world, words = BAD_WORLDS[case]
    line = json.dumps({"question": "q", "answer": 1, "world": world})
    pack = QuestionPack(write(tmp_path, TOOLED, line))
    with pytest.raises(TaskError, match="line 1: world") as error:
        pack.check()
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_a_repeated_line_is_an_error(tmp_path: Path) -> None:
    """Both would be answered by one reply, and counted as two."""
    pack = write(tmp_path, PLAIN, LINE + '\n{"answer": "a", "question": "q"}\n')
    with pytest.raises(TaskError, match="line 3: the same instance as line 1"):
        QuestionPack(pack).check()
