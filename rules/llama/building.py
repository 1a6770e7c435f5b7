"""The architecture has a graph builder, and the library builds, declares and calls it."""

from __future__ import annotations

from transformer.cmake import SourceList
from transformer.edit import Edit
from transformer.outcome import Changes, NotNeeded, Outcome, Satisfied, all_of
from transformer.rule import rule

from .loading import judge
from .port import Port

MODELS = "src/models/"


@rule("graph.builder", "there is a builder for the architecture")
def builder(port: Port) -> Outcome:
    """A new file; in a fork that has the architecture, whatever its dispatch leads to."""
    scope = port.scope("build_graph")
    if scope is not None:
        return Satisfied(scope.where)
    path = MODELS + port.spec.builder.file
    text = port.render("builder.cpp.j2").encode()
    if port.fork.workspace.exists(path):
        return Satisfied(f"{path}:1")
    return Changes((Edit(path, 0, 0, text, "", f"file {path}", 1),))


@rule("graph.declaration", "models.h declares the builder")
def declaration(port: Port) -> Outcome:
    """Beside the closest relative."""
    structs = port.fork.file("models/models.h").structs()
    name = port.spec.builder.name
    if name in structs:
        return Satisfied(structs[name].where)
    if port.scope("build_graph") is not None:
        return NotNeeded("the architecture has a builder of another name")
    model = structs.get(port.spec.builder.near) or list(structs.values())[-1]
    return model.insert_after(port.render("builder.h.j2"), gap=True)


@rule("graph.sources", "the library is built with the builder")
def sources(port: Port) -> Outcome:
    """A line in the source list, where there is one."""
    if port.facts.sources.value == "globbed":
        return NotNeeded(f"sources are globbed ({port.facts.sources.where})")
    if port.scope("build_graph") is not None:
        return NotNeeded("the architecture has a builder already")
    listing = SourceList(port.fork.workspace.source("src/CMakeLists.txt"), "add_library", "llama")
    return listing.add(f"models/{port.spec.builder.file}", near=f"models/{port.spec.builder.near_file}")


@rule("graph.dispatch", "build_graph makes the builder for the architecture")
def dispatch(port: Port) -> Outcome:
    """A case beside the closest relative."""
    scope = port.scope("build_graph")
    if scope is not None:
        return judge(port, scope, "build_graph")
    switch = port.fork.method("build_graph").switch("arch")
    return switch.add_case(port.spec.enumerator, port.render("dispatch.cpp.j2"), near=port.spec.near)


@rule("graph.rope-type", "llama_model_rope_type knows how the architecture pairs values")
def rope_type(port: Port) -> Outcome:
    """A label in the group that returns the rope type of the spec."""
    switch = port.fork.rope_types
    wanted = f"LLAMA_ROPE_TYPE_{port.spec.rope}"
    group = [label for label in port.spec.near if label in switch.cases and switch.case(label).mentions(wanted)]
    others = [label for label in switch.cases if switch.case(label).mentions(wanted)]
    return switch.add_label(port.spec.enumerator, near=group + others[:1])
