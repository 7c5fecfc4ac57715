"""Take the pictures of the documentation again: `python -m dev.pictures`.

A real run against simulated models (no key, no cost) writes its results to a temporary folder, and
headless Chromium opens its pages. `--out FOLDER --width 390` takes the same pictures at another
width, to look at the pages as on another screen; docs/images is left alone.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
SKILLS = {"strong": "sim-76-92", "middle": "sim-58-76", "weak": "sim-39-55"}
"""The models of the run and what the simulator lets them do (simulator/players.py)."""
RUN = {
    "experiment": "three simulated models",
    "models": list(SKILLS),
    "prompts": ["baseline", "cot", "optimal"],
    "tasks": "all",
    "benchmark": 3,
    "difficulties": ["easy"],
    "instances": 20,
    "shard_size": 10,
    "model_catalog": {
        name: {
            "provider": "idealab",
            "deployment": name,
            "parameters": {"temperature": 0, "max_tokens": 1024},
            "price": {"input": price, "output": 4 * price},
        }
        for name, price in (("strong", 2.0), ("middle", 0.4), ("weak", 0.1))
    },
}
"""The config of the run."""
SERVICE = {
    "keys": {f"gateway{n}": {"slots": 5} for n in (1, 2, 3)},
    "models": {name: {"plays": skill, "latency_s": 0.2} for name, skill in SKILLS.items()},
    "sigma": 0.4,
    "tasks": ["all"],
    "environment": {
        "IDEALAB_API_BASE": "{origin}/v1",
        **{f"IDEALAB_API_KEY_{n}": f"sk-gateway{n}" for n in (1, 2, 3)},
    },
}
"""The settings of the simulator (simulator/setup.py)."""
CHROMIUM = ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars")


@dataclass(frozen=True)
class Picture:
    """A page of the summary, at a place in it, as it looks in a window of a given height."""

    name: str
    page: str
    height: int
    place: str = ""
    dark: bool = False


PICTURES = (
    Picture("summary.png", "index.html", 1290),
    Picture(
        "transcript.png",
        "transcripts/index.html",
        1870,
        place="#strong/baseline/basic_task/easy/0.8/00000-00009",
        dark=True,
    ),
)
WIDTH = 1280


def build(folder: Path) -> Path:
    """Run the matrix below `folder` and return the folder of its summary."""
    places = {name: str(folder / name) for name in ("results", "journal", "limits")}
    folder.mkdir(parents=True, exist_ok=True)
    config, service = folder / "pictures.yaml", folder / "simulator.yaml"
    config.write_text(yaml.safe_dump(RUN | {f"{name}_dir": path for name, path in places.items()}))
    service.write_text(yaml.safe_dump(SERVICE))
    with simulated(service) as variables:
        command = [sys.executable, "-m", "snakemake", "--quiet", "all", "--configfile", str(config)]
        subprocess.run(command, cwd=ROOT, env=os.environ | variables, check=True)
    return folder / "results" / "summary"


@contextmanager
def simulated(service: Path) -> Iterator[dict[str, str]]:
    """Start the simulated service; yield the variables that direct a run to it."""
    command = [sys.executable, "-m", "pilotbench", "simulate", "--json", "--until-stdin-closes"]
    command += ["--setup", str(service)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["environment"]
        process.communicate()  # closes its stdin, which ends it


def photograph(summary: Path, out: Path, width: int = WIDTH) -> None:
    """Write every picture of a summary to the folder `out`."""
    out.mkdir(parents=True, exist_ok=True)
    with chromium() as driver:
        for picture in PICTURES:
            _show(driver, (summary / picture.page).as_uri() + picture.place, picture, width)
            driver.save_screenshot(str(out / picture.name))


def _show(driver: Any, url: str, picture: Picture, width: int) -> None:
    """Open a page in a window of the given size and wait until it is ready."""
    from selenium.webdriver.support.wait import WebDriverWait

    size = {"width": width, "height": picture.height, "deviceScaleFactor": 1, "mobile": width < 500}
    scheme = {"name": "prefers-color-scheme", "value": "dark" if picture.dark else "light"}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
    driver.get(url)
    ready = "return document.body.dataset.ready === 'yes'"
    WebDriverWait(driver, 120).until(lambda page: page.execute_script(ready))


@contextmanager
def chromium() -> Iterator[Any]:
    """Start headless Chromium, driven by Selenium."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or sys.exit("error: install chromium")
    for flag in CHROMIUM:
        options.add_argument(flag)
    service = webdriver.ChromeService(executable_path=shutil.which("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    try:
        yield driver
    finally:
        driver.quit()


def main() -> None:
    """Run the matrix, unless its summary is given, and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=IMAGES, help="folder of the pictures")
    parser.add_argument("--width", type=int, default=WIDTH, help="of the window, in pixels")
    parser.add_argument("--summary", type=Path, help="a summary that `--keep` kept: no new run")
    parser.add_argument("--keep", type=Path, help="folder for the results of the run")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        summary = args.summary or build((args.keep or Path(name)).resolve())
        photograph(summary.resolve(), args.out, args.width)


if __name__ == "__main__":
    main()
