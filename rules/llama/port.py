"""The context of a rule: the fork, its facts, the spec of the architecture, and its era."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any

from transformer.cmake import SourceList
from transformer.errors import AnchorError, TemplateError
from transformer.render import render, render_text

from . import spec as specs
from .cases import Cases
from .classes import Classes
from .facts import Facts
from .fork import Fork
from .signatures import added
from .words import unknown, words

if TYPE_CHECKING:
    from pathlib import Path

    from transformer.cpp import Parameter, Place, Table
    from transformer.outcome import Outcome
    from transformer.pack import Pack
    from transformer.workspace import Workspace

    from .eras import Era, Part


class Port:
    """One architecture on its way into one fork."""

    def __init__(self, fork: Fork, pack: Pack, facts: Facts | None = None) -> None:
        self.fork = fork
        self.pack = pack
        self.facts = facts or Facts(fork)
        self.spec = specs.read(pack.spec, str(pack.path))
        self.own_facts: object = pack.facts.Facts(fork) if pack.facts else None
        self.rules = tuple(each.name for each in pack.rules)

    @cached_property
    def era(self) -> Era:
        """Where an architecture lives in this fork."""
        return Cases(self) if self.facts.architectures.value == "cases" else Classes(self)

    def render(self, template: str, **more: Any) -> str:
        """A template of the pack, or of the family where the pack has none of that name."""
        own = self.pack.templates
        folder = own if (own / template).is_file() else self.pack.home.shared_templates("llama")
        self._require_spelling(folder / template)
        return self.fork.spelled(render(folder, template, {**self._words, **more}))

    def _require_spelling(self, path: Path) -> None:
        """Raises `TemplateError` where a template writes out a tensor that the fork calls otherwise."""
        written = _written_out(path)
        for each in self.spec.tensors if written else ():
            own = self.own_tensors.get(each.name, each.enumerator)
            if own != each.enumerator and each.enumerator in written:
                word = each.enumerator.removeprefix("LLM_TENSOR_")
                raise TemplateError(
                    f"the fork calls {each.name} {own}, and not {each.enumerator}",
                    where=f"{path.name}:{written[each.enumerator]}",
                    help=f'the template may say <%= tensor("{word}") %>',
                )

    def render_text(self, text: str) -> str:
        """A template that stands in the spec."""
        return self.fork.spelled(render_text(text, self._words))

    @cached_property
    def _words(self) -> Mapping[str, Any]:
        return words(self)

    # names as this fork spells them

    def key(self, name: str) -> str:
        """The enumerator of the key `%s.name`, the fork's own where it has one."""
        if f"%s.{name}" not in self._keys:
            raise unknown("key", name, [each.removeprefix("%s.") for each in self._keys])
        return _shown(self._keys[f"%s.{name}"], f"%s.{name}", self.fork.key_names)

    @cached_property
    def _keys(self) -> dict[str, str]:
        table = self.fork.key_names
        own = {table.cell(key).strip('"'): key for key in table.rows}
        return {**{each.name: each.enumerator for each in self.spec.keys}, **own}

    def tensor(self, enumerator: str) -> str:
        """The enumerator of a tensor of the spec, the fork's own where it gives the name to another one."""
        full = f"LLM_TENSOR_{enumerator}"
        wanted = next((each for each in self.spec.tensors if each.enumerator == full), None)
        if wanted is None:
            known = [each.enumerator.removeprefix("LLM_TENSOR_") for each in self.spec.tensors]
            raise unknown("tensor", enumerator, known)
        return self.own_tensors.get(wanted.name, full)

    @cached_property
    def own_tensors(self) -> dict[str, str]:
        """Tensor name to the fork's enumerator: the pack's own where some table of the fork has it under that name.

        Another one may stand for the name in the table of one architecture: LFM2's last norm is called as the norm of
        embeddings is elsewhere.
        """
        table = self.fork.tensor_names
        tables = [table]
        if self.facts.tensor_names.value == "by architecture":
            tables = [table.nested(key) for key in table.rows]
        found: dict[str, str] = {}
        proposed = {(each.name, each.enumerator) for each in self.spec.tensors}
        for each in tables:
            for key in each.rows:
                name = each.cell(key).strip('"')
                found[name] = key if (name, key) in proposed else found.get(name, key)
        for tensor in self.spec.tensors:
            _shown(found.get(tensor.name, ""), tensor.name, table)
        return found

    def has_op(self, function: str) -> bool:
        """Whether ggml declares the function."""
        declared = self.fork.workspace.source(self.fork.ggml("include/ggml.h")).live.replace(b" (", b"(")
        return f"{self.fork.spelled(function)}(".encode() in declared

    def parameter(self, parameter: Parameter) -> Parameter:
        """A parameter with its type as this fork spells it."""
        return replace(parameter, type=self.fork.spelled(parameter.type))

    # calls

    def signatures(self, function: str) -> list[tuple[Parameter, ...]]:
        """The parameter lists of a graph helper, with what the rules of the pack add to them."""
        methods = self.fork.graph.sound().methods(function)
        if not methods:
            raise TemplateError(f"{self.fork.graph.name} has no function {function}", where=self.fork.graph.where)
        return [each.parameters + tuple(added(function, each.names, self.rules)) for each in methods]

    # where the architecture lives already

    def handled(self, part: Part) -> Place:
        """The code that does a part for this architecture. Raises `AnchorError` where there is none."""
        scope = self.era.scope(part)
        if scope is None:
            raise self.fork.file("llama-model.cpp").missing(f"code for {self.spec.enumerator} ({part})")
        return scope

    def alone(self, part: Part) -> Place:
        """The same, to be changed. Raises `AnchorError` where it is that of other architectures as well."""
        scope = self.handled(part)
        if others := self.era.sharers(part):
            raise AnchorError(f"{scope.name} is that of {', '.join(others)} as well", where=scope.where)
        return scope

    # what this tool wrote there

    @cached_property
    def others(self) -> tuple[Port, ...]:
        """The same port with each other choice of the options that its own code depends on."""
        names = sorted(self.spec.options.keys() - specs.OPTIONS_OF_RULES)
        choices = (dict(zip(names, each, strict=True)) for each in product((True, False), repeat=len(names)))
        return tuple(self.choosing(each) for each in choices if not each.items() <= self.spec.options.items())

    def choosing(self, options: Mapping[str, bool]) -> Port:
        """The same port with options as given."""
        return Port(self.fork, self.pack.choose(options), self.facts)

    @cached_property
    def is_written(self) -> bool:
        """Whether all that is there of the architecture is what this tool writes with the options as they are."""
        try:
            return all(self.era.written(part) for part in ("hparams", "tensors", "graph"))
        except (AnchorError, TemplateError):
            return False

    # the build

    def listed(self, file: str) -> Outcome:
        """A line for a file below the folder of the builders in the library's list of sources."""
        listing = SourceList(self.fork.workspace.source(self.fork.path("CMakeLists.txt")), "add_library", "llama")
        return listing.add(f"models/{file}", near=f"models/{self.spec.builder.near_file}")


def _shown(enumerator: str, name: str, table: Table) -> str:
    """The enumerator of a name. Raises `AnchorError` where a macro stands for it that other files may not know."""
    if enumerator in table.source.macros:
        raise AnchorError(
            f"{enumerator}, which stands for {name} in {table.name}, is a macro",
            where=table.row(enumerator).where if enumerator in table.rows else table.where,
            help="write the enumerator out in the fork, then run again",
        )
    return enumerator


def _written_out(path: Path) -> Mapping[str, int]:
    """The tensors that a template writes out, each with the last line where it does."""
    if not path.is_file():
        return {}
    lines = enumerate(path.read_text(encoding="utf-8", errors="replace").split("\n"), 1)
    return {name: number for number, line in lines for name in re.findall(r"LLM_TENSOR_\w+", line)}


def open_port(workspace: Workspace, pack: Pack) -> Port:
    """The context of a pack's rules. Raises `PackError` where its spec is malformed."""
    return Port(Fork(workspace), pack)


def written(port: Port) -> Mapping[str, bool] | None:
    """The options with which this tool wrote the architecture that is there; `None` where it did not."""
    try:
        if port.spec.enumerator not in port.fork.architectures.entries:
            return None
    except AnchorError:
        return None
    return next((each.spec.options for each in (port, *port.others) if each.is_written), None)


def collections(port: Port) -> Sequence[object]:
    """The facts of the family, and those of the pack."""
    return [port.facts, *([port.own_facts] if port.own_facts else [])]
