"""Notices: once per run, over all its processes; kept for `status`; never an error."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from pilotbench.ground import job_context, notices
from pilotbench.ground.errors import UserError
from pilotbench.ground.job_context import JobContext


@pytest.fixture
def nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin as a process that has said nothing and is no job of a run."""
    monkeypatch.setattr(notices, "_known", notices.Known())
    monkeypatch.delenv(job_context.VARIABLE, raising=False)


def in_a_run(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    path = notices.of_run(folder)
    notices.begin(path)
    monkeypatch.setenv(job_context.VARIABLE, json.dumps({"notices": str(path)}))
    return path


@pytest.mark.usefixtures("nothing_said")
def test_outside_a_run_a_notice_is_printed_once(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            notices.say("a", "key a: connection refused")
    notices.say("b", "key b:\n  \x1b[2Jpaused, sk-" + "ab12" * 7)
    assert capsys.readouterr().err == "key a: connection refused\nkey b: ␛[2Jpaused, ***\n"
    assert caplog.messages[0] == "key a: connection refused"


@pytest.mark.usefixtures("nothing_said")
def test_the_jobs_of_a_run_say_each_notice_once_and_status_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_a_run(monkeypatch, tmp_path)
    line = (
        "import sys; from pilotbench.ground import notices; notices.say(sys.argv[1], sys.argv[2])"
    )
    jobs = [
        subprocess.Popen(
            [sys.executable, "-c", line, key, f"{key} in words {number}"], stderr=subprocess.PIPE
        )
        for key in ("a", "b")
        for number in range(3)
    ]
    printed = [job.communicate()[1] for job in jobs]
    assert printed == [b""] * 6  # the run prints them, not the jobs
    assert sorted(one.key for one in notices.read(tmp_path)) == ["a", "b"]
    notices.begin(notices.of_run(tmp_path))
    assert notices.read(tmp_path) == []


@pytest.mark.usefixtures("nothing_said")
def test_the_run_prints_every_notice_of_its_jobs_the_last_one_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = in_a_run(monkeypatch, tmp_path)
    written: list[str] = []
    follower = notices.Follower(path, written.append)
    notices.say("a", "first")
    notices.say("b", "last")
    follower.end()
    assert written == ["first", "last"]


@pytest.mark.usefixtures("nothing_said")
@pytest.mark.parametrize("damage", [b"\xff\x00{", b"[]\n", b'{"at": "x"}\n', b'{"at": 1}\nnull\n'])
def test_a_damaged_file_of_notices_hides_nothing_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: bytes
) -> None:
    path = in_a_run(monkeypatch, tmp_path)
    path.write_bytes(damage + b"\n")
    notices.say("a", "seen")
    assert [one.text for one in notices.read(tmp_path)] == ["seen"]


@pytest.mark.usefixtures("nothing_said")
def test_where_the_file_cannot_be_written_the_notice_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    in_a_run(monkeypatch, tmp_path).unlink()
    (tmp_path / "logs").rmdir()
    notices.say("a", "seen")
    assert capsys.readouterr().err == "seen\n"
    monkeypatch.setenv(job_context.VARIABLE, "no JSON")
    notices.say("b", "no error")


@pytest.mark.parametrize("value", [JobContext(), JobContext({"k": 1}, True, 5, "/x/notices")])
def test_the_job_context_names_the_file(value: JobContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(job_context.VARIABLE, "{}")
    job_context.publish(value)
    assert job_context.read() == value


@pytest.mark.usefixtures("nothing_said")
@pytest.mark.parametrize("by_others", [False, True], ids=["this job", "another job"])
def test_a_run_has_a_bounded_number_of_notices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_others: bool
) -> None:
    in_a_run(monkeypatch, tmp_path)
    for number in range(2 * notices.MOST):
        if by_others:
            monkeypatch.setattr(notices, "_known", notices.Known())
        notices.say(f"key {number}", f"text {number}")
    found = notices.read(tmp_path)
    assert len(found) == notices.MOST + 1
    assert found[-1].text == "further notices are in the logs"


@pytest.mark.usefixtures("nothing_said")
def test_what_repeats_the_words_of_a_service_is_said_three_times_for_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_a_run(monkeypatch, tmp_path)
    for model in ("a", "b"):
        for number in range(50):
            if number % 7 == 0:  # another job of the run
                monkeypatch.setattr(notices, "_known", notices.Known())
            notices.say(f"served {model} {number}", "other", f"served {model}")
    kinds = [one.kind for one in notices.read(tmp_path)]
    assert kinds == ["served a"] * 3 + ["served b"] * 3


@pytest.mark.usefixtures("nothing_said")
def test_each_line_of_the_file_is_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_a_run(monkeypatch, tmp_path)
    parsed, real = [], notices._parsed
    monkeypatch.setattr(notices, "_parsed", lambda data: parsed.append(data) or real(data))
    for number in range(50):
        notices.say(f"key {number}", "text")
    lines = b"".join(parsed).splitlines()
    assert len(lines) == len(set(lines)) == 49


@pytest.mark.usefixtures("nothing_said")
def test_a_line_that_a_killed_job_has_left_unfinished_hides_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = in_a_run(monkeypatch, tmp_path)
    notices.say("a", "first")
    with path.open("a") as file:
        file.write('{"at": 1, "key"')
    notices.say("b", "second")
    notices.say("b", "again")
    assert [one.text for one in notices.read(tmp_path)] == ["first", "second"]


@pytest.mark.usefixtures("nothing_said")
def test_what_is_said_while_an_answer_waits_to_be_written_comes_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_a_run(monkeypatch, tmp_path)
    with notices.held():
        notices.say("a", "of the answer")
        assert notices.read(tmp_path) == []
    assert [one.text for one in notices.read(tmp_path)] == ["of the answer"]


@pytest.mark.usefixtures("nothing_said")
@pytest.mark.parametrize("link", ["logs", "the file"])
def test_no_notice_is_written_through_a_link(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    link: str,
) -> None:
    outside, results = tmp_path / "outside", tmp_path / "results"
    outside.mkdir()
    results.mkdir()
    mine = outside / "mine.txt"
    mine.write_text("precious")
    path = notices.of_run(results)
    if link == "logs":
        path.parent.symlink_to(outside)
        with pytest.raises(UserError, match="logs: this symbolic link leads out"):
            notices.begin(path)
    else:
        path.parent.mkdir()
        for name in (path.name, "notices.jsonl"):
            path.with_name(name).symlink_to(mine)
        notices.begin(path)
    monkeypatch.setenv(job_context.VARIABLE, json.dumps({"notices": str(path)}))
    notices.say("a", "seen")
    assert mine.read_text() == "precious"
    assert list(outside.iterdir()) == [mine]
    assert capsys.readouterr().err == "seen\n"


@pytest.mark.usefixtures("nothing_said")
def test_the_last_line_of_a_job_is_passed_on_in_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = f"error: a/b.jsonl.gz: 1 of 20 episodes owed: {'x' * 900}; run again"
    assert not notices.passed_on(line)  # outside a run the job prints it
    in_a_run(monkeypatch, tmp_path)
    assert notices.passed_on(line)
    assert [one.text for one in notices.read(tmp_path)] == [line]
