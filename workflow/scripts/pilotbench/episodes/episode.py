"""Play one episode: a plain loop of request, call, reply, then one record.

What ends an episode, in the order in which it is looked at:
- the provider refuses (ContextOverflow: completed; Refused, a finish_reason of its filter or a
  message with a refusal: refused; see providers/finish_reasons.py);
- `finish` was called;
- the output was cut at max_tokens and holds no whole call (`length`); a whole call before the cut
  is executed, for what follows a call never counts;
- a second message in a row without a call: its text is the answer (`no_call`);
- max_turns.
A first message without a call, an empty one too, gets one fixed neutral reply and costs a turn. All
other ProviderErrors leave the loop: the episode is owed and there is no record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from pilotbench.asking.journal.identity import components, identity
from pilotbench.asking.prices import cost_usd
from pilotbench.benchmark.flaws import NotApplicable, harmful
from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.prompts.prompt_files import Prompt
from pilotbench.benchmark.tasks.task import Score, Session, Task, Transcript, Turn
from pilotbench.ground.canonical_json import digest
from pilotbench.ground.errors import ContextOverflow, Refused
from pilotbench.matrix.cells import Cell, episode_id
from pilotbench.providers.answer import Answer, Completion, added
from pilotbench.providers.finish_reasons import Meaning, meaning
from pilotbench.providers.kinds import KINDS
from pilotbench.providers.messages import Message, WireFormat
from pilotbench.providers.protocols import PROTOCOLS
from pilotbench.providers.protocols.protocol import NO_CALL, CallProtocol, Parsed
from pilotbench.providers.request import Request
from pilotbench.providers.settings import Model

Json = dict[str, Any]
Ask = Callable[[Request], Answer]


@dataclass(frozen=True)
class Episode:
    """A finished episode: its record, and the system message that the record names by hash."""

    record: Json
    system: str | None


@dataclass(frozen=True)
class EpisodeSpec:
    """All that is fixed about an episode before its first request."""

    task: Task
    instance: Instance
    prompt: Prompt
    protocol: CallProtocol
    model: Model
    rate: str
    repeat: int
    max_turns: int

    @property
    def wire(self) -> WireFormat:
        """The wire format of the model's provider."""
        return KINDS[self.model.kind].wire


@dataclass
class EpisodeState:
    """What has happened so far."""

    messages: list[Message]
    transcript: Transcript
    asked: list[tuple[Request, Answer]] = field(default_factory=list)
    refusal: str | None = None

    @property
    def silent(self) -> bool:
        """Whether the last turn had no call."""
        turns = self.transcript.turns
        return bool(turns) and turns[-1].call is None


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
    """Play one episode through `ask` and return its record.

    A task without tools is asked one plain question, whatever `protocol` is. Raises TemplateError
    for the prompt, and every ProviderError of `ask` but ContextOverflow and Refused.
    """
    protocol = protocol if task.tools(instance) else PROTOCOLS["none"]
    setting = EpisodeSpec(task, instance, prompt, protocol, model, rate, repeat, max_turns)
    try:
        user = prompt.render(instance)
    except NotApplicable as reason:
        return Episode(_record(setting, "not_applicable", reason=str(reason)), None)
    system = protocol.system(task, instance, max_turns)
    course = EpisodeState(
        [Message("system", system), Message("user", user)],
        Transcript(instance.content_hash, rate, repeat),
    )
    _converse(setting, course, ask)
    status = "completed" if course.refusal is None else "refused"
    score = task.score(instance, course.transcript) if status == "completed" else None
    record = _record(setting, status, course, score, system, user, course.refusal)
    return Episode(record, system)


def _converse(setting: EpisodeSpec, course: EpisodeState, ask: Ask) -> None:
    """Take turns until the episode ends; `course` then holds all that happened."""
    session = setting.task.start(setting.instance, setting.rate, setting.repeat)
    for turn in range(setting.max_turns):
        request = _request(setting, course.messages, turn)
        try:
            asked = ask(request)
        except ContextOverflow:
            course.transcript.end_reason = "context_overflow"
            return
        except Refused as error:
            course.refusal = str(error) or "refused by the provider"
            return
        course.asked.append((request, asked))
        message = setting.wire.read(asked.completion.message)
        course.refusal = _refusal(asked.completion, message)
        if course.refusal is not None or _ends(setting, course, session, asked.completion, message):
            return


def _request(setting: EpisodeSpec, messages: list[Message], turn: int) -> Request:
    """Return the request of a turn; of parameters only what the model's entry says is sent."""
    parameters = dict(setting.model.parameters)
    if isinstance(parameters.get("seed"), int):
        parameters["seed"] += setting.repeat
    offer = setting.protocol.offer(setting.task.tools(setting.instance))
    body, earlier = setting.wire.bodies(setting.model.deployment, messages, offer, parameters)
    return Request(body, setting.instance, setting.rate, setting.repeat, turn, earlier)


def _refusal(completion: Completion, message: Message) -> str | None:
    if meaning(completion.finish_reason) is Meaning.REFUSED:
        return completion.finish_reason
    return message.refusal or None


def _ends(
    setting: EpisodeSpec,
    course: EpisodeState,
    session: Session,
    completion: Completion,
    message: Message,
) -> bool:
    """Take one message: execute its call or answer that there was none; return if it was last."""
    transcript = course.transcript
    parsed = setting.protocol.parse(message)
    reply, end_reason = _reply(setting, course, session, completion, parsed)
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
        )
    )
    if end_reason is not None:
        transcript.end_reason = end_reason
        return True
    if reply is not None:
        course.messages.append(setting.protocol.assistant_message(message, parsed))
        course.messages.extend(setting.protocol.result_messages(message, parsed, reply))
    return False


def _reply(
    setting: EpisodeSpec,
    course: EpisodeState,
    session: Session,
    completion: Completion,
    parsed: Parsed,
) -> tuple[Json | None, str | None]:
    """Return the reply to a message, and why the episode ends with it (None: it goes on)."""
    transcript = course.transcript
    if parsed.call is not None:
        reply = session.call(parsed.call["tool"], parsed.call["arguments"])
        if not session.finished:
            return reply, None
        transcript.answer = session.answer
        return reply, "finish"
    if meaning(completion.finish_reason) is Meaning.LENGTH:
        return None, "length"
    if setting.protocol.name == "none":
        transcript.answer = parsed.text
        return None, "finish" if parsed.text else "no_call"
    if course.silent:
        transcript.answer = parsed.text
        return None, "no_call"
    return NO_CALL, None


def _record(
    setting: EpisodeSpec,
    status: str,
    course: EpisodeState | None = None,
    score: Score | None = None,
    system: str | None = None,
    user: str | None = None,
    reason: str | None = None,
) -> Json:
    """Return the record of an episode; see schemas/episode.schema.yaml."""
    model, instance = setting.model, setting.instance
    cell = Cell(
        model.name, setting.prompt.name, setting.task.name, instance.difficulty, setting.rate
    )
    return {
        "episode": episode_id(cell, instance.index, setting.repeat),
        "model": model.name,
        "provider": model.provider,
        "deployment": model.deployment,
        "protocol": setting.protocol.name,
        "prompt": setting.prompt.name,
        "task": setting.task.name,
        "difficulty": instance.difficulty,
        "tool_success_rate": setting.rate,
        "index": instance.index,
        "repeat": setting.repeat,
        "instance": instance.content_hash,
        "status": status,
        "reason": reason,
        "max_turns": setting.max_turns,
        "system": None if system is None else digest(system),
        "user": user,
        "harmful": None if status == "not_applicable" else _harmful(setting),
        **_scored(score),
        **_transcript_fields(setting, course, status),
        **_usage_fields(setting, course),
    }


def _harmful(setting: EpisodeSpec) -> bool | None:
    """Say whether one fails who follows the prompt's flawed plan to the letter."""
    flaw = setting.prompt.flaw
    return None if flaw is None else harmful(flaw, setting.instance)


def _scored(score: Score | None) -> Json:
    if score is not None:
        return dict(vars(score))
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


def _transcript_fields(setting: EpisodeSpec, course: EpisodeState | None, status: str) -> Json:
    """Return what was said; a plain question's reply that is not empty counts as parsed."""
    turns = course.transcript.turns if course else []
    reached = [_reached(turn.call) for turn in turns if turn.call is not None]
    used = [tool for tool in reached if tool != "finish"]
    plain = setting.protocol.name == "none"
    completed = course is not None and status == "completed"
    return {
        "end_reason": course.transcript.end_reason if course and completed else None,
        "turns": len(turns),
        "tool_calls": len(used),
        "distinct_tools": len(set(used)),
        "parsed_turns": sum(bool(turn.content) for turn in turns) if plain else len(reached),
        "transcript": [dict(vars(turn)) for turn in turns],
        "answer": course.transcript.answer if course else None,
    }


def _reached(call: Json) -> str:
    """Return the tool that a call is meant for, also through `call_tool`."""
    inner = call["arguments"].get("name") if call["tool"] == "call_tool" else None
    return inner if isinstance(inner, str) else str(call["tool"])


def _usage_fields(setting: EpisodeSpec, course: EpisodeState | None) -> Json:
    asked = course.asked if course else []
    tokens = added(one.completion.tokens for _, one in asked)
    return {
        "tokens": tokens and asdict(tokens),
        "cost_usd": cost_usd(setting.model.price, tokens),
        "model_reported": asked[-1][1].completion.model if asked else None,
        "requests": [_paid_request(setting, request, one) for request, one in asked],
    }


def _paid_request(setting: EpisodeSpec, request: Request, asked: Answer) -> Json:
    return {
        "identity": identity(components(setting.model, request)),
        "turn": request.turn,
        "key": asked.key,
        "started": asked.started,
        "latency_s": asked.latency_s,
        "queued_s": asked.queued_s,
        "attempts": asked.attempts,
        "slots": asked.slots,
        "model": asked.completion.model,
        "finish_reason": asked.completion.finish_reason,
        "tokens": asked.completion.tokens and asdict(asked.completion.tokens),
    }
