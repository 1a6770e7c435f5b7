"""The byte-level tokenizer of the `tokenizers` library, cut as GPT-4o and Llama 4 cut, from the tiny vocabulary."""

from __future__ import annotations

from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

from rules.muse_glimmer.oracle.texts import TEXTS
from rules.muse_glimmer.oracle.vocabulary import BOS, Vocabulary, tiny

# Capitals and marks, small letters and marks, as the published tokenizer has them.
LARGE, SMALL = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
BEFORE, BEHIND = r"[^\r\n\p{L}\p{N}]?", r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
SPLIT = "|".join(
    (
        f"{BEFORE}{LARGE}*{SMALL}+{BEHIND}",
        f"{BEFORE}{LARGE}+{SMALL}*{BEHIND}",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    )
)


def tokenizer(vocabulary: Vocabulary) -> Tokenizer:
    """Control tokens are not read in texts."""
    model: Any = models.BPE(
        vocab={token: number for number, token in enumerate(vocabulary.kinds)}, merges=vocabulary.merges
    )
    made = Tokenizer(model)
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    made.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(SPLIT), "isolated"), byte_level])
    made.decoder = decoders.ByteLevel()
    return made


def expected() -> dict[str, list[int]]:
    """The texts that builds are proved with, and their ids in the tiny vocabulary."""
    made = tokenizer(tiny())
    return {text: [BOS, *made.encode(text, add_special_tokens=False).ids] for text in TEXTS}
