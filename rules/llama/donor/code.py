"""The code of one architecture: what its loader reads, asks for and builds, as templates."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import cached_property

from transformer.cpp import Construct, Struct
from transformer.cpp.functions import Function
from transformer.cpp.lift import as_template, without_gaps
from transformer.cpp.outline import bases, includes, initializers, loose, template_head
from transformer.cpp.source import Source

from .. import spelling
from .along import along
from .draft import Member
from .generic import generic
from .scalars import scalars
from .tree import Tree
from .words import Lifter


class Code:
    """Loader, tensors and graph of a class, lifted."""

    def __init__(self, tree: Tree, enumerator: str, lifter: Lifter) -> None:
        self._tree = tree
        self._enumerator = enumerator
        self._owner = owner = tree.classes[enumerator]
        self._lifter = lifter
        self._graph_owner, self._graph = tree.graph_of(owner)

    @property
    def builder(self) -> str:
        """What the struct of the builder is called where builders are structs."""
        return f"llm_build_{self._tree.stem(self._owner)}"

    @cached_property
    def hparams(self) -> Function:
        """The function that reads the hyperparameters."""
        return self._tree.method_of(self._owner, "load_arch_hparams")

    @cached_property
    def tensors(self) -> Function:
        """The function that asks for the tensors."""
        return self._tree.method_of(self._owner, "load_arch_tensors")

    @cached_property
    def functions(self) -> list[Function]:
        """The functions of the graph, in the order of the text."""
        prefix = f"{self._graph_owner}::graph"
        return [each for each in self._tree.methods_of(prefix) if re.match(rf"{prefix}(<[^>]*>)?::", each.name)]

    @cached_property
    def dispatch(self) -> Function:
        """The function that makes the graph."""
        return self._tree.method_of(self._owner, "build_arch_graph")

    @property
    def biases(self) -> bool:
        """Whether `wq_b` and its like are biases here."""
        return not any(self.tensors.mentions(each) for each in spelling.MATRICES)

    @property
    def files(self) -> tuple[str, ...]:
        """The files that were read."""
        parts = (self.hparams, self.tensors, self.dispatch, *self.functions, self._graph)
        return tuple(dict.fromkeys(each.source.path for each in parts))

    def templates(self) -> Iterator[tuple[str, str]]:
        """File name to text."""
        tensors = self._counted(self._body(self.tensors))
        yield "load_tensors.cpp.j2", along("loader", self._tree, self._lifter, tensors) + tensors
        yield "builder.cpp.j2", self._builder()
        yield "builder.h.j2", self._header()
        made = self._made()
        if made:
            yield "dispatch.cpp.j2", made
        hparams = self._body(self.hparams)
        members = dict.fromkeys(self._lifter.used.hparams)
        if "LLM_KV_ATTENTION_KEY_LENGTH_SWA" in self._lifter.used.keys:
            members |= {"n_rot_swa": None}
        first = generic(self._tree, self._lifter, list(members), self._enumerator)
        yield "load_hparams.cpp.j2", scalars(first + hparams)

    # loader

    def _body(self, function: Function) -> str:
        """The statements of a function, at the margin."""
        return _margin(self._lifter.text(function.body())[1:-1])

    def _counted(self, tensors: str) -> str:
        """With the counts of layers as the donor's loader has them, where the fork's loader counts in another way."""
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
        return self.hparams.mentions("LLM_KV_NEXTN_PREDICT_LAYERS")

    # graph

    def _trunk(self, text: str) -> str:
        """A function of the graph that counts the layers of the trunk only, as the donor does."""
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
        for owner in dict.fromkeys((*self._tree.line(self._owner), *self._tree.line(self._graph_owner))):
            text = re.sub(rf"static_cast<const {owner} ?&>\((\w+)\)", r"\1", text)
            text = re.sub(rf"\b{owner} &", "llama_model &", text)
        for base in self._bases:
            text = re.sub(rf"\b{base}::{base}\b", "<%= builder.scope %>_base::<%= builder.name %>_base", text)
            text = text.replace(f"{base}::", "<%= builder.scope %>_base::")
        text = text.replace(f"{self._graph_owner}::graph", "<%= builder.scope %>")
        text = re.sub(r"(<%= builder\.scope %>(?:<[^>]*>)?::)graph\b", r"\1<%= builder.name %>", text)
        return text.replace(f"{self._graph_owner}::", "")

    def _builder(self) -> str:
        helpers = [_closed(self._named(self._lifter.text(each))) for each in self._loose(self.functions)]
        parts = [*helpers, *self._based(), *(self._function(each) for each in self.functions)]
        brought = along("graph", self._tree, self._lifter, "", template_head(self._graph))
        parts += [*([brought] if brought else []), *self._instances()]
        return self._includes() + "\n\n".join(part.strip("\n") for part in parts) + "\n"

    def _includes(self) -> str:
        wanted: dict[str, None] = {}
        for path in dict.fromkeys(each.source.path for each in self.functions):
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
        for path in dict.fromkeys(each.source.path for each in self.functions):
            text = self._tree.workspace.source(path).data.decode()
            pattern = rf"^template\s+(?:struct|class)\s+{self._graph_owner}::graph<[^;]*;"
            found |= dict.fromkeys(re.findall(pattern, text, re.M))
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
        return [each for each in bases(self._graph) if self._tree.has_struct(each)]

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
            mine = {each.name for each in self._loose(self.functions)}
            helpers = [_closed(self._lifter.text(e)) for e in self._loose(functions) if e.name not in mine]
            text = "\n\n".join([*helpers, *(self._named(self._lifter.text(each)) for each in functions)])
            yield f"<% if not {self._has_base(base)} %>\n{text}\n\n<% endif %>"

    def _base_header(self) -> str:
        """The declarations of base classes, in front of the graph's."""
        parts = []
        for base in self._bases:
            text = _margin(self._lifter.text(self._tree.struct(base)))
            text = re.sub(rf"\b{base}\b", "<%= builder.name %>_base", text).rstrip("\n; ")
            parts.append(f"<% if not {self._has_base(base)} %>\n{text};\n\n<% endif %>\n")
        return "".join(parts)

    def _derived(self, text: str) -> str:
        """A declaration whose base class is the fork's, or the one that came along."""
        for base in self._bases:
            choice = f"<% if {self._has_base(base)} %>{base}<% else %><%= builder.name %>_base<% endif %>"
            text = re.sub(rf"\b{base}\b(?!::)", lambda _, choice=choice: choice, text)  # type: ignore[misc]
        return text

    def state(self) -> Iterator[Member]:
        """What the class of the model holds beside its functions: members of the model in every tree."""
        for owner in self._tree.line(self._owner):
            struct = self._tree.struct(owner)
            for name, node in struct.fields.items():
                text = re.sub(r"\s+", " ", re.sub(r"\s*//[^\n]*", "", struct.source.text(node))).strip()
                yield Member(name, text, ("layers",))

    def _header(self) -> str:
        head, struct = template_head(self._graph), self._graph
        text = _margin(self._lifter.text(struct))
        text = re.sub(r"\bstruct graph\b", "struct <%= builder.name %>", text)
        text = re.sub(r"(?<![\w:])graph\(", "<%= builder.name %>(", text)
        brought = along("declaration", self._tree, self._lifter, text)
        if brought:
            text = text.rstrip().removesuffix("}") + "\n" + brought + "}"
        text = self._named(self._derived(text)).rstrip(";\n ") + ";\n"
        return self._base_header() + (f"{head}\n" if head else "") + text

    # dispatch

    def _made(self) -> str:
        """How `build_graph` makes the builder; empty where it is made in the usual way."""
        body = without_gaps(self._body(self.dispatch)).strip()
        if re.fullmatch(r"return std::make_unique<graph>\(\*this, params\);", body):
            return ""
        body = re.sub(r"make_unique<(?:\w+::)?graph\b", "make_unique<<%= builder.name %>", body)
        single = re.fullmatch(r"return ([^;]*);", body)
        if single:
            return f"<%= graph %> = {single.group(1)};\n"
        if re.fullmatch(r"if \([^\n]*\) \{\s*return [^;]*;\s*\} else \{\s*return [^;]*;\s*\}", body):
            return re.sub(r"\breturn ", "<%= graph %> = ", body) + "\n"
        inner = "\n".join("    " + line if line else "" for line in body.split("\n"))
        return f"<%= graph %> = [&]() -> std::unique_ptr<llm_graph_context> {{\n{inner}\n}}();\n"


def _uncommented(text: str) -> str:
    return re.sub(r'//[^\n]*|"(?:[^"\\]|\\.)*"', "", text)


def _closed(text: str) -> str:
    """A type with the semicolon behind it."""
    kind = re.match(r"(template\s*<[^>]*>\s*)?(struct|class|enum)\b[^({;]*\{", text)
    return text + ";" if kind and text.rstrip().endswith("}") else text


def _margin(code: str) -> str:
    """Code at the left margin, with one line ending at its end."""
    return Source("", b"").reindent(_joined(code), "").strip("\n") + "\n"


def _joined(code: str) -> str:
    lines = code.strip("\n").split("\n")
    first = next((line for line in lines if line.strip()), "")
    if first and not first.startswith(" ") and len(lines) > 1:  # a struct: its first line stands at the brace's column
        rest = [line for line in lines[1:] if line.strip()]
        margin = min((len(line) - len(line.lstrip()) for line in rest[-1:]), default=0)
        return "\n".join([first, *(line[margin:] if line[:margin].strip() == "" else line for line in lines[1:])])
    return "\n".join(lines)


__all__ = ["Code", "Struct", "as_template", "initializers"]
