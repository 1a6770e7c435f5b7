"""Rows that are kept between runs, one file each, as long as nothing that made them has changed."""

from __future__ import annotations

import hashlib
import json
import os
import platform
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from transformer.errors import UsageError
from transformer.survey.row import Row, from_data, to_data

if TYPE_CHECKING:
    from transformer.pack import Home

_KINDS = (".py", ".toml", ".j2")
_PARSERS = ("tree-sitter", "tree-sitter-cpp", "jinja2", "libclang")


@cache
def fingerprint(*homes: Home) -> str:
    """A digest of all that a verdict depends on beside the tree: rules, templates, this program, its parsers."""
    digest = hashlib.sha256(platform.python_version().encode())
    for name in _PARSERS:
        with suppress(PackageNotFoundError):
            digest.update(f"{name} {version(name)}\n".encode())
    engine = Path(__file__).resolve().parents[1]
    homes += tuple(home.base for home in homes if home.base is not None)
    for root in (engine, *(each for home in homes for each in (home.rules, home.templates) if each is not None)):
        for path in sorted(each for each in root.rglob("*") if each.suffix in _KINDS):
            data = path.read_bytes()
            digest.update(f"{path.relative_to(root).as_posix()} {len(data)}\n".encode() + data)
    return digest.hexdigest()


def content(folder: Path) -> str:
    """A digest of all files in the folder of a pack."""
    digest = hashlib.sha256()
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        data = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()} {len(data)}\n".encode() + data)
    return digest.hexdigest()


def default_folder() -> Path:
    """Where `--resume` keeps rows: in the user's cache folder."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(named) if os.path.isabs(named) else Path.home() / ".cache") / "transformer" / "survey"


class Cache:
    """The rows of one repository under one fingerprint and one set of options. Without a folder it keeps nothing."""

    def __init__(self, folder: Path | None, repository: str, fingerprint: str, options: str) -> None:
        key = hashlib.sha256(os.fsencode(f"{repository}\0{fingerprint}\0{options}")).hexdigest()[:24]
        self._folder = folder / key if folder is not None else None
        if self._folder is not None:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise UsageError(f"{folder} cannot be written: {error.strerror}", help="say another --cache") from error

    def find(self, revision: str) -> Row | None:
        """The row of a revision, if it is known and whole."""
        if self._folder is None:
            return None
        try:
            row = from_data(json.loads((self._folder / _name(revision)).read_bytes()))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return row if row.revision == revision else None

    def keep(self, row: Row) -> None:
        """Remember a row that will be the same tomorrow. A full disk loses the row, not the run."""
        if self._folder is None or not row.lasting:
            return
        path = self._folder / _name(row.revision)
        half = path.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            half.write_text(json.dumps(to_data(row), ensure_ascii=False), encoding="utf-8", errors="backslashreplace")
            os.replace(half, path)


def _name(revision: str) -> str:
    return f"{hashlib.sha256(os.fsencode(revision)).hexdigest()[:32]}.json"
