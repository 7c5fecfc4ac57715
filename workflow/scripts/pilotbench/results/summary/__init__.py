"""The summary: what a person looks at. Nothing here asks a model or touches the network.

data         what the database holds, read once
scores       episodes -> one row a group: rates with intervals, effort, cost
contrasts    paired comparisons, one family an experiment x kind of contrast
ranking      who is ahead under the headline prompt
facts        what was run, is it complete, what did it cost, what to be wary of
tables       every table of the page, by name
figures      every figure of the page, by name
page, markdown, transcripts, compare, table    the ways to show them
where_from   the way back: from a number to episodes, files and commands
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


def build(db_path: Path, results: Path, out: Path, settings: Any) -> None:
    """Write `out`/index.html, summary.md, summary.json, tables/, figures/ and transcripts/.

    `results` is the folder that holds shards/. Nothing is asked of any provider.
    """
    from pilotbench.results.summary import (write_all)

    write_all.build(db_path, results, out, settings)


def terminal(db_path: Path, settings: Any = None, *, width: int = 110) -> str:
    """Return the short result table, for a terminal or a log."""
    from pilotbench.results.summary import (terminal_table)

    return terminal_table.terminal(db_path, settings, width)
