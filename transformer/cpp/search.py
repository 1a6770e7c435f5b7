"""One of those that a search found: the only construct, or the first of anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from transformer.errors import AnchorError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from transformer.cpp.construct import Construct

T = TypeVar("T", bound="Construct")
Found = TypeVar("Found")


def only(found: Sequence[T], what: str, where: str, seen: Iterable[str] = ()) -> T:
    """The one construct that was found. Raises `AnchorError` where there is none, or more than one."""
    if len(found) == 1:
        return found[0]
    if found:
        places = ", ".join(each.where for each in found)
        raise AnchorError(f"{what} was found {len(found)} times: {places}", where=found[0].where)
    hint = ", ".join(list(seen)[:8])
    raise AnchorError(f"{what} was not found", where=where, help=f"seen instead: {hint}" if hint else "")


def first(found: Iterable[Found], what: str, scope: Construct) -> Found:
    """The first of what was found in a scope. Raises `AnchorError` where there is none."""
    for each in found:
        return each
    raise scope.missing(what)
