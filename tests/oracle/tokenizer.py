"""The tokenizer of the `tokenizers` library, from the vocabulary of a GGUF file or from the tiny one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers

from rules.gemma4.oracle.texts import BEGIN, TEXTS
from rules.gemma4.oracle.vocabulary import USER, tiny


def tokenizer(tokens: Sequence[str], merges: Sequence[tuple[str, str]], visible: Iterable[str]) -> Tokenizer:
    """`visible` are the tokens that are read in any text."""
    model: Any = models.BPE(
        vocab={token: number for number, token in enumerate(tokens)},
        merges=list(merges),
        unk_token="<unk>",
        fuse_unk=True,
        byte_fallback=True,
    )
    made = Tokenizer(model)
    made.normalizer = normalizers.Replace(" ", "▁")
    made.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    made.add_special_tokens([AddedToken(token, normalized=False) for token in visible])
    return made


def expected() -> dict[str, list[int]]:
    """The texts that builds are proved with, and their ids in the tiny vocabulary."""
    vocabulary = tiny()
    tokens = list(vocabulary.kinds)
    made = tokenizer(tokens, vocabulary.merges, [token for token, kind in vocabulary.kinds.items() if kind == USER])
    begin = tokens.index(BEGIN)
    return {text: [begin, *made.encode(text, add_special_tokens=False).ids] for text in TEXTS}
