"""pilot-bench: compare language models over a declarative matrix, pay for each answer once.

A shard's life is one walk in one direction:
config -> plan -> evaluate -> provider -> records -> database -> statistics -> summary.
"""

PROTOCOL_VERSION = "3"
"""How messages are read; a change replays stored answers and is a line in the CHANGELOG."""
