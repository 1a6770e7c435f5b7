"""Git's objects, through one `git cat-file --batch`. Nothing is written, and nothing is fetched."""

from __future__ import annotations

import os
import subprocess
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from transformer import programs
from transformer.errors import TransformerError, UsageError
from transformer.reader import SOURCE

# Set by a surrounding git process: they would point us at another repository.
_KEPT = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM", "GIT_EXEC_PATH")
_TREES = 2048  # listings that are kept
_LINK, _FOLDER = "120000", "40000"


class MissingObjectError(TransformerError):
    """An object that the repository does not hold: a partial or shallow clone, or a damaged one."""

    title = "git"


class TooLargeError(UsageError):
    """An object that is larger than any source file, as `transformer.reader` has it for files."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} is larger than {SOURCE >> 20} MB", where=what, help="it is no source file")


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit: its id, its tree, when it was committed (UTC), and the first line of its message."""

    id: str
    tree: str
    date: str
    subject: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A name in a tree."""

    mode: str
    id: str

    @property
    def is_link(self) -> bool:
        """Whether it is a symlink."""
        return self.mode == _LINK

    @property
    def is_folder(self) -> bool:
        """Whether it is a tree."""
        return self.mode == _FOLDER

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return self.mode.startswith("100")


def environment(folder: Path) -> dict[str, str]:
    """For git: no other repository, no lazy fetch of a partial clone, no lock, no prompt, no replaced objects."""
    kept = {k: v for k, v in programs.environment(*trees(folder)).items() if not k.startswith("GIT_") or k in _KEPT}
    quiet = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none", "GIT_OPTIONAL_LOCKS": "0"}
    return {**kept, **quiet, "GIT_TERMINAL_PROMPT": "0", "GIT_NO_REPLACE_OBJECTS": "1", "LC_ALL": "C"}


def trees(folder: Path) -> tuple[Path, ...]:
    """Where no program is taken from: the repository, and the work tree around its git folder."""
    real = folder.resolve()
    return (real, real.parent) if real.name == ".git" else (real,)


def _git(folder: Path) -> str:
    found = programs.find("git", *trees(folder))
    if found is None:
        raise UsageError("git is not installed", help="install git, in a folder of PATH outside of the repository")
    return found


def ask(folder: Path, *arguments: str) -> str:
    """What git answers in a folder. Raises `UsageError` with its complaint."""
    above = {"GIT_CEILING_DIRECTORIES": str(folder.resolve().parent)}
    quiet = ("--no-pager", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
    command = [_git(folder), "-C", str(folder), *quiet, *arguments]
    done = subprocess.run(command, capture_output=True, check=False, env={**environment(folder), **above})
    if done.returncode:
        complaint = done.stderr.decode(errors="replace").strip().splitlines() or ["it does not say why"]
        raise UsageError(
            f"git: {complaint[0].removeprefix('fatal: ')}", where=str(folder), help="check folder and range"
        )
    return os.fsdecode(done.stdout)


def git_dir(folder: Path) -> str:
    """The git folder of a repository, bare or not. Raises `UsageError` where it is none."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder", help="give a git repository, bare or with a work tree")
    return ask(folder, "rev-parse", "--absolute-git-dir").strip()


class Objects:
    """The objects of one repository. One per thread."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._command = [f"--git-dir={folder}", "cat-file", "--batch"]
        self._process: subprocess.Popen[bytes] | None = None
        self._missing: set[str] = set()
        self._trees: OrderedDict[str, dict[str, Entry]] = OrderedDict()

    def read(self, name: str) -> tuple[str, bytes]:
        """Id and bytes of an object. Raises `MissingObjectError`, and `TooLargeError` above `SOURCE` bytes."""
        if name in self._missing:
            raise _missing(name)
        with suppress(OSError):  # git went away: it could not fetch what a partial clone lacks, or met damage
            found = self._exchange(name)
            if found is not None:
                return found
        self._missing.add(name)
        raise _missing(name)

    def _exchange(self, name: str) -> tuple[str, bytes] | None:
        if self._process is None:
            self._process = subprocess.Popen(
                [_git(self._folder), *self._command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment(self._folder),
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(os.fsencode(name) + b"\n")
            self._process.stdin.flush()
        except OSError:
            self.close()
            raise
        head = self._process.stdout.readline().split()
        if not head:
            self.close()
            return None
        if len(head) != 3 or not head[2].isdigit():  # `missing`, `ambiguous`
            return None
        size = int(head[2])
        if size > SOURCE:
            self._process.kill()  # else all of it had to be read
            self.close()
            raise TooLargeError(name)
        data = self._process.stdout.read(size + 1)
        if len(data) != size + 1:
            self.close()
            return None
        return head[0].decode(), data[:-1]

    def blob(self, name: str, path: str = "") -> bytes:
        """The bytes of a file, which is called `path`. Raises as `read`."""
        try:
            return self.read(name)[1]
        except TooLargeError as error:
            raise TooLargeError(path or name) from error

    def commit(self, name: str) -> Commit:
        """A commit by id or by any name that git knows."""
        found, data = self.read(f"{name}^{{commit}}")
        head, _, message = data.decode(errors="replace").partition("\n\n")
        fields = dict(line.split(" ", 1) for line in head.split("\n") if " " in line and not line.startswith(" "))
        when = datetime.fromtimestamp(int(fields["committer"].split()[-2]), UTC)
        subject = message.strip().split("\n")[0]
        return Commit(found, fields["tree"], f"{when:%Y-%m-%d}", subject)

    def tree(self, name: str) -> dict[str, Entry]:
        """The names in a tree."""
        if name in self._trees:
            self._trees.move_to_end(name)
            return self._trees[name]
        entries = _entries(self.read(name)[1], len(name) // 2)
        self._trees[name] = entries
        if len(self._trees) > _TREES:
            self._trees.popitem(last=False)
        return entries

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """End git."""
        if self._process is not None:
            with suppress(OSError):
                self._process.communicate()
            self._process = None


def _missing(name: str) -> MissingObjectError:
    return MissingObjectError(f"the repository does not hold {name.removesuffix('^{commit}')}",
                         help="fetch it: a partial or shallow clone lacks objects")  # fmt: skip


def _entries(data: bytes, width: int) -> dict[str, Entry]:
    """A tree object: mode, name and raw id of each entry."""
    found: dict[str, Entry] = {}
    position = 0
    while position < len(data):
        blank = data.index(b" ", position)
        end = data.index(b"\0", blank)
        name = os.fsdecode(data[blank + 1 : end])
        if name not in ("", ".", "..") and "/" not in name:
            found[name] = Entry(data[position:blank].decode(), data[end + 1 : end + 1 + width].hex())
        position = end + 1 + width
    return found
