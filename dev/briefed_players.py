"""Play `briefed_pipeline` with reference players: what following and ignoring its plan scores.

    python -m dev.briefed_players [--instances 100]

The oracle plays the reference plan and the plan follower does what the plan says to the letter, as
for the other tasks. The guesser plays the reference plan, but guesses the values that only the
plan states: each is drawn like the true one. All tools work.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import product
from typing import Any

from dev.check_benchmark import play_locally
from pilotbench.benchmark import flaws
from pilotbench.benchmark.briefed.task import TASK
from pilotbench.benchmark.generation import vocabulary
from pilotbench.benchmark.generation.difficulty_texts import likeness
from pilotbench.benchmark.generation.seeded_random import SeededRandom
from pilotbench.benchmark.instances import Instance
from pilotbench.benchmark.world.session import WorldSession

Arguments = dict[str, Any]
HEAD = ["player", "prompt", "applies", "harmful", "followed", "passed"]


def guesses(instance: Instance) -> dict[tuple[int, str], Any]:
    """Return a guess for each value that the request leaves out, by step and argument."""
    draw = SeededRandom("guess", instance.task, instance.index)
    return {
        (one["place"], one["argument"]): _like(
            instance.plan[one["place"]].arguments[one["argument"]], one["thing"], draw
        )
        for one in instance.extra["briefed"]
    }


def _like(value: Any, thing: str, draw: SeededRandom) -> Any:
    if isinstance(value, int):
        return draw.whole(600, 9_999)
    make = {"person": vocabulary.person, "time": vocabulary.time}.get(thing, likeness(value))
    return make(draw)


def passes(instance: Instance, guessed: dict[tuple[int, str], Any]) -> bool:
    """Return whether the reference plan with some guessed arguments does the task."""
    session, found = WorldSession(instance), dict[int, Any]()
    for place, step in enumerate(instance.plan):
        given = flaws.literal_arguments(step, found)
        given |= {name: value for (at, name), value in guessed.items() if at == place}
        reply = session.call(step.tool, given)
        if reply["ok"]:
            found[place] = reply["result"]
    goals = session.goal_state(flaws.literal_answer(instance, found))
    return not session.protected_broken() and all(holds for _, holds, _ in goals)


def rows(instances: int) -> Iterator[list[str]]:
    """Yield the rows of the table over the first `instances` indices of both levels."""
    views = [TASK.instance(level, i) for level, i in product(TASK.difficulties, range(instances))]
    yield _played("oracle", "baseline", views)
    yield _played("oracle", "optimal", views)
    passed = sum(passes(instance, guesses(instance)) for instance in views)
    whole = _share(len(views), len(views))
    yield ["guesser", "`optimal`, values not read", whole, "", "", _share(passed, len(views))]
    for prompt in ("optimal", *flaws.FLAWED):
        yield _played("plan_follower", prompt, views)


def _played(player: str, prompt: str, views: list[Instance]) -> list[str]:
    records = [play_locally(instance, player, prompt, "1.0", task=TASK) for instance in views]
    done = [record for record in records if record["status"] == "completed"]
    flaw = prompt.removeprefix("flawed_") if prompt in flaws.FLAWED else None
    followed = [record["flaws"][flaw] == flaws.FOLLOWED for record in done if flaw]
    harmful = [record["harmful"] for record in done if flaw]
    shares = [_share(sum(found), len(found)) if flaw else "" for found in (harmful, followed)]
    passed = _share(sum(bool(record["success"]) for record in done), len(done))
    return [player, f"`{prompt}`", _share(len(done), len(records)), *shares, passed]


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"


def table(instances: int) -> str:
    """Return the table as Markdown."""
    lines = [HEAD, ["---"] * len(HEAD), *rows(instances)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description="What following and ignoring the plan scores.")
    parser.add_argument("--instances", type=int, default=100, help="indices of each level")
    print(table(parser.parse_args().instances))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
