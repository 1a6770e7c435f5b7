"""The pre-tokenizers that files of an architecture name: which ones, as a converter says, and how the library cuts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

from transformer.cpp import If
from transformer.errors import UsageError

from ..pretokenizers import choice, expressions, kinds
from ..spec import PreTokenizer
from .tree import Tree

CONVERTERS = ("conversion", ".")
"""Where a donor has its converter from Hugging Face: a folder of modules, or one at the root."""
_SHORT = 4  # letters: a shorter name is found in too many others
_NAME = re.compile(r'tokenizer_pre\s*==\s*"([^"]+)"')


def pretokenizers(tree: Tree, name: str, enumerator: str, named: Sequence[str]) -> Iterator[PreTokenizer]:
    """Those of an architecture, and those `named`. Raises `UsageError` for one that the donor does not know."""
    branches = _branches(tree)
    for each in named:
        if each not in branches:
            close = ", ".join(get_close_matches(each, branches, 3, 0.4) or branches)
            raise UsageError(f"the donor has no pre-tokenizer {each!r}", help=f"it has: {close}")
    for each in dict.fromkeys([*named, *_converted(tree, name, enumerator, list(branches))]):
        yield _read(tree, each, branches)


def _branches(tree: Tree) -> dict[str, If]:
    """The branch that each name leads to."""
    found: dict[str, If] = {}
    for each in tree.vocab_method("load").ifs():
        if each.condition.mentions("tokenizer_pre") and choice(each)[0]:
            found.update(dict.fromkeys(_NAME.findall(each.condition.text), each))
    return found


def _read(tree: Tree, name: str, branches: Mapping[str, If]) -> PreTokenizer:
    kind, sets = choice(branches[name])
    switch = kinds(tree)
    case = switch.case(kind).statements() if kind in switch.cases else []
    cuts = [each.text for each in case if re.fullmatch(r"(?!regex_exprs\b|break\b)[^;]*;", each.text)]
    like = [each for each in _NAME.findall(branches[name].condition.text) if each != name]
    found = expressions(switch, kind) or []
    return PreTokenizer(name, like, kind, found, sets, cuts, _elsewhere(tree, kind, branches[name]))


def _elsewhere(tree: Tree, kind: str, branch: If) -> str:
    """Where the library asks for a kind, beside the branch that chooses it and the case that cuts; "" for nowhere."""
    source, label = tree.vocab.source, kinds(tree).cases.get(kind)
    known = [branch.node, *([label] if label is not None else [])]
    for match in re.finditer(rf"\b{kind}\b".encode(), source.live):
        if not any(node.start_byte <= match.start() < node.end_byte for node in known):
            return source.where(match.start())
    return ""


def _converted(tree: Tree, name: str, enumerator: str, known: Sequence[str]) -> Iterator[str]:
    """Those of the `known` names that a converter of the architecture writes, as far as its text says so.

    It writes a name outright, or finds it by the tokens of a text; then the name is that of a model, and a class of
    the converter is registered for models of that name.
    """
    models = [_plain(name)]
    for _, data in _modules(tree, f"MODEL_ARCH.{enumerator.removeprefix('LLM_ARCH_')}"):
        for converter in _classes(data, enumerator.removeprefix("LLM_ARCH_")):
            models += [_plain(text) for one in converter.decorator_list for text in _texts(one)]
            yield from (text for text in _written(converter) if text in known)
    for each in known:
        word = _plain(each)
        if len(word) >= _SHORT and (_plain(name) in word or any(word in model for model in models)):
            yield each


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name.lower())


def _modules(tree: Tree, word: str) -> Iterator[tuple[str, str]]:
    for folder in CONVERTERS:
        for path in tree.workspace.list(folder):
            if path.endswith(".py") and word.encode() in (data := tree.workspace.source(path).data):
                yield path, data.decode()


def _classes(text: str, model: str) -> list[ast.ClassDef]:
    """The classes of a module that convert an architecture, by their own word or that of a class they derive from."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    classes = {each.name: each for each in body if isinstance(each, ast.ClassDef)}
    return [each for each in classes.values() if _model(each, classes, set()) == model]


def _model(one: ast.ClassDef, classes: Mapping[str, ast.ClassDef], seen: set[str]) -> str:
    for each in one.body:
        if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == "model_arch":
            return ast.unparse(each.value).rpartition(".")[2]
    names = [ast.unparse(base) for base in one.bases]
    parents = [classes[name] for name in names if name in classes and name not in seen]
    return next(filter(None, (_model(each, classes, seen | {one.name}) for each in parents)), "")


def _texts(node: ast.AST) -> Iterator[str]:
    yield from (each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str))


def _written(one: ast.ClassDef) -> Iterator[str]:
    for each in ast.walk(one):
        if isinstance(each, ast.Call) and ast.unparse(each.func).endswith("add_tokenizer_pre"):
            yield from _texts(each)
