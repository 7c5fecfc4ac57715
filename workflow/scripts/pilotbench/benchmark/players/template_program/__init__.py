"""The template program: a player without a model that reads the requests of version 4 by patterns.

It is written as somebody would who games the benchmark: from public requests and the replies of
tools, without the files of wordings. What it scores bounds what patterns can score.
"""

from __future__ import annotations

from pilotbench.benchmark.players.template_program.playing import template

__all__ = ["template"]
