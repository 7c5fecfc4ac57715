"""Read the samples that lm-eval writes with `--log_samples`: one line per sample and filter."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pilotbench.benchmark.packs.external_task import Reading
from pilotbench.episodes.external.json_files import records
from pilotbench.episodes.external.sample import Found, Sample, as_text, number_of, text_of
from pilotbench.ground.errors import CommandFailed

Json = dict[str, Any]


def read(found: Found, reading: Reading) -> Iterator[Sample]:
    """Yield the samples under the filter that counts. Raises CommandFailed."""
    lines = [line for path in found.files for line in records(path)]
    if not all("doc_id" in line and "filter" in line for line in lines):
        raise CommandFailed(f"{found.names}: not samples of lm-eval")
    filters = list(dict.fromkeys(line["filter"] for line in lines))
    chosen = _chosen(found, "filter", filters, reading.filter)
    for line in lines:
        if line["filter"] == chosen:
            yield _sample(found, line, reading)


def _sample(found: Found, line: Json, reading: Reading) -> Sample:
    metrics = line.get("metrics") or []
    metric = _chosen(found, "score", metrics, reading.score)
    prompt = _prompt(line)
    return Sample(
        int(line["doc_id"]),
        value=line.get(metric),
        name=None,
        prompt=prompt,
        exact=True,
        reply=as_text(line.get("resps")),
        target=line.get("target"),
        read=as_text(line.get("filtered_resps")),
        rule=f"lm_eval: {metric}, filter {line['filter']}",
        metrics={
            name: number
            for name in metrics
            if name != metric and (number := number_of(line.get(name))) is not None
        },
    )


def _prompt(line: Json) -> str:
    """Return the text of the conversation that was sent."""
    arguments = line.get("arguments") or {}
    first: Any = next(iter(arguments.values()), {}) if isinstance(arguments, dict) else {}
    sent = as_text(first.get("arg_0") if isinstance(first, dict) else None) or ""
    try:
        messages = json.loads(sent)
    except ValueError:
        return sent
    if not isinstance(messages, list):
        return sent
    return "\n".join(text_of(one) for one in messages)


def _chosen(found: Found, key: str, names: list[str], wanted: str | None) -> str:
    if wanted is not None and wanted in names:
        return wanted
    if len(names) == 1 and wanted is None:
        return names[0]
    word = {"filter": "filter", "score": "metric"}[key]
    why = f"{len(names)} {word}s" if wanted is None else f"no {word} {wanted}"
    raise CommandFailed(
        f"{found.names}: {why}: name one in reader.{key} (there are: {', '.join(names) or 'none'})"
    )
