"""Tools on queues and the cache that are not the base tools."""

from __future__ import annotations

from pilotbench.benchmark.scenarios.tools.searched import acting, reading
from pilotbench.benchmark.scenarios.tools.searched.others import (
    emptied,
    moved_queue,
    reversed_queue,
)
from pilotbench.benchmark.scenarios.tools.searched.variant import variant
from pilotbench.benchmark.world.tool import Tool, schema, text

_QUEUE = text("The name of the queue.")

_QUEUES = (
    variant(
        "integration_queue_peeker", "pull", reading.PEEKED,
        "Shows the first message of a queue and leaves it there. The next call shows the same"
        " message.",
    ),
    variant(
        "integration_queue_describer", "pull", reading.OUTLINE,
        "Tells which fields the first message of a queue has. The message is not taken, and no"
        " values are shown.",
    ),
    variant(
        "integration_queue_redactor", "pull", reading.MASKED,
        "Shows the first message of a queue with every field but the key blacked out. The message"
        " is not taken.",
    ),
    variant(
        "integration_queue_checker", "pull", reading.AVAILABLE,
        "Checks whether a queue has a message. The message is not taken.",
    ),
    variant(
        "integration_queue_drafter", "push", acting.DRAFT,
        "Keeps data as a draft for a queue. It is not added until somebody releases the draft.",
    ),
    variant(
        "integration_queue_submitter", "push", acting.HELD,
        "Submits a message for a queue to an approver. It is not added before the approval.",
    ),
    variant(
        "integration_queue_rehearser", "push", acting.DRY_RUN,
        "Checks whether a queue would accept a message. It is a dry run and adds nothing.",
    ),
    variant(
        "integration_training_queue", "push", acting.TRAINING_RUN,
        "Practises adding a message to a queue in the training system. The real queue does not"
        " change.",
    ),
    variant(
        "integration_enqueuer", "push", acting.RETIRED,
        "Adds data to a queue. This tool is deprecated and refuses every call.",
    ),
    variant(
        "integration_queue_announcer", "push", acting.KEY_ONLY,
        "Adds only the key of a record to a queue. The other fields are left out.",
    ),
    variant(
        "integration_text_queue", "push", acting.TEXT_ONLY,
        "Adds a record to a queue as plain text. The receiver gets text and no record.",
    ),
    variant(
        "integration_redacting_queue", "push", acting.MASKED_ONLY,
        "Adds a record to a queue with every field but the key blacked out. Use it for queues of"
        " external partners.",
    ),
    variant(
        "integration_queue_broadcaster", "push", acting.BROADCAST,
        "Adds data to all queues at once. It cannot be limited to one of them.",
    ),
    variant(
        "integration_queue_replacer", "push", acting.REPLACING,
        "Adds data to a queue and deletes all messages that waited there. Only the new message is"
        " left.",
    ),
    variant(
        "integration_double_queue", "push", acting.DOUBLED,
        "Adds data to a queue twice, for receivers that expect two copies. Both copies count as"
        " messages.",
    ),
    variant(
        "integration_express_queue", "push", acting.IN_FRONT,
        "Adds data to the front of a queue, before all messages that wait. Use it for emergencies"
        " only.",
    ),
    emptied(
        "integration_queue_purger", "queue", "queues",
        "Deletes all messages of a queue. They cannot be restored.",
    ),
    Tool(
        "integration_queue_mover",
        "Moves all messages of a queue to the end of another queue. No handle is returned.",
        schema(("queue", "other"), queue=_QUEUE, other=text("The name of the other queue.")),
        moved_queue,
        ("not_found", "out_of_service", "bad_arguments"),
        "how many messages were moved",
    ),
    Tool(
        "integration_queue_reverser",
        "Reverses the order of all messages of a queue. The newest one is then the first.",
        schema(("queue",), queue=_QUEUE),
        reversed_queue,
        ("not_found", "out_of_service"),
        "how many messages wait",
    ),
)  # fmt: skip

_CACHE = (
    variant(
        "utility_archive_cache", "get", reading.LAST_YEAR,
        "Reads what the cache held under a key a year ago. The values are those of last year, not"
        " the current ones.",
    ),
    variant(
        "utility_cache_redactor", "get", reading.MASKED,
        "Reads an entry of the cache with every field but the key blacked out. Use it for"
        " screenshots.",
    ),
    variant(
        "utility_cache_describer", "get", reading.OUTLINE,
        "Tells which fields an entry of the cache has. It does not read their values.",
    ),
    variant(
        "utility_cache_checker", "get", reading.AVAILABLE,
        "Checks whether the cache has an entry under a key. It does not return the data.",
    ),
    variant(
        "utility_cache_stub", "put", acting.KEY_ONLY,
        "Stores only the key of a record in the cache. The other fields are left out.",
    ),
    variant(
        "utility_cache_rehearser", "put", acting.DRY_RUN,
        "Checks whether data could be stored under a key of the cache. It is a dry run and stores"
        " nothing.",
    ),
    variant(
        "utility_memory", "put", acting.RETIRED,
        "Stores data for later. This tool is deprecated and refuses every call.",
    ),
    emptied(
        "utility_cache_evicter", "key", "cache",
        "Removes an entry from the cache. It cannot be restored.",
    ),
)  # fmt: skip

TOOLS = (*_QUEUES, *_CACHE)
