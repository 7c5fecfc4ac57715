"""Play one episode: a plain loop of request, call, reply, then one record.

What ends an episode, in the order in which it is checked:
- the provider refuses (ContextOverflow: completed; Refused, a finish_reason of its filter or a
  message with a refusal: refused; see providers/finish_reasons.py);
- `finish` was called;
- the output was cut at max_tokens and holds no complete call (`length`); a complete call before
  the cut is executed, since what follows a call never counts, but a call that needed repair is not;
- a second message in a row without a call: its text is the answer (`no_call`);
- max_turns.
A first message without a call, even an empty one, gets one fixed neutral reply and costs a turn.
Where the session is a conversation, it decides itself what follows a message and when it is over.
All other ProviderErrors leave the loop: the episode is owed and has no record.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import zip_longest
from typing import Any

from pilotbench.asking.journal.identity import components, identity
from pilotbench.asking.prices import answers_usd
from pilotbench.benchmark.flaws import NotApplicable, harmful
from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.prompts.prompt_files import Prompt
from pilotbench.benchmark.tasks.conversation import Conversation, Reply, Said
from pilotbench.benchmark.tasks.task import Score, Session, Task, ToolSpec, Transcript, Turn
from pilotbench.episodes.opening import messages_of, recorded, system_of
from pilotbench.ground.canonical_json import digest
from pilotbench.ground.errors import ContextOverflow, Refused
from pilotbench.matrix.cells import Cell, episode_id
from pilotbench.providers.answer import Answer, Completion, added
from pilotbench.providers.finish_reasons import Meaning, meaning
from pilotbench.providers.messages import Message
from pilotbench.providers.protocols import PROTOCOLS
from pilotbench.providers.protocols.history import repeated
from pilotbench.providers.protocols.protocol import NO_CALL, CallProtocol, Parsed
from pilotbench.providers.request import Request
from pilotbench.providers.settings import Model
from pilotbench.providers.wire_format import WireFormat
from pilotbench.providers.wire_formats import WIRE_FORMATS

Json = dict[str, Any]
Ask = Callable[[Request], Answer]
Course = Generator[Request, Answer, None]


@dataclass(frozen=True)
class Episode:
    """A finished episode: its record, and the system message that the record names by hash."""

    record: Json
    system: str | None


@dataclass(frozen=True)
class EpisodeSpec:
    """Everything about an episode that is fixed before its first request.

    `chosen` is the protocol of the model.
    """

    task: Task
    instance: Instance
    prompt: Prompt
    chosen: CallProtocol
    model: Model
    rate: str
    repeat: int
    max_turns: int

    @property
    def wire(self) -> WireFormat:
        """The wire format of the model."""
        return WIRE_FORMATS[self.model.api]

    @cached_property
    def protocol(self) -> CallProtocol:
        """The protocol in use: a task without tools is asked one plain question."""
        return self.chosen if self.tools else PROTOCOLS["none"]

    @cached_property
    def tools(self) -> tuple[ToolSpec, ...]:
        """The tools that are offered."""
        return self.task.tools(self.instance)


@dataclass
class EpisodeState:
    """The course of an episode so far; `system` and `user` are what its first messages say."""

    system: str
    user: str
    messages: list[Message]
    transcript: Transcript
    asked: list[tuple[Request, Answer]] = field(default_factory=list)
    refusal: str | None = None

    @property
    def silent(self) -> bool:
        """Whether the last turn had no call."""
        turns = self.transcript.turns
        return bool(turns) and turns[-1].call is None


@dataclass(frozen=True)
class Outcome:
    """What follows a message: replies to its calls, a user message, or the reason of the end."""

    replies: tuple[Reply, ...] = ()
    user: str | None = None
    end_reason: str | None = None


def play(
    task: Task,
    instance: Instance,
    prompt: Prompt,
    protocol: CallProtocol,
    model: Model,
    rate: str,
    repeat: int,
    max_turns: int,
    ask: Ask,
) -> Episode:
    """Play one episode of these conditions; see `play_spec`."""
    spec = EpisodeSpec(task, instance, prompt, protocol, model, rate, repeat, max_turns)
    return play_spec(spec, ask)


def play_spec(spec: EpisodeSpec, ask: Ask) -> Episode:
    """Play one episode through `ask` and return its record.

    A task without tools is asked one plain question, whatever its protocol is. Raises TemplateError
    for the prompt, and every ProviderError of `ask` except ContextOverflow and Refused.
    """
    try:
        state = _begun(spec)
    except NotApplicable as reason:
        return Episode(record_of(spec, "not_applicable", reason=str(reason)), None)
    before = recorded(state.messages)
    _converse(spec, state, ask)
    status = "completed" if state.refusal is None else "refused"
    score = spec.task.score(spec.instance, state.transcript) if status == "completed" else None
    record = record_of(spec, status, state, score, state.system, state.user, state.refusal)
    return Episode(record | before, state.system)


def course(spec: EpisodeSpec) -> Course:
    """Yield the requests of an episode in turn; each wants its answer sent, or its error thrown.

    It ends with the episode, which is not scored; at once where the prompt does not apply.
    """
    with suppress(NotApplicable):
        yield from _turns(spec, _begun(spec))


def _begun(spec: EpisodeSpec) -> EpisodeState:
    """Return an episode before its first request. Raises NotApplicable for its prompt."""
    task, instance = spec.task, spec.instance
    user = spec.prompt.render(instance, [tool.name for tool in spec.tools], task.examples)
    rules = spec.protocol.system(task, instance, spec.max_turns)
    system = system_of(instance, rules, is_plain=spec.protocol.name == "none")
    messages = messages_of(instance, user, task.images(instance))
    if system or task.calling.rules is None:
        messages.insert(0, Message("system", system))
    transcript = Transcript(instance.content_hash, spec.rate, spec.repeat)
    return EpisodeState(system, user, messages, transcript)


def _converse(spec: EpisodeSpec, state: EpisodeState, ask: Ask) -> None:
    """Take turns until the episode ends; `state` then holds everything that happened."""
    turns = _turns(spec, state)
    request = next(turns, None)
    while request is not None:
        try:
            answer = ask(request)
        except (ContextOverflow, Refused) as error:
            with suppress(StopIteration):
                turns.throw(error)
            return
        try:
            request = turns.send(answer)
        except StopIteration:
            return


def _turns(spec: EpisodeSpec, state: EpisodeState) -> Course:
    """Yield the request of each turn; see `course`."""
    session = spec.task.start(spec.instance, spec.rate, spec.repeat)
    for turn in range(spec.max_turns):
        tools = session.tools if isinstance(session, Conversation) else spec.tools
        request = _request(spec, state.messages, tools, turn)
        try:
            asked = yield request
        except ContextOverflow:
            state.transcript.end_reason = "context_overflow"
            return
        except Refused as error:
            state.refusal = str(error) or "refused by the provider"
            return
        state.asked.append((request, asked))
        message = spec.wire.read(asked.completion.message)
        state.refusal = _refusal(asked.completion, message)
        if state.refusal is not None:
            return
        parsed = spec.protocol.parse(message, tools, spec.task.calling)
        parsed = _understood(spec, parsed, asked.completion)
        if _ends(spec, state, session, asked.completion, message, parsed):
            return


def _request(
    spec: EpisodeSpec, messages: list[Message], tools: Sequence[ToolSpec], turn: int
) -> Request:
    """Return the request of a turn, with only the parameters in the model's entry."""
    parameters = dict(spec.model.parameters)
    if isinstance(parameters.get("seed"), int):
        parameters["seed"] += spec.repeat
    offer = spec.protocol.offer(tools, spec.task.calling)
    body, earlier = spec.wire.bodies(spec.model.deployment, messages, offer, parameters)
    said = tuple(messages)
    return Request(body, spec.instance, spec.rate, spec.repeat, turn, earlier, said, offer)


def _refusal(completion: Completion, message: Message) -> str | None:
    if meaning(completion.finish_reason) is Meaning.REFUSED:
        return completion.finish_reason
    return message.refusal or None


def _ends(
    spec: EpisodeSpec,
    state: EpisodeState,
    session: Session | Conversation,
    completion: Completion,
    message: Message,
    parsed: Parsed,
) -> bool:
    """Process one message: execute its calls, if any; return whether the episode ends with it."""
    transcript = state.transcript
    if isinstance(session, Conversation):
        outcome = _heard(spec, state, session, completion, parsed)
    else:
        outcome = _reply(spec, state, session, completion, parsed)
    reply, *replies = outcome.replies or (None,)
    transcript.turns.append(
        Turn(
            turn=len(transcript.turns),
            content=message.text or None,
            call=parsed.call,
            reply=reply,
            parse_error=parsed.error,
            surplus=parsed.surplus,
            finish_reason=completion.finish_reason,
            thought=parsed.thought,
            repaired=parsed.repaired,
            further=tuple(
                {**call, "reply": one} for call, one in zip_longest(parsed.further, replies)
            ),
            user=outcome.user,
        )
    )
    if outcome.end_reason is not None:
        transcript.end_reason = outcome.end_reason
        return True
    ours = spec.protocol.assistant_message(message, parsed)
    mode = spec.model.reasoning_history
    state.messages.append(repeated(mode, message, ours, parsed.text))
    if outcome.replies:
        state.messages += spec.protocol.result_messages(message, parsed, *outcome.replies)
    if outcome.user is not None:
        state.messages.append(Message("user", outcome.user))
    return False


def _understood(spec: EpisodeSpec, parsed: Parsed, completion: Completion) -> Parsed:
    """Return what counts of a message: what was cut off within a call is not guessed."""
    error = None
    if parsed.repaired and meaning(completion.finish_reason) is Meaning.LENGTH:
        error = "cut off within the call"
    elif parsed.call is not None and spec.task.calling.exact and not parsed.exact:
        error = "a call that is not in the form asked for"
    if error is None:
        return parsed
    return replace(parsed, call=None, error=error, surplus=0, repaired=False, further=())


def _heard(
    spec: EpisodeSpec,
    state: EpisodeState,
    session: Conversation,
    completion: Completion,
    parsed: Parsed,
) -> Outcome:
    """Let a conversation hear a message; return what follows."""
    known = session.tools
    response = session.hear(Said(parsed.calls, parsed.text, parsed.error))
    user = response.user
    if user is not None:
        user = spec.protocol.announced([one for one in session.tools if one not in known], user)
    end_reason = None
    if session.finished:
        state.transcript.answer = session.answer
        is_cut = meaning(completion.finish_reason) is Meaning.LENGTH and parsed.call is None
        end_reason = "length" if is_cut else "finish"
    return Outcome(tuple(response.replies), user, end_reason)


def _reply(
    spec: EpisodeSpec,
    state: EpisodeState,
    session: Session,
    completion: Completion,
    parsed: Parsed,
) -> Outcome:
    """Return what follows a message in the world of a session."""
    transcript = state.transcript
    if parsed.call is not None:
        reply = session.call(parsed.call["tool"], parsed.call["arguments"])
        if not session.finished:
            return Outcome((reply,))
        transcript.answer = session.answer
        return Outcome((reply,), end_reason="finish")
    if meaning(completion.finish_reason) is Meaning.LENGTH:
        return Outcome(end_reason="length")
    if spec.protocol.name == "none":
        transcript.answer = parsed.text
        return Outcome(end_reason="finish" if parsed.text else "no_call")
    if state.silent:
        transcript.answer = parsed.text
        return Outcome(end_reason="no_call")
    return Outcome((NO_CALL,))


def record_of(
    spec: EpisodeSpec,
    status: str,
    state: EpisodeState | None = None,
    score: Score | None = None,
    system: str | None = None,
    user: str | None = None,
    reason: str | None = None,
) -> Json:
    """Return the record of an episode; see schemas/episode.schema.yaml."""
    model, instance = spec.model, spec.instance
    cell = Cell(model.name, spec.prompt.name, spec.task.name, instance.difficulty, spec.rate)
    return {
        "episode": episode_id(cell, instance.index, spec.repeat),
        "model": model.name,
        "provider": model.provider,
        "deployment": model.deployment,
        "protocol": spec.protocol.name,
        "prompt": spec.prompt.name,
        "task": spec.task.name,
        "difficulty": instance.difficulty,
        "tool_success_rate": spec.rate,
        "index": instance.index,
        "repeat": spec.repeat,
        "instance": instance.content_hash,
        **_named(instance),
        "status": status,
        "reason": reason,
        "max_turns": spec.max_turns,
        "system": None if system is None else digest(system),
        "user": user,
        "harmful": None if status == "not_applicable" else _harmful(spec),
        **_scored(score),
        **_transcript_fields(spec, state, status),
        **_usage_fields(spec, state),
    }


def _named(instance: Instance) -> Json:
    """Return name and metadata of a pack's question, as far as it has them."""
    names = {"question_id": "id", "metadata": "metadata"}
    return {name: instance.extra[key] for name, key in names.items() if key in instance.extra}


def _harmful(spec: EpisodeSpec) -> bool | None:
    """Return whether following the prompt's flawed plan literally fails the task."""
    flaw = spec.prompt.flaw
    return None if flaw is None else harmful(flaw, spec.instance)


def _scored(score: Score | None) -> Json:
    if score is not None:
        optional = ("verdict",)
        return {k: v for k, v in vars(score).items() if v is not None or k not in optional}
    return {
        "success": None,
        "progress": None,
        "level": None,
        "weighted_score": None,
        "collateral_damage": None,
        "goals": [],
        "broken": [],
        "errors": {},
        "calls": [],
        "transient": {"met": 0, "retried": 0, "recovered": 0},
        "flaws": {},
        "world_diff": [],
    }


def _transcript_fields(spec: EpisodeSpec, state: EpisodeState | None, status: str) -> Json:
    """Return the messages.

    A reply to a plain question that is not empty counts as parsed, and so does a message in words
    where a message may have none.
    """
    turns = state.transcript.turns if state else []
    used = [tool for turn in turns for tool in map(_reached, turn.calls) if tool != "finish"]
    is_parsed = _in_words if spec.protocol.name == "none" else _with_a_call
    if spec.task.calling.several:
        is_parsed = _without_an_error
    completed = state is not None and status == "completed"
    return {
        "end_reason": state.transcript.end_reason if state and completed else None,
        "turns": len(turns),
        "tool_calls": len(used),
        "distinct_tools": len(set(used)),
        "parsed_turns": sum(map(is_parsed, turns)),
        "repaired": sum(turn.repaired for turn in turns),
        "transcript": [turn.as_json() for turn in turns],
        "answer": state.transcript.answer if state else None,
    }


def _in_words(turn: Turn) -> bool:
    return bool(turn.content)


def _with_a_call(turn: Turn) -> bool:
    return turn.call is not None


def _without_an_error(turn: Turn) -> bool:
    return turn.parse_error is None and bool(turn.calls or turn.content)


def _reached(call: Json) -> str:
    """Return the tool that a call is meant for, even through `call_tool`."""
    inner = call["arguments"].get("name") if call["tool"] == "call_tool" else None
    return inner if isinstance(inner, str) else str(call["tool"])


def _usage_fields(spec: EpisodeSpec, state: EpisodeState | None) -> Json:
    asked = state.asked if state else []
    tokens = added(one.completion.tokens for _, one in asked)
    return {
        "tokens": tokens and tokens.as_json(),
        "cost_usd": answers_usd(spec.model.price, [one for _, one in asked]),
        "model_reported": asked[-1][1].completion.model if asked else None,
        "requests": [_paid_request(spec, request, one) for request, one in asked],
    }


def _paid_request(spec: EpisodeSpec, request: Request, asked: Answer) -> Json:
    """Return what a request was and cost; what did not come with its answer is left out."""
    completion, received = asked.completion, asked.completion.received
    beside = {
        "first_token_s": completion.first_token_s,
        "cost_usd": answers_usd(spec.model.price, [asked]),
        "tier": asked.tier,
        "batch": asked.batch,
        "response_id": received.get("id"),
        **{name: received.get(name) for name in ("request_id", "fingerprint")},
        **{name: received.get(name) for name in ("usage", "logprobs", "choices")},
    }
    return {
        "identity": identity(components(spec.model, request)),
        "turn": request.turn,
        "key": asked.key,
        "started": asked.started,
        "latency_s": asked.latency_s,
        "queued_s": asked.queued_s,
        "attempts": asked.attempts,
        "slots": asked.slots,
        "model": asked.completion.model,
        "finish_reason": asked.completion.finish_reason,
        "tokens": asked.completion.tokens and asked.completion.tokens.as_json(),
        **{name: value for name, value in beside.items() if value is not None},
    }
