"""pilot-bench in the same jobs: the command as typed, and the shards alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from dev.bench.job import BenchJob, prepared
from dev.bench.peers.peer import Sitting, Tally


@dataclass(frozen=True)
class Ours:
    """pilot-bench; without `whole` it makes no database, exports, tables and page."""

    whole: bool = True

    @property
    def name(self) -> str:
        """Its column."""
        return "pilot-bench" if self.whole else "pilot-bench-shards"

    @property
    def leaves_out(self) -> tuple[str, ...]:
        """A shard that owes an episode leaves no file: it is the database that shows the others."""
        return () if self.whole else ("poison",)

    @contextmanager
    def sit(self, job: BenchJob, marks: Mapping[int, str]) -> Iterator[Sitting]:
        """Lay out a job in a checkout."""
        with prepared(job) as run:
            if marks:
                run.write_pack(marks)
            words = [] if self.whole else run.targets()
            result = "results/summary/index.html" if self.whole else "results/shards/**/*.gz"
            yield Sitting(run, words, words, words, result, self._tally(run))

    def _tally(self, run: Any) -> Callable[[], Tally]:
        return lambda: _scored(run.episodes() if self.whole else run.records())


def _scored(episodes: list[dict[str, Any]]) -> Tally:
    completed = [one["success"] is True for one in episodes if one["status"] == "completed"]
    return Tally(right=sum(completed), wrong=len(completed) - sum(completed))
