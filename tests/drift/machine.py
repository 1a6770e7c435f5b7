"""Mutants: a tree, and what drifted in it, as a list that can be repeated; and what has to hold of each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from random import Random

from drift import meaning
from drift.mutators import LAYOUT, MUTATORS
from drift.syntax import Text, number
from transformer import pack, plan
from transformer.cpp import CppFile, Source
from transformer.cpp.source import around
from transformer.errors import TransformerError
from transformer.outcome import Blocked, Changes
from transformer.types.check import check_types
from transformer.types.names import new_names
from transformer.types.worker import Diagnostic
from transformer.verify import verify
from transformer.workspace import DiskStore, Workspace

FORK = Path(__file__).parents[2] / "examples" / "minifork"
Files = dict[str, bytes]
WHOLE = ("parameters_added", "functions_moved")  # mutators of several files


class Drifted(DiskStore):
    """A tree on disk with other texts for some of its files."""

    def __init__(self, root: Path, files: Mapping[str, bytes]) -> None:
        super().__init__(root)
        self.files = files

    def read(self, path: str) -> bytes | None:
        return self.files[path] if path in self.files else super().read(path)


class DriftedTree(Workspace):
    """A tree with other texts for some of its files; the others are parsed once for all mutants."""

    def __init__(self, root: Path, files: Mapping[str, bytes]) -> None:
        super().__init__(Drifted(root, files))
        self.drifted, self.whole = files, whole(root)

    def source(self, path: str) -> Source:
        if path not in self.drifted and path not in self._sources:
            self._sources[path] = self.whole.source(path)
        return super().source(path)

    def file(self, path: str) -> CppFile:
        if path not in self.drifted and path not in self._files:
            self._files[path] = self.whole.file(path)
        return super().file(path)


@lru_cache
def whole(root: Path) -> Workspace:
    """The tree that did not drift."""
    return Workspace(DiskStore(root))


@dataclass(frozen=True)
class Mutant:
    """What drifted, in order: (mutator, file, seed)."""

    root: Path
    steps: tuple[tuple[str, str, int], ...]
    seed: int = -1

    def __str__(self) -> str:
        steps = "; ".join(f"{name}({path}, {seed})" for name, path, seed in self.steps)
        return f"seed {self.seed}, {self.root.name}: {steps}"

    def files(self) -> Files:
        """The files that drifted."""
        found: Files = {}
        disk = DiskStore(self.root)
        for name, path, seed in self.steps:
            if name in WHOLE:
                known = {each: found.get(each) or disk.read(each) for each in (*touched(self.root), *SHARED)}
                found.update(TREE[name](seed, {each: data for each, data in known.items() if data is not None}))
                continue
            old = found.get(path, disk.read(path) or b"")
            found[path] = mutate(name, seed, old)
        return found


def mutate(name: str, seed: int, data: bytes) -> bytes:
    """A mutator on bytes: those that see lines see LF, and the file keeps its line ending."""
    windows = b"\r\n" in data
    new = MUTATORS[name](seed, data.replace(b"\r\n", b"\n").decode()).encode()
    return new.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") if windows else new


PACKS = ("gemma4", "muse-glimmer")


@lru_cache
def original(root: Path) -> plan.Plan:
    """The plan of the tree that did not drift, for the first pack that it does not have."""
    made = (plan.make(pack.load(name, pack.home()), whole(root)) for name in PACKS)
    return next(each for each in made if each.state == "absent")


def loaded(root: Path) -> pack.Pack:
    """What is ported into a tree."""
    return original(root).pack


@lru_cache
def touched(root: Path) -> tuple[str, ...]:
    """The files that the port changes or finds its places in."""
    made = original(root)
    paths = {p for p in made.paths if made.bytes_before(p) is not None and p.endswith((".h", ".cpp"))}
    return tuple(sorted(paths | {"src/llama-model-loader.cpp"}))


def mutant(seed: int, roots: tuple[Path, ...]) -> Mutant:
    """The mutant of a seed."""
    random = Random(seed)
    root = random.choice(roots)
    files, steps = touched(root), []
    everywhere = random.random() < 0.08
    names = list(MUTATORS)
    for _ in range(random.choice((1, 1, 2, 3, 5))):
        name = random.choice((*names, *WHOLE))
        if name in WHOLE:
            steps.append((name, "", number(random)))
        elif everywhere:
            steps += [(name, path, number(random)) for path in files]
        else:
            for path in random.sample(files, random.choice((1, 2, 4))):
                steps.append((name, path, number(random)))
    late = ("crlf", "no_last_newline")  # behind those that see lines
    steps.sort(key=lambda step: step[0] in late)
    return Mutant(root, tuple(steps), seed)


# drift over several files

# Functions that rules call or touch, by the files (.h and .cpp) that declare and define them.
CALLED = {
    "src/llama-graph": (
        "build_moe_ffn", "build_norm", "build_ffn", "build_attn", "build_lora_mm", "build_lora_mm_id", "build_cvec",
        "build_inp_embd", "build_attn_inp_kv_iswa",
    ),
    "src/llama-kv-cache": ("build_rope_shift",),
    "src/llama-kv-cache-unified": ("build_rope_shift",),
    "src/unicode": ("unicode_regex_split",),
}  # fmt: skip


SHARED = tuple(stem + end for stem in CALLED for end in (".h", ".cpp"))


def parameters_added(seed: int, files: Files) -> Files:
    """A last parameter with a default for some functions, where they are declared and where they are defined."""
    random = Random(seed)
    known = [(stem, name) for stem, names in CALLED.items() if f"{stem}.h" in files for name in names]
    found: Files = {}
    for stem, name in random.sample(known, random.choice((1, 2, 4))):
        for path in (f"{stem}.h", f"{stem}.cpp"):
            file = Text(found.get(path, files[path]).decode())
            own = f"int drift_p{number(Random(name + str(seed)))}" + (" = 424242" if path.endswith(".h") else "")
            lists = [
                n
                for n in file.nodes("function_declarator")
                if _last_word(file.of(n.child_by_field_name("declarator"))) == name
            ]
            found[path] = file.edited(
                _added(file, each.child_by_field_name("parameters"), own) for each in lists
            ).encode()
    return found


def _added(file: Text, parameters, own: str) -> tuple[int, int, bytes]:
    """A last parameter; on a line of its own where the last one has one."""
    inside = [each for each in parameters.named_children if each.type != "comment"]
    if not inside:
        return parameters.start_byte + 1, parameters.start_byte + 1, own.encode()
    last = inside[-1]
    joint = f",\n{file.source.indent(last.start_byte)}" if file.source.starts_line(last) else ", "
    return last.end_byte, last.end_byte, f"{joint}{own}".encode()


# What no rule looks for, by where it may go as well: both files see the same headers.
MOVES = {
    "src/llama-hparams.cpp": "src/llama-model.cpp",
    "src/llama-model.cpp": "src/llama-model-saver.cpp",
    "src/llama-kv-cache.cpp": "src/llama-graph.cpp",
}
STAYS = ("n_embd_k_gqa", "n_embd_v_gqa", "get_k", "get_v", "build_rope_shift", "build_graph_shift", "load_hparams",
         "load_tensors", "build_graph", "create_memory", "is_swa", "llama_kv_cache", "type_name")  # fmt: skip


def functions_moved(seed: int, files: Files) -> Files:
    """Member functions that no rule looks for, to the end of another file."""
    random = Random(seed)
    path = random.choice([each for each in MOVES if each in files])
    file = Text(files[path].decode())
    found = []
    for node in file.root.named_children:
        if node.type == "function_definition":
            match = re.match(r"[\w:<>*&\s]+?\b(llama_\w+)::(\w+)\(", file.of(node))
            own = match is not None and "pimpl" not in file.of(node)  # what only its own file can see
            if (
                match
                and own
                and match[2] not in STAYS
                and match[1] in ("llama_hparams", "llama_model", "llama_kv_cache")
            ):
                found.append(node)
    if not found:
        return {}
    node = random.choice(found)
    other = files[MOVES[path]].decode()
    other = other + ("" if other.endswith("\n") else "\n") + "\n" + file.of(node) + "\n"
    return {path: file.edited([(node.start_byte, node.end_byte, b"")]).encode(), MOVES[path]: other.encode()}


TREE = {"parameters_added": parameters_added, "functions_moved": functions_moved}


# what has to hold


@dataclass
class Verdict:
    """What is wrong with the port of a mutant; nothing, if all is well."""

    mutant: Mutant
    complaints: list[str] = field(default_factory=list)
    made: plan.Plan | None = None


def judge(mutant: Mutant) -> Verdict:
    """Plan, verify, plan again, and compare what the port says with what it says of the original."""
    verdict = Verdict(mutant)
    files = mutant.files()
    try:
        made = verdict.made = plan.make(loaded(mutant.root), DriftedTree(mutant.root, files))
    except TransformerError as error:
        verdict.complaints.append(f"raised {type(error).__name__}: {error.message} ({error.where})")
        return verdict
    base = original(mutant.root)
    if any(_conditional(step.outcome, mutant) for step in (*made.blocked, *made.skipped)):
        return verdict
    for step in [*made.blocked, *made.skipped]:
        if step.rule.name not in {s.rule.name for s in base.skipped}:
            verdict.complaints.append(f"blocked: {step.rule.name}: {step.outcome.why} ({step.outcome.where})")
    if verdict.complaints:
        return verdict
    report = verify(made, mutant.root, "syntax", lambda *_: None)
    verdict.complaints += [f"syntax: {f.where}: {f.message}" for f in report.findings]
    again = plan.make(loaded(mutant.root), made.after)
    if again.state != "complete" or again.edits:
        loud = [s.rule.name for s in again.steps if s.rule.name and type(s.outcome).__name__ in ("Changes", "Blocked")]
        verdict.complaints.append(f"second plan is {again.state}: {', '.join(loud)}")
    verdict.complaints += _differences(base, made, mutant)
    verdict.complaints += _layout(made, mutant, files)
    if any(name == "parameters_added" for name, _, _ in mutant.steps):
        verdict.complaints += _misled(made)
    return verdict


def _conditional(outcome: Blocked, mutant: Mutant) -> bool:
    """Whether a label has no place because the machine has put the group that it belongs to into `#ifndef`."""
    return outcome.why.endswith("outside #if") and any(name == "ifdef_cases" for name, _, _ in mutant.steps)


def _misled(made: plan.Plan) -> Iterator[str]:
    """Calls of the port that give the parameter of the machine anything but its default."""
    declared: dict[str, list[list[str]]] = {}
    for path in (f"{stem}.h" for stem in CALLED):
        if not made.after.exists(path):
            continue
        file = Text(made.after.source(path).data.decode())
        for node in file.nodes("function_declarator"):
            names = [
                _last_word(file.of(n))
                for n in node.child_by_field_name("parameters").named_children
                if n.type != "comment"
            ]
            declared.setdefault(_last_word(file.of(node.child_by_field_name("declarator"))), []).append(names)
    for name, overloads in declared.items():
        if not any("drift_p" in each for names in overloads for each in names):
            continue
        for path in made.paths:
            source = made.after.source(path)
            for call in (
                around(source, source.tree.root_node, ("call_expression",), name) if path.endswith(".cpp") else ()
            ):
                if _last_word(source.text(call.child_by_field_name("function"))) == name:
                    given = [
                        source.text(n)
                        for n in call.child_by_field_name("arguments").named_children
                        if n.type != "comment"
                    ]
                    if not any(_fits(names, given) for names in overloads):
                        yield f"{source.where(call.start_byte)}: {name} gets {', '.join(given)}"


def _fits(names: list[str], given: list[str]) -> bool:
    own = [value for name, value in zip(names, given, strict=False) if name.startswith("drift_p")]
    return len(given) <= len(names) and all(value == "424242" for value in own)


def _last_word(text: str) -> str:
    return (re.findall(r"\w+", text.split("=")[0]) or [""])[-1]


def compiled(mutant: Mutant, jobs: int | None = None) -> list[str]:
    """What a compiler says of the port of a mutant and does not say of the tree that did not drift."""
    files = mutant.files()
    made = plan.make(loaded(mutant.root), DriftedTree(mutant.root, files))
    return [str(each) for each in diagnostics(mutant.root, files, made, jobs) if not own(each)]


def diagnostics(root: Path, files: Files, made: plan.Plan, jobs: int | None = 1) -> list[Diagnostic]:
    """What a compiler says of the port of a tree with other files, and not of the tree itself."""
    planned = {path: source.data for path, source in made.after.planned.items()}
    created = [path for path in planned if not made.before.exists(path)]
    report = check_types(root, {**files, **planned}, created=created, names=new_names(made.before, made.by_file()),
                         include_dirs=made.pack.family.includes, jobs=jobs)  # fmt: skip
    assert all(path in report.units for path in created if path.endswith(".cpp"))
    return list(report.new)


def own(one: Diagnostic) -> bool:
    """Whether it is about what the machine has added: labels that no enumerator has, names nobody uses, comments."""
    if one.flag in ("-Wenum-constexpr-conversion", "-Wenum-compare-switch", "-Wcomment"):
        return True
    return one.severity == "warning" and re.search(r"(?i)drift|case value not in enumerated type", one.text) is not None


def _facts(made: plan.Plan, path: str) -> tuple[meaning.Facts, meaning.Facts]:
    before, after = made.bytes_before(path) or b"", made.bytes_after(path) if path in made.paths else None
    return meaning.change(meaning.of(before, _undone), meaning.of(before if after is None else after, _undone))


def _undone(text: str) -> str:
    """Without what the machine has added or renamed by itself."""
    if not any(mark in text for mark in ("drift_p", "424242", "_was_")):
        return text
    return re.sub(r" ,? ?(?:int drift_p\d+(?: = 424242)?|424242)(?= )", "", meaning.renamed(text))


@lru_cache
def _expected(root: Path, path: str) -> tuple[meaning.Facts, meaning.Facts]:
    return _facts(original(root), path)


def _differences(base: plan.Plan, made: plan.Plan, mutant: Mutant) -> Iterator[str]:
    silent = {s.rule.name for s in base.steps if not isinstance(s.outcome, Changes)}
    for step in made.steps:
        if isinstance(step.outcome, Changes) == (step.rule.name in silent):
            yield f"{step.rule.name} says {type(step.outcome).__name__}: {step.outcome}"[:300]
    exact = all(name in LAYOUT for name, _, _ in mutant.steps)
    for path in sorted({*base.paths, *made.paths}):
        if not path.endswith((".h", ".cpp")):
            continue
        if path in base.paths and path in made.paths and made.bytes_after(path) == base.bytes_after(path):
            continue
        if (
            exact
            and path in base.paths
            and path in made.paths
            and made.after.source(path).tokens == base.after.source(path).tokens
        ):
            continue
        wanted, got = _expected(mutant.root, path), _facts(made, path)
        for word, old, new in zip(("added", "taken away"), wanted, got, strict=True):
            for fact in [each for each in (new - old).elements() if not _NEW_CASE.search(each)][:3]:
                yield f"{path}: {word}, unlike before: {fact}"[:500]
            for fact in list((old - new).elements())[:3]:
                yield f"{path}: no longer {word}: {fact}"[:500]


# A case that the machine has made from another one: what rules do to all places of a kind, they do there as well.
_NEW_CASE = re.compile(r"/case \( \w+ \) \d{5}\b")
_ABOUT = re.compile(r"(?m)^(?P<code>[^\n]*?)[ \t]*//[^\n]*?drift (?P<number>\d{5})")


def _layout(made: plan.Plan, mutant: Mutant, files: Files) -> Iterator[str]:
    """Line endings stay of one kind, no blanks at the end of new lines, comments stay with what they are about."""
    for path in made.paths:
        old, new = made.bytes_before(path), made.bytes_after(path)
        if old is None:
            continue
        if old.count(b"\r\n") == old.count(b"\n") > 0 and new.count(b"\r\n") != new.count(b"\n"):
            yield f"{path}: LF in a file with CRLF"
        if b"\r\n" not in old and b"\r\n" in new:
            yield f"{path}: CRLF in a file with LF"
        if not old.endswith(b"\n") and new.endswith(b"\n"):
            yield f"{path}: a newline at the end of a file without one"
        known = {each.strip() for each in old.split(b"\n")}
        for index, line in enumerate(new.replace(b"\r\n", b"\n").split(b"\n")):
            if line != line.rstrip() and line.strip() not in known and b"drift" not in line:
                if not any(
                    each in ("trailing_blanks", "comments_between", "items_broken") for each, _, _ in mutant.steps
                ):
                    yield f"{path}:{index + 1}: blanks at the end of a new line: {line!r}"
        if b"drift " not in old:
            continue
        found = list(_ABOUT.finditer(old.decode()))
        count = Counter(m["number"] for m in found)
        before = {m["number"]: m["code"].split() for m in found if count[m["number"]] == 1}
        for match in _ABOUT.finditer(new.decode()):
            was = before.get(match["number"])
            if was and "{" not in was and was[-1].rstrip(",;)") not in match["code"]:
                yield f"{path}: the comment drift {match['number']} was about {was} and is about {match['code'].split()}"
