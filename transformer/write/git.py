"""Asking git about a tree, without letting anything in that tree run."""

import os
import subprocess
from collections.abc import Collection, Iterable, Sequence
from hashlib import sha256
from pathlib import Path

from transformer import programs
from transformer.errors import UsageError

# Set by a surrounding git process (a hook, an alias): they would point us at another tree.
_FOREIGN_TREE = {
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
}
_QUIET = (
    "--no-pager",
    "--literal-pathspecs",
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "gc.auto=0"),
    *("-c", "maintenance.auto=false"),
)
_COMMANDS = ("clean", "smudge", "process", "program", "defaultkeycommand")


def why_no_git(root: Path) -> str | None:
    """The reason why git can say nothing about this tree; None when it can."""
    if _executable(root) is None:
        return "git is not installed"
    answer = _run(root, ["rev-parse", "--is-inside-work-tree"])
    if answer.returncode == 0:
        inside = answer.stdout.strip() == b"true"
        return None if inside else "the folder is not in a git work tree"
    complaint = _complaint(answer)
    if "not a git repository" in complaint:
        return "the folder is not in a git work tree"
    return f"git does not read this folder ({complaint})"


def state_folder(root: Path) -> Path:
    """Where the journals of this tree are: in the git dir, else in the user's state folder.

    Raises UsageError where there is neither.
    """
    why = why_no_git(root)
    if why is not None and "dubious ownership" in why:
        _refuse_hidden(root)
    places = [place for place in (None if why else _git_state(root), _user_state(root)) if place is not None]
    if not places:
        advice = "set XDG_STATE_HOME or HOME to a folder that can be written"
        raise UsageError("there is no folder to keep the journal in", help=advice)
    # A tree that became a git work tree after a run still has its journals at the other place.
    return next((place for place in places if any(place.glob("runs/*"))), places[0])


def _refuse_hidden(root: Path) -> None:
    """Raises UsageError where git does not trust the folder and runs are recorded where we are not to look."""
    for top in (root.resolve(), *root.resolve().parents):
        if (top / ".git").is_dir() and not (top / ".git").is_symlink():
            if _recorded(top / ".git" / "transformer"):
                raise UsageError(
                    "git does not trust this folder, which another user owns, and runs of that user are recorded in it",
                    where=str(top / ".git"),
                    help=f"work as that user, or say: git config --global --add safe.directory {top}",
                )
            return


def _recorded(state: Path) -> bool:
    """Whether there are journals, also of trees below the top, or something there that we may not read."""
    try:
        places = [state, *(state / "trees").iterdir()] if (state / "trees").is_dir() else [state]
        return any(next((place / "runs").iterdir(), None) for place in places if (place / "runs").is_dir())
    except PermissionError:
        return True


def _git_state(root: Path) -> Path:
    prefix = _line(root, ["rev-parse", "--show-prefix"])
    folder = (root.resolve() / _line(root, ["rev-parse", "--git-path", "transformer"])).resolve()
    if not prefix:
        return folder
    from urllib.parse import quote  # only for a tree below the top of its work tree

    name = quote(prefix.strip("/").rpartition("/")[2][:40], safe="")
    return folder / "trees" / f"{name}-{_short_hash(prefix)}"


def _user_state(root: Path) -> Path | None:
    named, home = os.environ.get("XDG_STATE_HOME", ""), os.path.expanduser("~")
    if not os.path.isabs(named) and not os.path.isabs(home):
        return None
    base = Path(named) if os.path.isabs(named) else Path(home, ".local", "state")
    return base / "transformer" / _short_hash(str(root.resolve()))


def _short_hash(text: str) -> str:
    return sha256(os.fsencode(text)).hexdigest()[:16]


def dirty_files(root: Path, planned: Collection[str] = ()) -> list[str] | None:
    """Files under root that differ from HEAD, and untracked ones in the way of a planned path.

    None when git has nothing to say here: `why_no_git` has the reason, or git knows no file under root.
    Raises UsageError when git is there but fails.
    """
    if why_no_git(root) is not None:
        return None
    if not _output(root, ["ls-files", "-z", "--", "."]):
        return None
    prefix = _line(root, ["rev-parse", "--show-prefix"])
    options = ["--porcelain=v1", "-z", "--no-renames", "--untracked-files=no"]
    # A submodule is not entered: its own settings could name commands to run.
    options.append("--ignore-submodules=dirty")
    status = _output(root, ["status", *options, "--", "."], _disarmed(root))
    modified = (name[3:].removeprefix(prefix) for name in _names(status))
    return sorted({*modified, *_untracked(root, _real(root, planned))})


def commit_of(root: Path, paths: Collection[str]) -> str | None:
    """The last commit that changed some files, by its short name; `None` where they differ from HEAD."""
    dirty = dirty_files(root, paths)
    if dirty is None or set(dirty) & {*paths, *_real(root, paths)}:
        return None
    return _line(root, ["log", "-1", "--format=%h", "--", *_real(root, paths)]) or None


def _untracked(root: Path, names: Sequence[str]) -> list[str]:
    """Those of the names that exist and are not in the index, ignored ones too."""
    if not names:
        return []
    listed = _names(_output(root, ["ls-files", "--others", "-z", "--", *names]))
    return sorted(set(listed) & set(names))


def _real(root: Path, paths: Iterable[str]) -> list[str]:
    """Paths as git knows them: with the symlinks inside the tree followed."""
    top = root.resolve()
    real = ((top / path).resolve() for path in paths)
    return sorted({path.relative_to(top).as_posix() for path in real if path.is_relative_to(top)})


def _disarmed(root: Path) -> dict[str, str]:
    """Environment that overrules each command named by the repository's own settings."""
    query = ["config", "--show-scope", "--name-only", "-z", "--get-regexp", r"^(filter|gpg|hook)\."]
    answer = _run(root, query)
    if answer.returncode not in (0, 1):
        raise UsageError(f"git cannot list its settings: {_complaint(answer)}")
    fields = _names(answer.stdout)
    owned = {key for scope, key in zip(fields[::2], fields[1::2], strict=True) if scope in ("local", "worktree")}
    first = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
    extra: dict[str, str] = {}
    for number, (key, value) in enumerate(sorted(map(_harmless, owned)), first):
        extra |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        extra["GIT_CONFIG_COUNT"] = str(number + 1)
    return extra


def _harmless(key: str) -> tuple[str, str]:
    section, _, name = key.rpartition(".")
    if key.startswith("hook."):
        return f"{section}.enabled", "false"
    if name in _COMMANDS:
        return key, ""
    if key.startswith("filter."):
        return f"{section}.required", "false"
    return "transformer.unused", ""


def _line(root: Path, arguments: Sequence[str]) -> str:
    return os.fsdecode(_output(root, arguments)).removesuffix("\n")


def _output(root: Path, arguments: Sequence[str], extra: dict[str, str] | None = None, data: bytes = b"") -> bytes:
    answer = _run(root, arguments, extra, data)
    if answer.returncode != 0:
        raise UsageError(f"git {arguments[0]} failed: {_complaint(answer)}", where=str(root))
    return answer.stdout


def _run(
    root: Path, arguments: Sequence[str], extra: dict[str, str] | None = None, data: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    executable = _executable(root)
    if executable is None:
        raise UsageError("git is not installed")
    kept = {key: value for key, value in programs.environment(root).items() if key not in _FOREIGN_TREE}
    fixed = {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}
    return subprocess.run(
        [executable, "-C", str(root.resolve()), *_QUIET, *arguments],
        input=data,
        capture_output=True,
        env={**kept, **fixed, "LC_ALL": "C", **(extra or {})},
        check=False,
    )


def _executable(root: Path) -> str | None:
    """The user's git; never a program of that name inside the tree."""
    return programs.find("git", root)


def _names(output: bytes) -> list[str]:
    return [os.fsdecode(name) for name in output.split(b"\0") if name]


def _complaint(answer: subprocess.CompletedProcess[bytes]) -> str:
    spoken = (answer.stderr.strip() or answer.stdout.strip()).decode("utf-8", "replace")
    lines = [line.strip() for line in spoken.splitlines() if line.strip()]
    blamed = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return (blamed or lines or [f"exit {answer.returncode}"])[0]
