"""The journal: every response that was paid for, written once and found again.

identity       one hash of everything that could change an answer
lines          a line: JSON with a checksum, written in one form and read in any
segments       the file of answers that one process writes for one shard
answers        reading segments, whoever wrote them
other_folders  the segments of a prompt or pack that has been renamed
disk_space     space that is reserved before a request is sent
"""

from pilotbench.asking.journal.answers import bounded
from pilotbench.asking.journal.identity import request_identity
from pilotbench.asking.journal.segments import Journal, Segment, journal_folder

__all__ = ["Journal", "Segment", "bounded", "journal_folder", "request_identity"]
