"""Sends what the journal does not hold, and writes what comes of it before it is used.

Nothing that can fail happens between an answer and its line in the journal: everything else that
the line holds is known before the request is sent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Lock
from typing import Any

from pilotbench.asking.journal import Segment, bounded
from pilotbench.asking.journal.disk_space import AnswerSpace
from pilotbench.asking.journal.identity import RequestIdentity
from pilotbench.asking.keys.key_client import MOST_UNUSABLE, KeyClient
from pilotbench.ground import notices, provenance
from pilotbench.ground.errors import ProviderError, UnusableAnswer
from pilotbench.providers.answer import Answer
from pilotbench.providers.request import Request

Json = dict[str, Any]
Room = Callable[[], AbstractContextManager[None]]


class Sender:
    """Sends requests whose answers go to one segment; safe among threads.

    `open_client` is called with the room for an answer on the disk before the first request is
    sent: what only replays opens no client and needs no key. `again` asks also what has cost as
    many unusable answers as one request may. `halt` stops all jobs if the journal fails.
    """

    def __init__(
        self,
        segment: Segment,
        open_client: Callable[[Room], KeyClient],
        again: bool,
        halt: Callable[[], None],
    ) -> None:
        self._segment, self._again, self._halt = segment, again, halt
        self._open_client = open_client
        self._space = AnswerSpace(segment.reserve)
        self._client: KeyClient | None = None
        self._making = Lock()
        self._asking: defaultdict[str, Lock] = defaultdict(Lock)
        self._stamp: Json = {}

    @contextmanager
    def alone(self, wanted: RequestIdentity) -> Iterator[None]:
        """Wait until no other thread asks the same request: it is paid once."""
        with self._making:
            asking = self._asking[wanted.identity]
        with asking:
            yield

    def ask(self, request: Request, wanted: RequestIdentity) -> Answer:
        """Send a request and write what comes of it; a journal that fails ends the whole run."""
        tries, client = self._tries(wanted), self._key_client()
        try:
            try:
                answer = client.ask(
                    request,
                    lambda e: self._segment.write_failure(wanted, e, charged=True),
                    tries,
                    lambda answer: self._segment.write(wanted, bounded(answer), **self._stamp),
                )
            except UnusableAnswer:  # written when it arrived
                raise
            except ProviderError as error:
                self._segment.write_failure(wanted, error)
                raise
            return bounded(answer)
        finally:
            self._halt_if_broken()

    def close(self) -> None:
        """Close the client, if one was opened."""
        if self._client is not None:
            self._client.close()

    def _tries(self, wanted: RequestIdentity) -> int:
        """Return how many more unusable answers a request may cost.

        Raises UnusableAnswer if it has cost enough of them, over all runs.
        """
        known = self._segment.answers.unusable(wanted)
        paid = [] if self._again else known
        if len(paid) >= MOST_UNUSABLE:
            raise UnusableAnswer(
                f"{paid[-1].message} (paid {len(paid)} times, not asked again; to ask again: "
                "--config ask_unusable=true)"
            )
        return MOST_UNUSABLE - len(paid)

    def _key_client(self) -> KeyClient:
        with self._making:
            if self._client is None:
                client = self._open_client(self._space.one)
                commit, dirty = provenance.commit()
                self._stamp = {"commit": commit, "dirty": dirty}
                self._client = client
            return self._client

    def _halt_if_broken(self) -> None:
        if self._segment.broken is not None:
            self._halt()
            notices.say("journal", f"{self._segment.broken}; no job of this run asks any more")
