"""Tools on databases, sign-ins, jobs and entries that are not the base tools."""

from __future__ import annotations

from typing import Any

from pilotbench.benchmark.scenarios.tools.parameters import TARGET
from pilotbench.benchmark.scenarios.tools.searched import acting, reading
from pilotbench.benchmark.scenarios.tools.searched.others import (
    described,
    elsewhere,
    emptied,
    refund_all,
)
from pilotbench.benchmark.scenarios.tools.searched.variant import Effect, variant
from pilotbench.benchmark.world.tool import Tool, schema

Json = dict[str, Any]

_DATABASES = (
    variant(
        "integration_archive_connector", "connector", reading.LAST_YEAR,
        "Opens a table of a database as it was archived a year ago. The values are those of last"
        " year, not the current ones.",
    ),
    variant(
        "integration_training_connector", "connector", reading.TRAINING,
        "Opens the training version of a table of a database. Its values are invented.",
    ),
    variant(
        "integration_planning_connector", "connector", reading.FORECAST,
        "Opens the planning version of a table of a database. Its values are forecasts for the next"
        " quarter.",
    ),
    variant(
        "integration_redacting_connector", "connector", reading.MASKED,
        "Opens a table of a database with every column but the key blacked out. Use it for external"
        " auditors.",
    ),
    variant(
        "integration_digest_connector", "connector", reading.ROUNDED,
        "Opens a table of a database with all amounts rounded to the nearest thousand. The exact"
        " amounts are not kept.",
    ),
    variant(
        "integration_sampler", "connector", reading.SAMPLE,
        "Returns the first five rows of a table of a database, as a sample. The handle is of these"
        " rows only.",
    ),
    variant(
        "integration_recent_rows", "connector", reading.LAST_ROWS,
        "Returns the last five rows of a table of a database. The handle is of these rows only.",
    ),
    variant(
        "integration_text_exporter", "connector", reading.AS_TEXT,
        "Exports a table of a database as plain text. The result is text and no longer a table.",
    ),
    variant(
        "integration_key_lister", "connector", reading.FIRST_FIELD,
        "Returns the first column of a table of a database. All other columns are left out.",
    ),
    variant(
        "integration_schema_reader", "connector", reading.OUTLINE,
        "Tells which columns a table of a database has. It does not return the rows.",
    ),
    variant(
        "integration_row_counter", "connector", reading.LENGTH,
        "Tells how many rows a table of a database has. It does not return the rows.",
    ),
    variant(
        "integration_query_runner", "connector", acting.RETIRED,
        "Queries a table of a database. This tool is deprecated and refuses every"
        " call.",
    ),
    described(
        "integration_mapper",
        "Renames the columns of a table by a stored mapping. The values do not change.",
    ),
)  # fmt: skip

_SIGN_INS = (
    variant(
        "integration_credential_checker", "authenticator", acting.CHECKED,
        "Checks whether a credential is valid for a service. It does not sign in.",
    ),
    variant(
        "integration_guest_login", "authenticator", acting.RETIRED,
        "Signs in to a service as a guest. Guests are no longer admitted: this tool is deprecated"
        " and refuses every call.",
    ),
)  # fmt: skip

_JOBS = (
    variant(
        "integration_job_drafter", "scheduler", acting.DRAFT,
        "Keeps a job as a draft in the planner. It is not scheduled until somebody releases the"
        " draft.",
    ),
    variant(
        "integration_job_submitter", "scheduler", acting.HELD,
        "Submits a job to an approver. It is not scheduled before the approval.",
    ),
    variant(
        "integration_job_rehearser", "scheduler", acting.DRY_RUN,
        "Checks whether a job could be scheduled. It is a dry run and schedules nothing.",
    ),
    variant(
        "integration_training_scheduler", "scheduler", acting.TRAINING_RUN,
        "Practises scheduling a job in the training system. No real job is scheduled.",
    ),
    variant(
        "integration_timer", "scheduler", acting.RETIRED,
        "Plans a job. This tool is deprecated and refuses every call.",
    ),
    variant(
        "integration_reminder", "scheduler", acting.KEY_ONLY,
        "Schedules a reminder that contains only the key of a record. The other fields are left"
        " out.",
    ),
    variant(
        "integration_text_scheduler", "scheduler", acting.TEXT_ONLY,
        "Schedules a job that gets a record as plain text. Jobs that expect a record cannot use"
        " it.",
    ),
    variant(
        "integration_weekly_scheduler", "scheduler", acting.under(" (weekly)"),
        "Schedules a job that runs every week, under the given name with `(weekly)` at its end. A"
        " job that runs once is not created.",
    ),
    variant(
        "integration_standby_scheduler", "scheduler", acting.under(" (paused)"),
        "Schedules a job that is paused from the start, under the given name with `(paused)` at its"
        " end. It does not run until somebody resumes it.",
    ),
    emptied(
        "integration_job_remover", "job", "schedule",
        "Removes a scheduled job, which then never runs. It books no fee and gives no receipt.",
    ),
)  # fmt: skip

_NO_CHARGE = Effect(
    acting.nothing({"fee": 25, "withdrawn": False}), "the fee that would be charged"
)
_DISPUTE = Effect(
    acting.nothing({"dispute": "opened", "withdrawn": False}), "that a dispute was opened"
)


def _numbered(told: Json) -> Json:
    return {"target": told["target"], "entries": len(told["entries"])}


def _none_then(told: Json) -> Json:
    return {"target": told["target"], "year": 2030, "entries": []}


def _any(told: Json) -> Json:
    return {"target": told["target"], "empty": not told["entries"]}


_ENTRIES = (
    variant(
        "integration_fee_estimator", "canceller", _NO_CHARGE,
        "Tells which fee it would cost to withdraw an entry. Nothing is withdrawn.",
    ),
    variant(
        "integration_disputer", "canceller", _DISPUTE,
        "Opens a dispute about an entry with its receiver. The entry stays where it is.",
    ),
    variant(
        "integration_undoer", "canceller", acting.RETIRED,
        "Undoes the last step. This tool is deprecated and refuses every call.",
    ),
    Tool(
        "integration_mass_canceller",
        "Withdraws every entry of a target at once. A fee of 25 is charged for each of them.",
        schema(("target",), target=TARGET),
        refund_all,
        ("not_found", "out_of_service", "no_entry"),
        "how many entries were withdrawn",
    ),
    variant(
        "integration_entry_counter", "auditor", reading.reworded(_numbered, "the number"),
        "Counts the entries that a target holds. It does not tell which ones they are.",
    ),
    variant(
        "integration_archive_auditor", "auditor", reading.reworded(_none_then, "the entries"),
        "Lists the entries that a target received last year. Entries of this year are not listed.",
    ),
    variant(
        "integration_emptiness_checker", "auditor", reading.reworded(_any, "yes or no"),
        "Tells whether a target is empty. It does not tell what it holds.",
    ),
    elsewhere(
        "integration_invoice_auditor", "supplier", "supplier",
        "Lists the invoices of a supplier that the accountants have audited. It knows nothing of"
        " entries and receipts.",
    ),
)  # fmt: skip

TOOLS = (*_DATABASES, *_SIGN_INS, *_JOBS, *_ENTRIES)
