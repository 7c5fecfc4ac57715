"""The summary: what a person looks at. Nothing here sends a request to a provider.

write_all        every file of the summary
page             index.html
export_files     summary.json, summary.md and CSV tables
figures          every figure of the page, by name; render_figures writes SVG and PNG on request
transcripts      one page per shard
answer_pages     one table of question x model per task: answer_table, answer_replies, page_data
terminal_table   the short table for a terminal
compare          two result folders, prompts or models side by side
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pilotbench.benchmark.tasks.task import Task
    from pilotbench.results.analysis.load import SummaryData

CAPTIONS = Path("figures/captions.rst")
"""The captions of the figures, for Snakemake's report."""


def build(
    loaded: SummaryData,
    out: Path,
    batches: Sequence[Mapping[str, Any]] = (),
    tasks: Mapping[str, Task] | None = None,
) -> None:
    """Write `out`/index.html, summary.md, summary.json, tables/, transcripts/, answers/.

    `loaded` is the selection as `analysis.load` has read it. `batches` are those that are out, one
    entry per model (see `SummaryData`). `tasks` have the questions of packs. Nothing is asked of
    any provider.
    """
    from pilotbench.results.summary import write_all

    write_all.build(loaded, out, batches, tasks)


def draw(loaded: SummaryData, folder: Path) -> None:
    """Write the figures of the page as SVG and PNG files, with their captions, to `folder`."""
    from pilotbench.results.summary import write_all

    write_all.draw(loaded, folder)


def terminal(db_path: Path, settings: Any = None, *, width: int = 110) -> str:
    """Return the short result table, for a terminal or a log."""
    from pilotbench.results.summary import terminal_table

    return terminal_table.terminal(db_path, settings, width)
