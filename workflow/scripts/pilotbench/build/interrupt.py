"""Ctrl-C during a run: the first waits for the answers in flight, the second ends at once."""

from __future__ import annotations

import signal
from collections.abc import Callable

from pilotbench.asking.keys.key_status import held_slots
from pilotbench.asking.keys.secrets import access, environment, missing
from pilotbench.ground import job_context
from pilotbench.ground.errors import PilotbenchError
from pilotbench.matrix.config import Settings

STOPPED = "stopped: every answer that came is kept; to go on, run the same command again"


class Interrupt:
    """Counts the interrupts of a run.

    `waits_for` says what the end of the run waits for, `say` writes a line for the person at the
    terminal. Once the jobs are `over`, an interrupt ends what is still being written.
    """

    def __init__(self, waits_for: Callable[[], str], say: Callable[[str], None]) -> None:
        self._waits_for, self._say = waits_for, say
        self.times = 0
        self.over = False

    def listen(self) -> None:
        """Take SIGINT from now on, unless it is ignored: by nohup, or in the background."""
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, self._on_signal)

    def _on_signal(self, *_: object) -> None:
        self.times += 1
        job_context.stop_asking()  # `kill -INT` reaches only the build, which passes none on
        if self.times == 1:
            self._say(f"interrupted: waiting for {self._waits_for()}; Ctrl-C again stops at once")
        elif self.times == 2:
            self._say("stopping at once")
        if self.times == 1 or self.over:
            raise KeyboardInterrupt


def waits_for(settings: Settings) -> str:
    """Return what is in flight on the keys of the selected models, in words."""
    try:
        count = _in_flight(settings)
    except (PilotbenchError, OSError):  # an interrupt is heard whatever the limits' folder holds
        return "the answers in flight"
    return f"{count} answers in flight" if count != 1 else "1 answer in flight"


def _in_flight(settings: Settings) -> int:
    variables = environment()
    providers = {settings.catalog[model].provider for model in settings.models}
    return sum(
        held_slots(settings.limits_dir, access(settings.providers[name], key, variables), alias)
        for name in providers
        for alias, key in settings.providers[name].keys.items()
        if not missing(settings, [alias], variables)
    )
