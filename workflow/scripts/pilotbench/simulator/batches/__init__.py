"""The batch endpoints that the simulator serves, one file per service."""

from __future__ import annotations

from pilotbench.simulator.batches import anthropic, azure, gemini, openai
from pilotbench.simulator.batches.form import Form

FORMS: dict[str, Form] = {
    form.name: form for form in (gemini.FORM, openai.FORM, azure.FORM, anthropic.FORM)
}
