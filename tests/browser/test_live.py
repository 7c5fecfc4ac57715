"""The page of a run in progress, and the summary while one is."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from browser import boxes
from browser.conftest import Browser
from pilotbench.build import live_page
from pilotbench.build.progress import Watch
from pilotbench.matrix import config_files
from pilotbench.matrix.experiment import load_experiment
from pilotbench.results.summary import write_all
from support import simulated_models as sim

pytestmark = pytest.mark.browser
RUN = {"models": "oracle,random", "prompts": "baseline", "tasks": "simple_task", "instances": 6}


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Watch:
    """A run of which nothing is finished, and the summary of an earlier one."""
    folder = tmp_path_factory.mktemp("live")
    places = {f"{name}_dir": str(folder / name) for name in ("results", "journal", "limits")}
    made = Watch(load_experiment(config_files.read((), RUN | places)))
    cells = [cell for cell in sim.standard_cells() if cell.prompt == "baseline"][:5]
    write_all.write(sim.data(sim.records(cells, 3)), folder / "results" / "summary")
    return made


def say(watch: Watch, **changes: Any) -> Path:
    """Write the page of the run with some facts changed; return its folder."""
    folder = live_page.write(watch, 0.2).parent
    found = live_page.data(watch, 0.2, folder / "index.html") | changes
    text = f"window.pilotbenchLive({json.dumps(found)});"
    (folder / "draft.js").write_text(text)
    (folder / "draft.js").replace(folder / "live_data.js")
    return folder


@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_of_a_run_refreshes_itself(browser: Browser, watch: Watch, width: int) -> None:
    browser.size(width, 844)
    folder = say(watch)
    browser.open((folder / "live.html").as_uri())
    browser.wait("document.querySelector('h1').textContent.startsWith('0 %')")
    assert boxes.cut(browser) == []
    say(watch, percent="50 %", share=0.5, waiting=["paused: <b>key1</b> until 12:00"])
    browser.wait("document.querySelector('h1').textContent.startsWith('50 %')")
    assert "<b>key1</b> until 12:00" in browser.one(".reasons").text
    assert browser.ask("document.querySelector('[role=progressbar]').ariaValueNow") == "50"
    say(watch, over=True)
    browser.wait("document.getElementById('state').textContent === 'The run is over.'")
    assert browser.errors() == []


def test_the_summary_says_that_a_run_is_in_progress_and_loads_itself_again(
    browser: Browser, watch: Watch
) -> None:
    folder = say(watch, percent="40 %")
    browser.open((folder / "index.html").as_uri())
    browser.wait("document.getElementById('live').textContent.includes('40 %')")
    browser.ask("window.before = true")
    os.utime(folder / "index.html", (time.time() + 60, time.time() + 60))
    say(watch)
    browser.wait("!window.before && document.body.dataset.ready === 'yes'")
    say(watch, written=1.0)
    browser.open((folder / "index.html").as_uri())
    assert browser.ask("document.getElementById('live').hidden")
    assert browser.errors() == []
