"""The journal: every response that was paid for, written once and found again.

identity  one hash of all that could change an answer
segments  a shard's own file of answers, which it alone writes
answers   reading segments, whoever wrote them
"""

from pilotbench.journal.segments import Journal, Segment, journal_folder

__all__ = ["Journal", "Segment", "journal_folder"]
