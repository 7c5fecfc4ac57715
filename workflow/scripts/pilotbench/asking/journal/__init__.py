"""The journal: every response that was paid for, written once and found again.

identity       one hash of everything that could change an answer
lines          a line: JSON with a checksum, written in one form and read in any
segments       the folder of a cell: which process writes which file, which files are read
segment        the file of answers that one process writes for one shard
records        the records of such a file
answers        what the segments answer, whoever wrote them
paid_answers   everything that was paid for, over all cells
other_folders  the segments of a prompt or pack that has been renamed
disk_space     space that is reserved before a request is sent
batch_book     the record of batches that are out
"""

from pilotbench.asking.journal.identity import request_identity
from pilotbench.asking.journal.records import bounded
from pilotbench.asking.journal.segment import Segment
from pilotbench.asking.journal.segments import Journal, journal_folder

__all__ = ["Journal", "Segment", "bounded", "journal_folder", "request_identity"]
