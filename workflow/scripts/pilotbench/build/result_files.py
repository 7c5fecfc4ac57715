"""The files that the rules write, below the results folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from pilotbench.build import outputs
from pilotbench.matrix.axes import NAMES

SHARD = "/".join(f"{{{name}}}" for name in (*NAMES, "shard"))
"""The path of a shard below `shards/`, without its suffix, as Snakemake's wildcards."""
BATCHES = ".batches"
"""Below the results folder: the marks of a run that the batches of a model are over."""
_PAGES = ("index.html", "summary.md", "summary.txt", "summary.json", "tables")
_TABLES = ("episodes", "cells", "leaderboard", "errors", "metrics", "shards", "owed")


@dataclass(frozen=True)
class ResultFiles:
    """The paths of all results; `planned` are those of the shards below `shards/`, and `judged`
    those of the verdicts below `verdicts/`.

    `results` is the folder as the config names it: with object storage, the copies of the files on
    this machine are elsewhere. `run` names the run, for files that no other run may find. `drawn`:
    figures have been requested earlier, so that they are among the results.
    """

    results: str
    planned: Iterable[str] = field(repr=False)
    run: str = "run"
    judged: Iterable[str] = field(default=(), repr=False)
    drawn: bool = False

    @property
    def shard(self) -> str:
        """The pattern of a shard's file."""
        return f"{self.results}/shards/{SHARD}.jsonl.gz"

    @property
    def shards(self) -> list[str]:
        """The files of the planned shards."""
        return [f"{self.results}/shards/{path}" for path in self.planned]

    def verdict(self, folder: str) -> str:
        """Return the pattern of a file of verdicts in a folder of `verdicts/`."""
        return f"{self.results}/verdicts/{folder}/{SHARD}.jsonl.gz"

    @property
    def verdicts(self) -> list[str]:
        """The files of the planned verdicts."""
        return [f"{self.results}/verdicts/{path}" for path in self.judged]

    @property
    def batches_over(self) -> str:
        """The pattern of a run's mark that nothing more of a model can be batched."""
        return f"{self.results}/{BATCHES}/{{model}}.{self.run}"

    @property
    def database(self) -> str:
        """The master database."""
        return f"{self.results}/master.duckdb"

    @property
    def made(self) -> str:
        """An empty file: removed by what refreshes the database outside of the rules."""
        return f"{self.results}/{outputs.MADE}"

    @property
    def refreshed(self) -> str:
        """When the database was last refreshed outside of the rules."""
        return f"{self.results}/{outputs.REFRESHED}"

    @property
    def master_json(self) -> str:
        """The master database as JSON."""
        return f"{self.results}/master_database.json"

    @property
    def reference(self) -> str:
        """The outcomes of the reference players on the draws of the models."""
        return f"{self.results}/reference.json"

    @property
    def parquet(self) -> str:
        """The episodes as Parquet."""
        return f"{self.results}/exports/episodes.parquet"

    @property
    def csv(self) -> list[str]:
        """The tables as CSV."""
        return [f"{self.results}/exports/{table}.csv" for table in _TABLES]

    @property
    def inspect_logs(self) -> str:
        """The folder of the logs for Inspect's viewer, which only a request for it makes."""
        return f"{self.results}/exports/{outputs.INSPECT_LOGS}"

    @property
    def figures(self) -> str:
        """The folder of the figures, which only a request for it makes."""
        return f"{self.results}/{outputs.FIGURES}"

    @property
    def pages(self) -> list[str]:
        """The page, and the other files of the summary."""
        return [self.summary(name) for name in _PAGES]

    def summary(self, name: str) -> str:
        """Return a file or folder of the summary."""
        return f"{self.results}/summary/{name}"

    def log(self, name: str) -> str:
        """Return the log file of a rule."""
        return f"{self.results}/logs/{name}.log"

    def all(self) -> list[str]:
        """Return every result. A target that names only some of them hides failures of others."""
        derived = (self.database, self.made, self.master_json, self.parquet, self.reference)
        drawn = [self.figures] if self.drawn else []
        return [*self.shards, *self.verdicts, *derived, *self.csv, *self.pages, *drawn]
