"""Files that a user asked for: each is written anew beside its place and then renamed, so that none is ever half there.

What is replaced is a name. A file that bears another name as well, in a tree say, keeps its bytes under that one.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from transformer.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


def write_all(texts: Mapping[Path, bytes]) -> None:
    """Write all of the files, or none; folders are made. Raises `UsageError`."""
    staged: list[tuple[Path, Path, Path]] = []
    at = Path()
    try:
        for at, text in texts.items():
            target = at.resolve()
            target.parent.mkdir(parents=True, exist_ok=True)
            _refuse_other(at, target)
            new = target.with_name(f".{target.name[:200]}.{os.urandom(4).hex()}.tmp")
            staged.append((at, new, target))
            _write(new, text, target)
        while staged:
            at, new, target = staged[0]
            os.replace(new, target)
            staged.pop(0)
    except (OSError, RuntimeError) as error:
        reason = error.strerror if isinstance(error, OSError) else ""
        raise refusal(at, reason or str(error)) from error
    finally:
        for _, new, _ in staged:
            with suppress(OSError):
                new.unlink(missing_ok=True)


def refusal(path: Path, why: str, *, help: str = "name another place") -> UsageError:
    """That an output cannot be written."""
    return UsageError(f"{path} cannot be written: {why}; the tree was not touched", help=help)


def _refuse_other(path: Path, target: Path) -> None:
    """A pipe or a device would take the bytes away, or never take them at all."""
    if target.exists() and not target.is_file():
        raise refusal(path, "is a folder" if target.is_dir() else "is not a regular file")


def _write(new: Path, text: bytes, target: Path) -> None:
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else None
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with open(os.open(new, flags, 0o666), "wb") as file:
        file.write(text)
        if mode is not None:
            os.fchmod(file.fileno(), mode)
