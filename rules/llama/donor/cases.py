"""Donors of the era of cases: an architecture is a case in each switch of the model, its graph a struct by itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from transformer.cpp import Block, Construct, If, Statement, Struct, Switch
from transformer.cpp.functions import Function
from transformer.cpp.lift import GONE, without_gaps
from transformer.cpp.outline import braces, inside, is_left_early, lambdas

from ..cases import METHODS
from .margin import margin

if TYPE_CHECKING:
    from ..eras import Part
    from .draft import Member
    from .tree import Tree
    from .words import Lifter

_MADE = re.compile(r"make_unique\s*<\s*(\w+)")
_LEAVING = re.compile(r"\bbreak;$")


class Cases:
    """A donor whose model has one loader, with a switch over the architecture."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    def switch(self, part: Part) -> Switch:
        """The switch of the method that does a part."""
        return self.tree.method(METHODS[part]).switch("arch")

    @cached_property
    def known(self) -> dict[str, str]:
        """Enumerator to the builder that is made for it."""
        switch = self.switch("graph")
        made = {label: _MADE.search(switch.case(label).text) for label in switch.cases if label != "default"}
        return {label: found.group(1) for label, found in made.items() if found}

    def home(self, enumerator: str) -> Case:
        """The cases of an architecture."""
        return Case(self, enumerator)

    def generic(self) -> Sequence[Statement]:
        """What stands in front of the switch."""
        own = self.switch("hparams")
        return [each for each in self.tree.method("load_hparams").body().statements() if each.precedes(own)]

    def tests(self) -> Sequence[If]:
        """The conditions in front of it."""
        own = self.switch("hparams")
        return [each for each in self.tree.method("load_hparams").ifs() if each.precedes(own)]

    def helper(self, name: str) -> tuple[str, Construct]:
        """A lambda in front of the switch over the tensors."""
        own, load = self.switch("tensors"), self.tree.method("load_tensors")
        found = [each for each in lambdas(load, name) if each[1].precedes(own)]
        if not found:
            raise load.missing(f"lambda {name} in front of its switch")
        return found[0]


class Case:
    """An architecture in such a donor."""

    def __init__(self, era: Cases, enumerator: str) -> None:
        self._era = era
        self._tree = era.tree
        self._enumerator = enumerator
        self._own = era.known[enumerator]
        self.graph: Struct = self._tree.struct(self._own)

    @cached_property
    def _alone(self) -> bool:
        """Whether no other architecture has this builder."""
        return list(self._era.known.values()).count(self._own) == 1

    @property
    def _stem(self) -> str:
        return self._enumerator.removeprefix("LLM_ARCH_").lower()

    @property
    def builder(self) -> str:
        """The donor's name; one after the architecture where others have the same builder."""
        return self._own if self._alone else f"llm_build_{self._stem}"

    @property
    def file(self) -> str:
        """The donor's file; one after the architecture where others have the same builder."""
        path = PurePosixPath(self.functions[0].source.path)
        return path.name if self._alone else f"{self._stem.replace('_', '-')}.cpp"

    @cached_property
    def functions(self) -> list[Function]:
        """The functions of the builder. Raises `AnchorError` where there are none."""
        found = self._tree.methods_of(self._own)
        own = [each for each in found if re.match(rf"{self._own}(<[^>]*>)?::", each.name)]
        if not own:
            raise self.graph.missing("definition of its functions beside it")
        return own

    def code(self, part: Part) -> Sequence[Block]:
        """The case of a part, and those that it runs on into."""
        return self._era.switch(part).run(self._enumerator)

    def statements(self, part: Part, lifter: Lifter) -> str:
        """What stands under the label, without the `break` at the end."""
        found = self.code(part)
        text = "\n".join(self._lifted(part, each, lifter) for each in found)
        return self._locals(part, lifter, found) + text

    def _lifted(self, part: Part, case: Block, lifter: Lifter) -> str:
        if is_left_early(case):
            raise case.missing("one end only: it is left early", "such code cannot stand in a function of its own")
        whole = braces(case)
        text = lifter.text(whole)
        for each in self._repeated(part, whole):
            text = text.replace(lifter.text(each), GONE, 1)
        text = without_gaps(text)
        text = text[1:-1] if whole is not case else text.partition(":")[2]
        return margin(_LEAVING.sub("", text.rstrip()).rstrip() + "\n")

    def _repeated(self, part: Part, whole: Construct) -> Iterator[Statement]:
        """Declarations that say again what the loader of all does: in a function there can be one only."""
        method, own = self._tree.method(METHODS[part]), self._era.switch(part)
        for each in inside(whole):
            outer = [known for name in each.variables for known in method.locals(name) if known.precedes(own)]
            if any(known.tokens == each.tokens for known in outer):
                yield each

    def _locals(self, part: Part, lifter: Lifter, cases: Sequence[Block]) -> str:
        """Local variables of the loader of all that the case reads, where that is another function or has none."""
        if part != "hparams":
            return ""
        shared = self._era.generic()
        there = [name for each in shared for name in each.variables if name != "ctx"]
        names = [name for name in there if any(case.mentions(name) for case in cases)]
        wanted = [each for each in shared if any(each.mentions(name) for name in names)]
        if not wanted:
            return ""
        lines = "".join(margin(lifter.text(each)) for each in wanted)
        unknown = " or ".join(f'not generic("{name}")' for name in dict.fromkeys(names))
        return f'<% if facts.architectures == "classes" or {unknown} %>\n{lines}\n<% endif %>\n'

    def named(self, text: str) -> str:
        """The struct and its constructor, wherever they are named."""
        own = self._own
        text = re.sub(rf"\b{own}(<[^<>]*>)?::{own}\b", r"<%= builder.scope %>\1::<%= builder.name %>", text)
        return re.sub(rf"\b{own}(?!\w)", "<%= builder.scope %>", text)

    def declared(self, text: str) -> str:
        """The struct is called as its constructor is."""
        return re.sub(rf"\b{self._own}(?!\w)", "<%= builder.name %>", text)

    def made(self, text: str) -> str:
        """The case of `build_graph`, which assigns to a variable that a fork may call otherwise."""
        body = re.sub(rf"\b{self._own}(?!\w)", "<%= builder.name %>", without_gaps(text).strip())
        switch = self._era.switch("graph")
        variable = switch.call("make_unique").statement_of().target
        body = re.sub(rf"\b{variable}\s*=(?!=)", "<%= graph %> =", body)
        usual = r"<%= graph %> = std::make_unique<<%= builder\.name %>>\s*\(\*this, params\);"
        return "" if re.fullmatch(usual, body) else body + "\n"

    def instances(self, text: str) -> Sequence[str]:
        """Those of the builder."""
        return re.findall(rf"^template\s+(?:struct|class)\s+{self._own}<[^;]*;", text, re.M)

    def state(self) -> Iterator[Member]:
        """The model holds nothing for one architecture alone."""
        return iter(())
