"""The architecture has a graph builder, and the library builds, declares and calls it."""

from __future__ import annotations

from transformer.cmake import SourceList
from transformer.cpp import Struct, first
from transformer.edit import Edit
from transformer.outcome import Blocked, Changes, NotNeeded, Outcome, Satisfied
from transformer.rule import rule

from .loading import CORE, judge
from .port import Port


@rule("graph.builder", "there is a builder for the architecture", needs=CORE)
def builder(port: Port) -> Outcome:
    """A new file, or a place behind the relative's where all builders stand in one."""
    if port.facts.architectures.value == "classes":
        return Satisfied(port.handled("build_graph").where)
    name = port.builder_name
    defined = port.definition_of(name)
    if defined is not None:
        return Satisfied(defined.where)
    if name != port.spec.builder.name:
        return Blocked(f"build_graph makes {name}, which is not there", port.handled("build_graph").where)
    if port.facts.builders.value == "one file":
        text = port.render("builder.h.j2") + "\n" + port.render("builder.cpp.j2")
        return _relative(port, "llama-model.cpp").insert_after(text, gap=True)
    path = port.fork.builders + port.spec.builder.file
    if port.fork.workspace.exists(path):
        return Blocked(f"{path} is there but does not define {name}", f"{path}:1")
    newline = port.fork.file("models/models.h").source.newline
    text = port.render("builder.cpp.j2").encode().replace(b"\n", newline)
    return Changes((Edit(path, 0, 0, text, "", f"file {path}", 1),))


@rule("graph.declaration", "models.h declares the builder", needs=CORE)
def declaration(port: Port) -> Outcome:
    """Beside the closest relative."""
    if idle := _without_files(port):
        return idle
    structs = port.fork.file("models/models.h").structs()
    name = port.builder_name
    if name in structs:
        return Satisfied(structs[name].where)
    if name != port.spec.builder.name:
        return Blocked(f"build_graph makes {name}, which is not declared", port.handled("build_graph").where)
    return _relative(port, "models/models.h").insert_after(port.render("builder.h.j2"), gap=True)


def _without_files(port: Port) -> NotNeeded | None:
    """Why a fork whose builders have no files of their own, or no list of them, needs nothing."""
    if port.facts.architectures.value == "classes":
        return NotNeeded(f"an architecture is a class with its builder in it ({port.facts.architectures.where})")
    if port.facts.builders.value == "one file":
        return NotNeeded(f"builders stand in one file ({port.facts.builders.where})")
    return None


def _relative(port: Port, file: str) -> Struct:
    """The builder of the closest relative, else the last one of the file."""
    structs = port.fork.file(file).structs()
    builders = [each for name, each in reversed(structs.items()) if name.startswith("llm_build_")]
    return structs.get(port.spec.builder.near) or first(builders, "builder", port.fork.file(file))


@rule("graph.sources", "the library is built with the builder", needs=CORE)
def sources(port: Port) -> Outcome:
    """A line in the source list, where there is one."""
    if idle := _without_files(port):
        return idle
    if port.facts.sources.value == "globbed":
        return NotNeeded(f"sources are globbed ({port.facts.sources.where})")
    if port.facts.sources.value == "elsewhere":
        return NotNeeded(f"no list of sources lies beside them ({port.facts.sources.where})")
    defined = port.definition_of(port.builder_name)
    file = defined.source.path.removeprefix(port.fork.builders) if defined is not None else port.spec.builder.file
    listing = SourceList(port.fork.workspace.source(port.fork.path("CMakeLists.txt")), "add_library", "llama")
    return listing.add(f"models/{file}", near=f"models/{port.spec.builder.near_file}")


@rule("graph.dispatch", "build_graph makes the builder for the architecture", needs=CORE)
def dispatch(port: Port) -> Outcome:
    """A case beside the closest relative."""
    scope = port.scope("build_graph")
    if scope is not None:
        return judge(port, scope, "build_graph")
    switch = port.fork.method("build_graph").switch("arch")
    graph = switch.call("make_unique").statement_of().target
    return switch.add_case(port.spec.enumerator, port.render("dispatch.cpp.j2", graph=graph), near=port.spec.near)


@rule("graph.rope-type", "llama_model_rope_type knows how the architecture pairs values")
def rope_type(port: Port) -> Outcome:
    """A label in the group that returns the rope type of the spec."""
    switch, arch = port.fork.rope_types, port.spec.enumerator
    wanted = f"LLAMA_ROPE_TYPE_{port.spec.rope}"
    group = [label for label in switch.cases if switch.case(label).holds(f"return {wanted};")]
    if arch in switch.cases and arch not in group:
        return Blocked(f"{arch} does not lead to {wanted}", switch.case(arch).where)
    relatives = [label for label in port.spec.near if label in group]
    return switch.add_label(arch, near=relatives + group)
