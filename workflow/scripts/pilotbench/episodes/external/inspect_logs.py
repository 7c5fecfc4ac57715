"""Read the logs of Inspect, as it writes them with `--log-format json`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pilotbench.benchmark.packs.external_task import Reading
from pilotbench.episodes.external.json_files import one_object
from pilotbench.episodes.external.sample import Found, Sample, number_of, simple, text_of
from pilotbench.ground.errors import CommandFailed

Json = dict[str, Any]


def read(found: Found, reading: Reading) -> Iterator[Sample]:
    """Yield the samples of the log. Raises CommandFailed for what is not one whole log."""
    logs = [(path, log) for path in found.files if "eval" in (log := one_object(path))]
    if len(logs) != 1:
        raise CommandFailed(f"{found.names}: {len(logs)} logs of Inspect; there must be one")
    path, log = logs[0]
    if log.get("status") != "success":
        error = (log.get("error") or {}).get("message") or "it is not whole"
        raise CommandFailed(f"{path.name}: the status is {log.get('status')}: {error}")
    samples = log.get("samples") or []
    places = _places(path, log, samples, found)
    epochs = {one.get("epoch", 1) for one in samples}
    if len(epochs) > 1:
        raise CommandFailed(f"{path.name}: several epochs; write --epochs 1 and use `repeats`")
    for one in samples:
        yield _sample(path, one, places[str(one["id"])], reading)


def _places(path: Path, log: Json, samples: list[Json], found: Found) -> dict[str, int]:
    """Return the number of each sample: the log lists them in the order of the data set."""
    data = (log["eval"].get("dataset")) or {}
    if data.get("shuffled"):
        raise CommandFailed(f"{path.name}: the data set is shuffled, so samples have no numbers")
    names = data.get("sample_ids") or [one["id"] for one in samples]
    return {str(name): found.nth(place, len(names)) for place, name in enumerate(names)}


def _sample(path: Path, one: Json, index: int, reading: Reading) -> Sample:
    scores = one.get("scores") or {}
    error = (one.get("error") or {}).get("message")
    name = None if error and not scores else _which(path, scores, reading.score)
    score = scores.get(name) or {}
    question = one.get("input")
    users = [m for m in question if m.get("role") == "user"] if isinstance(question, list) else []
    target = one.get("target")
    return Sample(
        index,
        value=_value(score.get("value"), name),
        name=str(one["id"]),
        prompt=text_of(users[-1].get("content")) if users else text_of(question),
        reply=(one.get("output") or {}).get("completion"),
        target=target[0] if isinstance(target, list) and len(target) == 1 else target,
        read=score.get("answer"),
        why=score.get("explanation") or "",
        rule=f"inspect: {name}",
        error=error,
        others=simple(one.get("metadata") or {}),
        metrics={
            other: number
            for other, its in scores.items()
            if other != name and (number := number_of(its.get("value"))) is not None
        },
    )


def _which(path: Path, scores: Json, wanted: str | None) -> str:
    if wanted is not None and wanted in scores:
        return wanted
    if len(scores) == 1 and wanted is None:
        return str(next(iter(scores)))
    names = ", ".join(scores) or "none"
    why = "several scores" if wanted is None else f"no score {wanted}"
    raise CommandFailed(f"{path.name}: {why}: name one in reader.score (there are: {names})")


def _value(value: Any, name: str | None) -> Any:
    """Return the value of a score; a dict with one number is that number."""
    if isinstance(value, dict) and len(value) == 1:
        return next(iter(value.values()))
    return value
