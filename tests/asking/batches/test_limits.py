"""What limits of a service, and batches that it does not accept, do to the batches of a lane."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pilotbench.asking.batches import lane
from pilotbench.asking.batches.lane import Left
from pilotbench.providers.batches import openai
from support import Simulator
from support.batch_lab import Lab

pytestmark = pytest.mark.slow
FORMS = ("openai", "azure", "anthropic", "gemini")
COUNT = 10


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATCH_LAB_KEY", "sk-lab-key")
    monkeypatch.setattr(lane, "FIRST_LOOK_S", 0.02)
    monkeypatch.setattr(openai, "_READY_PAUSE_S", 0.02)


def simulator_of(**batches: Any) -> Simulator:
    return Simulator(tasks=["simple_task"], instances=COUNT, batches=batches)


def ran(lab: Lab) -> list[Left]:
    """Run waves until nothing can be submitted; return what was left to be asked online."""
    left: list[Left] = []
    with lab.lane() as opened:
        for _ in range(60):
            lab.collect_all(opened)
            wave = [
                (shard, request)
                for shard, request in lab.wave()
                if (shard, request) not in [(one.shard, one.request) for one in left]
            ]
            done = opened.submit(wave)
            left += done.online
            if not wave or not (done.requests or opened.out() or done.later):
                return left
    raise AssertionError("still not done")


def failed(lab: Lab) -> int:
    """Return how many batches failed their validation."""
    return sum(job["phase"] == "failed" for job in lab.stats()["batches"]["jobs"])


def check(lab: Lab, finished: int) -> None:
    """Check that so many episodes are finished, and that all was paid once, in batches."""
    records = lab.episodes()
    stats = lab.stats()
    assert len(records) == finished
    assert stats["total"]["paid_again"] == 0
    assert stats["tiers"] == {"batch": sum(len(record["requests"]) for record in records)}


@pytest.mark.parametrize("limit", [{"max_requests": 2}, {"max_bytes": 40_000}])
@pytest.mark.parametrize("kind", FORMS)
def test_a_service_with_smaller_batches_gets_smaller_ones(
    tmp_path: Path, kind: str, limit: dict[str, int]
) -> None:
    with simulator_of(**limit) as simulator:
        lab = Lab(tmp_path, simulator, kind, instances=COUNT)
        assert ran(lab) == []
        check(lab, COUNT)
        assert failed(lab) <= 2 * math.log2(COUNT) + 2  # learned once, not in every wave
        jobs = lab.stats()["batches"]["jobs"]
        assert max(job["lines"] for job in jobs if job["phase"] == "completed") > 1


@pytest.mark.parametrize("kind", FORMS)
def test_a_request_that_is_too_large_alone_is_left_to_the_online_lane(
    tmp_path: Path, kind: str
) -> None:
    with simulator_of(max_bytes=300) as simulator:
        lab = Lab(tmp_path, simulator, kind, instances=3)
        left = ran(lab)
        assert len(left) == 3
        for one in left:
            assert any(word in one.why for word in ("large", "exceed")), one.why


def guilty_text(folder: Path, kind: str) -> str:
    """Return words that only one of the first requests contains."""
    with Simulator(tasks=["simple_task"], instances=COUNT) as simulator:
        wave = Lab(folder, simulator, kind, instances=COUNT).wave()
    texts = [words(request.body) for _, request in wave]
    return next(
        text[start : start + 30]
        for text in texts[3:]
        for start in range(0, len(text) - 30, 5)
        if sum(text[start : start + 30] in other for other in texts) == 1
    )


def words(body: Any) -> str:
    """Return the last text in a body that has no character which JSON escapes."""
    found: Sequence[str] = [body] if isinstance(body, str) else ()
    if isinstance(body, dict | list):
        parts = body.values() if isinstance(body, dict) else body
        found = [text for part in parts if (text := words(part))]
    plain = [t for t in " ".join(found).replace('"', "\n").replace("\\", "\n").splitlines() if t]
    return " ".join(plain) if isinstance(body, dict | list) else max(plain, key=len, default="")


@pytest.mark.parametrize("names", [True, False])
@pytest.mark.parametrize("kind", FORMS)
def test_one_request_that_is_not_accepted_leaves_the_others_in_batches(
    tmp_path: Path, kind: str, names: bool
) -> None:
    text = guilty_text(tmp_path / "first", kind)
    with simulator_of(refused_text=text, names_refused=names) as simulator:
        lab = Lab(tmp_path / "lab", simulator, kind, instances=COUNT)
        (left,) = ran(lab)
        assert "not valid" in left.why
        check(lab, COUNT - 1)
        assert failed(lab) <= (1 if names else math.ceil(math.log2(COUNT)) + 1)


@pytest.mark.parametrize("kind", ["openai", "gemini"])
def test_where_no_request_is_accepted_the_search_ends(tmp_path: Path, kind: str) -> None:
    with simulator_of(refused_text="oracle" if kind == "openai" else "contents") as simulator:
        lab = Lab(tmp_path, simulator, kind, instances=COUNT)
        assert len(ran(lab)) == COUNT
        assert failed(lab) == 1
    with simulator_of(refused_text="e", names_refused=False) as simulator:
        lab = Lab(tmp_path, simulator, kind, instances=COUNT)
        assert len(ran(lab)) == COUNT
        assert failed(lab) <= 2 * COUNT


@pytest.mark.parametrize("kind", ["openai", "azure"])
def test_a_request_above_the_limit_of_enqueued_tokens_does_not_wait(
    tmp_path: Path, kind: str
) -> None:
    with simulator_of(enqueued_tokens=50) as simulator:
        lab = Lab(tmp_path, simulator, kind, instances=4)
        left = ran(lab)
        assert len(left) == 4
        assert all("it fits in no batch" in one.why and "50" in one.why for one in left)
        assert failed(lab) < 4  # the later ones are not even tried
