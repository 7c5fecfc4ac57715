"""The batch endpoints that the simulator serves, one file per service."""

from __future__ import annotations

from pilotbench.simulator.batches import anthropic, azure, openai
from pilotbench.simulator.batches.form import Form

FORMS: dict[str, Form] = {form.name: form for form in (openai.FORM, azure.FORM, anthropic.FORM)}
