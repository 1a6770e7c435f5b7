"""The compilation database of a tree, as far as it can be believed. What cannot be read is said, and left out."""

import json
import os
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from transformer.errors import UsageError
from transformer.reader import DATABASE, read

NAME = "compile_commands.json"
_JOINED = ("-I", "-D", "-U", "-std=")
_SEPARATE = ("-isystem", "-iquote", "-include")
_TOLD = 3  # entries that are named; the others are counted

Flags = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Commands:
    """The flags that matter here, per unit, and what was left out of them: path and reason."""

    flags: dict[str, Flags] = field(default_factory=dict)
    notes: tuple[tuple[str, str], ...] = ()


def compile_commands(root: Path) -> Commands:
    """The flags of each unit, from the first compilation database of the tree that can be read."""
    notes: list[tuple[str, str]] = []
    for path in (NAME, *(each.relative_to(root).as_posix() for each in sorted(root.glob(f"build*/{NAME}")))):
        try:
            data = read(root, path, most=DATABASE)
            if data is None:
                continue
            entries = json.loads(data)
        except UsageError as error:
            notes.append((path, f"ignored: {error.message.removeprefix(path).strip()}"))
        except RecursionError:
            notes.append((path, "ignored: it is nested too deeply"))
        except json.JSONDecodeError as error:
            notes.append((f"{path}:{error.lineno}", f"ignored: it is not JSON: {error.msg}"))
        except ValueError as error:  # no text, or a number with too many digits
            notes.append((path, f"ignored: it is not JSON: {str(error)[:80]}"))
        else:
            found = _believed(path, entries, root)
            return Commands(found.flags, (*notes, *found.notes))
    return Commands(notes=tuple(notes))


def _believed(path: str, entries: object, root: Path) -> Commands:
    if not isinstance(entries, list):
        return Commands(notes=((path, f"ignored: it holds {_kind(entries)} in place of a list of commands"),))
    flags: dict[str, Flags] = {}
    faults: list[str] = []
    for number, entry in enumerate(entries, 1):
        try:
            flags.update(_command(entry, root))
        except (TypeError, ValueError) as error:
            faults.append(f"entry {number}: {error}")
    more = f", and {len(faults) - _TOLD} more" if len(faults) > _TOLD else ""
    notes = ((path, f"ignored in part: {'; '.join(faults[:_TOLD])}{more}"),) if faults else ()
    return Commands(flags, notes)


def _command(entry: object, root: Path) -> Iterator[tuple[str, Flags]]:
    """The unit of an entry and its flags. Raises `TypeError` or `ValueError` where they cannot be understood."""
    if not isinstance(entry, dict):
        raise TypeError(f"{_kind(entry)} in place of a command")
    folder = os.path.join(root, _text(entry, "directory"))
    file = Path(os.path.normpath(os.path.join(folder, _text(entry, "file"))))
    if file.is_relative_to(root):
        yield file.relative_to(root).as_posix(), tuple(_flags(_words(entry), folder))


def _words(entry: dict[object, object]) -> list[str]:
    listed = entry.get("arguments")
    if listed is None:
        return shlex.split(_text(entry, "command"))
    if not isinstance(listed, list):
        raise TypeError(f"its arguments are {_kind(listed)}")
    return [_sound(each, "argument") for each in listed]


def _text(entry: dict[object, object], name: str) -> str:
    return _sound(entry.get(name, ""), name)


def _sound(value: object, name: str) -> str:
    """A text that can be handed to a compiler: no lone surrogates, no NUL."""
    if not isinstance(value, str):
        raise TypeError(f"its {name} is {_kind(value)}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"its {name} is not Unicode") from error
    if "\0" in value:
        raise ValueError(f"its {name} holds a NUL")
    return value


def _kind(value: object) -> str:
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "a truth value", type(None): "null"}
    return kinds.get(type(value), "a number")


def _flags(words: Sequence[str], folder: str) -> Iterator[str]:
    rest = iter(words)
    for word in rest:
        if word in ("-I", "-D", "-U"):
            word += next(rest, "")
        if word in _SEPARATE:
            yield from (word, os.path.normpath(os.path.join(folder, next(rest, ""))))
        elif word.startswith("-I"):
            yield "-I" + os.path.normpath(os.path.join(folder, word[2:]))
        elif word.startswith(_JOINED) and word not in _JOINED:
            yield word
