"""Real servers, scripts and children: which process does the work, and when each ends."""

import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pilotbench.ground.job_context import alive
from support.runs import wait_until

LIBRARY = Path(__file__).resolve().parents[2] / "workflow" / "scripts"
WORK = """
import os, signal, sys, time
from pathlib import Path

prepared = []

def prepare():
    prepared.append(os.getpid())

def main(does, file=""):
    if does == "prepared":
        print(*prepared)
    if does == "tell":
        print(os.getppid(), Path.cwd(), os.environ["MARK"])
        print("aside", file=sys.stderr)
    if does == "show":
        print(file)
    if does == "burn":
        until = time.process_time() + 0.5
        while time.process_time() < until:
            pass
    if does == "exit":
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if does == "fail":
        sys.exit("error: one line")
    if does == "raise":
        raise ValueError("a bug")
    if does == "wait":
        stop = []
        signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
        Path(file).write_text(f"{os.getpid()} {os.getppid()}")
        while not stop:
            time.sleep(0.01)
        Path(file + ".ended").write_text("stopped in order")
        sys.exit(7)
"""
RUN = """
import sys, time
from pilotbench.build import job_server
job_server.start(["work"])
print(__import__("os").environ[job_server.ASKING], job_server._servers[0][0].pid, flush=True)
sys.stdin.read()
job_server.end()
"""
SCRIPT = """
import sys
from pilotbench.build import job_server
job_server.run("work", eval(sys.argv[1]))
"""
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts Python code; what is left of it is killed at the end."""
    (tmp_path / "work.py").write_text(WORK)
    started: list[subprocess.Popen[str]] = []

    def starting(code: str, *words: str, **env: str) -> subprocess.Popen[str]:
        path = os.pathsep.join(map(str, (LIBRARY, tmp_path)))
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", code, *words],
                cwd=tmp_path,
                env={**os.environ, "PYTHONPATH": path, "MARK": "mine", **env},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return started[-1]

    yield starting
    for process in started:
        process.kill()
        process.communicate()


@contextmanager
def running(start: Start) -> Iterator[tuple[subprocess.Popen[str], dict[str, str], int]]:
    """Yield a run that has a server, the variables of its jobs and the server's process id."""
    run = start(RUN)
    variable, server = run.stdout.readline().rsplit(" ", 1)
    yield run, {"PILOTBENCH_JOB_SERVER": variable}, int(server)
    run.communicate()


def script(start: Start, env: dict[str, str], **work: str) -> tuple[int, str, str]:
    process = start(SCRIPT, repr(work), **env)
    out, err = process.communicate(timeout=600)
    return process.returncode, out, err


def waited_for(file: Path) -> str:
    wait_until(lambda: file.exists() and file.read_text())
    return file.read_text()


def spent() -> float:
    """Return the CPU time of the processes that were waited for, s."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime


def catches(pid: int, number: signal.Signals) -> bool:
    """Say whether a process has a handler of its own for a signal."""
    line = re.search(r"^SigCgt:\s*(\w+)$", Path(f"/proc/{pid}/status").read_text(), re.M)
    return line is not None and bool(int(line[1], 16) >> (number - 1) & 1)


def test_a_child_of_the_server_takes_the_place_of_the_script(start: Start, tmp_path: Path) -> None:
    with running(start) as (_, env, server):
        code, out, err = script(start, {**env, "MARK": "another"}, does="tell")
        assert (code, out, err) == (0, f"{server} {tmp_path} another\n", "aside\n")


def test_a_server_prepares_what_its_children_need(start: Start) -> None:
    run = start(RUN.replace('"work"', '"work:prepare"'))
    variable, server = run.stdout.readline().rsplit(" ", 1)
    _, out, _ = script(start, {"PILOTBENCH_JOB_SERVER": variable}, does="prepared")
    assert out == server


@pytest.mark.parametrize(
    ("does", "says"), [("fail", "error: one line\n"), ("raise", "ValueError: a bug\n")]
)
def test_a_child_fails_as_the_script_would(start: Start, does: str, says: str) -> None:
    with running(start) as (_, env, _):
        there = script(start, env, does=does)
    here = script(start, {"PILOTBENCH_JOB_SERVER": ""}, does=does)
    assert there[0] == here[0] == 1
    assert there[2].endswith(says)
    assert here[2].endswith(says)


def test_without_a_server_the_script_does_the_work_itself(start: Start) -> None:
    with running(start) as (_run, env, server):
        other = env["PILOTBENCH_JOB_SERVER"].replace(sys.prefix, "/another/environment")
        for variable in (other, ""):
            _, out, _ = script(start, {"PILOTBENCH_JOB_SERVER": variable}, does="tell")
            assert out.split()[0] == str(os.getpid())
        os.kill(server, signal.SIGKILL)
        code, out, _ = script(start, env, does="tell")
        assert (code, out.split()[0]) == (0, str(os.getpid()))


def test_a_signal_to_the_script_reaches_the_child(start: Start, tmp_path: Path) -> None:
    with running(start) as (_, env, _):
        waiting = start(SCRIPT, repr({"does": "wait", "file": "w"}), **env)
        waited_for(tmp_path / "w")
        wait_until(lambda: catches(waiting.pid, signal.SIGTERM))  # it knows its child
        waiting.terminate()
        assert waiting.wait(600) == 7
        assert (tmp_path / "w.ended").exists()


def test_a_child_whose_script_was_killed_stops_cleanly(start: Start, tmp_path: Path) -> None:
    with running(start) as (_, env, _):
        waiting = start(SCRIPT, repr({"does": "wait", "file": "w"}), **env)
        waited_for(tmp_path / "w")
        waiting.kill()
        assert waited_for(tmp_path / "w.ended") == "stopped in order"


def test_a_child_that_exits_at_a_signal_ends_alone(start: Start) -> None:
    """Its script ends as soon as it has reported, and that signal must not unwind the server."""
    with running(start) as (_, env, server):
        for _ in range(20):
            assert script(start, env, does="exit")[0] == 0
        assert script(start, env, does="tell")[1].startswith(f"{server} ")


def test_a_script_whose_child_was_killed_fails_with_one_line(start: Start, tmp_path: Path) -> None:
    with running(start) as (_, env, _):
        waiting = start(SCRIPT, repr({"does": "wait", "file": "w"}), **env)
        os.kill(int(waited_for(tmp_path / "w").split()[0]), signal.SIGKILL)
        _, err = waiting.communicate(timeout=600)
        assert waiting.returncode == 1
        assert err.startswith("error: the process of this job was killed")
        assert err.count("\n") == 1


def test_a_killed_run_ends_its_server_and_its_children_get_another_parent(
    start: Start, tmp_path: Path
) -> None:
    with running(start) as (run, env, server):
        start(SCRIPT, repr({"does": "wait", "file": "w"}), **env)
        child, parent = map(int, waited_for(tmp_path / "w").split())
        assert parent == server
        run.kill()
        wait_until(lambda: not alive(server))
        assert not Path(env["PILOTBENCH_JOB_SERVER"].rpartition(os.pathsep)[2]).parent.exists()
        status = Path(f"/proc/{child}/status").read_text()
        assert f"PPid:\t{server}\n" not in status
        os.kill(child, signal.SIGTERM)
        assert waited_for(tmp_path / "w.ended") == "stopped in order"


def test_ctrl_c_does_not_end_the_server_before_its_children(start: Start) -> None:
    with running(start) as (_, env, server):
        script(start, env, does="tell")  # it serves: its handlers are set
        os.kill(server, signal.SIGINT)
        os.kill(server, signal.SIGTERM)
        assert script(start, env, does="tell")[1].startswith(f"{server} ")


def test_the_cpu_time_of_the_children_counts_as_that_of_the_run(start: Start) -> None:
    run = start(RUN)
    before = spent()
    variable, _ = run.stdout.readline().rsplit(" ", 1)
    burning = [
        start(SCRIPT, repr({"does": "burn"}), PILOTBENCH_JOB_SERVER=variable) for _ in range(3)
    ]
    for one in burning:
        one.stdout.read()  # not waited for: their own time is little, and not yet counted
    run.communicate(timeout=600)
    assert spent() - before >= 1.5


@pytest.mark.parametrize("here", [False, True])
def test_numbers_as_keys_of_a_config_stay_numbers(start: Start, here: bool) -> None:
    """Text sorts otherwise, and with it the identity of a request changes."""
    with running(start) as (_, env, _):
        env = {"PILOTBENCH_JOB_SERVER": ""} if here else env
        process = start(SCRIPT, repr({"does": "show", "file": {9906: -1, 15339: 1}}), **env)
        assert process.communicate(timeout=600)[0] == "{9906: -1, 15339: 1}\n"


def test_where_no_process_can_be_started_the_script_does_the_work(
    start: Start, tmp_path: Path
) -> None:
    """The first fork of this server fails, as at a limit on processes; its second does not."""
    (tmp_path / "scarce.py").write_text(
        "import os\nfork, failed = os.fork, []\n"
        "def scarce():\n    if not failed:\n        failed.append(1)\n"
        "        raise BlockingIOError('no process')\n    return fork()\nos.fork = scarce\n"
    )
    run = start(RUN.replace("work", "scarce"))
    variable, server = run.stdout.readline().rsplit(" ", 1)
    for parent in (os.getpid(), int(server)):
        code, out, _ = script(start, {"PILOTBENCH_JOB_SERVER": variable}, does="tell")
        assert (code, out.split()[0]) == (0, str(parent))


def test_nothing_is_imported_from_the_working_folder(start: Start, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "colorsys.py").write_text("raise SystemExit('shadowed')")
    run = start(f"import os; os.chdir('elsewhere')\n{RUN.replace('work', 'colorsys')}")
    variable, _ = run.stdout.readline().rsplit(" ", 1)
    code, out, _ = script(start, {"PILOTBENCH_JOB_SERVER": variable}, does="tell")
    assert code == 0
    assert out.split()[0] != str(os.getpid())


def test_ending_without_the_variable_removes_nothing_but_its_own_folder(
    start: Start, tmp_path: Path
) -> None:
    (tmp_path / "paid").write_text("answers")
    run = start(RUN.replace("sys.stdin.read()", "import os; os.environ.clear(); sys.stdin.read()"))
    run.communicate(timeout=600)
    assert (tmp_path / "paid").exists()
