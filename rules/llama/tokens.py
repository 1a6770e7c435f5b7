"""Reads texts with a library that was built, puts them together again, and compares with what they must become."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from transformer.family import Evidence

from .running import Failed, built, call

if TYPE_CHECKING:
    from .proof import Texts


@dataclass(frozen=True, slots=True)
class Tokens:
    """A text as ids, and the two ways back."""

    ids: list[int]
    whole: bytes
    pieces: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What a build makes of some texts, and what it says of the vocabulary."""

    tokens: list[Tokens]
    facts: dict[str, list[str]]


def ask(program: Path, model: Path, texts: Sequence[str], *, special: bool = False, parse: bool = False) -> Answer:
    """Read texts. `special` adds the begin token, `parse` reads control tokens in them. Raises `Failed`."""
    raw = [text.encode() for text in texts]
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "texts"
        given.write_bytes(b"".join(len(text).to_bytes(4, "little") + text for text in raw))
        lines = call(program, model, given, str(int(special)), str(int(parse))).splitlines()
    tokens = []
    for line in lines[: len(raw)]:
        *ids, whole, pieces = line.split()
        tokens.append(Tokens([int(number) for number in ids], bytes.fromhex(whole[1:]), bytes.fromhex(pieces[1:])))
    return Answer(tokens, {words[0]: words[1:] for words in (line.split() for line in lines[len(raw) :])})


def judge(texts: Texts, folder: Path) -> Evidence:
    """Whether the build in the folder reads texts as it must, gives them back, and knows the ends of generation."""
    try:
        answer = ask(built(folder, "tokens"), texts.write(folder / "models"), list(texts.ids), special=True)
    except Failed as error:
        return Evidence("tokenizer", False, error.cause)
    pairs = zip(texts.ids.items(), answer.tokens, strict=True)
    faults = [tuple(_faults(text, ids, got, texts.begin)) for (text, ids), got in pairs]
    right = len(faults) - sum(map(bool, faults))
    notes = [fault for each in faults for fault in each]
    ends = [int(word) for word in answer.facts["eog"]]
    if ends != sorted(texts.ends):
        notes.append(f"generation ends at the tokens {ends}, wanted {sorted(texts.ends)}")
    said = f"{right} of {len(faults)} texts become the right tokens and come back; ends of generation: {ends}"
    return Evidence("tokenizer", not notes, said, notes=tuple(notes))


def _faults(text: str, ids: Sequence[int], got: Tokens, begin: str) -> Iterator[str]:
    if got.ids != list(ids):
        yield f"{text!r} becomes {got.ids}, wanted {list(ids)}"
    for back in {got.whole, got.pieces} - {(begin + text).encode()}:
        yield f"{text!r} comes back as {back.decode(errors='backslashreplace')!r}"
