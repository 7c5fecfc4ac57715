"""The settings of the batch endpoints, and the faults that they can be told to have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pilotbench.ground.errors import UserError

FAULTS = (
    "submit_late",  # accepted, but the answer is held until POST /batches/release
    "submit_reset",  # accepted, but the connection is reset
    "submit_500",  # accepted, but the answer is an error 500
    "submit_failed",  # not accepted: an error 500, and there is no batch
    "invalid",  # accepted, then refused by the validation; nothing is run
    "expired",  # expires with the first `part` of its lines answered
    "stuck",  # answers the first `part` of its lines, and never ends
    "look_500",  # the state of a batch is answered with an error 500
    "results_late",  # the answer with the results is held until POST /batches/release
    "results_cut",  # the connection breaks in the middle of the results
    "results_short",  # the results end in the middle of a line, without an error
    "results_500",
    "results_404",
    "line_server_error",
    "line_overloaded",
    "line_rate_limit_exceeded",
    "line_content_filter",
    "line_context_length_exceeded",
    "line_invalid_request",
)
"""Each happens as often as its count says: to the next submissions, looks, results or lines."""


@dataclass(frozen=True)
class BatchSetup:
    """The settings of batches; None means no limit.

    A batch is validated for `validate_s` and ends after `batch_s` (the median) times a lognormal
    factor of `sigma`; its lines are answered one after the other until then. After `window_s` the
    rest expires (not on Azure). A cancelled batch takes `cancel_s` to end; with `cancel_part` at
    least this share of its lines is answered all the same. It is listed `list_lag_s` after its
    submission.

    `max_requests` and `max_bytes` limit one batch, `enqueued_requests` and `enqueued_tokens` all
    batches of a model that have not ended. A batch with a request that contains `refused_text` is
    not run: the validation names the request, or with `names_refused` false only says that one is
    wrong. `faults` are counts by name (FAULTS), `part` the share
    of lines that expired and stuck batches answer. `gemini_metadata`: whether inlined responses
    repeat the metadata of their requests, which Gemini does not always do.
    """

    batch_s: float = 0.0
    sigma: float = 0.0
    validate_s: float = 0.0
    window_s: float = 24 * 3600.0
    cancel_s: float = 0.0
    cancel_part: float = 0.0
    list_lag_s: float = 0.0
    max_requests: int | None = None
    max_bytes: int | None = None
    enqueued_requests: int | None = None
    enqueued_tokens: int | None = None
    refused_text: str | None = None
    names_refused: bool = True
    part: float = 0.5
    gemini_metadata: bool = True
    faults: dict[str, int] = field(default_factory=dict)


def check_batch_faults(counts: Mapping[str, Any]) -> None:
    """Raise UserError for a fault that batches do not have, or that is not counted."""
    for name, count in counts.items():
        if name not in FAULTS:
            raise UserError(f"batches.faults: {name}; allowed are {', '.join(FAULTS)}")
        if not str(count).isdigit():
            raise UserError(f"batches.faults: {name} is {count!r}; must be a count")
