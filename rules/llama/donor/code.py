"""The code of one architecture: what its loader reads, asks for and builds, as templates."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import cached_property

from transformer.cpp import Construct
from transformer.cpp.functions import Function
from transformer.cpp.outline import bases, includes, loose, template_head

from ..eras import Part
from .along import along
from .eras import Home
from .factors import with_factors
from .generic import generic
from .margin import margin
from .scalars import scalars
from .tree import Tree
from .words import Lifter

_UNLIKE = re.compile(r"hparams\.(?:n_rot|n_embd_head_k|n_embd_head_v)_full %> *=(?!=)")
"""Loader code that gives layers without a window other heads than those with one have."""
PARTS: tuple[Part, ...] = ("hparams", "tensors", "graph")


class Code:
    """Loader, tensors and graph of an architecture, lifted."""

    def __init__(self, tree: Tree, enumerator: str, home: Home, lifter: Lifter) -> None:
        self._tree = tree
        self._enumerator = enumerator
        self._home = home
        self._lifter = lifter

    @property
    def files(self) -> tuple[str, ...]:
        """The files that were read."""
        codes = [each for part in PARTS for each in self._home.code(part)]
        parts = (*codes, *self._home.functions, self._home.graph)
        return tuple(dict.fromkeys(each.source.path for each in parts))

    def templates(self) -> Iterator[tuple[str, str]]:
        """File name to text."""
        asked = with_factors(self._tree, self._lifter, self._home.statements("tensors", self._lifter))
        tensors = self._counted(asked)
        yield "load_tensors.cpp.j2", along("loader", self._tree, self._lifter, tensors) + tensors
        yield "builder.cpp.j2", self._builder()
        yield "builder.h.j2", self._header()
        made = self._home.made(self._home.statements("graph", self._lifter))
        if made:
            yield "dispatch.cpp.j2", made
        hparams = self._home.statements("hparams", self._lifter)
        members = dict.fromkeys(self._lifter.used.hparams)
        if "swa_type" in members and _UNLIKE.search(hparams):
            members |= dict.fromkeys(("n_embd_head_k_swa", "n_embd_head_v_swa", "n_rot_swa"))
        if "LLM_KV_ATTENTION_KEY_LENGTH_SWA" in self._lifter.used.keys:
            members |= {"n_rot_swa": None}
        first = generic(self._tree, self._lifter, list(members), self._enumerator)
        yield "load_hparams.cpp.j2", scalars(first + hparams)

    # loader

    def _counted(self, tensors: str) -> str:
        """With the counts of layers as the donor's loader has them, where the fork's loader counts in another way."""
        if not self._tree.counts_trunk:
            return self._whole(tensors)
        bare = _uncommented(tensors)
        names = [name for name in ("n_layer_all", "n_layer_nextn") if re.search(rf"(?<![.\w]){name}\b", bare)]
        lines = [f"const int {name} = <%= hparams.{name} %>;" for name in names]
        if self.predicts and re.search(r"(?<![.\w])n_layer\b", bare):
            lines.append("const int n_layer = <%= hparams.n_layer() %>; // the trunk")
        text = "\n".join(lines)
        return f'<% if not has_method("n_layer") %>\n{text}\n\n<% endif %>\n{tensors}' if lines else tensors

    @cached_property
    def predicts(self) -> bool:
        """Whether the loader counts layers that predict further tokens apart."""
        return any(each.mentions("LLM_KV_NEXTN_PREDICT_LAYERS") for each in self._home.code("hparams"))

    def _whole(self, text: str) -> str:
        """Code that counts all layers by `n_layer`, in trees that leave out those that predict further tokens."""
        declared = re.search(r"\bint(?:32_t|64_t)? n_layer\b", text)
        if not self.predicts or declared:
            return text
        counted = '<%= "(int) " ~ hparams.n_layer_all if has_method("n_layer") else "n_layer" %>'
        return re.sub(r"(?<![.\w>])n_layer\b", counted, text)

    # graph

    def _trunk(self, text: str) -> str:
        """A function of the graph that counts the layers as the donor does."""
        if not self._tree.counts_trunk:
            return self._whole(text)
        bare = _uncommented(text)
        names = [name for name in ("n_layer", "n_layer_nextn") if re.search(rf"(?<![.\w>]){name}\b", bare)]
        if not self.predicts or not names:
            return text
        value = {"n_layer": "hparams.n_layer()", "n_layer_nextn": "hparams.n_layer_nextn"}
        lines = "\n".join(f"    const int64_t {name} = <%= {value[name]} %>;" for name in names)
        head, brace, rest = text.partition("{\n")
        guarded = f'<% if not has_method("n_layer") %>\n{lines}\n\n<% endif %>\n'
        return f"{head}{brace}{guarded}{rest}"

    def _named(self, text: str) -> str:
        """Names of the graph as the template names them."""
        for base in self._bases:
            text = re.sub(rf"\b{base}::{base}\b", "<%= builder.scope %>_base::<%= builder.name %>_base", text)
            text = text.replace(f"{base}::", "<%= builder.scope %>_base::")
        return self._home.named(text)

    def _builder(self) -> str:
        helpers = [_closed(self._named(self._lifter.text(each))) for each in self._loose(self._home.functions)]
        parts = [*helpers, *self._based(), *(self._function(each) for each in self._home.functions)]
        brought = along("graph", self._tree, self._lifter, "", template_head(self._home.graph))
        parts += [*([brought] if brought else []), *self._instances()]
        brought_in = along("includes", self._tree, self._lifter, "")
        if any("tagged(" in part for part in parts):
            own = "".join(f" and not {self._has_base(base)}" for base in self._bases)
            brought_in = f'<% if has_tags(){own} %>\n#include "llama-impl.h"\n<% endif %>\n{brought_in}'
        return brought_in + self._includes() + "\n\n".join(part.strip("\n") for part in parts) + "\n"

    def _includes(self) -> str:
        wanted: dict[str, None] = {}
        for path in dict.fromkeys(each.source.path for each in self._home.functions):
            wanted |= dict.fromkeys(includes(self._tree.workspace.file(path)))
        others = "".join(f"#include {each}\n" for each in wanted if each != '"models.h"')
        return others + "\n" if others else ""

    def _function(self, function: Function) -> str:
        head = template_head(function)
        text = self._derived(self._trunk(self._lifter.text(function)))
        return self._named(f"{head}\n{text}" if head else text)

    def _instances(self) -> Iterator[str]:
        """Explicit instantiations of the graph."""
        found: dict[str, None] = {}
        for path in dict.fromkeys(each.source.path for each in self._home.functions):
            found |= dict.fromkeys(self._home.instances(self._tree.workspace.source(path).data.decode()))
        if found:
            yield "\n".join(self._named(each) for each in found)

    def _loose(self, users: Sequence[Function]) -> list[Construct]:
        """What the files of some functions define outside of them and they use, in the order of the text."""
        found: dict[str, Construct] = {}
        there = {
            each.name: each
            for path in dict.fromkeys(f.source.path for f in users)
            for each in loose(self._tree.workspace.file(path))
        }
        waiting: list[Construct] = [*users]
        while waiting:
            user = waiting.pop()
            for name, each in there.items():
                member = name.rpartition("::")[0] == user.name  # of a class that comes along
                if name not in found and user is not each and (member or user.mentions(name)):
                    found[name] = each
                    waiting.append(each)
        return sorted(found.values(), key=lambda each: each.node.start_byte)

    # what the graph derives from

    @cached_property
    def _bases(self) -> list[str]:
        """The base classes of the graph that are declared beside the builders: they come along."""
        return [each for each in bases(self._home.graph) if self._tree.has_struct(each)]

    @cached_property
    def _base_functions(self) -> list[Function]:
        return [each for base in self._bases for each in self._tree.methods_of(f"{base}::")]

    def _has_base(self, base: str) -> str:
        """The question whether the fork has a base class with all that the donor's has."""
        names = [each.own_name for each in self._tree.struct(base).all_methods() if each.own_name.startswith("build_")]
        return f"has_base({', '.join(json.dumps(each) for each in (base, *dict.fromkeys(names)))})"

    def _based(self) -> Iterator[str]:
        for base in self._bases:
            functions = [each for each in self._base_functions if each.name.startswith(f"{base}::")]
            mine = {each.name for each in self._loose(self._home.functions)}
            helpers = [_closed(self._lifter.text(e)) for e in self._loose(functions) if e.name not in mine]
            text = "\n\n".join([*helpers, *(self._named(self._lifter.text(each)) for each in functions)])
            yield f"<% if not {self._has_base(base)} %>\n{text}\n\n<% endif %>"

    def _base_header(self) -> str:
        """The declarations of base classes, in front of the graph's."""
        parts = []
        for base in self._bases:
            text = margin(self._lifter.text(self._tree.struct(base)))
            text = re.sub(rf"\b{base}\b", "<%= builder.name %>_base", text).rstrip("\n; ")
            parts.append(f"<% if not {self._has_base(base)} %>\n{text};\n\n<% endif %>\n")
        return "".join(parts)

    def _derived(self, text: str) -> str:
        """A declaration whose base class is the fork's, or the one that came along."""
        for base in self._bases:
            choice = f"<% if {self._has_base(base)} %>{base}<% else %><%= builder.name %>_base<% endif %>"
            text = re.sub(rf"\b{base}\b(?!::)", lambda _, choice=choice: choice, text)  # type: ignore[misc]
        return text

    def _header(self) -> str:
        head, struct = template_head(self._home.graph), self._home.graph
        text = margin(self._lifter.text(struct))
        text = self._home.declared(text)
        brought = along("declaration", self._tree, self._lifter, text)
        if brought:
            text = text.rstrip().removesuffix("}") + "\n" + brought + "}"
        text = self._named(self._derived(text)).rstrip(";\n ") + ";\n"
        return self._base_header() + (f"{head}\n" if head else "") + text


def _uncommented(text: str) -> str:
    return re.sub(r'//[^\n]*|"(?:[^"\\]|\\.)*"', "", text)


def _closed(text: str) -> str:
    """A type with the semicolon behind it."""
    kind = re.match(r"(template\s*<[^>]*>\s*)?(struct|class|enum)\b[^({;]*\{", text)
    return text + ";" if kind and text.rstrip().endswith("}") else text
