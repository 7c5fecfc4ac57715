"""The page of a run in progress: a page beside the summary, and the data that it reads again.

`live.html` loads `live_data.js` as a script every few seconds, which works from disk too; so does
`index.html` as long as that file is fresh, and is loaded again when it has been written again.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pilotbench.build.progress import Watch
from pilotbench.build.progress_bar import span
from pilotbench.build.progress_table import Look
from pilotbench.ground import atomic_files, links
from pilotbench.results.summary import page_data
from pilotbench.results.summary.page_templates import asset, environment, script_json

PAGE = "live.html"
NOTICES = 20
SCRIPTS = ("sort.js", "text.js", "live_poll.js", "live_page.js")


def write(watch: Watch, every_s: float) -> Path:
    """Write the data, and the page if it has changed; return the page.

    `every_s`: after how many seconds it is written again. Raises UserError where the folder of the
    summary leads out of the results.
    """
    results = watch.experiment.settings.results_dir
    folder = results / "summary"
    links.inside(results, folder / PAGE)
    folder.mkdir(parents=True, exist_ok=True)
    html = (
        environment()
        .get_template("live.html.j2")
        .render(css=asset("page.css"), scripts=[asset(name) for name in SCRIPTS])
    )
    page_data.write(folder / PAGE, html)
    found = script_json(data(watch, every_s, folder / "index.html"))
    atomic_files.write_text(folder / page_data.LIVE, f"window.pilotbenchLive({found});\n")
    return folder / PAGE


def data(watch: Watch, every_s: float, page: Path) -> dict[str, Any]:
    """Return what the page shows; `page` is the summary, whose time tells whether it is new."""
    look = Look.at(watch)
    seen = look.overview
    return {
        "written": time.time(),
        "every": every_s,
        "over": seen.done >= seen.planned and not seen.verdicts_left,
        "page": page.stat().st_mtime_ns // 1_000_000 if page.is_file() else None,
        "share": seen.share,
        "percent": seen.percent,
        "left": seen.time_left,
        "parts": seen.parts,
        "waiting": [f"{one.kind}: {one}" for one in look.reasons],
        "tables": [one for one in _tables(look) if one["rows"]],
        "notices": [str(notice) for notice in watch.notices()[-NOTICES:]],
    }


def _tables(look: Look) -> list[dict[str, Any]]:
    def usd(row: Any) -> str:
        return f"{row.usd:.4f}" + (" +" if row.usd_unknown else "")

    models = [
        [
            *(row.model, f"{row.done:,}/{row.planned:,}", row.begun, row.owed, row.shards_running),
            *(f"{row.answer_rate:.1f}", "–" if row.left_s is None else span(row.left_s), usd(row)),
        ]
        for row in look.models
    ]
    judges = [
        [row.judge, f"{row.done:,}/{row.planned:,}", row.begun, row.owed, row.running, usd(row)]
        for row in look.judges
    ]
    keys = [
        [
            *(row.key, "–" if row.in_flight is None else row.in_flight, row.slots),
            *(f"{row.rate:.1f}", str(row.state)),
        ]
        for row in look.keys
    ]
    heads: Mapping[str, Sequence[str]] = {
        "models": ("model", "episodes", "begun", "owed", "running", "per min", "left", "USD"),
        "judges": ("judge", "verdicts", "begun", "owed", "running", "USD"),
        "keys": ("key", "in flight", "slots", "per min", "state"),
    }
    rows = {"models": models, "judges": judges, "keys": keys}
    return [{"name": name, "head": head, "rows": rows[name]} for name, head in heads.items()]
