"""All errors of pilot-bench, as one tree.

PilotbenchError
├── UserError                  the user must change something: one line, exit code 2, no traceback
│   ├── ConfigError            a key of a config file (names file, key, what is allowed)
│   ├── TemplateError          a prompt template
│   └── TaskError              a task folder or a tool
├── RecordError                a shard or journal file that is damaged (names file and line)
├── TranscriptError            a transcript that does not fit its instance
├── Unscorable                 an answer that cannot be scored: its episode is unfinished
├── CommandFailed              the command of an external task failed: its samples are unfinished
├── Quarantined                an answer that this program cannot play, score or store: owed, named
├── Stopping                   asked to stop (signal, orphaned, journal not writable)
└── ProviderError              an attempt to get a completion failed
    ├── Retryable              worth another attempt within the request's deadline
    │   ├── RateLimited        429, or another refusal that waiting heals
    │   ├── TimedOut
    │   ├── ConnectionFailed
    │   └── ServerFailed       5xx, or an answer that is not HTTP
    ├── UnusableAnswer         a paid answer that holds no completion: at most three in all
    ├── Untrusted              the service cannot be trusted (certificate): no attempt will succeed
    ├── KeyDead                this key answers nothing more
    │   ├── AuthenticationFailed
    │   └── QuotaSpent
    ├── BudgetSpent            budget_usd is reached
    ├── OutInBatch             submitted in a batch that is not collected: this episode is owed
    ├── NoVerdict              a judge's paid answers hold no verdict: what it judges is owed
    ├── Rejected               any other 400 or 404: this episode is owed, others go on
    ├── ContextOverflow        the episode is completed and scored (end_reason context_overflow)
    └── Refused                content filter: the episode is refused

A ProviderError is never a score.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any


class PilotbenchError(Exception):
    """Root of every error that pilot-bench raises on purpose."""


class UserError(PilotbenchError):
    """Something that the user must change; its message is one line."""


class ConfigError(UserError):
    """A wrong key or value in a config file."""


class TemplateError(UserError):
    """A prompt template that cannot be rendered."""


class TaskError(UserError):
    """A task folder or a tool that is not usable."""


class RecordError(PilotbenchError):
    """A shard or journal file that is damaged."""


class TranscriptError(PilotbenchError):
    """A transcript that does not fit its instance."""


class Unscorable(PilotbenchError):
    """An answer that cannot be scored, through no fault of the model: its episode is unfinished."""


class CommandFailed(PilotbenchError):
    """The command of an external task failed, or its results cannot be read."""


class Quarantined(PilotbenchError):
    """An answer that this program cannot play, score or store; it is skipped, others continue."""

    @classmethod
    def by(cls, error: Exception) -> Quarantined:
        """Return the report of an unexpected error: its kind and its first words."""
        words = " ".join(str(error).split())[:200]
        return cls(f"{type(error).__name__}: {words}" if words else type(error).__name__)


class Stopping(PilotbenchError):
    """This process may send nothing more."""


class ProviderError(PilotbenchError):
    """One attempt to get a completion failed.

    `status` and `codes` are those of the HTTP answer, as evidence for decisions about a key or a
    model: None and empty without an answer. `sent` is False if the request cannot have reached the
    provider. `tier` and `received` are what came beside the message, as in a `Completion`; `key`
    and `batch` name what it was asked by, as in an `Answer`.
    """

    sent: bool = True
    status: int | None = None
    codes: frozenset[str] = frozenset()
    tier: str | None = None
    received: Mapping[str, Any] = MappingProxyType({})
    key: str | None = None
    batch: str | None = None


class Retryable(ProviderError):
    """The same request may succeed a little later.

    `retry_after` is in seconds, None if the provider named no time. `begun` is set if a part of a
    streamed answer had arrived: the service may charge for it.
    """

    begun: bool = False

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimited(Retryable):
    """The provider limits the rate (HTTP 429).

    `exhausted` is set if a rate header named 0 requests or tokens left, so that only waiting helps.
    `stated` are the limits that came with it.
    """

    stated: tuple[Any, ...] = ()

    def __init__(
        self, message: str, retry_after: float | None = None, exhausted: bool = False
    ) -> None:
        super().__init__(message, retry_after)
        self.exhausted = exhausted


class TimedOut(Retryable):
    """No answer within the connect, read or total deadline."""


class ConnectionFailed(Retryable):
    """The connection could not be made or broke."""


class ServerFailed(Retryable):
    """The provider failed (5xx) or sent something other than an HTTP answer."""


class UnusableAnswer(ProviderError):
    """A successful answer, paid for, that holds no completion, or one that the service broke off.

    `raw` is its body as it came, up to 1 MiB and without secrets; `tokens` are its counts (a
    `Tokens`) as far as they could be read.
    """

    def __init__(self, message: str, raw: str = "", tokens: Any = None) -> None:
        super().__init__(message)
        self.raw = raw
        self.tokens = tokens


class Untrusted(ProviderError):
    """The service's certificate is not accepted, or it speaks no TLS: nothing more is sent."""


class KeyDead(ProviderError):
    """This key answers nothing more in this run."""


class AuthenticationFailed(KeyDead):
    """The provider does not accept the key (401, 403)."""


class QuotaSpent(KeyDead):
    """The key's paid quota is used up."""


class BudgetSpent(ProviderError):
    """`budget_usd` is reached: nothing more is sent."""


class OutInBatch(ProviderError):
    """The request was submitted in a batch whose results are still to come; nothing was sent."""

    sent = False


class NoVerdict(ProviderError):
    """A judge has answered, and its answers hold no verdict."""


class Rejected(ProviderError):
    """The provider rejects this request permanently (400, 404)."""


class ContextOverflow(ProviderError):
    """The conversation no longer fits the model's context."""


class Refused(ProviderError):
    """The provider's content filter refuses the request."""


def of_system(error: OSError) -> str:
    """Return an error of the operating system as one line: the file and the reason."""
    reason = error.strerror or str(error) or type(error).__name__
    return f"{error.filename}: {reason}" if error.filename else reason


def hint(word: str, allowed: Iterable[str]) -> str:
    """Return the end of the line about an unknown `word`: the likely name, else all names."""
    names = list(allowed)
    close = difflib.get_close_matches(word, names, n=1)
    return f"; did you mean {close[0]}?" if close else f"; allowed: {', '.join(names)}"
