"""Canary secrets: no file that a run leaves behind contains one."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterator
from pathlib import Path

from support import Simulator
from support.runs import Run

ENVIRONMENT = "canary+in/environment=1"
DOTENV = "CANARYinDOTENVfile2"
BAD = "sk-CANARY-of-a-dead-key-3"
IN_URL = "canary-in-url-4"


def test_no_secret_is_in_anything_that_a_run_leaves(tmp_path: Path) -> None:
    """The provider repeats all headers in answers and errors, and some keys and requests fail."""
    keys = {"sim_key1": {"secret": ENVIRONMENT}, "sim_key2": {"secret": DOTENV}}
    faults = {"error_500": 0.1, "malformed": 0.1, "content_filter": 0.1}
    with Simulator(
        keys=keys, echo_headers=True, faults=faults, reject_containing=["poison"]
    ) as simulator:
        run = Run(tmp_path, simulator, questions=40, slots=2)
        run.write_pack({7: " of poison", 31: " of poison"})
        run.secrets = {"SIM_KEY1_SECRET": ENVIRONMENT, "SIM_KEY3_SECRET": BAD}
        (tmp_path / ".env").write_text(f"SIM_KEY2_SECRET='{DOTENV}'\n")
        done = run.snakemake()
        status = run.pilotbench("status")
        stats = simulator.stats()
    assert done.returncode != 0
    assert "owed" in run.text()
    assert stats["keys"]["sim_key2"]["answered"] > 0  # the .env file was read
    said = [line["asked"]["completion"]["message"] for line in run.journal() if "asked" in line]
    assert said
    assert all("'Bearer ***'" in message["reasoning_content"] for message in said)
    assert "You sent" in "".join(str(line.get("failure")) for line in run.journal())
    left = {**dict(everything(tmp_path)), "stdout": done.stdout + status.stdout}
    assert {"journal", "results", ".snakemake", "limits"} <= {name.split("/")[0] for name in left}
    assert leaks(left) == []


def test_a_password_in_a_base_url_stays_hidden(tmp_path: Path) -> None:
    with Simulator(keys={"sim_key1": {}}, echo_headers=True) as simulator:
        run = Run(tmp_path, simulator, keys=("url_key",), questions=2)
        url = simulator.base_url.replace("http://", f"http://user:{IN_URL}@")
        run.secrets = {"URL_KEY_SECRET": ENVIRONMENT, "URL_KEY_BASE": url}
        run.experiment["providers"]["sim"]["keys"]["url_key"]["base_url_env"] = "URL_KEY_BASE"
        run.change()
        done = run.snakemake(*run.targets())
    assert "'authorization': 'Basic ***'" in done.stdout
    assert leaks({**dict(everything(tmp_path)), "stdout": done.stdout}) == []


def leaks(left: dict[str, str]) -> list[tuple[str, str]]:
    """Return (secret, name) of each text with a secret, also as basic authentication sends it."""
    basic = base64.b64encode(f"user:{IN_URL}".encode()).decode()
    canaries = (ENVIRONMENT, DOTENV, BAD, IN_URL, basic)
    return [(canary, name) for canary in canaries for name, text in left.items() if canary in text]


def everything(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of every file below `folder` that was not there before."""
    for path in folder.rglob("*"):
        if path.is_file() and path.name != ".env":
            content = path.read_bytes()
            content = gzip.decompress(content) if path.suffix == ".gz" else content
            yield str(path.relative_to(folder)), content.decode("utf-8", "replace")
