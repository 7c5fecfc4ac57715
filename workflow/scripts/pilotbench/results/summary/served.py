"""Which names have answered for each model, and which of them are not the model that was asked."""

from __future__ import annotations

from pilotbench.providers.served import (as_asked, complaint)
from pilotbench.results.summary.load import (Data)


def others(data: Data, model: str) -> list[str]:
    """Return the names that have answered for a model and are not the one that was asked."""
    facts = data.models[model]
    found = answered(data, model)
    return [name for name in found if not as_asked(facts.deployment, facts.reports, name)]


def answered(data: Data, model: str) -> list[str]:
    """Return every name that has answered for a model, sorted."""
    frame = data.scored
    if frame.empty:
        return []
    return sorted({str(n) for n in frame.loc[frame["model"] == model, "model_reported"].dropna()})


def complaints(data: Data) -> list[str]:
    """Return one sentence for each wrong name that has answered for a model."""
    told = []
    for model in data.model_names:
        facts = data.models[model]
        for name in others(data, model):
            told.append(f"{model}: {complaint(facts.deployment, facts.reports, name)}.")
    return told
