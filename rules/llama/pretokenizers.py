"""Pre-tokenizers: how a fork cuts a text before it merges the pieces, chosen by the name in a model file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from transformer.cpp import If, Switch, first
from transformer.cpp.tokens import SEP, tokens
from transformer.outcome import Blocked, NotNeeded, Outcome, Satisfied, all_of
from transformer.rule import rule

from .fork import Fork
from .port import Port
from .spec import PreTokenizer

_TYPE = "LLAMA_VOCAB_PRE_TYPE_"


@rule(
    "vocab.pre-tokenizers",
    "the pre-tokenizers that model files name are chosen by their names",
    required=False,
    affects="vocabularies whose file names the same pre-tokenizer",
    safe="such a file was refused before, as a pre-tokenizer that is not known; all other names lead where they did",
    shown=("vocab.pre-tokenizers/beside_one_that_cuts_alike", "vocab.pre-tokenizers/new"),
)
def pretokenizers(port: Port) -> Outcome:
    """One more name beside one that cuts alike; where the fork has none, with its own expressions.

    Files name one of them: where some can be chosen, the others are told of, and nothing is held up.
    """
    parts = [chosen(port, each) for each in port.spec.pretokenizers]
    possible = [each for each in parts if not isinstance(each, Blocked)]
    return all_of(*(possible or parts)) if parts else NotNeeded("the pack names none")


def chosen(port: Port, wanted: PreTokenizer) -> Outcome:
    """That a name is chosen; `Blocked` where the fork cannot cut so."""
    load = port.fork.vocab_method("load")
    branches = [each for each in load.ifs() if each.condition.mentions("tokenizer_pre")]
    if known := [each for each in branches if each.condition.holds(_test(wanted.name))]:
        return Satisfied(known[0].condition.where)
    for name in wanted.like:
        alike = [each for each in branches if each.condition.holds(_test(name))]
        if len(alike) > 1:
            return Blocked(f"{name} is chosen at {len(alike)} places", alike[1].condition.where)
        if alike and (not wanted.expressions or _cuts_so(kinds(port.fork), alike[0], wanted)):
            return alike[0].condition.widen(_test(wanted.name))
    if wanted.enumerator and wanted.expressions:
        return _new(port, wanted)
    like = f", which cuts alike, or {wanted.like[-1]}" if len(wanted.like) > 1 else ", which cuts alike"
    others = f"it nor {wanted.like[0]}{like}" if wanted.like else "it"
    why = f"model files name the pre-tokenizer {wanted.name}, and this fork knows neither {others}"
    return Blocked(why, load.where, f"bring the pre-tokenizer {wanted.name} into the fork first")


def _test(name: str) -> str:
    return f'tokenizer_pre == "{name}"'


def kinds(fork: Fork) -> Switch:
    """The switch of the BPE tokenizer that has the expressions of each kind."""
    tokenizer = fork.vocab.struct("llm_tokenizer_bpe")
    makers = (each for each in tokenizer.methods("llm_tokenizer_bpe") if each.is_definition)
    return first(makers, "constructor with a body", tokenizer).switch("vocab.get_pre_type()")


def _new(port: Port, wanted: PreTokenizer) -> Outcome:
    """The enumerator, the branch that chooses it and the case with its expressions."""
    switch, load = kinds(port.fork), port.fork.vocab_method("load")
    known = port.fork.file("llama-vocab.h").enum("llama_vocab_pre_type")
    for why, where in _faults(port, wanted, switch):
        return Blocked(f"the pre-tokenizer {wanted.name} cannot come along: {why}", where)
    expressions = "\n".join(f"    {json.dumps(each, ensure_ascii=False)}," for each in wanted.expressions)
    case = "\n".join([f"regex_exprs = {{\n{expressions}\n}};", *wanted.cuts])
    branch = "\n".join([f"pre_type = {wanted.enumerator};", *wanted.sets])
    return all_of(
        known.add(wanted.enumerator),
        switch.add_case(wanted.enumerator, case),
        load.if_on("tokenizer_pre.empty()").add_branch(_test(wanted.name), branch),
    )


def _faults(port: Port, wanted: PreTokenizer, switch: Switch) -> Iterator[tuple[str, str]]:
    """What of a pre-tokenizer the fork's own code cannot do, and where."""
    known = expressions(switch, wanted.enumerator)
    if known is not None and known != wanted.expressions:
        yield f"{wanted.enumerator} cuts otherwise here", switch.where
    if wanted.elsewhere:
        yield f"the donor asks for it elsewhere as well ({wanted.elsewhere})", switch.where
    unicode = port.fork.file("unicode.cpp").source
    for category in sorted(set(re.findall(r"\\p\{\w+\}", "".join(wanted.expressions)))):
        if json.dumps(category) not in unicode.data.decode():
            yield f"no expression can ask for {category} here", f"{unicode.path}:1"
    load, tokenizer = port.fork.vocab_method("load"), port.fork.vocab.struct("llm_tokenizer_bpe")
    for statement, owner in [*((each, load) for each in wanted.sets), *((each, tokenizer) for each in wanted.cuts)]:
        name = re.split(r"\W", statement, maxsplit=1)[0]
        if not owner.mentions(name):
            yield f"there is no {name}", owner.where


def _cuts_so(switch: Switch, branch: If, wanted: PreTokenizer) -> bool:
    """Whether a branch sets what the wanted one sets, and chooses the same expressions."""
    chosen, others = choice(branch)
    alike = {tokens(each) for each in others} == {tokens(each) for each in wanted.sets}
    return alike and expressions(switch, chosen) == wanted.expressions


def choice(branch: If) -> tuple[str, list[str]]:
    """What a branch chooses as the kind of pre-tokenizer, and its other statements."""
    chosen, others = "", []
    for each in branch.body().statements():
        match = re.fullmatch(rf"pre_type\s*=\s*({_TYPE}\w+)\s*;", each.text)
        if match:
            chosen = match[1]
        else:
            others.append(each.text)
    return chosen, others


def expressions(switch: Switch, kind: str) -> list[str] | None:
    """The regular expressions of a kind; `None` where it has no case, or they are not a plain list of strings."""
    if kind not in switch.cases:
        return None
    for each in switch.case(kind).statements():
        if each.text.startswith("regex_exprs"):
            return _strings(each.tokens.split(SEP))
    return None


def _strings(code: Sequence[str]) -> list[str] | None:
    """The strings of `regex_exprs = { "...", "..." };`."""
    inside = list(code[code.index("{") + 1 : -2]) if "{" in code else []
    texts = inside[::2]
    if not texts or any(each != "," for each in inside[1::2]) or not all(each.startswith('"') for each in texts):
        return None
    try:
        return [json.loads(each, strict=False) for each in texts]
    except ValueError:  # an escape that only C++ has
        return None
