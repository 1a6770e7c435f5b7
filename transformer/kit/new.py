"""A new pack: the family's skeleton, or another pack, under another name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformer import pack as packs
from transformer.errors import PackError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from transformer.pack import Home, Pack

_NAME = re.compile(r"[a-z0-9]+([-_.][a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Made:
    """What was made: the folder of the pack, its files, and the pack that it was started from."""

    folder: Path
    files: tuple[Path, ...]
    like: Pack


@dataclass(frozen=True, slots=True)
class Place:
    """Where a pack is to lie: its own folder, and that of its templates."""

    folder: Path
    templates: Path


def skeleton(home: Home) -> Pack:
    """The small pack that a family brings to start from. Raises `PackError` where none does."""
    for family in packs.families(home):
        if family.skeleton:
            return packs.load(family.skeleton, packs.Home(home.templates_of(family.templates), None, home))
    raise PackError("no family brings a skeleton", help="start from a pack, with --like")


def make(name: str, like: str | None, folder: Path | None, homes: Sequence[Home]) -> Made:
    """Write the pack `name` below `folder`, or into this checkout; nothing that is there is overwritten.

    Raises `UsageError` where the name is none, is taken, or no folder was said and this is no checkout.
    """
    if not _NAME.fullmatch(name):
        what = f"{name!r} is no name: small letters and digits, with - _ . between them"
        raise UsageError(what, help="take what model files say in general.architecture")
    source = packs.load(like, homes) if like is not None else skeleton(homes[0])
    _refuse_taken(name, homes)
    place = _place(re.sub(r"[-.]", "_", name), folder, homes[0])
    for taken in (place.folder, place.templates):
        if taken.exists():
            raise UsageError(f"{taken} is there already", help="take another name: nothing is overwritten")
    texts = dict(_texts(source, name, place))
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        what = f"{path} cannot be written: {error.strerror}"
        raise UsageError(what, help="say another folder with --packs") from error
    return Made(place.folder, tuple(sorted(texts)), source)


def _refuse_taken(name: str, homes: Sequence[Home]) -> None:
    known = {each.arch: each for each in packs.every(homes)}
    if name in known:
        what = f"there is a pack for {name} already"
        raise UsageError(what, where=str(known[name].path), help="take another name: packs are told apart by it")
    word = re.sub(r"[-.]", "_", name)
    if taken := [each.rules / word for each in homes if (each.rules / word).exists()]:
        raise UsageError(f"{taken[0]} is there already", help="take another name: nothing is overwritten")


def _place(word: str, folder: Path | None, installed: Home) -> Place:
    if folder is not None:
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder} is not a folder", help="name the folder that is to hold the new one")
        whole = (folder / "rules").is_dir() and (folder / "templates").is_dir()
        if not whole:
            return Place(folder / word, folder / word / "templates")
        return Place(folder / "rules" / word, folder / "templates" / word)
    if installed.templates is None or not (installed.rules.parent / "pyproject.toml").is_file():
        raise UsageError("this is no checkout: where is the pack to lie?", help="say a folder with --packs DIR")
    return Place(installed.rules / word, installed.templates / word)


# what it is made of


def _texts(source: Pack, name: str, place: Place) -> Iterator[tuple[Path, str]]:
    """The files of the new pack, by where they go. What the other one is proved with holds for that one alone."""
    renamed = _renamed(source, name)
    title = name.replace("-", " ").replace("_", " ").title()
    yield place.folder / "pack.toml", _head(renamed(source.path.read_text(encoding="utf-8")), source, name, title)
    for path in _modules(source):
        text = renamed(path.read_text(encoding="utf-8"))
        yield place.folder / path.name, text.replace(source.title, title)
    for path in sorted(source.templates.glob("*.j2")):
        yield place.templates / path.name, renamed(path.read_text(encoding="utf-8"))
    for path in sorted(source.path.parent.glob("cases/*/*.txt")):
        text = renamed(path.read_text(encoding="utf-8"))
        text = re.sub(rf"^arch: {re.escape(source.arch)}$", f"arch: {name}", text, flags=re.M)
        yield place.folder / path.relative_to(source.path.parent), text


def _head(text: str, source: Pack, name: str, title: str) -> str:
    """`pack.toml` with the new name and title, and without a proof."""
    text = re.sub(r'^name = "[^"]*"', f'name = "{name}"', text, count=1, flags=re.M)
    text = re.sub(r'^title = "[^"]*"', f'title = "{title}"', text, count=1, flags=re.M)
    text = re.sub(r"^proof = .*\n", "", text, flags=re.M)
    began = f"# {title}, started from the pack of {source.title}: what follows is to be made true of it.\n"
    return text if source.arch == _of_skeleton(source) else began + text


def _of_skeleton(source: Pack) -> str:
    return source.arch if source.path.parent.name == source.family.skeleton else ""


def _renamed(source: Pack, name: str) -> Renaming:
    """What a spec calls its architecture, by other words. The name itself may mean other things: it stays."""
    naming = source.family.naming(name)
    pairs = {str(_value(source.spec, field)): value for field, value in naming.items() if field != "name"}
    return Renaming({old: new for old, new in pairs.items() if old})


@dataclass(frozen=True, slots=True)
class Renaming:
    """Whole words, and what stands in their place."""

    pairs: Mapping[str, str]

    def __call__(self, text: str) -> str:
        """`text` with other words."""
        wanted = "|".join(re.escape(each) for each in sorted(self.pairs, key=len, reverse=True))
        return re.sub(rf"(?<![\w.-])({wanted})(?!\w)", lambda found: self.pairs[found[1]], text)


def _value(spec: Mapping[str, Any], field: str) -> object:
    found: Any = spec
    for part in field.split("."):
        found = found.get(part, "") if isinstance(found, dict) else ""
    return found


def _modules(source: Pack) -> list[Path]:
    """The modules that the pack names for its rules and facts, and those beside it that these import."""
    folder = source.path.parent
    todo = ["__init__", *(rule.plan.__module__.rpartition(".")[2] for rule in source.rules if _own(source, rule))]
    if source.facts is not None:
        todo.append(source.facts.__name__.rpartition(".")[2])
    found: dict[str, Path] = {}
    while todo:
        path = folder / f"{todo.pop()}.py"
        if path.is_file() and path.stem not in found:
            found[path.stem] = path
            text = path.read_text(encoding="utf-8")
            todo += re.findall(r"^\s*from \.(\w+) import", text, re.M)
            for names in re.findall(r"^\s*from \. import (.+)", text, re.M):
                todo += re.findall(r"\w+", names)
    return sorted(found.values())


def _own(source: Pack, rule: Any) -> bool:
    return bool(rule.plan.__module__.split(".")[-2] == source.path.parent.name)
