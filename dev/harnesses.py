"""Run Inspect and lm-eval, kill them and run them again: `python -m dev.harnesses`.

Their packages are installed into a folder of their own (about 1 GB), since the project does not
depend on them. Against the simulator, each harness runs the example of docs/examples/external
    as a task (`kind: external`), undisturbed; with the harness killed; with the whole run killed;
    through `pilotbench serve`, undisturbed; with the harness killed; with the gateway killed;
and is started again until it has its results. The table shows the requests that the service
answered, those that it answered twice, and whether the harness' own numbers are ours.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import yaml

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "docs" / "examples" / "external"
VENV = Path(os.environ.get("PILOTBENCH_HARNESSES", ROOT / ".harnesses"))
PACKAGES = ("inspect-ai==0.3.285", "lm-eval[api]==0.4.13", "openai")
TASKS = {"inspect": "inspect_sums", "lm_eval": "lm_eval_sums"}
SAMPLES, SLOTS, LATENCY_S = 24, 3, 0.7
SECRET = {"HARNESS_KEY": "sk-harness"}
Json = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """What came of one scenario.

    `answered` are the requests that the service answered, `twice` those of them that it had
    answered before; `theirs` and `ours` are the shares of right samples.
    """

    harness: str
    scenario: str
    runs: int
    answered: int
    twice: int
    theirs: float
    ours: float | None
    samples: int
    seconds: float


class Service:
    """The simulator in a process of its own."""

    def __enter__(self) -> Service:
        words = ["--setup", "none", "--key", f"harness:{SLOTS}", "--latency", str(LATENCY_S)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pilotbench", "simulate", *words, "--until-stdin-closes"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.base_url = self._process.stdout.readline().strip()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate()

    @property
    def stats(self) -> Json:
        """What it has answered."""
        address = self.base_url.removesuffix("/v1")
        with urllib.request.urlopen(f"{address}/stats", timeout=60) as reply:
            found: Json = json.load(reply)["total"]
        return found

    def await_answers(self, count: int, timeout_s: float = 180) -> None:
        """Wait until it has given so many answers."""
        since = time.monotonic()
        while self.stats["answered"] < count:
            if time.monotonic() - since > timeout_s:
                raise TimeoutError(f"{self.stats['answered']} answers after {timeout_s:.0f} s")
            time.sleep(0.05)


class Place:
    """A folder with a config that asks one harness' example of one service."""

    def __init__(self, folder: Path, harness: str, service: Service, venv: Path) -> None:
        self.folder, self.harness, self.service = folder, harness, service
        self.task, self.port = TASKS[harness], _free_port()
        shutil.copytree(EXAMPLES / self.task, folder / "tasks" / self.task)
        for name in ("config", "profiles", "workflow", "envs"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("*.pyc"))
        shutil.copy(ROOT / "Snakefile", folder)
        (folder / "overlay.yaml").write_text(yaml.safe_dump(self._config()))
        kept = {n: v for n, v in os.environ.items() if "API_KEY" not in n}
        path = os.pathsep.join((str(venv / "bin"), os.environ["PATH"]))
        library = str(folder / "workflow" / "scripts")
        self.environment = {**kept, **SECRET, "PATH": path, "PYTHONPATH": library}

    def _config(self) -> Json:
        provider = {
            "kind": "openai",
            "base_url": self.service.base_url,
            "keys": {"harness_key": {"env": "HARNESS_KEY", "slots": SLOTS}},
        }
        price = {"input": 1, "output": 2}
        model = {"provider": "sim", "deployment": "echo-mini", "price": price, "max_output": 500}
        return {
            "models": ["echo"],
            "prompts": ["baseline"],
            "tasks": [self.task],
            "instances": "all",
            "shard_size": SAMPLES,
            "task_folders": [str(self.folder / "tasks")],
            "model_catalog": {"echo": model},
            "providers": {"sim": provider},
            "limits_dir": str(self.folder / "limits"),
        }

    def start(self, *words: str, python: bool = True, **env: str) -> subprocess.Popen[str]:
        """Start a command in a session of its own; its output is kept in a file."""
        command = [sys.executable, *words] if python else list(words)
        with (self.folder / "output.txt").open("a") as output:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                env={**self.environment, **env},
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )

    def build(self) -> subprocess.Popen[str]:
        """Start a run of the workflow."""
        name = f"echo/baseline/{self.task}/none/none/00000-{SAMPLES - 1:05d}.jsonl.gz"
        words = [f"results/shards/{name}", "results/master_database.json"]
        words += ["--configfile", "overlay.yaml"]
        return self.start("-m", "snakemake", *words)

    @property
    def processes(self) -> list[int]:
        """The processes of the harness, by the folder that they work in."""
        found = []
        for one in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                words = (one / "cmdline").read_bytes().split(b"\0")
                is_harness = any(Path(os.fsdecode(w)).name == self.harness for w in words[:2])
                if is_harness and (one / "cwd").readlink().is_relative_to(self.folder):
                    found.append(int(one.name))
        return found

    def kill_harness(self) -> None:
        """Kill the harness as the system does when memory is short."""
        for pid in self.processes:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    @property
    def ours(self) -> tuple[float, int]:
        """The share of successes in our database, and the number of samples."""
        with duckdb.connect(str(self.folder / "results" / "master.duckdb"), read_only=True) as base:
            rows = base.execute("select avg(success::int), count(*) from episodes").fetchone()
        assert rows is not None
        return float(rows[0]), int(rows[1])

    def theirs(self, out: Path) -> tuple[float, int]:
        """The share that the harness reports in what it wrote below a folder, and the samples."""
        if self.harness == "inspect":
            logs = [json.loads(p.read_text()) for p in sorted(out.rglob("*.json"))]
            (log,) = (one for one in logs if one.get("status") == "success")
            metric = log["results"]["scores"][0]["metrics"]["accuracy"]["value"]
            return float(metric), len(log["samples"])
        last = max(out.rglob("results_*.json"), key=lambda path: path.stat().st_mtime)
        samples = max(out.rglob("samples_*.jsonl"), key=lambda path: path.stat().st_mtime)
        found = json.loads(last.read_text())["results"]["sums"]["exact_match,last-number"]
        return float(found), len(samples.read_text().splitlines())


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def as_task(place: Place, kill: str | None) -> Row:
    """Run the harness as a task of the workflow."""
    since, runs = time.monotonic(), 1
    going = place.build()
    if kill is not None:
        place.service.await_answers(SAMPLES // 3)
        if kill == "harness":
            place.kill_harness()
        else:
            _kill_all(place, going)
        assert going.wait(300) != 0, "a run with a killed harness must fail"
        _await_gone(place)
        runs, going = 2, place.build()
    assert going.wait(600) == 0, (place.folder / "output.txt").read_text()[-3000:]
    ours, count = place.ours
    theirs, samples = place.theirs(place.folder / "results" / "external")
    assert samples == count == SAMPLES
    name = "undisturbed" if kill is None else f"{kill} killed"
    return _row(place, f"task, {name}", runs, theirs, ours, since)


def through_serve(place: Place, kill: str | None) -> Row:
    """Run the harness against `pilotbench serve`; it goes on with a gateway that is back soon."""
    since, runs = time.monotonic(), 1
    with ExitStack() as opened:
        served = opened.enter_context(_serving(place))
        going = _direct(place, served, runs)
        if kill is not None:
            place.service.await_answers(SAMPLES // 3)
        if kill == "gateway":
            os.killpg(served.process.pid, signal.SIGKILL)
            served.process.wait()
            served = opened.enter_context(_serving(place))
        elif kill == "harness":
            place.kill_harness()
        if going.wait(300) != 0:
            _await_gone(place)
            runs, going = 2, _direct(place, served, 2)
        assert going.wait(300) == 0, (place.folder / "output.txt").read_text()[-3000:]
    theirs, samples = place.theirs(place.folder / f"out{runs}")
    assert samples == SAMPLES
    name = "undisturbed" if kill is None else f"{kill} killed"
    return _row(place, f"serve, {name}", runs, theirs, None, since)


@dataclass(frozen=True)
class Served:
    """A running gateway."""

    process: subprocess.Popen[str]
    base_url: str
    token: str


@contextmanager
def _serving(place: Place) -> Iterator[Served]:
    shown = place.folder / f"served-{time.monotonic_ns()}.json"
    options = f"--json --port {place.port} --configfile overlay.yaml"
    words = f"{sys.executable} -m pilotbench serve {options} > {shown}"
    process = place.start("sh", "-c", f"exec {words}", python=False)
    while not (shown.exists() and shown.read_text().endswith("\n")):
        time.sleep(0.05)
    label = json.loads(shown.read_text().splitlines()[0])["labels"]["default"]
    try:
        yield Served(process, label["base_url"], label["token"])
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(60)


def _direct(place: Place, served: Served, run: int) -> subprocess.Popen[str]:
    """Start the harness by the command of its task, as a user would by hand."""
    task = yaml.safe_load((place.folder / "tasks" / place.task / "task.yaml").read_text())
    base_url = served.base_url.removesuffix("/v1") + f"/run/{run}/v1"
    out = place.folder / f"out{run}"
    values = {
        "{model}": "echo",
        "{base_url}": base_url,
        "{first_1}": "1",
        "{last_1}": str(SAMPLES),
        "{samples_json}": str(list(range(SAMPLES))),
        "{slots}": str(SLOTS),
        "{out}": str(out),
        "{folder}": ".",
    }
    words = task["command"]
    for name, value in values.items():
        words = [word.replace(name, value) for word in words]
    inside = f'cd tasks/{place.task} && exec "$@"'
    return place.start(
        "sh", "-c", inside, "sh", *words, python=False,
        OPENAI_BASE_URL=base_url, OPENAI_API_KEY=served.token,
    )  # fmt: skip


def _row(
    place: Place, scenario: str, runs: int, theirs: float, ours: float | None, since: float
) -> Row:
    found = place.service.stats
    seconds = time.monotonic() - since
    answered, twice = found["answered"], found["paid_again"]
    return Row(place.harness, scenario, runs, answered, twice, theirs, ours, SAMPLES, seconds)


def _kill_all(place: Place, going: subprocess.Popen[str]) -> None:
    """Kill the run and its jobs, which are in its session."""
    os.killpg(going.pid, signal.SIGKILL)


def _await_gone(place: Place, timeout_s: float = 60) -> None:
    """Wait until no process of the harness is left: its guard ends it."""
    since = time.monotonic()
    while place.processes:
        assert time.monotonic() - since < timeout_s, f"still running: {place.processes}"
        time.sleep(0.1)


How = Callable[[Place, str | None], Row]
SCENARIOS: tuple[tuple[How, str | None], ...] = (
    (as_task, None),
    (as_task, "harness"),
    (as_task, "run"),
    (through_serve, None),
    (through_serve, "harness"),
    (through_serve, "gateway"),
)


def scenario(harness: str, number: int, venv: Path = VENV, keep: bool = False) -> Row:
    """Run one scenario in a folder of its own."""
    how, kill = SCENARIOS[number]
    folder = Path(tempfile.mkdtemp(prefix="harness-"))
    try:
        with Service() as service:
            return how(Place(folder, harness, service, venv), kill)
    finally:
        if keep:
            print(folder, file=sys.stderr)
        else:
            shutil.rmtree(folder, ignore_errors=True)


def install(venv: Path) -> None:
    """Install the harnesses into a folder of their own, if they are not there."""
    if all((venv / "bin" / name).exists() for name in TASKS):
        return
    since = time.monotonic()
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, *PACKAGES], check=True)
    size = sum(path.lstat().st_size for path in venv.rglob("*")) / 1e6
    print(f"installed in {time.monotonic() - since:.0f} s, {size:.0f} MB", file=sys.stderr)


def table(rows: list[Row]) -> str:
    """Return the table as Markdown."""
    lines = [
        "| harness | how | runs | requests answered | answered twice | its score | ours | s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        ours = "" if row.ours is None else f"{row.ours:.4f}"
        lines.append(
            f"| {row.harness} | {row.scenario} | {row.runs} | {row.answered} of {row.samples} | "
            f"{row.twice} | {row.theirs:.4f} | {ours} | {row.seconds:.0f} |"
        )
    return "\n".join(lines)


def main(words: list[str] | None = None) -> int:
    """Install, run, kill, compare; print the table."""
    parser = argparse.ArgumentParser(prog="python -m dev.harnesses", description=__doc__)
    parser.add_argument("--venv", type=Path, default=VENV, help="folder of the harnesses' packages")
    parser.add_argument("--only", choices=TASKS, help="one harness")
    parser.add_argument("--scenario", type=int, choices=range(len(SCENARIOS)), help="one scenario")
    parser.add_argument("--keep", action="store_true", help="keep the folders")
    args = parser.parse_args(words)
    install(args.venv)
    numbers = range(len(SCENARIOS)) if args.scenario is None else [args.scenario]
    rows = []
    for harness in [args.only] if args.only else list(TASKS):
        for number in numbers:
            rows.append(scenario(harness, number, args.venv.resolve(), args.keep))
            print(table(rows[-1:]).splitlines()[-1], file=sys.stderr)
    print(table(rows))
    return int(any(row.ours not in (None, row.theirs) for row in rows))


if __name__ == "__main__":
    sys.exit(main())
