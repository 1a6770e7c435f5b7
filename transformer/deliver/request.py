"""What a user asks of delivery, and how it is done."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from transformer.deliver import message
from transformer.deliver.commits import identity, repository
from transformer.deliver.series import cut, whole
from transformer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from transformer.deliver.series import Commit
    from transformer.plan import Plan
    from transformer.stages import Stage
    from transformer.verify import Report


@dataclass(frozen=True, slots=True)
class Delivery:
    """A commit or several in the tree's repository, and a folder of mails."""

    commit: bool = False
    split: bool = False
    branch: str | None = None
    signoff: bool = False
    series: Path | None = None

    def check(self, repo: Path) -> None:
        """Raises `UsageError` where it cannot be done."""
        if self.commit:
            repository(repo).check(self.branch)
        if self.series is None:
            return
        identity(repo)
        if self.series.resolve().is_relative_to(repo.resolve()):
            raise UsageError(f"{self.series} is inside the tree", help="name a folder outside of it")
        if self.series.exists() and (not self.series.is_dir() or any(self.series.iterdir())):
            raise UsageError(f"{self.series} is there and not an empty folder", help="name a new folder")

    def write(self, plan: Plan, report: Report | None, repo: Path) -> list[Path]:
        """Write the mails; which files they are."""
        if self.series is None or report is None or not report.passed:
            return []
        from transformer.deliver.mail import mails

        known = repository(repo)
        commits = cut(plan)
        when = float(os.environ.get("SOURCE_DATE_EPOCH") or time.time())
        try:
            self.series.mkdir(parents=True, exist_ok=True)
            written = []
            modes = known.modes(plan.paths)
            for name, text in mails(plan, commits, report, known.author, when, modes, signoff=self.signoff):
                (self.series / name).write_bytes(text)
                written.append(self.series / name)
        except OSError as error:
            raise UsageError(f"{self.series} cannot be written: {error.strerror}", help="name another place") from error
        return written

    def messages(self, plan: Plan, report: Report) -> list[tuple[str, Stage]]:
        """What is to be committed, each with its message; to be asked before anything is written to the tree."""
        if not self.commit:
            return []
        commits = cut(plan) if self.split else whole(plan)
        return [(_text(plan, each, report, last=each is commits[-1]), each.stage) for each in commits]

    def carry_out(self, messages: Sequence[tuple[str, Stage]], repo: Path) -> list[tuple[str, str]]:
        """Commit what has been written to the tree; the short id and the subject of each commit."""
        made = repository(repo).commit(messages, self.branch, self.signoff) if messages else []
        return [(name[:12], text.partition("\n")[0]) for name, (text, _) in zip(made, messages, strict=True)]


def _text(plan: Plan, commit: Commit, report: Report, *, last: bool) -> str:
    return f"{message.subject(plan, commit)}\n\n{message.body(plan, commit, report, last=last)}"
