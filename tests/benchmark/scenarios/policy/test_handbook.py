"""The handbook has many sentences, and none that could decide about an item."""

from __future__ import annotations

import re

from pilotbench.benchmark.scenarios.policy.decoys import OTHER_NOUNS
from pilotbench.benchmark.scenarios.policy.handbook import topics
from pilotbench.benchmark.scenarios.terms.subjects import SUBJECTS

SIZES = (1000, 2000, 4000)
CORES = 3000
READ = 40


def test_other_matters_do_not_mention_items_of_lists() -> None:
    nouns = {noun for one in SUBJECTS.values() for noun in (one.one, one.many)}
    nouns |= {noun for one in OTHER_NOUNS for noun in (one.one, one.many)}
    said = [sentence for topic in topics() for sentence in topic.variants[0].sentences]
    found = [one for one in said if re.search(rf"(?i)\b({'|'.join(nouns)})\b", one)]
    assert not found
    assert len(said) > 400
