"""The journal: every response that was paid for, written once and found again.

identity   one hash of all that could change an answer
lines      a line: JSON with a checksum, written in one form and read in any
segments   a shard's own file of answers, which it alone writes
answers    reading segments, whoever wrote them
elsewhere  the segments of a prompt or pack that has been renamed
"""

from pilotbench.asking.journal.answers import bounded
from pilotbench.asking.journal.identity import sought
from pilotbench.asking.journal.segments import Journal, Segment, journal_folder

__all__ = ["Journal", "Segment", "bounded", "journal_folder", "sought"]
