"""Raw requests and answers of a shard, as they were sent and as they came, from the journal.

The journal has each answer, but only the hash of its request: the requests are made again by
playing the episodes with the answers of the journal. Nothing is sent. A page of transcripts would
be many times larger with all of it, so that the file of a shard is only written when asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pilotbench.asking.asker import JournalOnly
from pilotbench.episodes.evaluate import play_shard
from pilotbench.ground import links
from pilotbench.ground.errors import PilotbenchError
from pilotbench.matrix.cells import Shard
from pilotbench.matrix.experiment import Experiment
from pilotbench.providers.answer import Answer
from pilotbench.providers.request import Request
from pilotbench.results.summary import page_data
from pilotbench.results.summary.transcripts import FOLDER, raw_path

Json = dict[str, Any]


@dataclass
class _Listener:
    """Answers from the journal, and keeps what was asked and answered."""

    source: JournalOnly
    turns: list[Json] = field(default_factory=list)

    def __call__(self, request: Request) -> Answer:
        answer = self.source(request)
        place = {"index": request.instance.index, "repeat": request.repeat, "turn": request.turn}
        received = {**vars(answer), "completion": answer.completion.as_json()}
        self.turns.append(place | {"request": request.body, "answer": received})
        return answer


def turns(experiment: Experiment, shard: Shard) -> list[Json]:
    """Return every turn that the journal has: index, repeat, turn, request and answer."""
    listener = _Listener(JournalOnly(experiment, shard))
    play_shard(experiment, shard, listener)
    return listener.turns


def write(experiment: Experiment, shard: Shard) -> Path:
    """Write the turns of a shard for the page of its transcripts; return the file.

    Raises PilotbenchError where the journal has none of them.
    """
    found = turns(experiment, shard)
    if not found:
        raise PilotbenchError(f"the journal has no answer for {shard.path}")
    summary = experiment.settings.results_dir / "summary"
    path = raw_path(str(shard.path))
    file = links.inside(summary, summary / FOLDER / path)
    content = {f"{one['index']} {one['repeat']} {one['turn']}": one for one in found}
    page_data.write(file, page_data.packed(path.removesuffix(".js"), content))
    return file
