"""Drift of layout: comments, lines, style. Every token stays where it is."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from random import Random

from drift.syntax import Text, number, some

Mutator = Callable[[int, str], str]
HERE = Path(__file__).parent
LAYOUT: dict[str, Mutator] = {}


def layout(mutator: Mutator) -> Mutator:
    """Leaves every token where it is."""
    LAYOUT[mutator.__name__] = mutator
    return mutator


WORDS = ("see the note above", "TODO: tidy up", "// twice", "was: if (arch == LLM_ARCH_GEMMA3N) {", "{ a, b },",
         "case 1:", "the model's \"own\"", "};", "#if 0", "non-ASCII: \u00e9 \u2192", "")  # fmt: skip
TELLING = ("LLM_ARCH_GEMMA4 is not there yet", "TODO: gemma4, LLAMA_VOCAB_PRE_TYPE_GEMMA4", "no byte_encode here",
           "the buffer is there", "find_first_not_of would do", "substr", "llama_escape_whitespace comes first",
           "LLAMA_TOKEN_ATTR_BYTE", "n_embd_head_k is for all layers", "LLAMA_VOCAB_TYPE_BPE", "n_embd_head_k_at(il)",
           "hparams.n_rot_at(il)", "GGML_ASSERT", "GGUF_TYPE_BOOL", "special_eog_ids", "add_bos", "gate_up_exps",
           "LLAMA_ROPE_TYPE_NEOX", "models/*.cpp", "class llm_graph_context;", "tokenizer session buf text")  # fmt: skip


def _comment(random: Random, words: tuple[str, ...]) -> str:
    return f"drift {number(random)}: {random.choice(words)}".strip(": ")


def _behind(seed: int, text: str, words: tuple[str, ...]) -> str:
    random, file = Random(seed), Text(text)
    ends = [start for start, end in file.gaps() if b"\n" in file.data[start:end] and not _in_comment(file, start)]
    return file.edited((at, at, f" // {_comment(random, words)}".encode()) for at in some(random, ends))


def _above(seed: int, text: str, words: tuple[str, ...]) -> str:
    random, file = Random(seed), Text(text)
    places = [end for start, end in file.gaps() if b"\n" in file.data[start:end]]
    edits = []
    for at in some(random, places):
        says = _comment(random, words)
        both = f"/* {says} */" if random.random() < 0.3 else f"// {says}"
        if random.random() < 0.2:
            both = f"/* {says}\n * and more\n */"
        edits.append((at, at, both.encode() + b"\n" + file.indent(at)))
    return file.edited(edits)


def _in_comment(file: Text, end: int) -> bool:
    line = file.data[file.source.line_start(end) : end]
    return b"//" in line


@layout
def comments_behind(seed: int, text: str) -> str:
    return _behind(seed, text, WORDS)


@layout
def comments_above(seed: int, text: str) -> str:
    return _above(seed, text, WORDS)


@layout
def telling_comments(seed: int, text: str) -> str:
    """Comments that hold the words that rules look for."""
    return (_behind if seed % 2 else _above)(seed, text, TELLING)


@layout
def comments_between(seed: int, text: str) -> str:
    """Between any two tokens: an item and its comma, a brace and what is in it."""
    random, file = Random(seed), Text(text)
    places = [start for start, end in file.gaps() if not _in_comment(file, start)]
    return file.edited((at, at, f" /* {_comment(random, WORDS[:1])} */ ".encode()) for at in some(random, places))


@layout
def blank_lines(seed: int, text: str) -> str:
    random, file = Random(seed), Text(text)
    places = [(start, end) for start, end in file.gaps() if b"\n" in file.data[start:end]]
    edits = []
    for start, end in some(random, places):
        at = file.data.index(b"\n", start, end) + 1
        edits.append((at, at, random.choice((b"\n", b"\n\n", b"   \n"))))
    return file.edited(edits)


@layout
def fewer_blank_lines(seed: int, text: str) -> str:
    return re.sub(r"\n\n+", "\n", text) if 'R"' not in text and "\\\n" not in text else text


@layout
def joined_lines(seed: int, text: str) -> str:
    """What stands on lines of its own, on one line."""
    random, file = Random(seed), Text(text)
    places = []
    for start, end in file.gaps():
        if b"\n" in file.data[start:end] and not _in_comment(file, start) and file.data[start:end].count(b"\n") == 1:
            if file.data[end : end + 5] in (b"case ", b"defau") and file.data[start - 1 : start] == b"{":
                continue  # the engine refuses a case on the line of its switch, and says so
            places.append((start, end))
    return file.edited((start, end, b" ") for start, end in some(random, places))


@layout
def broken_lines(seed: int, text: str) -> str:
    """What stands on one line, on several."""
    random, file = Random(seed), Text(text)
    places = [(start, end) for start, end in file.gaps() if b"\n" not in file.data[start:end]]
    edits = []
    for start, end in some(random, places):
        edits.append((start, end, b"\n" + file.indent(start) + b" " * random.choice((0, 2, 4, 8))))
    return file.edited(edits)


@layout
def items_broken(seed: int, text: str) -> str:
    """Rows, parameter lists and argument lists over several lines."""
    random, file = Random(seed), Text(text)
    lists = file.nodes("initializer_list", "parameter_list", "argument_list", "enumerator_list")
    edits = []
    for node in some(random, lists):
        pad = b"\n" + file.indent(node.start_byte)
        close = node.children[-1]
        if file.data[node.start_byte : node.end_byte].count(b"\n") or not node.named_children:
            continue
        for child in node.named_children:
            before = child.prev_sibling.end_byte
            edits.append(
                (
                    before if not file.data[before : child.start_byte].strip() else child.start_byte,
                    child.start_byte,
                    pad + b"    ",
                )
            )
        if random.random() < 0.5:
            edits.append((close.prev_sibling.end_byte, close.start_byte, pad))
    return file.edited(edits)


@layout
def items_joined(seed: int, text: str) -> str:
    """Rows, enumerators, labels beside each other."""
    random, file = Random(seed), Text(text)
    edits = []
    for node in some(random, file.nodes("initializer_list", "parameter_list", "enumerator_list", "case_statement")):
        children = node.children
        for left, right in zip(children, children[1:], strict=False):
            between = file.data[left.end_byte : right.start_byte]
            if b"\n" in between and not between.strip() and "comment" not in (left.type, right.type):
                if not (left.type + right.type).count("preproc") and random.random() < 0.7:
                    edits.append((left.end_byte, right.start_byte, b" "))
    return file.edited(edits)


@layout
def braces_below(seed: int, text: str) -> str:
    return _braces(seed, text, beside=False)


@layout
def braces_beside(seed: int, text: str) -> str:
    return _braces(seed, text, beside=True)


def _braces(seed: int, text: str, *, beside: bool) -> str:
    random, file = Random(seed), Text(text)
    kinds = ("compound_statement", "field_declaration_list", "enumerator_list", "declaration_list", "initializer_list")
    edits = []
    for node in some(random, file.nodes(*kinds)):
        before = node.prev_sibling
        start = before.end_byte if before is not None else node.start_byte
        between = file.data[start : node.start_byte]
        if before is None or before.type == "comment" or before.type.startswith("preproc") or between.strip():
            continue
        if not beside and b"\n" not in between:
            edits.append((start, node.start_byte, b"\n" + file.indent(start)))
        elif beside and b"\n" in between:
            edits.append((start, node.start_byte, b" "))
    return file.edited(edits)


@layout
def tabs(seed: int, text: str) -> str:
    def shift(match: re.Match[str]) -> str:
        levels, rest = divmod(len(match.group()), 4)
        return "\t" * levels + " " * rest

    return text if 'R"' in text else re.sub(r"^ +", shift, text, flags=re.M)


@layout
def two_blanks(seed: int, text: str) -> str:
    return text if 'R"' in text else re.sub(r"^((?:    )+)", lambda m: " " * (len(m.group()) // 2), text, flags=re.M)


@layout
def trailing_blanks(seed: int, text: str) -> str:
    random, file = Random(seed), Text(text)
    ends = [start for start, end in file.gaps() if b"\n" in file.data[start:end]]
    return file.edited((at, at, random.choice((b" ", b"   ", b"\t"))) for at in some(random, ends))


@layout
def crlf(seed: int, text: str) -> str:
    return text.replace("\r\n", "\n").replace("\n", "\r\n")


@layout
def no_last_newline(seed: int, text: str) -> str:
    return text.rstrip("\r\n")


@layout
def no_alignment(seed: int, text: str) -> str:
    """One blank where there were several."""
    file = Text(text)
    gaps = ((start, end) for start, end in file.gaps() if end - start > 1 and b"\n" not in file.data[start:end])
    return file.edited((start, end, b" ") for start, end in gaps)


@layout
def llvm_style(seed: int, text: str) -> str:
    return _formatted(text, "{BasedOnStyle: LLVM, SortIncludes: Never}")


@layout
def google_style(seed: int, text: str) -> str:
    return _formatted(text, "{BasedOnStyle: Google, SortIncludes: Never, DerivePointerAlignment: false}")


@layout
def microsoft_style(seed: int, text: str) -> str:
    return _formatted(text, "{BasedOnStyle: Microsoft, SortIncludes: Never}")


@layout
def fork_style(seed: int, text: str) -> str:
    """The style that llama.cpp has in its own tree."""
    return _formatted(text, _own_style())


@lru_cache
def _own_style() -> str:
    return f"file:{HERE / 'fork.clang-format'}"


@lru_cache
def clang_format() -> str | None:
    """The formatter: that of the package, without the interpreter that its script starts, else one on the path.

    Without it, its mutators leave texts as they are.
    """
    found = find_spec("clang_format")
    packed = Path(found.origin or "").parent / "data" / "bin" / "clang-format" if found is not None else None
    return str(packed) if packed is not None and packed.exists() else shutil.which("clang-format")


@lru_cache(maxsize=500)
def _formatted(text: str, style: str) -> str:
    command = clang_format()
    if command is None:
        return text
    done = subprocess.run(
        [command, f"-style={style}", "-assume-filename=a.cpp"], input=text.encode(), capture_output=True, check=True
    )
    return done.stdout.decode()
