"""What a function can return, as far as given values decide its way."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from transformer.cpp.syntax import Syntax
from transformer.cpp.values import Locals, Open, Same, Value, Values, truth
from transformer.cpp.walk import Entry, Exit, Walk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from transformer.cpp.functions import Function


@dataclass(frozen=True, slots=True)
class Outcomes:
    """The ways out that given values leave, and the expressions that would leave fewer."""

    exits: tuple[Exit, ...]
    open: frozenset[str]
    met: frozenset[str] = frozenset()
    """The constants that were compared with others: any that was not comes to the same."""

    @property
    def refuses(self) -> bool:
        """Whether whatever is open comes to false, or to a stop."""
        return bool(self.exits) and all(each.value in (0, None) for each in self.exits)

    @property
    def accepts(self) -> bool:
        """Whether whatever is open comes to true."""
        return bool(self.exits) and all(each.value is not None and truth(each.value) for each in self.exits)


class Follower:
    """Follows one function again and again, with other values, and into those that `find` finds by their names."""

    def __init__(
        self, function: Function, find: Callable[[str], Function | None] = lambda _: None, deep: int = 3
    ) -> None:
        self._function = function
        self._find = find
        self._deep = deep
        self._body = Syntax(function.source, function.body().node)
        self._entries: dict[Syntax, list[Entry]] = {}
        self._others: dict[str, Follower | None] = {}

    def follow(self, given: Mapping[str, str | int], local: Locals | None = None) -> Outcomes:
        """What is left where these expressions have these values: constants by name, or numbers.

        Expressions are told by their text without blanks, with what its variables stand for in their place.
        `local` says what the parameters are, where they are something else.
        """
        met = set[str]()
        walk = Walk(Values(given, partial(self._called, given, met), met), self._entries)
        changed = self._body.changed.intersection(self._function.names)
        local = {**{name: Open(frozenset([name])) for name in changed}, **(local or {})}
        if walk.block(self._body.named, local) is not None:
            walk.exits.append(Exit(Open(frozenset(["the end"])), self._body.end))
        return Outcomes(tuple(dict.fromkeys(walk.exits)), frozenset(walk.open), frozenset(met))

    def _called(
        self, given: Mapping[str, str | int], met: set[str], name: str, arguments: list[Value | Same]
    ) -> Value | None:
        if name not in self._others:
            found = self._find(name) if self._deep else None
            self._others[name] = Follower(found, self._find, self._deep - 1) if found is not None else None
        other = self._others[name]
        if other is None or len(other._function.names) != len(arguments):
            return None
        made = other.follow(given, dict(zip(other._function.names, arguments, strict=True)))
        met |= made.met
        if made.refuses or made.accepts:
            return int(made.accepts)
        return Open(made.open | {name})
