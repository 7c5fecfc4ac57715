"""The verdicts of one judge on the replies of a shard, or on those of two models side by side.

A reply that is missing (refused, cut off, empty) is not judged: alone it has failed already, beside
one that is there it loses, and two missing ones are not compared.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from pilotbench.asking.asker import NotAnswered
from pilotbench.asking.journal.identity import components, identity
from pilotbench.asking.prices import answers_usd
from pilotbench.benchmark.scorers.judging import Judging
from pilotbench.benchmark.tasks.scoring import JUDGED
from pilotbench.episodes.judging import answers, question
from pilotbench.episodes.judging.answers import Said, Unreadable
from pilotbench.episodes.judging.question import FIRST, SECOND, Subject
from pilotbench.episodes.owed import Owed
from pilotbench.ground.errors import (
    ContextOverflow,
    NoVerdict,
    ProviderError,
    Refused,
    Stopping,
    UserError,
)
from pilotbench.matrix.experiment import Experiment
from pilotbench.matrix.verdict_shards import VerdictShard
from pilotbench.providers.answer import Answer, Tokens, added
from pilotbench.providers.finish_reasons import Meaning, meaning
from pilotbench.providers.protocols.reasoning import said
from pilotbench.providers.request import Request
from pilotbench.providers.wire_formats import WIRE_FORMATS

Json = dict[str, Any]
Ask = Callable[[Request], Answer]
Records = Mapping[str, Iterable[Json]]
"""The episodes of each model."""
MOST_UNREADABLE = 3
"""How often a judge is asked whose answers cannot be read."""
NOT_COMPARED = "not shown to the judge: one reply is missing (refused, cut off or empty)"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """One verdict to be given: on an episode, or on two; `repeat` is the judge's."""

    episode: Json
    other: Json | None
    repeat: int
    swapped: bool = False


@dataclass(frozen=True)
class OwedVerdict:
    """A verdict that is missing, and why: those of these episodes."""

    episodes: tuple[str, ...]
    why: Owed


@dataclass
class Verdicts:
    """The verdicts that there are, in order, and what is owed."""

    rows: list[Json] = field(default_factory=list)
    owed: list[OwedVerdict] = field(default_factory=list)


def verdicts_of(
    experiment: Experiment, shard: VerdictShard, records: Records, ask: Ask, in_flight: int = 1
) -> Verdicts:
    """Return the verdicts on the episodes `records`, `in_flight` at a time.

    A ProviderError leaves that verdict owed; UserError ends all.
    """
    judging = experiment.judging(shard.cell.task)
    if judging is None:
        return Verdicts()
    judge = _Judge(experiment, shard, judging, ask)
    places = list(_places(shard, judging, records))
    found = Verdicts()
    for one in _each(judge.verdict, places, in_flight):
        if isinstance(one, OwedVerdict):
            found.owed.append(one)
        else:
            found.rows.append(one)
    _count_once(found.rows)
    return found


def reply_of(record: Json) -> str | None:
    """Return the reply that judges judge, None where there is none."""
    if record["status"] != "completed" or (record.get("verdict") or {}).get("rule") != JUDGED:
        return None
    return str(record["answer"])


def _places(shard: VerdictShard, judging: Judging, records: Records) -> Iterator[Place]:
    repeats = range(judging.repeats)
    mine = records.get(shard.cell.model, ())
    if not shard.other:
        judged = (record for record in mine if reply_of(record) is not None)
        yield from (Place(record, None, repeat) for record in judged for repeat in repeats)
        return
    others = {(one["index"], one["repeat"]): one for one in records.get(shard.other, ())}
    for record in mine:
        other = others.get((record["index"], record["repeat"]))
        if other is None or reply_of(record) is None is reply_of(other):
            continue
        for repeat in repeats:
            yield from (Place(record, other, repeat, swapped) for swapped in (False, True))


def _each(
    one: Callable[[Place], Json | OwedVerdict], places: list[Place], in_flight: int
) -> Iterator[Json | OwedVerdict]:
    if in_flight <= 1 or not places:
        yield from map(one, places)
        return
    with ThreadPoolExecutor(min(in_flight, len(places)), "verdict") as threads:
        yield from threads.map(one, places)


def _count_once(rows: list[Json]) -> None:
    """Let the cost of one request count once where several verdicts are from it."""
    seen: set[str] = set()
    for row in rows:
        names = {one["identity"] for one in row["requests"]}
        if names and names <= seen:
            row["cost_usd"], row["tokens"] = 0.0, Tokens().as_json()
        seen |= names


@dataclass(frozen=True)
class _Judge:
    experiment: Experiment
    shard: VerdictShard
    judging: Judging
    ask: Ask

    def verdict(self, place: Place) -> Json | OwedVerdict:
        """Return a verdict, or why there is none."""
        try:
            return self._given(place)
        except UserError:
            raise
        except Exception as error:  # of this verdict only: the others are asked
            if not isinstance(error, ProviderError | Stopping):
                log.exception("index=%d cannot be judged", place.episode["index"])
            words = " ".join(str(error).split())
            why = Owed(place.episode["index"], place.repeat, type(error).__name__, words)
            ids = [one["episode"] for one in (place.episode, place.other) if one is not None]
            return OwedVerdict(tuple(ids), why)

    def _given(self, place: Place) -> Json:
        replies = [reply_of(one) for one in (place.episode, place.other) if one is not None]
        if None in replies:
            winner = FIRST if replies[1] is None else SECOND
            return self._row(place, Said(NOT_COMPARED, winner=winner), [])
        shown = tuple(map(str, replies[::-1] if place.swapped else replies))
        asked: list[tuple[Request, Answer]] = []
        spoken = self._said(self._subject(place.episode, shown), place.repeat, asked)
        if place.swapped and spoken.winner in (FIRST, SECOND):
            spoken = replace(spoken, winner=SECOND if spoken.winner == FIRST else FIRST)
        return self._row(place, spoken, asked)

    def _subject(self, record: Json, replies: tuple[str, ...]) -> Subject:
        task = self.experiment.tasks[self.shard.cell.task]
        instance = task.instance(self.shard.cell.difficulty, record["index"])
        if instance.content_hash != record["instance"]:
            raise NotAnswered("the question was changed after the reply")
        subject = Subject.of(instance, replies, self.judging)
        return replace(subject, images=task.images(instance))

    def _said(self, subject: Subject, repeat: int, asked: list[tuple[Request, Answer]]) -> Said:
        """Return what the judge says; its answers are appended to `asked`. Raises NoVerdict."""
        model = self.experiment.settings.catalog[self.shard.judge]
        why = ""
        for attempt in range(MOST_UNREADABLE):
            request = question.request(self.judging, model, subject, repeat, attempt)
            try:
                answer = self.ask(request)
            except (ContextOverflow, Refused) as error:
                raise NoVerdict(f"{type(error).__name__}: {error}") from None
            asked.append((request, answer))
            message = WIRE_FORMATS[model.api].read(answer.completion.message)
            if meaning(answer.completion.finish_reason) is Meaning.REFUSED or message.refusal:
                raise NoVerdict(f"the judge refuses: {message.refusal or 'content filter'}")
            try:
                return answers.read(self.judging, said(message).text)
            except Unreadable as error:
                why = str(error)
        raise NoVerdict(f"{self.shard.judge}: {why} (asked {MOST_UNREADABLE} times)")

    def _row(self, place: Place, spoken: Said, asked: list[tuple[Request, Answer]]) -> Json:
        model = self.experiment.settings.catalog[self.shard.judge]
        winners = {FIRST: "first", SECOND: "second", None: None}
        tokens = added(one.completion.tokens for _, one in asked)
        return {
            "episode": place.episode["episode"],
            "index": place.episode["index"],
            "judge": self.shard.judge,
            "repeat": place.repeat,
            "kind": self.shard.kind,
            "other": place.other and place.other["episode"],
            "swapped": place.swapped if place.other is not None else None,
            "right": spoken.right,
            "score": spoken.score,
            "winner": winners.get(spoken.winner, "tie"),
            "criteria": spoken.criteria,
            "reason": spoken.reason,
            "cost_usd": answers_usd(model.price, [one for _, one in asked]) if asked else 0.0,
            "tokens": tokens and tokens.as_json() if asked else Tokens().as_json(),
            "requests": [_request(model, *one) for one in asked],
        }


def _request(model: Any, request: Request, answer: Answer) -> Json:
    completion = answer.completion
    return {
        "identity": identity(components(model, request)),
        "attempt": request.turn,
        "key": answer.key,
        "started": answer.started,
        "latency_s": answer.latency_s,
        "model": completion.model,
        "finish_reason": completion.finish_reason,
        "tokens": completion.tokens and completion.tokens.as_json(),
        "tier": answer.tier,
    }
