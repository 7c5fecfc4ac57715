"""What several test files need; importing it imports nothing heavy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

Json = dict[str, Any]
_TESTS = Path(__file__).resolve().parent.parent
_LIBRARY = _TESTS.parent / "workflow" / "scripts"


def _measured() -> list[str]:
    """Return the words that measure the coverage of a process, where that of this one is."""
    coverage = sys.modules.get("coverage")
    if coverage is None or coverage.Coverage.current() is None:
        return []
    root = _TESTS.parent
    files = ["--rcfile", str(root / "pyproject.toml"), "--data-file", str(root / ".coverage")]
    return ["-m", "coverage", "run", "--parallel-mode", *files]


class Simulator:
    """A provider simulator in a process of its own, while the `with` block lasts.

    Settings are those of pilotbench/simulator/ground/setup.py:
    `with Simulator(keys={"k1": {"slots": 5}}, latency_s=0.05) as simulator: …`
    A key's secret is `sk-` and its name unless it is set.
    """

    def __init__(self, *, lifetime_s: float = 1800, **settings: Any) -> None:
        self.settings = settings
        self.lifetime_s = lifetime_s
        self.base_url = ""

    def __enter__(self) -> Simulator:
        """Start the process and wait for its address."""
        with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as file:
            json.dump(self.settings, file)
        self._config = Path(file.name)
        path = os.pathsep.join((str(_TESTS), str(_LIBRARY)))
        flags = ["--setup", file.name, "--lifetime", str(self.lifetime_s), "--until-stdin-closes"]
        self._process = subprocess.Popen(
            [sys.executable, *_measured(), "-m", "pilotbench", "simulate", *flags],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )
        assert self._process.stdout is not None
        self.base_url = self._process.stdout.readline().strip()
        if not self.base_url:
            self.__exit__()
            raise RuntimeError("the simulator did not start")
        return self

    def line(self, *, indented: bool = False) -> str:
        """Return the next line that it prints after its address."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        return line.rstrip() if indented else line.strip()

    def __exit__(self, *_: object) -> None:
        """Stop the process."""
        self._process.terminate()
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._config.unlink(missing_ok=True)

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    @property
    def address(self) -> str:
        """The endpoint without `/v1`: what Azure calls its endpoint."""
        return self.base_url.removesuffix("/v1")

    def secret(self, key: str) -> str:
        """Return the secret that a client sends for `key`."""
        return str(self.settings.get("keys", {}).get(key, {}).get("secret") or f"sk-{key}")

    def stats(self, *, slots: int | None = None, series: bool = False) -> Json:
        """Return the statistics; with `slots` the list schedule, with `series` every arrival."""
        words = [f"slots={slots}"] if slots else []
        words += ["series=1"] if series else []
        with urllib.request.urlopen(f"{self.address}/stats?{'&'.join(words)}", timeout=60) as reply:
            found: Json = json.load(reply)
        return found

    def invoice(self) -> Json:
        """Return what it has charged."""
        with urllib.request.urlopen(f"{self.address}/invoice", timeout=60) as reply:
            found: Json = json.load(reply)
        return found

    def reset(self) -> None:
        """Reset the statistics."""
        self._post("reset")

    def hold(self) -> None:
        """Hold back every answer until `release`, so that requests stay in flight."""
        self._post("hold")

    def release(self, count: int | None = None) -> None:
        """Send all answers that are held back and stop holding; or send `count` of them."""
        self._post("release" if count is None else f"release?count={count}")

    def end_batches(self) -> None:
        """End every batch that runs, as if its time were over."""
        self._post("batches/end")

    def release_batches(self) -> None:
        """Send the answers that are held back by `submit_late` and `results_late`."""
        self._post("batches/release")

    def batch_faults(self, **counts: int) -> None:
        """Let faults of simulator/ground/batch_setup.py happen to the next requests."""
        self._post(f"batches/faults?{'&'.join(f'{name}={n}' for name, n in counts.items())}")

    def _post(self, name: str) -> None:
        request = urllib.request.Request(f"{self.address}/{name}", data=b"", method="POST")
        urllib.request.urlopen(request, timeout=60).close()
