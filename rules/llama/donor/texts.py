"""The donor as the judge of a pre-tokenizer: both builds cut the same texts, with a vocabulary that shows every cut."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from transformer.family import Evidence
from transformer.pack import Pack

from ..running import Failed, built
from ..tokens import Answer, ask

if TYPE_CHECKING:
    from ..oracle.bytepairs import Vocabulary

PIECES = (
    "don't", "DON'T", "we'Ll", "\u2019s", "caf\xe9", "nai\u0308ve", "Stra\xdfe", "HTTPServer", "camelCase",
    "\u0416\u0443\u043a", "\u6771\u4eac", "\u306e", "\ud55c\uad6d", "\u0e44\u0e17\u0e22",
    "\u0939\u093f\u0928\u094d\u0926\u0940", "\u0660\u0661\u0662\u0663", "1", "12", "1234567", "3.14", "\xbd", " ",
    "  ", "\t", "\n", "\n\n", "\r\n", " \n", "\xa0", "\u3000", ".", ",", "...", "!?", "(", ")", "[[", "{}", "//",
    "/*", "x=1+2;", "$", "\u20ac", "\u2014", "\u201c", "\U0001f600", "<|end|>", "_", "a_b", "\\", "'", '"', "#",
    "@user", "%",
)  # fmt: skip
"""What pre-tokenizers tell apart: contractions, capitals, marks, scripts, numbers, blanks, ends of lines, signs."""
SIZE = 1400  # tokens: the bytes, and merges across all that may be cut
MANY = 200  # texts
CONTROLS = ("<|begin|>", "<|end|>")


def texts() -> list[str]:
    """The texts: all pieces in turn, and random rows of them, the same each time."""
    draw = random.Random(1)
    return ["".join(PIECES), *("".join(draw.choices(PIECES, k=draw.randint(2, 24))) for _ in range(MANY - 1))]


def judge(pack: Pack, donor: Path, fork: Path) -> Iterator[Evidence]:
    """Whether the build of the fork reads texts as the donor's does, for each pre-tokenizer that the pack names.

    Where some names are known to the fork, and others are not, those are told of; files name one of them.
    """
    names = [str(each["name"]) for each in pack.spec.get("pretokenizers", ())]
    if not names:
        yield Evidence("texts", None, "not proved: the pack names no pre-tokenizer")
        return
    right, notes, refused = 0, list[str](), list[str]()
    given = texts()
    with tempfile.TemporaryDirectory(prefix="texts-") as folder:
        for name in names:
            model = Path(folder) / "vocabulary.gguf"
            write(model, pack.arch, name)
            try:
                want = ask(built(donor, "tokens"), model, given, special=True)
            except Failed as error:
                notes.append(f"{name}: the donor reads no such file: {error.cause}")
                continue
            try:
                got = ask(built(fork, "tokens"), model, given, special=True)
            except Failed as error:
                refused.append(f"{name}: {error.cause}")
                continue
            faults = list(_faults(given, want, got))
            right += len(given) - len(faults)
            notes += [f"{name}: {fault}" for fault in faults[:1]]
    judged = len(given) * (len(names) - len(refused)) - sum("no such file" in note for note in notes) * len(given)
    good = None if not judged and not refused else right == judged and judged > 0
    said = f"{right} of {judged} texts become the donor's tokens ({', '.join(names)})"
    yield Evidence("texts", good, said, notes=(*notes, *refused))


def _faults(given: Sequence[str], want: Answer, got: Answer) -> Iterator[str]:
    """The texts that become other tokens, or come back in another way."""
    for text, one, other in zip(given, want.tokens, got.tokens, strict=True):
        if one != other:
            at = next((i for i, (a, b) in enumerate(zip(one.ids, other.ids, strict=False)) if a != b), "the end")
            yield (
                f"{text!r} becomes other tokens, from token {at} on"
                if one.ids != other.ids
                else f"{text!r} comes back otherwise"
            )


def write(path: Path, arch: str, pre: str) -> None:
    """A file with nothing but a vocabulary of byte pairs, for the pre-tokenizer of this name."""
    import gguf

    from ..oracle import bytepairs

    writer = gguf.GGUFWriter(path, arch)
    bytepairs.add(writer, _vocabulary(), pre, bos=0, eos=1)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@cache
def _vocabulary() -> Vocabulary:
    from ..oracle import bytepairs

    return bytepairs.trained(CONTROLS, _corpus(), SIZE, r"[^\0]+")


def _corpus() -> str:
    """Each piece beside each: a pair that is not merged across a place shows that the text was cut there."""
    draw = random.Random(2)
    order = draw.sample([f"{one}{other}" for one in PIECES for other in PIECES], k=600)
    return "\0".join(one + other for one, other in pairwise(order))
