"""What a fork remembers of its port: `transformer.toml`, or `[tool.transformer]` of its `pyproject.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from transformer import pack as packs
from transformer.errors import TransformerError, UsageError
from transformer.pack import Home
from transformer.reader import read

OWN, SHARED = "transformer.toml", "pyproject.toml"
FIELDS = "arch (a name), options (a table of name = true or false), packs (a list of folders in the tree)"


@dataclass(frozen=True, slots=True)
class _Said:
    arch: str = ""
    options: Mapping[str, bool] = field(default_factory=dict)
    packs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Project:
    """What a run is asked for: by the command line, and where that is silent by the tree."""

    arch: str | None
    homes: tuple[Home, ...]
    options: Mapping[str, bool] = field(default_factory=dict)
    note: str | None = None
    """What was taken from the tree."""


def remembered(
    repo: Path, arch: str | None, folders: tuple[Path, ...], options: Mapping[str, bool] | None = None
) -> Project:
    """The wishes of a command line, completed by those of the tree. Raises `UsageError` with the line at fault.

    Packs that only the tree names are data: one that brings Python is refused, unless `folders` names its folder.
    """
    plain = Project(arch, packs.homes(folders), dict(options or {}))
    found = next((each for each in (OWN, SHARED) if (read(repo, each) or b"").strip()), None) if repo.is_dir() else None
    if found is None:
        return plain
    text = (read(repo, found) or b"").decode("utf-8", "replace")
    if found == SHARED and "transformer" not in text:
        return plain
    said = _said(found, text)
    if said is None:
        return plain
    known = {each.rules for each in plain.homes}
    theirs = [folder for each in said.packs if (folder := _folder(repo, each, found, text)).resolve() not in known]
    homes = (*plain.homes, *packs.homes(theirs, data=True)[1:])
    wanted = arch or said.arch or None
    mine = said.options if wanted == (said.arch or None) else {}
    _check(said, homes, found, text)
    taken = [f"arch {said.arch}"] if said.arch and arch is None else []
    taken += [f"option {name}={'on' if on else 'off'}" for name, on in mine.items() if name not in plain.options]
    taken += [f"packs of {each}" for each in said.packs]
    note = f"from {found}: {', '.join(taken)}" if taken else None
    return Project(wanted, homes, {**mine, **plain.options}, note)


def _said(path: str, text: str) -> _Said | None:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"at line (\d+)", str(error))
        where = f"{path}:{line[1] if line else 1}"
        raise UsageError(f"{path} is not TOML: {error}", where=where, help=FIELDS) from error
    except RecursionError as error:
        raise UsageError(f"{path} is nested too deeply", where=f"{path}:1", help=FIELDS) from error
    if path == SHARED:
        tool = document.get("tool")
        document = tool.get("transformer") if isinstance(tool, dict) else None  # type: ignore[assignment]
        if document is None:
            return None
    if not isinstance(document, dict):
        _refuse(path, text, "transformer", "[tool.transformer] is no table")
    return _read(path, text, document)


def _read(path: str, text: str, document: Mapping[str, object]) -> _Said:
    """The fields, each of its kind."""
    for name in document:
        if name not in ("arch", "options", "packs"):
            _refuse(path, text, name, f"there is no field {name!r}")
    arch, options, folders = document.get("arch", ""), document.get("options", {}), document.get("packs", [])
    if not isinstance(arch, str):
        _refuse(path, text, "arch", "arch is no text")
    if not isinstance(options, dict):
        _refuse(path, text, "options", "options are no table")
    for name, on in options.items():
        if not isinstance(on, bool):
            _refuse(path, text, name, f"{name} is neither true nor false")
    if not isinstance(folders, list) or not all(isinstance(each, str) for each in folders):
        _refuse(path, text, "packs", "packs is no list of texts")
    return _Said(arch, options, tuple(folders))


def _check(said: _Said, homes: tuple[Home, ...], path: str, text: str) -> None:
    """That there is such an architecture, with such options."""
    if said.options and not said.arch:
        _refuse(path, text, "options", "options are those of an architecture, and arch is not said")
    if not said.arch:
        return
    try:
        known = packs.load(said.arch, homes)
    except TransformerError as error:
        raise type(error)(error.message, where=error.where or _at(path, text, "arch"), help=error.help) from error
    for name in said.options:
        if name not in known.options:
            there = ", ".join(known.options) or "none"
            _refuse(path, text, name, f"{known.name} has no option {name!r}; there are: {there}")


def _folder(repo: Path, name: str, path: str, text: str) -> Path:
    folder = repo / name
    try:
        inside, there = folder.resolve().is_relative_to(repo.resolve()), folder.is_dir()
    except (OSError, RuntimeError, ValueError) as error:  # too long, a symlink to itself, or with a NUL
        _refuse(path, text, "packs", f"{name!r:.80} cannot be the name of a folder: {error}")
    if not inside:
        _refuse(path, text, "packs", f"{name} is outside of the tree: name it with --packs")
    if not there:
        _refuse(path, text, "packs", f"{name} is not a folder")
    return folder


def _refuse(path: str, text: str, name: str, why: str) -> NoReturn:
    raise UsageError(f"{path}: {why}", where=_at(path, text, name), help=f"it may say {FIELDS}")


def _at(path: str, text: str, name: str) -> str:
    """The line that says `name`; the first one where none does."""
    found = re.search(rf"^[^#\n]*\b{re.escape(name)}\b", text, re.MULTILINE) if name else None
    return f"{path}:{text.count(chr(10), 0, found.start()) + 1 if found else 1}"
