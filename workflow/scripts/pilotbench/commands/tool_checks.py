"""What the first messages of a model show, and the other ways in which it can be asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from pilotbench.asking.asker import Asker
from pilotbench.asking.prices import answers_usd, cost_usd, total_usd
from pilotbench.episodes.evaluate import play_shard
from pilotbench.ground.errors import (
    ContextOverflow,
    PilotbenchError,
    ProviderError,
    Refused,
    Rejected,
    TimedOut,
)
from pilotbench.matrix.cells import Shard
from pilotbench.matrix.experiment import Experiment
from pilotbench.providers.answer import Answer
from pilotbench.providers.kinds import KINDS
from pilotbench.providers.protocols import PROTOCOLS
from pilotbench.providers.request import Request
from pilotbench.providers.settings import Model
from pilotbench.providers.wire_formats import WIRE_FORMATS


class Enough(ProviderError):
    """No further message is needed."""


@dataclass
class Observed:
    """What up to `most` messages of a model showed.

    `calls` of `messages` could be parsed; `reasoned` of them came with reasoning, and `continued`
    counts the answers to a conversation that contains some. `paid` has the cost in USD of each
    answer that was paid for now, unusable answers included, None where it is unknown. `refused` are
    the words of the service about the first message that it refused.
    """

    most: int
    messages: int = 0
    calls: int = 0
    reasoned: int = 0
    continued: int = 0
    paid: list[float | None] = field(default_factory=list)
    problem: str | None = None
    rejected: bool = False
    refused: str | None = None

    def play(self, experiment: Experiment, shard: Shard, ask: Asker) -> None:
        """Play one episode and add what it shows. Raises Stopping."""
        model = experiment.settings.catalog[shard.cell.model]
        protocol, wire = PROTOCOLS[model.protocol], WIRE_FORMATS[model.api]
        reasoned = 0

        def observed(request: Request) -> Answer:
            nonlocal reasoned
            if self.messages == self.most:
                raise Enough
            answer = self._asked(ask, model, request)
            message = wire.read(answer.completion.message)
            self.messages += 1
            tools = experiment.tasks[shard.cell.task].tools(request.instance)
            self.calls += protocol.parse(message, tools).call is not None
            self.continued += reasoned > 0
            tokens = answer.completion.tokens
            thought = bool(message.thinking or (tokens and tokens.reasoning))
            reasoned += thought
            self.reasoned += thought
            return answer

        owed = play_shard(experiment, shard, observed).owed
        if owed and owed[0].kind != Enough.__name__ and self.problem is None:
            self.problem = f"{owed[0].kind}: {owed[0].message}"

    def _asked(self, ask: Asker, model: Model, request: Request) -> Answer:
        stored, unusable = ask.known(request), len(ask.unusable_answers(request))
        try:
            answer = ask(request)
        except PilotbenchError as error:
            self.rejected = isinstance(error, Rejected)
            if isinstance(error, Refused | ContextOverflow):
                self.refused = self.refused or f"{type(error).__name__}: {error}"
            self.paid += [cost_usd(model.price, None)] if isinstance(error, TimedOut) else []
            raise
        finally:
            lost = ask.unusable_answers(request)[unusable:]
            self.paid += [cost_usd(model.price, one.tokens, one.tier, one.at) for one in lost]
        if stored is None:
            self.paid.append(answers_usd(model.price, [answer]))
        return answer

    @property
    def reasoning_in_words(self) -> str:
        """Whether there was reasoning, and whether it was accepted in the conversation."""
        if not self.reasoned:
            return "none"
        return "handed back" if self.continued else "not continued"

    @property
    def usd(self) -> float | None:
        """The cost of what was paid for now, None if it is unknown."""
        return total_usd(self.paid)


@dataclass(frozen=True)
class Way:
    """Another way to ask a model: its changed entry, and the line of the config that says so."""

    model: Model
    line: str


LIKELY = ("chat", "responses")
"""The formats that are tried first, since most services with several have these."""


def ways_to_ask(model: Model) -> Iterator[Way]:
    """Yield the other ways to ask a model of a service, the likely ones first."""
    if not model.stream:
        yield Way(replace(model, stream=True), "stream: true")
    for api in sorted(KINDS[model.kind].apis(WIRE_FORMATS), key=lambda api: api not in LIKELY):
        if api != model.api:
            yield Way(replace(model, api=api), f"api: {api}")


def with_model(experiment: Experiment, model: Model) -> Experiment:
    """Return the experiment with another entry for a model of its catalog."""
    settings = experiment.settings
    changed = {model.name: model}
    settings = replace(
        settings, catalog={**settings.catalog, **changed}, models={**settings.models, **changed}
    )
    return replace(experiment, settings=settings, _versions={}, _fingerprints={})
