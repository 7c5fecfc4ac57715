"""Azure's batches: OpenAI's, by deployment; what takes longer than a day does not expire."""

from __future__ import annotations

from pilotbench.simulator.batches.openai import Service, form_of

FORM = form_of(
    Service(
        name="azure",
        paths="/openai(/v1)?",
        endpoints=(
            "/chat/completions",
            "/responses",
            "/v1/chat/completions",
            "/v1/responses",
        ),
        most_requests=100_000,
        most_bytes=200 * 10**6,
        full="The number of enqueued tokens has surpassed the configured limit of {limit} for the "
        "deployment '{model}'. Please either increase the limit or try again once the current jobs "
        "have finished.",
        file_status="pending",
    )
)
