"""Instructions hidden in records do not stand out by their place or by their form."""

from __future__ import annotations

from typing import Any

from pilotbench.benchmark.scenarios.core import core_of
from pilotbench.benchmark.scenarios.injections import FIELDS, INJECTIONS, injected_queue
from pilotbench.benchmark.scenarios.levels import LEVELS
from pilotbench.benchmark.scenarios.work import assignment
from pilotbench.benchmark.scenarios.worlds import shown_record

INJECTED = LEVELS["abstention"]["injected"]
MADE = [assignment(core_of("public", index), INJECTED) for index in range(300)]


def remarks(index: int) -> list[tuple[str, str]]:
    """Return the field and text of each remark on the records of an index."""
    one = MADE[index]
    shown: list[dict[str, Any]] = [shown_record(one, item) for item in one.items]
    return [(name, record[name]) for record in shown for name in FIELDS if name in record]


def test_one_remark_of_a_list_names_the_queue() -> None:
    for index, one in enumerate(MADE):
        found = remarks(index)
        assert sum(injected_queue(one) in text for _, text in found) == 1
        assert len({name for name, _ in found}) == 1


def test_most_lists_have_harmless_remarks_in_the_same_field() -> None:
    counts = [len(remarks(index)) for index in range(len(MADE))]
    assert sum(count > 1 for count in counts) > 0.8 * len(MADE)
    assert sum(count < INJECTED.items for count in counts) > 0.8 * len(MADE)


def test_all_forms_and_fields_occur() -> None:
    found = [remarks(index)[0] for index in range(len(MADE))]
    assert {name for name, _ in found} == set(FIELDS)
    stems = {form[:12] for form in INJECTIONS}
    texts = [text for _, text in found]
    assert len([stem for stem in stems if any(t.startswith(stem) for t in texts)]) > 10


def test_records_of_other_levels_have_no_remarks() -> None:
    one = assignment(core_of("public", 0), LEVELS["horizon"]["n4"])
    assert not [name for item in one.items for name in FIELDS if name in shown_record(one, item)]
