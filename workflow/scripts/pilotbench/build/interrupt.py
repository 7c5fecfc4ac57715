"""Ctrl-C during a run: the first waits for the answers in flight, the second stops at once."""

from __future__ import annotations

import signal
from collections.abc import Callable, Collection, Iterable

from pilotbench.asking.keys.key_status import held_slots
from pilotbench.asking.keys.secrets import access, environment, missing
from pilotbench.ground import job_context
from pilotbench.ground.errors import PilotbenchError
from pilotbench.matrix.config import Settings
from pilotbench.providers.settings import Model

STOPPED = "stopped: every answer received is kept; to continue, run the same command again"


class Interrupt:
    """Counts the interrupts of a run.

    `waits_for` returns what the run waits for before it ends, `say` writes a line for the user.
    Once the jobs are `over`, an interrupt ends what is still being written.
    """

    def __init__(self, waits_for: Callable[[], str], say: Callable[[str], None]) -> None:
        self._waits_for, self._say = waits_for, say
        self.times = 0
        self.over = False

    def listen(self) -> None:
        """Handle SIGINT from now on, unless it is ignored: under nohup or in the background."""
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, self._on_signal)

    def _on_signal(self, *_: object) -> None:
        self.times += 1
        job_context.stop_asking()  # `kill -INT` reaches only this process
        if self.times == 1:
            self._say(f"interrupted: waiting for {self._waits_for()}; Ctrl-C again stops at once")
        elif self.times == 2:
            self._say("stopping at once")
        if self.times == 1 or self.over:
            raise KeyboardInterrupt


def waits_for(settings: Settings, models: Iterable[Model]) -> str:
    """Return what is in flight on the keys of `models`, those that are asked, in words."""
    try:
        count = _in_flight(settings, {model.provider for model in models})
    except (PilotbenchError, OSError):  # an interrupt works whatever is in the folder of the limits
        return "the answers in flight"
    return f"{count} answers in flight" if count != 1 else "1 answer in flight"


def _in_flight(settings: Settings, providers: Collection[str]) -> int:
    variables = environment()
    return sum(
        held_slots(settings.limits_dir, access(settings.providers[name], key, variables), alias)
        for name in providers
        for alias, key in settings.providers[name].keys.items()
        if not missing(settings, [alias], variables)
    )
