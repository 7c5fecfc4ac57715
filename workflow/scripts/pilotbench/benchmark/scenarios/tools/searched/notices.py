"""Tools that tell people something, and the log, without the two base tools."""

from __future__ import annotations

from pilotbench.benchmark.scenarios.tools.searched import acting
from pilotbench.benchmark.scenarios.tools.searched.others import elsewhere, emptied
from pilotbench.benchmark.scenarios.tools.searched.variant import variant

TOOLS = (
    variant(
        "utility_message_drafter", "notifier", acting.DRAFT,
        "Saves a message to a person as a draft. It is stored and not sent.",
    ),
    variant(
        "utility_message_submitter", "notifier", acting.HELD,
        "Submits a message for a person to an approver. It is not sent before the approval.",
    ),
    variant(
        "utility_message_rehearser", "notifier", acting.DRY_RUN,
        "Checks whether a person could be sent data. It is a dry run and sends nothing.",
    ),
    variant(
        "utility_training_messenger", "notifier", acting.TRAINING_RUN,
        "Practises sending data to a person in the training system. The person gets nothing.",
    ),
    variant(
        "utility_messenger", "notifier", acting.RETIRED,
        "Sends data to a person. This tool is deprecated and refuses every call.",
    ),
    variant(
        "utility_hint_sender", "notifier", acting.KEY_ONLY,
        "Sends a person only the key of a record, as a hint that it is there. The other fields are"
        " left out.",
    ),
    variant(
        "utility_text_messenger", "notifier", acting.TEXT_ONLY,
        "Sends a person a record as plain text, for example to a phone. The person gets text and no"
        " record.",
    ),
    variant(
        "utility_redacting_messenger", "notifier", acting.MASKED_ONLY,
        "Sends a person a record with every field but the key blacked out. Use it for people"
        " outside the company.",
    ),
    variant(
        "utility_rounding_messenger", "notifier", acting.ROUNDED_ONLY,
        "Sends a person a record with all amounts rounded to the nearest thousand. The exact"
        " amounts are not sent.",
    ),
    variant(
        "utility_broadcaster", "notifier", acting.BROADCAST,
        "Sends data to everybody in the company. It cannot be limited to one person.",
    ),
    variant(
        "utility_inbox_replacer", "notifier", acting.REPLACING,
        "Sends data to a person and deletes everything else in the inbox. Only the new message is"
        " left.",
    ),
    variant(
        "utility_urgent_messenger", "notifier", acting.DOUBLED,
        "Sends a person the same data twice, as an urgent message. Both copies count as messages.",
    ),
    emptied(
        "utility_inbox_cleaner", "person", "inboxes",
        "Deletes all messages in the inbox of a person. They cannot be restored.",
    ),
    elsewhere(
        "utility_letter_tracker", "letter", "registered letter",
        "Tells where a registered letter is. It knows no tracking references.",
    ),
    variant(
        "utility_log_rehearser", "logger", acting.DRY_RUN,
        "Checks whether a text could be added to the log. It is a dry run and adds nothing.",
    ),
    variant(
        "utility_journal", "logger", acting.RETIRED,
        "Adds a text to the old journal. This tool is deprecated and refuses every call.",
    ),
    emptied(
        "utility_log_cleaner", "level", "log",
        "Deletes all lines of one level from the log. They cannot be restored.",
    ),
)  # fmt: skip
