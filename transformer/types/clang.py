"""The only module that imports clang. Worker processes alone load it; nothing of libclang leaves it."""

import os
from collections.abc import Iterator, Sequence
from itertools import islice

from clang import cindex

from transformer.types.worker import Diagnostic, Parsed, ParseError

# Measured on real trees: this set costs no time, and names two unused functions as its only noise.
WARNINGS = ("-Wall", "-Wextra", "-Wno-unused-parameter")
# Without a limit of zero, clang stops at the 20th error and hides what comes after.
ALWAYS = ("-ferror-limit=0", "-fno-caret-diagnostics", *WARNINGS)

INCOMPLETE = 0x002
KEEP_GOING = 0x200  # a missing header must not end the parse: what follows is still judged
SEVERITIES = ("ignored", "note", "warning", "error", "fatal")
NOTES = 3
LONGEST = 2_000  # characters of a message: a `static_assert` can be given a book
INCLUDE_CHAIN = "in file included from"  # libclang's own note; it differs where a header was precompiled

Overlay = Sequence[tuple[str, bytes]]


class Parser:
    """One libclang index. Every answer is plain data, copied before the translation unit is disposed of."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._index = cindex.Index.create()
        self._places: dict[str, str | None] = {}

    def diagnose(self, path: str, flags: Sequence[str], overlay: Overlay) -> Parsed:
        """Parse one translation unit, named relative to the root."""
        unit = self._parse(path, flags, overlay, KEEP_GOING)
        return Parsed(tuple(self._copy(unit.diagnostics, path)), self._seen(unit))

    def precompile(self, path: str, flags: Sequence[str], overlay: Overlay, target: str, *, whole: bool) -> Parsed:
        """Save the parsed file as a precompiled header. `whole` also instantiates its templates, once for all users."""
        unit = self._parse(path, flags, overlay, KEEP_GOING if whole else KEEP_GOING | INCOMPLETE)
        found = Parsed(tuple(self._copy(unit.diagnostics, path)), self._seen(unit))
        try:
            unit.save(target)
        except cindex.TranslationUnitSaveError as error:
            raise ParseError(str(error)) from error
        return found

    def _parse(self, path: str, flags: Sequence[str], overlay: Overlay, options: int) -> cindex.TranslationUnit:
        try:
            return self._index.parse(
                os.path.join(self._root, path), args=[*ALWAYS, *flags], unsaved_files=overlay, options=options
            )
        except cindex.TranslationUnitLoadError as error:
            raise ParseError(f"libclang gave up on {path}") from error

    def _seen(self, unit: cindex.TranslationUnit) -> tuple[str, ...] | None:
        """The files that were included; `None` where it is not sure which file of the tree one of them is."""
        found = {self._place(each.include.name) for each in unit.get_includes()}
        known = tuple(each for each in found if each is not None)
        return known if len(known) == len(found) else None

    def _place(self, name: str) -> str | None:
        """Where a file lies: in the tree as it is named there (and overlaid), else as the system knows it."""
        if name not in self._places:
            path, real, root = os.path.normpath(name), os.path.realpath(name), self._root + os.sep
            if path.startswith(root):
                sure = ".." not in name or real == os.path.realpath(path)
                self._places[name] = path if sure else None
            else:
                self._places[name] = real if os.path.isabs(name) and not real.startswith(root) else None
        return self._places[name]

    def _copy(self, diagnostics: Sequence[cindex.Diagnostic], unit: str) -> Iterator[Diagnostic]:
        for found in diagnostics:
            if found.severity < cindex.Diagnostic.Warning:
                continue
            place = found.location
            yield Diagnostic(
                path=self._relative(place.file.name) if place.file else unit,
                line=place.line,
                column=place.column,
                severity=SEVERITIES[found.severity],
                text=found.spelling[:LONGEST],
                category=found.category_name,
                flag=found.option,
                notes=tuple(self._notes(found)) if found.severity >= cindex.Diagnostic.Error else (),
            )

    def _notes(self, found: cindex.Diagnostic) -> Iterator[str]:
        said = (note for note in found.children if not note.spelling.startswith(INCLUDE_CHAIN))
        for note in islice(said, NOTES):
            place = note.location
            where = f"{self._relative(place.file.name)}:{place.line}: " if place.file else ""
            yield where + note.spelling[:LONGEST]

    def _relative(self, name: str) -> str:
        path = os.path.normpath(name)
        inside = path.startswith(self._root + os.sep)
        return os.path.relpath(path, self._root).replace(os.sep, "/") if inside else path
