"""Every figure of the summary: one function per figure, all listed in `MAKERS`.

A figure's data are rows of the tables; each row carries the words
(model, prompt, task, difficulty) that the page's filters know.
"""

from __future__ import annotations

from pilotbench.results.summary.figures import effort, prompts, skill
from pilotbench.results.summary.figures.base import Figure, Source

MAKERS = (
    skill.success,
    skill.pareto,
    skill.heat_task,
    skill.heat_difficulty,
    prompts.prompt_effect,
    skill.reliability,
    prompts.flaw_effect,
    prompts.followed,
    effort.turns,
    effort.tokens,
    effort.errors,
    effort.latency,
    effort.timeline,
)


def figures(source: Source) -> list[Figure]:
    """Return the figures that the selection has data for, in the order of the page."""
    return [figure for maker in MAKERS if (figure := maker(source)) is not None]
