"""From a donor's code to a template: what differs between trees becomes a word, what only drafts need is left out."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Literal

from transformer.cpp import Construct
from transformer.cpp.lift import GONE, Part, Piece, Word, as_argument, as_template, lift

from .. import spelling
from .calls import biases, fitting, is_scaled, older
from .constants import truth
from .names import Names, Used
from .operations import WORDS

Within = Literal["", "hparams", "helper"]
"""Where code stands: in a member function of `llama_hparams`, which names members without an object; in a helper of the
graph, where scales that it hands on are those of quantized weights; or in neither."""

_NULL = ("nullptr", "NULL", "0")
_LAYER = re.compile(r"(\blayer\w*|\blayers\s*\[[^]]*\])\s*(\.|->)$")
_HPARAMS = re.compile(r"\bhparams\s*(\.|->)$")


class Lifter:
    """Lifts the code of one architecture, and keeps what it uses."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._within: Within = ""
        self.used = Used()

    @property
    def factors(self) -> frozenset[str]:
        """The members for scales that hold factors of the architecture's own."""
        return self._names.factors

    def lift(self, construct: Construct) -> list[Piece]:
        """A construct as pieces."""
        return lift(construct, self._decide)

    def text(self, construct: Construct, within: Within = "") -> str:
        """A construct as the text of a template."""
        self._within = within
        try:
            return as_template(self.lift(construct))
        finally:
            self._within = ""

    def _decide(self, part: Part) -> Sequence[Piece] | None:
        match part.kind:
            case "call":
                return self._call(part)
            case "member":
                return self._member(part)
            case "name" | "type":
                return self._name(part)
            case "operation":
                return self._operation(part)
            case "statement":
                return self._statement(part)
            case "if":
                return self._branch(part)
        return None

    # calls

    def _call(self, part: Part) -> Sequence[Piece] | None:
        name, receiver = part.callee, part.receiver
        made = re.match(r"std::make_unique<(llm_graph_input_\w+)>\(", part.text)
        if made and made.group(1) in self._names.inputs:
            given = ", ".join([json.dumps(made.group(1)), *(as_argument(each.pieces()) for each in part.given())])
            return [Word(f"made({given})")]
        if self._within == "hparams" and receiver == "" and name not in self._names.helpers and not name.isupper():
            return self._method(part, name, "hparams.", "own")
        if name in spelling.INPUTS and receiver == "":
            self.used.helpers.setdefault(name)
            return [Word(f'named("{name}")'), "()"]
        if receiver in ("", "this->"):
            if name.startswith("ggml_"):
                self.used.ops.setdefault(name, part.where)
            if mended := spelling.MENDED.get(re.sub(r"\s+", " ", part.text)):
                self.used.mended.setdefault(part.text, part.where)
                return [mended]
            if name in WORDS:
                return WORDS[name](part)
            if name in self._names.helpers:
                self.used.helpers.setdefault(name)
                if name in spelling.VARYING:
                    return self._helper(part, name)
            return None
        if _HPARAMS.search(receiver):
            return self._method(part, name, receiver)
        return None

    def _method(self, part: Part, name: str, receiver: str, word: str = "hparams") -> Sequence[Piece] | None:
        front = receiver[: receiver.rindex("hparams")]
        name = self._names.newer["methods"].get(name, name)
        given = ", ".join(as_argument(each.pieces()) for each in part.given())
        if name in spelling.FUNCTIONS or name in spelling.METHODS:
            self.used.methods |= {name: None} if name in spelling.METHODS else {}
            return [front, Word(f"{word}.{name}({given})")]
        if name not in spelling.ASKED_EVERYWHERE:
            self.used.methods.setdefault(name)
        return None

    def _helper(self, part: Part, name: str) -> Sequence[Piece] | None:
        given = part.given()
        parameters = fitting(self._names.helpers[name], given)
        if parameters is None:
            return None
        needed: list[tuple[str, str]] = []
        optional: list[tuple[str, str]] = []
        for parameter, each in zip(parameters, given, strict=False):
            text = as_argument(each.pieces())
            idle = each.text in _NULL or text.startswith("scale(")
            idle = idle or (self._within == "helper" and parameter.name == "w_s")
            (optional if idle else needed).append((parameter.name, text))
        if not optional and len(given) <= 2:
            return None
        optional += [(each, '"nullptr"') for each in biases(self._names.helpers[name], parameters)]
        scaled = next((text for key, text in needed if key == "w_scale"), None)
        if scaled is not None:
            optional.append(("scale_w", is_scaled(scaled)))
        needed, more = older(name, [each.name for each in parameters], needed, self._names.applied)
        optional += more
        words = [f"{key}={text}" for key, text in needed]
        if optional:
            words.append("if_accepted={" + ", ".join(f'"{key}": {text}' for key, text in optional) + "}")
        return [Word(f"graph.{name}({', '.join(words)})")]

    # members

    def _member(self, part: Part) -> Sequence[Piece] | None:
        name, receiver = part.field, part.receiver
        if name in spelling.CONSTANTS and re.search(r"\b(cparams|ml)\s*(\.|->)$", receiver):
            self.used.dropped.setdefault(name, part.where)
            return [spelling.CONSTANTS[name]]
        if name in spelling.OPTIONS and re.search(r"\bcparams\s*(\.|->)$", receiver):
            op = next((each for each, options in spelling.FUSED.items() if name in options), "")
            count = self._names.arities.get(op, 0)
            return [Word(f'option("{name}", "{op}", {count})' if op else f'option("{name}")')]
        if _HPARAMS.search(receiver):
            new = self._names.newer["hparams"].get(name, name)
            if new in spelling.HPARAMS:
                return [receiver[: receiver.rindex("hparams")], Word(f"hparams.{new}")]
            if name in self._names.hparams:
                self.used.hparams.setdefault(name)
            return None
        if _LAYER.search(receiver) and name in self._names.layer:
            return self._of_layer(part, name)
        if re.search(r"\bmodel\s*(\.|->)$", receiver) and name in self._names.model:
            return self._of_model(part, name)
        if receiver.rstrip(".->").endswith("nextn"):
            self.used.nested.setdefault(name)
        new = self._names.newer["result"].get(name, name)
        if re.fullmatch(r"res\s*->", receiver) and name not in spelling.TAPS:
            self.used.results.setdefault(new)
        if re.fullmatch(r"res\s*->", receiver) and new in spelling.RESULT:
            return [receiver, Word(f'result("{new}")')]
        return None

    def _of_layer(self, part: Part, name: str) -> Sequence[Piece] | None:
        if name in self._names.scales:
            return [Word(f"scale({as_argument([part.text])})")]
        owner = part.receiver_part
        front = [*(owner.pieces() if owner else []), part.receiver[-2:] if part.receiver.endswith("->") else "."]
        self.used.layer.setdefault(name)
        new = self._names.newer["layer"].get(name, name if self._names.biases else "")
        return [*front, Word(f'member("{new}")')] if new in spelling.LAYER else None

    def _of_model(self, part: Part, name: str) -> Sequence[Piece] | None:
        if name in self._names.scales:
            return [Word(f"scale({as_argument([part.text])})")]
        self.used.model.setdefault(name)
        new = self._names.newer["model"].get(name, name)
        return [part.receiver, Word(f'member("{new}")')] if new in spelling.MODEL else None

    # names

    def _name(self, part: Part) -> Sequence[Piece] | None:
        name = part.text
        if self._within == "hparams" and name in self._names.hparams:
            new = self._names.newer["hparams"].get(name, name)
            if new in spelling.HPARAMS:
                return [Word(f"own.{new}")]
            self.used.hparams.setdefault(name)
            return None
        if name in spelling.INPUTS:
            return [Word(f'named("{name}")')]
        if name.startswith("LLM_KV_") and name in self._names.keys:
            self.used.keys.setdefault(name)
            known = self._names.keys[name]
            return [Word(f'key("{known.removeprefix("%s.")}")')] if known.startswith("%s.") else None
        if name.startswith("LLM_TENSOR_"):
            self.used.tensors.setdefault(name)
            return [Word(f'tensor("{name.removeprefix("LLM_TENSOR_")}")')]
        if name.startswith("LLM_TYPE_"):
            self.used.types.setdefault(name)
        elif name in self._names.bare:
            self.used.model.setdefault(name)
            new = self._names.newer["model"].get(name, name)
            return [Word(f'member("{new}")')] if new in spelling.MODEL else None
        elif name in self._names.texts:
            return [self._names.texts[name]]
        elif re.fullmatch(r"(LLM|LLAMA)_(?!ARCH_|LOG_|LOAD_|TN\b)[A-Z0-9_]+", name):
            self.used.names.setdefault(name, part.where)
        return None

    # what is constant without drafts

    def _operation(self, part: Part) -> Sequence[Piece] | None:
        left, right = part.named("left"), part.named("right")
        if left is None or right is None:
            return None
        if truth(part, self._names.own) is not None:
            return ["true" if truth(part, self._names.own) else "false"]
        sign = part.source.between(left.node.end_byte, right.node.start_byte).strip()
        if sign == "|" and right.text == "TENSOR_SKIP_IF_VIRTUAL":
            return left.pieces()
        if sign not in ("&&", "||"):
            return None
        value, idle = truth(part, self._names.own), sign == "&&"
        if value is not None:
            return ["true" if value else "false"]
        for one, other in ((left, right), (right, left)):
            if truth(one, self._names.own) is idle:
                return other.pieces()
        return None

    def _branch(self, part: Part) -> Sequence[Piece] | None:
        condition = part.named("condition")
        if condition is not None and (guarded := self._scaled(part, condition.text[1:-1].strip())):
            return guarded
        value = truth(condition, self._names.own) if condition is not None else None
        if value is None:
            return None
        text = re.sub(r"\s+", " ", condition.text) if condition else ""
        if "arch" not in text:
            self.used.dropped.setdefault(text, part.where)
        kept, otherwise = part.named("consequence"), part.named("alternative")
        if value:
            return kept.pieces() if kept is not None else None
        return [GONE] if otherwise is None else otherwise.children()[-1].pieces()

    def _scaled(self, part: Part, condition: str) -> Sequence[Piece] | None:
        """An `if` on nothing but a scale of quantized weights: only where the fork has such a member."""
        if not re.fullmatch(r"[\w.\[\]>-]+(?:\.|->)\w+", condition) or part.named("alternative") is not None:
            return None
        if re.split(r"\.|->", condition)[-1] not in self._names.scales:
            return None
        indent = part.source.indent(part.node.start_byte)
        head = f'<% if scale({json.dumps(condition)}) != "nullptr" %>\n{indent}'
        return [head, *part.inside(), f"\n{indent}<% endif %>"]

    def _statement(self, part: Part) -> Sequence[Piece] | None:
        text = part.text
        written = re.match(r"res\s*->\s*(\w+)", text)
        if written and written.group(1) in spelling.TAPS:
            self.used.dropped.setdefault(written.group(1), part.where)
            return [GONE]
        if tagged := re.fullmatch(r"res\s*->\s*add_fused_node\(\{(LLM_FUSED_OP_GDN_\w+), (\w+), il\}\);", text):
            return [Word(f'tagged("{tagged[1]}", "{tagged[2]}")')]
        if re.match(r"res\s*->\s*add_fused_node\b", text) or text.startswith("LLAMA_LOAD_LOCALS"):
            return [GONE]
        return None
