"""The waves of the batch lane: in each, one request of every unfinished episode of a model.

An episode asks turn by turn, so that a batch can hold only its next request. A wave submits what
each unfinished episode asks next; when results arrive, they are in the journal, and the next wave
goes one turn further. What is left at the end (requests that the service does not take in batches,
batches that took too long) is asked online by the jobs of the shards.
"""

from __future__ import annotations

import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import product

from pilotbench.asking.asker import JournalOnly
from pilotbench.asking.batches.lane import NO_BUDGET, BatchLane, Left, OutBatch, Submitted
from pilotbench.benchmark.packs.external_task import is_external
from pilotbench.episodes.episode import Course, course
from pilotbench.episodes.evaluate import spec_of
from pilotbench.ground.clock import CLOCK, Clock
from pilotbench.ground.errors import ProviderError, Stopping, UserError
from pilotbench.ground.plurals import counted
from pilotbench.matrix.cells import Shard
from pilotbench.matrix.experiment import Experiment
from pilotbench.providers.request import Request
from pilotbench.providers.settings import BATCH

Place = tuple[int, int]
"""Index and repeat of an episode."""
PAUSE_S = 60.0
"""How long a wave waits at most before it looks for deadlines, and for room."""
log = logging.getLogger(__name__)


class Unfinished:
    """The episodes of some shards that have a request to submit, fewer from wave to wave.

    Each is played once: it waits for the answer to its request, however many waves that takes. What
    an external task asks is known only while its command runs, so it is asked online.
    """

    def __init__(self, experiment: Experiment, shards: Iterable[Shard]) -> None:
        self._experiment = experiment
        self._begun: dict[Shard, dict[Place, tuple[Course, Request]]] = {}
        self._new = [one for one in shards if not is_external(experiment.tasks[one.cell.task])]

    def wave(self) -> list[tuple[Shard, Request]]:
        """Return the next request of every episode, as the journal is now."""
        shards, self._new = [*self._begun, *self._new], []
        return [(shard, request) for shard in shards for request in self._of(shard)]

    def leave(self, left: Iterable[Left]) -> None:
        """Submit no further request of the episodes of these requests."""
        for one in left:
            place = (one.request.instance.index, one.request.repeat)
            self._begun[one.shard].pop(place, None)

    def _of(self, shard: Shard) -> list[Request]:
        ask = JournalOnly(self._experiment, shard)
        going = self._begun.get(shard)
        if going is None:
            places = product(shard.indices, range(self._experiment.settings.repeats))
            going = dict(self._first(shard, places))
        further = ((place, self._next(ask, *at)) for place, at in going.items())
        self._begun[shard] = {place: at for place, at in further if at is not None}
        return [request for _, request in self._begun[shard].values()]

    def _first(
        self, shard: Shard, places: Iterable[Place]
    ) -> Iterator[tuple[Place, tuple[Course, Request]]]:
        for place in places:
            turns = course(spec_of(self._experiment, shard, *place))
            request = next(turns, None)
            if request is not None:
                yield place, (turns, request)

    def _next(
        self, ask: JournalOnly, turns: Course, request: Request
    ) -> tuple[Course, Request] | None:
        """Return an episode at its first request that the journal cannot answer.

        None where it is over, or cannot be played further: the job of its shard reports that.
        """
        try:
            while True:
                known = len(ask.unanswered)
                try:
                    answer = ask(request)
                except ProviderError:
                    return (turns, request) if len(ask.unanswered) > known else None
                request = turns.send(answer)
        except StopIteration:
            return None
        except UserError:
            raise
        except Exception:
            log.exception(
                "index=%d repeat=%d cannot be played", request.instance.index, request.repeat
            )
            return None


@dataclass(frozen=True)
class Standing:
    """How far the batches of a model are: waves submitted by this process, and what is out.

    `later` are requests that are neither out nor left to be asked online: there is no room now.
    `is_over` is set when nothing more can be batched.
    """

    wave: int = 0
    out: Sequence[OutBatch] = ()
    later: Sequence[Left] = ()
    is_over: bool = False


class Waves:
    """The waves of one model over `shards`, through its batch lane.

    `say` writes a line for the user, `watch` is called with the standing after each change, and
    `stopped` ends the waiting. A model whose lane is online has no new waves: what is out is
    collected.
    """

    def __init__(
        self,
        experiment: Experiment,
        model: str,
        shards: Iterable[Shard],
        lane: BatchLane,
        *,
        say: Callable[[str], None],
        watch: Callable[[Standing], None] = lambda _: None,
        stopped: Callable[[], bool],
        clock: Clock = CLOCK,
    ) -> None:
        settings = experiment.settings
        self._model, self._lane, self._stopped, self._clock = model, lane, stopped, clock
        self._say, self._watch = say, watch
        self._deadline_s, self._wait_s = settings.batch_deadline_s, settings.batch_wait_s
        self._unfinished = Unfinished(experiment, shards)
        self._submits = settings.catalog[model].lane == BATCH
        self._standing = Standing()
        self._waits = False

    def run(self) -> Standing:
        """Submit wave after wave until nothing is left or the run has waited long enough.

        What there is no room for is left to be asked online once it has waited as long as a batch
        may take, and at once if only `budget_usd` has no room. Raises what `BatchLane.submit`
        raises.
        """
        end = self._clock.now() + (math.inf if self._wait_s is None else self._wait_s)
        moved = self._clock.now()
        with suppress(Stopping):
            self._collect(0.0)
            while not self._stopped():
                later = self._submit() if self._submits else ()
                self._end_overdue()
                self._stand(later)
                now = self._clock.now()
                moved = now if self._standing.out else moved
                if self._is_over(now - moved):
                    self._say_left(one for one in later if one.why != NO_BUDGET)
                    return replace(self._standing, is_over=True)
                left_s = end - now
                if left_s <= 0:
                    break
                self._wait(min(left_s, self._pause_s()))
        return self._standing

    def _is_over(self, stuck_s: float) -> bool:
        """Return whether nothing more can be batched; nothing was out for `stuck_s` seconds."""
        room = [one for one in self._standing.later if one.why != NO_BUDGET]
        return not self._standing.out and (not room or stuck_s > self._deadline_s)

    def _pause_s(self) -> float:
        """Return how long to wait before the next wave: at most until a batch is overdue."""
        now = time.time()
        left = (batch.since + self._deadline_s - now for batch in self._standing.out)
        return min((PAUSE_S, *(seconds for seconds in left if seconds > 0)))

    def _wait(self, seconds: float) -> None:
        """Wait until a batch is collected, at most so long; without one, for room."""
        if self._standing.out:
            self._collect(seconds)
            return
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self._stopped():
            time.sleep(0.2)

    def _submit(self) -> Sequence[Left]:
        wave = self._unfinished.wave()
        done = self._lane.submit(wave) if wave else Submitted()
        self._unfinished.leave(done.online)
        if done.batches:
            self._standing = replace(self._standing, wave=self._standing.wave + 1)
            self._say(self._submitted(done))
        self._say_left(done.online)
        self._say_waiting([one for one in done.later if one.why != NO_BUDGET])
        return done.later

    def _say_left(self, left: Iterable[Left]) -> None:
        if whys := Counter(one.why for one in left):
            what = counted(whys.total(), "request")
            self._say(f"{self._model}: {what} left to be asked online: {_reasons(whys)}")

    def _say_waiting(self, later: Sequence[Left]) -> None:
        """Say why requests wait while nothing is out: once, until something is submitted."""
        waited, self._waits = self._waits, bool(later) and not self._lane.out()
        if self._waits and not waited:
            why = Counter(one.why for one in later).most_common(1)[0][0]
            what = "1 request waits" if len(later) == 1 else f"{len(later)} requests wait"
            self._say(f"{self._model}: {what} to be submitted: {why}")

    def _collect(self, wait_s: float) -> None:
        found = self._lane.collect(wait_s, lambda out: self._stand(self._standing.later, out))
        if found.answered or found.unanswered:
            which = counted(len(found.batches), "batch")
            rest = f", {found.unanswered} not" if found.unanswered else ""
            self._say(
                f"{self._model}: {which} collected: {counted(found.answered, 'request')} "
                f"answered{rest}"
            )

    def _end_overdue(self) -> None:
        for batch in self._lane.cancel_overdue(self._deadline_s):
            self._say(
                f"{self._model}: batch {batch.name or batch.tag} is out for longer than "
                "batch_deadline: it is cancelled; what it has not answered is asked online"
            )

    def _stand(self, later: Sequence[Left], out: Sequence[OutBatch] | None = None) -> None:
        out = self._lane.out() if out is None else out
        self._standing = replace(self._standing, out=tuple(out), later=tuple(later))
        self._watch(self._standing)

    def _submitted(self, done: Submitted) -> str:
        what = counted(done.requests, "request")
        which = counted(len(done.batches), "batch")
        return f"{self._model}: wave {self._standing.wave}: {what} submitted in {which}"


def _reasons(whys: Counter[str]) -> str:
    """Return reasons, the most frequent ones first, with the counts of requests."""
    found = whys.most_common()
    if len(found) == 1:
        return found[0][0]
    rest = [f"other reasons ({count})"] if (count := sum(n for _, n in found[3:])) else []
    return "; ".join([*(f"{why} ({number})" for why, number in found[:3]), *rest])
