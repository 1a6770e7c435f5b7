"""The byte-level tokenizer of the `tokenizers` library with tiny vocabularies, and what it makes of the texts of packs."""

from __future__ import annotations

from typing import Any

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers

from rules.llama.oracle.bytepairs import Vocabulary
from rules.mellum.oracle import texts as mellum_texts
from rules.mellum.oracle import vocabulary as mellum_vocabulary
from rules.muse_glimmer.oracle import texts as muse_texts
from rules.muse_glimmer.oracle import vocabulary as muse_vocabulary

# Capitals and marks, small letters and marks, as the published tokenizer has them.
LARGE, SMALL = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
BEFORE, BEHIND = r"[^\r\n\p{L}\p{N}]?", r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
GPT4O = "|".join(
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


def tokenizer(vocabulary: Vocabulary, *cuts: Any) -> Tokenizer:
    """A text is cut by each of `cuts`, then the pieces are merged from bytes. Control tokens are not read in texts."""
    model: Any = models.BPE(
        vocab={token: number for number, token in enumerate(vocabulary.kinds)}, merges=vocabulary.merges
    )
    made = Tokenizer(model)
    made.pre_tokenizer = pre_tokenizers.Sequence([*cuts])
    made.decoder = decoders.ByteLevel()
    return made


def muse_glimmer() -> dict[str, list[int]]:
    """The texts of Muse Glimmer, cut as GPT-4o and Llama 4 cut, and their ids in the tiny vocabulary."""
    cut = pre_tokenizers.Split(Regex(GPT4O), "isolated")
    made = tokenizer(muse_vocabulary.tiny(), cut, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False))
    return {text: [muse_vocabulary.BOS, *_ids(made, text)] for text in muse_texts.TEXTS}


def mellum() -> dict[str, list[int]]:
    """The texts of Mellum 2: each digit is cut off by itself, then all is cut as GPT-2 cuts."""
    digits = pre_tokenizers.Digits(individual_digits=True)
    made = tokenizer(mellum_vocabulary.tiny(), digits, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True))
    return {text: [mellum_vocabulary.BOS, *_ids(made, text)] for text in mellum_texts.TEXTS}


def _ids(made: Tokenizer, text: str) -> list[int]:
    return list(made.encode(text, add_special_tokens=False).ids)
