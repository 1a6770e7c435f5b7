"""Packs: where they lie, what they bring, how their rules are loaded."""

from __future__ import annotations

import importlib
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from transformer.errors import PackError, UsageError
from transformer.family import Family, Feature
from transformer.reader import require_plain
from transformer.rule import Rule

_PACKAGE = "transformer_rules"
_SEE = "see CONTRIBUTING, 'A new pack'"
_SWITCH = {"on": True, "off": False}
_HEAD = frozenset({"title", "family", "features", "rules", "facts", "proof"})


@dataclass(frozen=True, slots=True)
class Home:
    """The two folders that packs live in: `rules/NAME` and `templates/NAME`.

    In a folder of foreign packs, a pack brings its templates along, in `NAME/templates`. `base` is the installation,
    whose families they use.
    """

    rules: Path
    templates: Path | None = None
    base: Home | None = None
    data: bool = False
    """Whether nothing of it may be run: the tree named the folder, and not the user."""

    @property
    def all_rules(self) -> tuple[Path, ...]:
        """The folder of rules, and that of the installation behind it."""
        return (self.rules, *(self.base.all_rules if self.base else ()))

    def templates_of(self, name: str) -> Path:
        """Where the templates of a pack lie."""
        if self.templates is not None and (self.templates / name).is_dir():
            return self.templates / name
        own = self.rules / name / "templates"
        return own if own.is_dir() or self.base is None else self.base.templates_of(name)

    def shared_templates(self, family: str) -> Path:
        """Where the templates of a family lie: those of the installation, also beside a pack of the family's name."""
        return (self.base or self).templates_of(family)


@dataclass(frozen=True, slots=True)
class Pack:
    """An architecture: its spec as data, its rules in order, its templates."""

    name: str
    title: str
    family: Family[Any]
    spec: dict[str, Any]
    features: tuple[Feature, ...]
    """What it needs of a fork, as far as the family has rules for it."""
    rules: tuple[Rule[Any], ...]
    home: Home
    path: Path
    facts: ModuleType | None = None
    """A module with facts that only this architecture asks for."""
    proof: Any = None
    """What the family's `prove` and `compute` need to know of the architecture; `None` where nothing is recorded."""
    foreign: bool = False
    """Whether Python of the pack, from outside the installation, takes part."""

    @property
    def arch(self) -> str:
        """The architecture as model files name it: what `--arch` takes."""
        return str(self.spec.get("name", self.name))

    @property
    def own_names(self) -> tuple[str, ...]:
        """Names that mark code as this architecture's own."""
        return self.family.own(self.spec)

    @property
    def options(self) -> dict[str, bool]:
        """The options of the pack, as they are set."""
        return dict(self.spec.get("options", {}))

    @property
    def templates(self) -> Path:
        """Where its templates lie."""
        return self.home.templates_of(self.name)

    @property
    def words(self) -> str:
        """What chooses it on a command line, behind `--arch`: its name, and each option as it is set."""
        options = (f" --option {name}={'on' if on else 'off'}" for name, on in sorted(self.options.items()))
        return f"{self.arch}{''.join(options)}"

    def choose(self, options: Mapping[str, bool]) -> Pack:
        """The pack with some of its options set. Raises `UsageError` where it has no such option."""
        for unknown in sorted(set(options) - set(self.options)):
            there = ", ".join(sorted(self.options)) or "none"
            raise UsageError(f"{self.name} has no option {unknown!r}", help=f"there are: {there}")
        return replace(self, spec={**self.spec, "options": {**self.options, **options}}) if options else self


def option(word: str) -> tuple[str, bool]:
    """The name and the value of `NAME=on` or `NAME=off`. Raises `ValueError` for anything else."""
    name, _, value = word.partition("=")
    if not name or value not in _SWITCH:
        raise ValueError(f"{word!r} should be NAME=on or NAME=off")
    return name, _SWITCH[value]


def home() -> Home:
    """The packs of this installation: beside the package in a checkout, inside it in a wheel."""
    package = Path(__file__).resolve().parent
    for base in (package / "packs", package.parent):
        if (base / "rules").is_dir() and (base / "templates").is_dir():
            return Home(base / "rules", base / "templates")
    raise PackError("no rules are installed", help="install the package again")


def homes(folders: Iterable[Path], *, data: bool = False) -> tuple[Home, ...]:
    """The installation, and folders of other packs. Raises `UsageError` where a folder is none.

    With `data`, no Python of these folders is run: a pack that brings some is refused.
    """
    installed = home()
    found = [installed]
    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder} is not a folder", help="give the folder that holds the folders of packs")
        whole = (folder / "rules").is_dir() and (folder / "templates").is_dir()
        rules, templates = (folder / "rules", folder / "templates") if whole else (folder, None)
        found.append(Home(rules.resolve(), templates.resolve() if templates else None, installed, data))
    return tuple(found)


def families(home: Home) -> list[Family[Any]]:
    """The families of an installation, by name."""
    folders = sorted(path.parent for path in home.rules.glob("*/__init__.py"))
    folders = [each for each in folders if not (each / "pack.toml").exists()]
    found = (getattr(_module(home, each.name), "FAMILY", None) for each in folders)
    return [each for each in found if each is not None]


def forget() -> None:
    """Read the Python of packs anew when it is next asked for: somebody may have changed it."""
    _root.cache_clear()
    importlib.invalidate_caches()


def names(home: Home) -> list[str]:
    """The packs there are, sorted."""
    return sorted(path.parent.name for path in home.rules.glob("*/pack.toml"))


def load(name: str, home: Home | Sequence[Home], chosen: Mapping[str, bool] | None = None) -> Pack:
    """A pack by its folder's name, or by the name of the architecture in model files, with options as chosen.

    Raises `PackError` with file and field where it is malformed, `UsageError` where it has no such option.
    """
    places = (home,) if isinstance(home, Home) else tuple(home)
    found = _named(name, places)
    if not found:
        there = sorted({_arch(each, known) for each in places for known in names(each)})
        close = get_close_matches(name, there, 1)
        hint = f"did you mean {close[0]}? " if close else ""
        raise PackError(f"there is no pack {name!r}", help=f"{hint}there are: {', '.join(there)}")
    return _read(found[0][1], found[0][0]).choose(chosen or {})


def has(name: str, places: Sequence[Home]) -> bool:
    """Whether there is a pack of that name; others may be malformed."""
    return bool(_named(name, places))


def _named(name: str, places: Sequence[Home]) -> list[tuple[Home, str]]:
    found = [(each, known) for each in reversed(places) for known in names(each) if known == name]
    return found or [(each, known) for each in reversed(places) for known in names(each) if _arch(each, known) == name]


def every(places: Iterable[Home]) -> Iterator[Pack]:
    """All packs, in the order of their homes and names."""
    for each in places:
        for name in names(each):
            yield _read(name, each)


def only(arch: str | None, places: Sequence[Home]) -> Pack:
    """The pack that was named, or the only one there is. Raises `UsageError` where there are several."""
    known = list(every(places)) if arch is None else [load(arch, places)]
    if len(known) != 1:
        there = ", ".join(each.arch for each in known)
        raise UsageError(f"there are several architectures: {there}", help="say one with --arch")
    return known[0]


def _spec(path: Path, home: Home) -> dict[str, Any]:
    """What a `pack.toml` says; of a pack from elsewhere, all that it brings is looked at first."""
    for place in (home.rules, home.templates) if home.base is not None else ():
        folder = place / path.parent.name if place else path.parent
        if folder.is_dir():
            require_plain(folder, place if place and home.data else folder)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PackError(f"not readable as TOML: {error}", where=str(path)) from error
    except OSError as error:
        raise PackError(f"cannot be read: {error.strerror}", where=str(path)) from error


def _arch(home: Home, name: str) -> str:
    return str(_spec(home.rules / name / "pack.toml", home).get("name", name))


def _read(name: str, home: Home) -> Pack:
    path = home.rules / name / "pack.toml"
    spec = _spec(path, home)
    if home.data and (brought := _python(spec.get("pack"))):
        _refuse_python(brought, path)
    try:
        head = spec.pop("pack")
        title, modules = str(head["title"]), [f"{name}.{each}" for each in head.get("rules", ())]
        family: Family[Any] = _module(_brings(home, head), head["family"]).FAMILY
        loaded = [_module(home, each) for each in modules]
        facts = _module(home, f"{name}.{head['facts']}") if "facts" in head else None
        proof = _module(home, f"{name}.{head['proof']}").PROOF if "proof" in head else None
    except (KeyError, AttributeError, TypeError, ModuleNotFoundError) as error:
        raise PackError(f"lacks or misnames {error}", where=str(path), help=_SEE) from error
    if unknown := sorted(set(head) - _HEAD):
        there = f"[pack] may say {', '.join(sorted(_HEAD))}"
        raise PackError(f"[pack] does not know {', '.join(unknown)}", where=str(path), help=there)
    more = spec.pop("needs", {})
    offer = family.offer(spec, head.get("features"), str(path))
    rules = _completed((*offer.rules, *_rules(loaded)), more, family, path)
    foreign = home.base is not None and bool(loaded or facts or proof)
    return Pack(name, title, family, spec, offer.features, rules, home, path, facts, proof, foreign)


def _python(head: object) -> list[str]:
    """What of a pack is Python, as its head names it."""
    return sorted({"rules", "facts", "proof"} & set(head)) if isinstance(head, dict) else []


def _refuse_python(brought: Sequence[str], path: Path) -> None:
    """Raises `PackError` for a pack that the tree names and that brings Python."""
    what = f"the tree names this pack, and it brings Python ({', '.join(brought)}), which is not run for that"
    raise PackError(what, where=str(path), help=f"if you trust it, say --packs {path.parent.parent}")


def _brings(home: Home, head: Mapping[str, Any]) -> Home:
    """Whose family serves a pack: the installation's, loaded once, where nothing of the pack imports it as its own."""
    own = _python(head) or (home.rules / str(head["family"])).is_dir()
    return home if own and not home.data else home.base or home


def _rules(modules: Iterable[ModuleType]) -> Iterator[Rule[Any]]:
    """The rules that some modules define, in the order of the text; the module's name is their feature."""
    for module in modules:
        own = (each for each in vars(module).values() if isinstance(each, Rule))
        feature = module.__name__.rpartition(".")[2]
        yield from (replace(each, feature=feature) for each in own if each.plan.__module__ == module.__name__)


def _completed(
    rules: Sequence[Rule[Any]], more: Mapping[str, Sequence[str]], family: Family[Any], path: Path
) -> tuple[Rule[Any], ...]:
    """The rules with what the pack says they need as well. Raises `PackError` where a name is nobody's."""
    mine = {each.name for each in rules}
    names = mine | family.known
    if unknown := sorted(set(more) - names):
        what = f"[needs] speaks of {unknown[0]!r}, which is no rule"
        raise PackError(what, where=str(path), help=_near(unknown, names))
    if sum(each.marks for each in rules) != 1:
        raise PackError("needs exactly one rule that marks its presence", where=str(path), help=_SEE)
    if len(mine) < len(rules):
        twice = next(each.name for each in rules if [r.name for r in rules].count(each.name) > 1)
        raise PackError(f"there are two rules {twice!r}", where=str(path), help="give each a name of its own")
    found = tuple(replace(each, needs=(*each.needs, *more.get(each.name, ()))) for each in rules)
    for each in found:
        if unknown := sorted(set(each.needs) - names):
            what = f"rule {each.name} needs {unknown[0]!r}, which is no rule"
            raise PackError(what, where=str(path), help=_near(unknown, names))
    return found


def _near(unknown: Sequence[str], names: Iterable[str]) -> str:
    close = get_close_matches(unknown[0], sorted(names), 3)
    return f"there are: {', '.join(close or sorted(names))}"


@cache
def _root(home: Home) -> str:
    """A package of our own name whose modules lie in `rules`; nothing is found by way of the working folder."""
    name = f"{_PACKAGE}_{len([each for each in sys.modules if each.startswith(_PACKAGE)])}"
    package = ModuleType(name)
    package.__path__ = [*([] if home.data else [str(home.rules)]), *([str(home.base.rules)] if home.base else [])]
    sys.modules[name] = package
    return name


def _module(home: Home, name: str) -> ModuleType:
    return importlib.import_module(f"{_root(home)}.{name}")
