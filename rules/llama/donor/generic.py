"""What the donor's generic loader does for an architecture before the architecture's own code runs.

A member that a fork lacks is not set by the fork's generic loader either: the same statements come first in the
architecture's own code, unless the fork's loader sets the member.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from transformer.cpp import Construct, If
from transformer.cpp.outline import inside

from .tree import Tree
from .words import Lifter

EVERYWHERE = frozenset({
    "convnext", "n_cls_out", "n_ctx_orig_yarn", "n_ctx_train", "n_embd", "n_embd_head_k", "n_embd_head_v", "n_expert",
    "n_expert_groups", "n_expert_used", "n_ff_arr", "n_group_used", "n_head", "n_head_arr", "n_head_kv_arr", "n_layer",
    "n_rot", "posnet", "rope_attn_factor", "rope_finetuned", "rope_freq_base_train", "rope_freq_scale_train",
    "rope_scaling_type_train", "rope_sections", "vocab_only", "is_swa_impl", "is_recr_impl", "causal_attn",
    "xielu_alpha_n", "xielu_alpha_p", "xielu_beta", "xielu_eps", "pooling_type", "n_layer_all", "n_embd_head_k_full",
    "n_embd_head_v_full", "n_rot_full",
})  # fmt: skip
"""Members that the generic loader of every known tree sets."""
ROTATING = ("get_rope_freq_base", "get_rope_freq_scale")
"""Functions of the model that say by how much a layer rotates."""


def generic(tree: Tree, lifter: Lifter, members: Sequence[str], enumerator: str) -> str:
    """The statements that set some members, and those for this architecture, as the beginning of a template."""
    load = tree.era.generic()
    known = {name for each in load for name in each.variables}
    found: list[str] = []
    for member in (each for each in members if each not in EVERYWHERE):
        lines = [_outdented(lifter, each) for each in _setting(load, member) if not (known & _names(each))]
        if lines:
            text = "\n".join(lines)
            found.append(f'<% if not generic("{member}") %>\n{text}\n<% endif %>\n')
    found += _own(tree.era.tests(), lifter, enumerator)
    if "swa_type" in members:
        found += _defaults(tree, load)
    return "".join(found) + ("\n" if found else "")


def _names(statement: Construct) -> set[str]:
    return set(re.findall(r"(?<![.\w>])[a-z_]\w*", statement.text))


def _setting(load: Sequence[Construct], member: str) -> Iterator[Construct]:
    """The simple statements that give a member its value."""
    waiting = list(load)
    while waiting:
        each = waiting.pop(0)
        if not each.mentions(member):
            continue
        if each.text.startswith("{"):
            waiting = inside(each) + waiting
        elif re.match(rf"(std::fill\(hparams\.{member}\b|hparams\.{member}\s*=|ml\.get_\w+\([^;]*hparams\.{member}\b)",
                      each.text):  # fmt: skip
            yield each


def _defaults(tree: Tree, load: Sequence[Construct]) -> Iterator[str]:
    """The donor's defaults of what layers with a window rotate by, for trees whose generic loader gives them others."""
    model = tree.file("llama-model.cpp")
    asked = (each for name in ROTATING for each in model.functions(f"llama_model::{name}"))
    for member in dict.fromkeys(name for each in asked for name in re.findall(r"\bhparams\.(\w+_swa)\b", each.text)):
        field = tree.hparams.fields.get(member)
        value = re.search(r"=\s*([^;]+);", tree.hparams.source.text(field)) if field is not None else None
        if value is not None and not any(each.mentions(member) for each in load):
            yield f'<% if generic("{member}") %>\nhparams.{member} = {value[1].strip()};\n<% endif %>\n'


def _own(tests: Sequence[If], lifter: Lifter, enumerator: str) -> Iterator[str]:
    """What the generic loader does for this architecture by name."""
    for each in tests:
        if each.condition.mentions(enumerator) and not each.text.split("{")[0].count("&&") and "else" not in each.text:
            body = "\n".join(_outdented(lifter, one) for one in each.body().statements())
            first = next((word for word in re.findall(r"LLM_ARCH_\w+", each.condition.text)), enumerator)
            yield f'<% if not generic("{first}") %>\n{body}\n<% endif %>\n'


def _outdented(lifter: Lifter, statement: Construct) -> str:
    """A statement at the left margin."""
    indent = statement.source.indent(statement.node.start_byte)
    return lifter.text(statement).replace(f"\n{indent}", "\n")
