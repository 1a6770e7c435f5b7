"""Writing a plan to a tree, taking it back, and asking git about the tree."""

from transformer.write.checks import FileChange
from transformer.write.git import commit_of, dirty_files, state_folder, why_no_git
from transformer.write.hold import Hold, held, last_applied, unfinished
from transformer.write.record import Receipt, ReceiptFile, WriteError
from transformer.write.seen import Seen
from transformer.write.without import Replan, Replanned

__all__ = [
    "FileChange",
    "Hold",
    "Receipt",
    "ReceiptFile",
    "Replan",
    "Replanned",
    "Seen",
    "WriteError",
    "commit_of",
    "dirty_files",
    "held",
    "last_applied",
    "state_folder",
    "unfinished",
    "why_no_git",
]
