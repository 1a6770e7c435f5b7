"""Writing a plan to a tree, taking it back, and asking git about the tree."""

from transformer.write.apply import FileChange, apply, check, last_applied, recover, undo
from transformer.write.git import commit, dirty_files, state_folder, why_no_git
from transformer.write.journal import (
    Receipt,
    ReceiptFile,
    WriteError,
    receipt_from_json,
    receipt_to_json,
)

__all__ = [
    "FileChange",
    "Receipt",
    "ReceiptFile",
    "WriteError",
    "apply",
    "check",
    "commit",
    "dirty_files",
    "last_applied",
    "receipt_from_json",
    "receipt_to_json",
    "recover",
    "state_folder",
    "undo",
    "why_no_git",
]
