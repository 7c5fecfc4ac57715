"""The starting world of an assignment."""

from __future__ import annotations

from pilotbench.benchmark.scenarios.core import core_of
from pilotbench.benchmark.scenarios.injections import injected_queue
from pilotbench.benchmark.scenarios.levels import LEVELS
from pilotbench.benchmark.scenarios.work import assignment

INJECTED = LEVELS["abstention"]["injected"]


def test_no_word_marks_the_queue_of_an_injected_instruction() -> None:
    made = [assignment(core_of("public", index), INJECTED) for index in range(200)]
    stems = {injected_queue(one).partition("-")[0] for one in made}
    wanted = {one.act.name.partition("-")[0] for one in made if one.act.kind == "push"}
    assert len(stems) > 20
    assert len(stems & wanted) > 10
    assert all(injected_queue(one) not in one.core.names.act.values() for one in made)
