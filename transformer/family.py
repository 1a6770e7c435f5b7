"""A family: the fork layer as the engine sees it, and what it says of a tree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from transformer.rule import Rule

if TYPE_CHECKING:
    from transformer.donor import Donor
    from transformer.edit import Edit
    from transformer.pack import Pack
    from transformer.workspace import Workspace

C = TypeVar("C")

Progress = Callable[[int, int, str], None]
"""Told how much is done, of how much, and what is being worked on."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that was looked at to prove a tree. The first row of a table is its head; `bad` ones failed."""

    title: str
    good: bool | None
    """`None` where the pack records nothing to compare with: this was not proved."""
    text: str
    rows: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()
    bad: frozenset[int] = frozenset()


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
class Judge:
    """How a tree that an architecture comes from judges one that it was ported into: both are built, and compared."""

    refuse: Callable[[Workspace, str], None]
    """Raises `UsageError` where a donor cannot judge the architecture of a name."""
    donor: Recipe
    """How the donor is built."""
    fork: Recipe
    """How the tree that is judged is built."""
    compare: Callable[[Pack, Path, Path, Progress], Iterable[Evidence]]
    """Judges the build of the fork, in the second folder, by that of the donor, in the first."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A fact as people read it: what it is called, its value, and the place (`path:line`) that shows it."""

    name: str
    value: str
    where: str


@dataclass(frozen=True, slots=True)
class Part:
    """One commit of a series: its name, and the rules in it (patterns of names)."""

    name: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Feature:
    """Something that an architecture needs of a fork: its name, what it means, and its rules in order."""

    name: str
    means: str
    rules: tuple[Rule[Any], ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """What a family brings for one spec: the features that were found or listed, in the order of their rules."""

    features: tuple[Feature, ...]

    @property
    def rules(self) -> tuple[Rule[Any], ...]:
        """The rules of all features, in order."""
        return tuple(rule for each in self.features for rule in each.rules)


@dataclass(frozen=True, slots=True)
class Family(Generic[C]):
    """What a fork layer brings: how to know such a tree, and what its rules, made for a context `C`, see of it."""

    name: str
    recognise: Callable[[Workspace], None]
    """Raises `UsageError` where the tree is not of the family."""
    offer: Callable[[Mapping[str, Any], Sequence[str] | None, str], Offer]
    """The rules for a spec: of the features listed, or of those that the spec shows. Raises `PackError`."""
    known: frozenset[str]
    """The names of all rules of the family, whatever the pack."""
    open: Callable[[Workspace, Pack], C]
    """The context of the rules for one tree and one pack."""
    facts: Callable[[C], Sequence[Shown]]
    """What was asked about the tree so far, and the answers."""
    written: Callable[[C], Mapping[str, bool] | None]
    """The options with which this tool wrote the architecture that is there; `None` where it is somebody else's."""
    templates: str
    """The folder of the templates that its rules share, below `templates/`."""
    includes: tuple[str, ...]
    """The include folders of its translation units, relative to the root."""
    prove: Callable[[Pack, Path], Evidence] | None = None
    """Judges a model file for a tree that has the architecture. Raises `UsageError` where it is none."""
    recipe: Recipe | None = None
    """How such a tree is built."""
    compute: Callable[[Pack, Path, Progress], Iterable[Evidence]] | None = None
    """Judges what a build, in the folder, computes."""
    draft: Callable[[Donor, str, Sequence[str]], Mapping[str, str]] | None = None
    """Reads an architecture out of a donor: path below a folder of packs to text."""
    judge: Judge | None = None
    """Judges a build by that of a donor."""
    first: Callable[[Workspace, str], tuple[str, str]] | None = None
    """Where a tree first names an architecture: a file, and the text that stands there."""
    architectures: Callable[[Workspace], list[str]] | None = None
    """The names of the architectures that a tree knows, sorted."""
    words: Mapping[str, str] = field(default_factory=dict)
    """The words of its templates, and what each gives."""
    own: Callable[[Mapping[str, Any]], tuple[str, ...]] = lambda spec: ()
    """Names that mark code as an architecture's own, for its spec; those in lower case are parts of names."""
    asked: Callable[[C], Sequence[Shown]] = lambda context: ()
    """The facts that were asked for since the last call."""
    uncovered: Callable[[C, Sequence[Edit]], Sequence[Shown]] = lambda context, edits: ()
    """What lies in the tree and does not take part in a port: what it is, what of it is lacking, where that shows."""
    parts: tuple[Part, ...] = ()
    """How a port is cut into a series of commits, in order."""
    naming: Callable[[str], Mapping[str, str]] = field(default=lambda name: {"name": name})
    """What a spec calls an architecture of a name: field (`builder.name`) to value. Renaming a pack replaces them."""
    skeleton: str = ""
    """The folder of a small pack to start from, below the family's templates."""
    reference: Callable[[Pack, Mapping[str, Workspace]], str] | None = None
    """The reference page of words, facts and features: what a pack can say, and what that gives in some trees."""
