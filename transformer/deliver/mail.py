"""A series as mails, as `git format-patch` writes them: `git am` takes them, and with -3 also on another base."""

from __future__ import annotations

import re
from email.header import Header
from email.utils import formatdate
from hashlib import sha1
from typing import TYPE_CHECKING

from transformer import __version__
from transformer.deliver.message import body, subject
from transformer.show.patch import file_patch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from transformer.deliver.series import Commit
    from transformer.plan import Plan
    from transformer.stages import FileStage
    from transformer.verify import Report

NOBODY = "0" * 40


def mails(
    plan: Plan,
    commits: Sequence[Commit],
    report: Report | None,
    author: str,
    time: float,
    modes: Mapping[str, str],
    *,
    signoff: bool = False,
) -> Iterator[tuple[str, bytes]]:
    """The name and the text of each file. `author` is `Name <mail>`, `modes` how git has the files."""
    signed = f"\nSigned-off-by: {author}\n" if signoff else ""
    count = len(commits)
    for number, commit in enumerate(commits, 1):
        title = subject(plan, commit)
        name = f"{number:04}-{re.sub(r'[^A-Za-z0-9]+', '-', title).strip('-')}.patch"
        place = f" {number}/{count}" if count > 1 else ""
        head = [f"From {NOBODY} Mon Sep 17 00:00:00 2001", f"From: {_encoded(author)}"]
        head += [f"Date: {formatdate(time + number, localtime=True)}", f"Subject: [PATCH{place}] {title}"]
        head += ["MIME-Version: 1.0", "Content-Type: text/plain; charset=UTF-8", "Content-Transfer-Encoding: 8bit"]
        text = "\n".join(head) + "\n\n" + body(plan, commit, report, last=number == count) + signed + "---\n\n"
        diff = b"".join(line for file in commit.stage.files for line in _diff(file, modes))
        yield name, text.encode() + diff + f"-- \ntransformer {__version__}\n\n".encode()


def _encoded(author: str) -> str:
    name, _, address = author.rpartition(" <")
    return author if author.isascii() else f"{Header(name, 'utf-8').encode()} <{address}"


def _diff(file: FileStage, modes: Mapping[str, str]) -> Iterator[bytes]:
    """The patch of a file with its `index` line, from which git finds a common base."""
    old = NOBODY if file.before is None else blob(file.before)
    mode = modes.get(file.path, "100644")
    line = f"index {old}..{blob(file.after)}{'' if file.before is None else ' ' + mode}\n".encode()
    for part in file_patch(file.path, file.before, file.edits):
        if part.startswith(b"--- "):
            yield line
        if not part.startswith(b"index "):
            yield part


def blob(data: bytes) -> str:
    """The name that git gives to the content of a file."""
    return sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
