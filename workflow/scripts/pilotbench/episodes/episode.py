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
from dataclasses import dataclass, replace
from itertools import zip_longest

from pilotbench.benchmark.flaws import NotApplicable
from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.prompts.prompt_files import Prompt
from pilotbench.benchmark.tasks.conversation import Conversation, Reply, Said
from pilotbench.benchmark.tasks.task import Session, Task, ToolSpec, Transcript, Turn
from pilotbench.episodes.episode_record import Episode, record_of
from pilotbench.episodes.episode_spec import EpisodeSpec, EpisodeState
from pilotbench.episodes.opening import messages_of, recorded, system_of
from pilotbench.ground.errors import ContextOverflow, Refused
from pilotbench.providers.answer import Answer, Completion
from pilotbench.providers.finish_reasons import Meaning, meaning
from pilotbench.providers.messages import Message
from pilotbench.providers.protocols.history import followed_up, repeated
from pilotbench.providers.protocols.protocol import NO_CALL, CallProtocol, Parsed
from pilotbench.providers.request import Request
from pilotbench.providers.settings import Model

Ask = Callable[[Request], Answer]
Course = Generator[Request, Answer, None]


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
    examples = task.examples if spec.prompt.examples else ()
    user = spec.prompt.render(instance, [tool.name for tool in spec.tools], examples)
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
        state.messages += followed_up(spec.model.user_after_results, state.messages, outcome.user)
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
    is_cut = meaning(completion.finish_reason) is Meaning.LENGTH and parsed.call is None
    response = session.hear(Said(parsed.calls, parsed.text, parsed.error, is_cut))
    user = response.user
    if user is not None:
        user = spec.protocol.announced([one for one in session.tools if one not in known], user)
    end_reason = None
    if session.finished:
        state.transcript.answer = session.answer
        end_reason = response.end_reason or ("length" if is_cut else "finish")
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
