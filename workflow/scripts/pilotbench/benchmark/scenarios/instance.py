"""An instance of version 4."""

from __future__ import annotations

from functools import cached_property

from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.scenarios.levels import LEVELS
from pilotbench.benchmark.scenarios.point import Point
from pilotbench.benchmark.world.levels import is_discovery
from pilotbench.ground.canonical_json import digest

UNCONFIRMED = "unconfirmed"
"""The error of a call that may have been carried out; plans say what follows it."""


def is_searched(instance: Instance) -> bool:
    """Return whether tools have to be searched for, in an instance of either version."""
    if isinstance(instance, ScenarioInstance):
        return "searched" in instance.point.observation
    return is_discovery(instance.difficulty)


class ScenarioInstance(Instance):
    """A core at the point of a level: equal points of several tasks ask and simulate the same."""

    @property
    def point(self) -> Point:
        """How much of each axis it has."""
        return LEVELS[self.task][self.difficulty]

    @cached_property
    def question_hash(self) -> str:
        """SHA-256 of what is asked and of the world, whatever task and level are called."""
        return digest(["v4", self.request, self.world])

    @cached_property
    def draw_hash(self) -> str:
        """What seeds the failures of tools: the core, so that all levels meet the same ones."""
        return digest(["v4", self.world["salt"]])

    @property
    def play_hash(self) -> str:
        """What seeds the chance of reference players: equal points are played equally."""
        return self.question_hash
