"""Packs: where they lie, what they bring, how their rules are loaded."""

from __future__ import annotations

import importlib
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from transformer.errors import PackError, UsageError
from transformer.rule import Rule
from transformer.workspace import Workspace

_PACKAGE = "transformer_rules"


@dataclass(frozen=True, slots=True)
class Home:
    """The two folders that packs live in."""

    rules: Path
    templates: Path


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that was looked at to prove a tree. The first row of a table is its head; `bad` ones failed."""

    title: str
    good: bool
    text: str
    rows: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()
    bad: frozenset[int] = frozenset()


Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a tree is built: definitions for CMake, and what is built.

    What runs on the build needs `modules`, which the distribution's `extra` brings.
    """

    options: tuple[str, ...]
    targets: tuple[str, ...]
    modules: tuple[str, ...]
    extra: str


@dataclass(frozen=True, slots=True)
class Family:
    """What a fork layer brings: how to know such a tree, and what its rules get to see of it.

    `recognise` raises `UsageError` where the tree is not of the family. `open` makes the context of the rules.
    `includes` are the include folders of its translation units, relative to the root.
    `prove` judges a model file for a tree that has the architecture. Raises `UsageError` where it is none.
    `recipe` says how such a tree is built, and `compute` judges what a build (in the folder) computes.
    """

    name: str
    recognise: Callable[[Workspace], None]
    open: Callable[[Workspace, Pack], Any]
    facts: Callable[[Any], dict[str, tuple[str, str]]]
    includes: tuple[str, ...]
    prove: Callable[[Pack, Path], Evidence] | None = None
    recipe: Recipe | None = None
    compute: Callable[[Pack, Path, Progress], Iterable[Evidence]] | None = None


@dataclass(frozen=True, slots=True)
class Pack:
    """An architecture: its spec as data, its rules in order, its templates."""

    name: str
    title: str
    family: Family
    spec: dict[str, Any]
    rules: tuple[Rule, ...]
    templates: Path
    path: Path
    proof: Any = None
    """What the family's `prove` and `compute` need to know of the architecture."""


def home() -> Home:
    """The packs of this installation: beside the package in a checkout, inside it in a wheel."""
    package = Path(__file__).resolve().parent
    for base in (package / "packs", package.parent):
        if (base / "rules").is_dir() and (base / "templates").is_dir():
            return Home(base / "rules", base / "templates")
    raise PackError("no rules are installed", help="install the package again")


def names(home: Home) -> list[str]:
    """The packs there are, sorted: each by the name of its folder, with dashes for the underscores of a package."""
    return sorted(path.parent.name.replace("_", "-") for path in home.rules.glob("*/pack.toml"))


def load(name: str, home: Home, chosen: Mapping[str, bool] | None = None) -> Pack:
    """A pack by name, with what was chosen of its options.

    Raises `PackError` with file and field where it is malformed, `UsageError` where it has no such option.
    """
    folder = name.replace("-", "_")
    path = home.rules / folder / "pack.toml"
    if not path.is_file():
        raise PackError(f"there is no pack {name!r}", help=f"there are: {', '.join(names(home))}")
    try:
        spec = tomllib.loads(path.read_text(encoding="utf-8"))
        head = spec.pop("pack")
        options = spec.get("options", {})
        modules = [_module(home, each) for each in head["rules"]]
        family: Family = _module(home, head["family"]).FAMILY
        proof = _module(home, head["proof"]).PROOF if "proof" in head else None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PackError(f"not readable as TOML: {error}", where=str(path)) from error
    except (KeyError, AttributeError, ModuleNotFoundError) as error:
        raise PackError(f"lacks or misnames {error}", where=str(path), help="see CONTRIBUTING, 'A new pack'") from error
    for unknown in sorted(set(chosen or {}) - set(options)):
        raise UsageError(f"{name} has no option {unknown!r}", help=f"there are: {', '.join(sorted(options)) or 'none'}")
    if chosen:
        spec["options"] = {**options, **chosen}
    rules = tuple(_rules(modules))
    if sum(each.marks for each in rules) != 1:
        raise PackError("needs exactly one rule that marks its presence", where=str(path))
    return Pack(name, head["title"], family, spec, rules, home.templates / folder, path, proof)


def _rules(modules: Iterable[ModuleType]) -> Iterable[Rule]:
    seen: set[str] = set()
    for module in modules:
        for value in vars(module).values():
            if isinstance(value, Rule) and value.name not in seen:
                seen.add(value.name)
                yield value


@cache
def _root(rules: Path) -> str:
    """A package of our own name whose modules lie in `rules`; nothing is found by way of the working folder."""
    name = f"{_PACKAGE}_{len([each for each in sys.modules if each.startswith(_PACKAGE)])}"
    package = ModuleType(name)
    package.__path__ = [str(rules)]
    sys.modules[name] = package
    return name


def _module(home: Home, name: str) -> ModuleType:
    return importlib.import_module(f"{_root(home.rules)}.{name}")
