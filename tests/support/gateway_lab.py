"""`pilotbench serve` in a process of its own, in front of a simulator, and clients of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from openai import OpenAI

from support import _measured
from support.build import ROOT
from support.runs import wait_until

Json = dict[str, Any]
PRICE = {"input": 1, "output": 2}
KEYS = ("sim_key1", "sim_key2")


def config_of(folder: Path, base_url: str, **chosen: Any) -> Json:
    """Return a config with a model for each wire format that a simulator answers."""
    models: Json = {
        "chatty": {"deployment": "echo-mini", "price": PRICE, "max_output": 500},
        "alias": {"deployment": "echo-mini", "price": PRICE, "parameters": {"max_tokens": 9}},
        "thinker": {"deployment": "o4-mini", "price": PRICE, "api": "responses"},
        "claude": {"deployment": "claude", "price": PRICE, "api": "messages"},
        "free": {"deployment": "unbounded", "price": PRICE},
    }
    return {
        "models": ["chatty"],
        "tasks": ["simple_task"],
        "instances": 1,
        "model_catalog": {name: {"provider": "sim", **entry} for name, entry in models.items()},
        "providers": {
            "sim": {
                "kind": "openai",
                "base_url": base_url,
                "retry_for_s": 2,
                "keys": {alias: {"env": f"{alias.upper()}", "slots": 4} for alias in KEYS},
            },
        },
        **{f"{name}_dir": str(folder / name) for name in ("limits", "journal", "results")},
        **chosen,
    }


@dataclass
class Served:
    """A running gateway: its address, and the token and base URL of each label."""

    process: subprocess.Popen[str]
    base_url: str
    labels: dict[str, dict[str, str]]
    clients: list[OpenAI] = field(default_factory=list)

    @property
    def origin(self) -> str:
        """The beginning of every URL."""
        return self.base_url.removesuffix("/v1")

    def client(self, label: str = "default", run: str | None = None, **chosen: Any) -> OpenAI:
        """Return the official client of a label."""
        row = self.labels[label]
        url = row["base_url"] if run is None else row["base_url"][:-3] + f"/run/{run}/v1"
        found = {"base_url": url, "api_key": row.get("token", "none"), "max_retries": 0, **chosen}
        client = OpenAI(**found)
        self.clients.append(client)
        return client

    def post(self, path: str, body: Any, **headers: str) -> tuple[int, Json, dict[str, str]]:
        """Return status, body and headers of a request that no client would send."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        own = {"Authorization": f"Bearer {self.labels['default'].get('token')}", **headers}
        request = urllib.request.Request(self.origin + path, data=content, headers=own)
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return reply.status, json.load(reply), dict(reply.headers)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error), dict(error.headers)

    def status(self) -> Json:
        """Return what was asked so far."""
        url, token = f"{self.origin}/pilotbench/status", self.labels["default"].get("token")
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=60) as reply:
            found: Json = json.load(reply)
        return found

    def await_in_flight(self, count: int) -> None:
        """Wait until so many requests are in flight."""
        wait_until(lambda: self.status()["in_flight"] == count)

    def kill(self) -> None:
        """Kill the process as the system does when memory is short."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> Json:
        """Stop as Ctrl-C does; return what it prints at its end."""
        self.process.send_signal(signal.SIGINT)
        out, err = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, err
        found: Json = json.loads(out)
        return found


class GatewayLab:
    """A folder in which `pilotbench serve` runs, once or several times."""

    def __init__(self, folder: Path, base_url: str) -> None:
        self.folder, self.base_url = folder, base_url
        self._running: list[Served] = []

    def serve(self, *words: str, env: dict[str, str] | None = None, **chosen: Any) -> Served:
        """Start a gateway and wait for its address."""
        process = self.start("--json", *words, env=env, **chosen)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.communicate()[1]
        found = Served(process, **json.loads(line))
        self._running.append(found)
        return found

    def start(
        self, *words: str, env: dict[str, str] | None = None, **chosen: Any
    ) -> subprocess.Popen[str]:
        """Start the command."""
        overlay = self.folder / "overlay.yaml"
        overlay.write_text(yaml.safe_dump(config_of(self.folder, self.base_url, **chosen)))
        secrets = {alias.upper(): f"sk-{alias}" for alias in KEYS}
        command = [*_measured(), "-m", "pilotbench", "serve", *words, "--configfile", str(overlay)]
        library = str(ROOT / "workflow" / "scripts")
        return subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": library, **secrets, **(env or {})},
        )

    def close(self) -> None:
        """End what still runs."""
        for one in self._running:
            if one.process.poll() is None:
                one.kill()
            for client in one.clients:
                client.close()
            for pipe in (one.process.stdout, one.process.stderr):
                if pipe is not None:
                    pipe.close()


def ask(client: OpenAI, words: str = "What is 6 x 7?", model: str = "chatty", **more: Any) -> Json:
    """Return a chat completion as JSON."""
    messages: Any = [{"role": "user", "content": words}]
    made = client.chat.completions.create(model=model, messages=messages, **more)
    found: Json = made.model_dump()
    return found
