"""Other runners: asked by the right files and commands, read rightly, measured by the same jobs.

None is installed here: a small script plays a peer.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from dev.bench import peers
from dev.bench.peers import evalscope, figures, inspect_ai, install, lm_eval, promptfoo
from dev.bench.peers.ours import Ours
from dev.bench.peers.peer import Ask, Installed, Peer, Tally, environment
from dev.bench.peers.section import WHY, reasons, section
from dev.bench.row import Row
from dev.bench.versus import judged

PAIRS = (("What is 1 + 1?", "2"), ("Say «ja».", "ja"))
ASK = Ask(PAIRS, "http://127.0.0.1:1/v1", "sk-sim_key1", 7)
SCRIPT = """\
import json, pathlib, sys, urllib.request

url, key = sys.argv[1:]
found = []
for question, answer in json.loads(pathlib.Path("pairs.json").read_text()):
    body = {"model": "echo", "messages": [{"role": "user", "content": question}]}
    headers = {"Authorization": f"Bearer {key}"}
    request = urllib.request.Request(f"{url}/chat/completions", json.dumps(body).encode(), headers)
    try:
        reply = json.load(urllib.request.urlopen(request))
    except urllib.error.HTTPError:
        continue
    found.append(reply["choices"][0]["message"]["content"] == answer)
pathlib.Path("found.json").write_text(json.dumps(found))
"""


def read_found(folder: Path, _: Path) -> Tally:
    file = folder / "found.json"
    found = json.loads(file.read_text()) if file.exists() else []
    return Tally(right=found.count(True), wrong=found.count(False))


SERIAL = Peer(
    name="serial",
    registry="pypi",
    package="serial==1",
    files=lambda ask: {"serial.py": SCRIPT, "pairs.json": json.dumps(list(ask.pairs))},
    words=lambda ask: [sys.executable, "serial.py", ask.base_url, ask.secret],
    result="found.json",
    tally=read_found,
)


def values(rows: Iterable[Row]) -> dict[str, float]:
    """Return figure -> value, without the job's name."""
    return {row["name"].partition(": ")[2]: row["value"] for row in rows}


@pytest.mark.parametrize("peer", peers.PEERS.values(), ids=peers.PEERS.keys())
def test_a_peer_is_given_every_question_the_endpoint_the_key_and_the_slots(peer: Peer) -> None:
    files = peer.files(ASK)
    data = [json.loads(line) for name, text in files.items() if name.endswith(".jsonl")
            for line in text.splitlines()]  # fmt: skip
    assert len(data) == len(PAIRS)
    for record, pair in zip(data, PAIRS, strict=True):
        assert set(pair) <= set((record.get("vars") or record).values())
    for words in (command(ASK) for command in peer.commands):
        everything = " ".join([*words, *peer.environment(ASK).values(), *files.values()])
        assert ASK.base_url in everything
        assert ASK.secret in everything
        assert any(word == "7" or "num_concurrent=7" in word for word in words)


@pytest.mark.parametrize(
    ("peer", "words"),
    [
        (promptfoo.PEER, ["promptfoo eval -c promptfooconfig.json", "promptfoo eval --resume"]),
        (inspect_ai.PEER, ["inspect eval-set task.py --model openai-api/sim/echo"]),
        (lm_eval.PEER, ["lm_eval run --include_path . --tasks echo"]),
        (evalscope.PEER, ["python run.py http://127.0.0.1:1/v1 sk-sim_key1 7"]),
    ],
)
def test_a_command_is_the_one_that_was_tried(peer: Peer, words: list[str]) -> None:
    new, finished, _ = (" ".join(command(ASK)) for command in peer.commands)
    assert new.startswith(words[0])
    assert finished.startswith(words[-1])


def test_the_config_of_promptfoo_compares_exactly() -> None:
    config = json.loads(promptfoo.files(ASK)["promptfooconfig.json"])
    assert config["providers"][0]["config"] == {"apiBaseUrl": ASK.base_url}
    assert config["defaultTest"]["assert"] == [{"type": "equals", "value": "{{answer}}"}]


def test_promptfoo_tells_a_wrong_answer_from_an_error(tmp_path: Path) -> None:
    reasons = [0, 0, 1, 2, 0]
    results = [{"failureReason": reason, "success": reason == 0} for reason in reasons]
    (tmp_path / "results.json").write_text(json.dumps({"results": {"results": results}}))
    assert promptfoo.tally(tmp_path, tmp_path) == Tally(right=3, wrong=1)


def test_inspect_leaves_a_sample_without_score_out(tmp_path: Path) -> None:
    scores = [{"exact": {"value": "C"}}, {"exact": {"value": "I"}}, None, {}]
    log = json.dumps({"samples": [{"id": n, "scores": one} for n, one in enumerate(scores)]})
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs/one.eval").touch()
    program = tmp_path / "inspect"
    program.write_text(f"#!/bin/sh\n[ $1-$2 = log-dump ] && cat <<'E'\n{log}\nE\n")
    program.chmod(0o755)
    assert inspect_ai.tally(tmp_path, tmp_path) == Tally(right=1, wrong=1)


def test_lm_eval_is_read_from_its_newest_samples(tmp_path: Path) -> None:
    folder = tmp_path / "out/echo"
    folder.mkdir(parents=True)
    for hour, scores in (("08", [0.0, 0.0]), ("09", [1.0, 0.0, 1.0])):
        lines = [json.dumps({"exact_match": score}) for score in scores]
        (folder / f"samples_echo_2026-01-01T{hour}.jsonl").write_text("\n".join(lines))
    assert lm_eval.tally(tmp_path, tmp_path) == Tally(right=2, wrong=1)


def test_evalscope_counts_a_sample_once(tmp_path: Path) -> None:
    folder = tmp_path / "out/reviews/echo"
    folder.mkdir(parents=True)
    lines = [
        json.dumps({"index": n, "sample_score": {"score": {"value": {"accuracy": accuracy}}}})
        for n, accuracy in ((0, 0.0), (1, 0.0), (0, 1.0))
    ]
    (folder / "echo_echo.jsonl").write_text("\n".join(lines))
    assert evalscope.tally(tmp_path, tmp_path) == Tally(right=1, wrong=1)


@pytest.mark.parametrize("peer", peers.PEERS.values(), ids=peers.PEERS.keys())
def test_a_run_that_left_nothing_has_nothing_right(peer: Peer, tmp_path: Path) -> None:
    assert peer.tally(tmp_path, tmp_path) == Tally()


def test_an_environment_is_made_by_the_registry_s_own_client(tmp_path: Path) -> None:
    [npm] = install.commands(promptfoo.PEER, tmp_path)
    assert npm[:2] == ["npm", "install"]
    assert npm[-3:] == ["--prefix", str(tmp_path), promptfoo.PEER.package]
    venv, pip = install.commands(inspect_ai.PEER, tmp_path)
    assert venv == [sys.executable, "-m", "venv", str(tmp_path)]
    assert pip[0] == str(tmp_path / "bin/python")
    assert pip[-2:] == list(inspect_ai.PEER.all)


def test_a_peer_that_cannot_be_installed_is_left_out_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PILOTBENCH_PEERS", str(tmp_path))
    monkeypatch.setattr(install, "commands", lambda *_: [["sh", "-c", "echo no such >&2; exit 3"]])
    assert list(peers.rows(peer="promptfoo")) == []
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("bench: promptfoo is left out: sh -c")
    assert line.endswith(": no such")
    monkeypatch.setattr(install, "commands", lambda *_: [["no-such-program"]])
    assert list(peers.rows(peer="promptfoo")) == []
    assert "no-such-program is not there" in capsys.readouterr().err


def test_an_environment_is_made_once_for_a_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PILOTBENCH_PEERS", str(tmp_path))
    made: list[str] = []
    monkeypatch.setattr(install, "_run", lambda words: made.append(words[0]))
    for peer in (SERIAL, SERIAL, replace(SERIAL, package="serial==2")):
        assert install.installed(peer) == tmp_path / peer.package
    assert len(made) == 4


def test_a_peer_sees_no_key_of_the_person_who_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "theirs")
    monkeypatch.setenv("PYTHONPATH", "ours")
    env = environment({"SIM_API_KEY": "simulated"}, Path("h"), Path("h/bin"))
    assert not {"OPENAI_API_KEY", "PYTHONPATH"} & set(env)
    assert env["SIM_API_KEY"] == "simulated"
    assert env["PATH"].split(os.pathsep)[0] == "h/bin"


def test_a_runner_without_any_care_is_measured_as_such(tmp_path: Path) -> None:
    player = Installed(SERIAL, tmp_path)
    one = values(figures.one_sample(player, 1.0))
    assert 0 < one["result written after"] <= one["whole command"]
    again = values(figures.again(player, 0.02))
    assert (again["right"], again["requests repeated"]) == (20, 20)
    poison = values(figures.poison(player, 1.0))
    assert not poison["exit code is not 0"]
    assert poison["results of the other 194"] == 194
    killed = values(figures.killed(player, 0.02))
    assert killed["right"] == 16
    assert 8 <= killed["paid again"] <= 16  # all that was answered before the kill
    assert killed["paid again although answered 0.2 s before the kill"] <= killed["paid again"]


def test_the_time_of_a_run_that_has_lost_something_is_not_told(tmp_path: Path) -> None:
    forgetful = replace(SERIAL, tally=lambda folder, programs: Tally(right=39))
    rows = values(figures.no_latency(Installed(forgetful, tmp_path), 0.02))
    assert rows == {"right": 39}


def test_a_command_that_does_not_end_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(figures, "PATIENT_S", 1.0)
    hanging = Installed(replace(SERIAL, words=lambda _: ["sleep", "600"]), tmp_path)
    found = values(figures.poison(hanging, 1.0))
    assert not found["ends within 1 s"]
    assert found["results of the other 194"] == 0


@pytest.mark.slow
def test_ours_asks_nothing_when_a_finished_job_is_run_again() -> None:
    found = values(figures.again(Ours(whole=False), 0.02))
    assert (found["right"], found["requests repeated"]) == (20, 0)


def test_the_section_shows_each_peer_with_its_commands() -> None:
    rows = [
        figures.less(Ours(), "one sample: whole command", 1.5, "s"),
        *(figures.less(Installed(peer, Path()), "one sample: whole command", 3.0, "s")
          for peer in peers.PEERS.values()),
    ]  # fmt: skip
    text = section([row | {"measured": "2026-01-02T03:04"} for row in rows])
    header = next(line for line in text.splitlines() if line.startswith("| what"))
    assert header.split(" | ")[1:-3] == ["pilot-bench", *peers.PEERS]
    assert all(f"- `{job}`: " in text for job in figures.JOBS)
    for peer in peers.PEERS.values():
        assert f"`{' '.join(peer.all)}`" in text
        for name in peer.files(ASK):
            assert f"{name}:" in text
    assert 'python run.py "$URL" "$KEY" 50 out  # a killed job' in text


def test_the_section_says_why_ours_is_behind_or_that_nobody_knows() -> None:
    known, other = next(iter(WHY)), "a job: a figure"
    rows = [
        figures.less(player, name, value, "s") | {"measured": "2026-01-02T03:04"}
        for name in (known, other, "ahead")
        for player, value in ((Ours(), 2.0), (Installed(SERIAL, Path()), 1.0))
    ]
    rows[-2]["value"] = 0.5
    assert reasons(judged(rows)) == [
        "Where ours is behind:\n",
        f"- {known}: {WHY[known]}",
        f"- {other}: not yet explained.",
        "",
    ]
