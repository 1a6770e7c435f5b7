"""The calls of the system that can go wrong, and a process in which one of them does."""

from __future__ import annotations

import builtins
import errno
import fcntl
import io
import json
import os
import signal
import subprocess
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from transformer.errors import TransformerError
from transformer.write import signals

if TYPE_CHECKING:
    from collections.abc import Callable

CALLS: dict[Any, tuple[str, ...]] = {
    os: ("open", "read", "write", "close", "fsync", "replace", "rename", "unlink", "mkdir", "rmdir", "scandir", "listdir",
         "stat", "lstat", "fstat", "fchown", "fchmod", "chmod", "readlink"),
    io: ("open",),
    builtins: ("open",),
    fcntl: ("flock",),
    subprocess: ("run",),
}  # fmt: skip
"""What `transformer.write`, `pathlib`, `shutil` and `filelock` reach the system through."""

ERRORS = {name: getattr(errno, name) for name in ("EIO", "ENOSPC", "EPERM")}
REQUESTS = {"interrupt": signal.SIGINT, "hang-up": signal.SIGHUP}
KINDS = ("kill", *ERRORS, *REQUESTS)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a command: its exit code, `None` where it was killed; what it said; the calls that it made."""

    code: int | None
    said: str
    calls: tuple[str, ...]


class Shim:
    """Counts calls, and lets one of them go wrong."""

    def __init__(self, kind: str, at: int) -> None:
        self.kind, self.at = kind, at
        self.made: list[str] = []
        self.inside = False
        self.real = {(module, name): getattr(module, name) for module, names in CALLS.items() for name in names}
        for (module, name), real in self.real.items():
            setattr(module, name, self._wrapped(name, real))

    def remove(self) -> None:
        for (module, name), real in self.real.items():
            setattr(module, name, real)

    def _wrapped(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **more: Any) -> Any:
            if self.inside:
                return real(*arguments, **more)
            self.made.append(name)
            self.inside = True
            try:
                if len(self.made) - 1 == self.at:
                    self._fail(name, real, arguments)
                if name == "fsync":
                    return None  # no test waits for the disk
                return real(*arguments, **more)
            finally:
                self.inside = False

        return call

    def _fail(self, name: str, real: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        if self.kind == "kill":
            os._exit(9)
        if self.kind in REQUESTS:
            signal.raise_signal(REQUESTS[self.kind])
            return
        if name == "close":  # a file is closed all the same
            real(*arguments)
        if name == "write":
            real(arguments[0], arguments[1][: len(arguments[1]) // 2])
        number = ERRORS[self.kind]
        raise OSError(number, os.strerror(number), *(arguments[:1] if arguments and not isinstance(arguments[0], int) else ()))


def attempt(act: Callable[[], int], kind: str = "", at: int = -1) -> Outcome:
    """`act` in a process of its own, in which the call number `at` goes wrong; it gives an exit code."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            answer = json.dumps(_inside(act, kind, at)).encode()
            with os.fdopen(writer, "wb") as file:
                file.write(answer)
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        text = file.read()
    os.waitpid(child, 0)
    if not text:
        return Outcome(None, "killed", ())
    code, said, calls = json.loads(text)
    return Outcome(code, said, tuple(calls))


def _inside(act: Callable[[], int], kind: str, at: int) -> tuple[int, str, list[str]]:
    for number in REQUESTS.values():  # also where the tests were started with them ignored, as by nohup
        signal.signal(number, signal.SIG_DFL)
    signals.heed()
    signals.begin()
    shim = Shim(kind, at)
    said = ""
    try:
        code = act()
    except TransformerError as error:
        code, said = error.exit_code, error.message
    except KeyboardInterrupt:
        code, said = 70, "interrupted"
    except Exception as error:
        code, said = 70, f"internal: {error!r}\n{traceback.format_exc()}"
    finally:
        shim.remove()
    return code, said, shim.made
