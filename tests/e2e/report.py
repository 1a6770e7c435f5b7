"""`PYTHONPATH=tests python -m e2e.report [NAME=FOLDER ...]` writes docs/results.md: what ported trees compute, in figures.

Without arguments it runs the trees of the tests. Each run replaces the sections of its trees and keeps all others.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path

import numpy as np

from e2e import gemma4, others, sessions, vocabulary
from e2e.build import FLAGS, PROJECT, Build, build, port
from e2e.run import MODELS as FOLDER
from e2e.run import figures
from e2e.settings import BOUNDS, HALF, HALF_ROUTED, SETTINGS
from e2e.subjects import PAIRS
from e2e.trees import TREES, local, pristine
from rules.gemma4.oracle import models
from rules.gemma4.oracle.models import MODELS
from rules.llama.figures import STRICT, Bound, Figure
from rules.llama.running import call

TARGET = PROJECT / "docs" / "results.md"
SECTIONS = "\n<!-- trees -->\n"

HEAD = """# What the ported trees compute

Made by `PYTHONPATH=tests python -m e2e.report`, a section at a time; each says when and from what. `pytest -m e2e`
checks the first two trees against the bounds below. Trees are ported with the command line as it comes (types verified)
and built for the CPU with:

    {flags}

Each cell gives the normalised mean square error (the larger of the prompt's and the cached decode steps'), the same at
the worst single position, and the share of positions whose most likely token is the reference's; each is the worst of
the micro-batches {ubatches}. Prompts are 300 tokens (100 for the routed model), 4 decode steps; every position counts.
"KV Q8_0" without flash attention means Q8_0 keys and F32 values: the library allows no more.

The reference of F32 and F16 files is transformers in 32-bit floats, with GELU taken from a table of half floats as ggml
takes it. It is kept as 16-bit fixed point, which adds less than 1e-9. With F32 weights the model in numpy agrees with it
to 3e-11 (exact GELU) and to 3e-7 (through the table, which turns rounding noise into steps). Where Q8_0 rounds, in files
or in the cache, that model is the reference: with the dequantized weights, and with activations, queries, keys and
values rounded as ggml rounds them.

## Bounds

| files and settings | model | NMSE | worst | positions beyond | top-1 at least | wrong unless closer than |
|---|---|---|---|---|---|---|
{bounds}

The first row was given beforehand; the others were set after measuring, two to eight times above what was found.
F16 keys and values and flash attention (which on a CPU rounds keys and values to half floats whatever the cache holds)
add roundings that the reference does not have. With Q8_0 it has them, but values near a rounding edge fall on either
side, and a few layers later push others over theirs. In the routed model noise can make a token choose another expert:
that position is then off by far more.

So that noise hides no mistake, logits must not lean towards any of {mistakes} known mistakes by more than {lean:g}: of
what the mistake would add to them, the part that is there, as the median over all positions that show it. A build
without mistakes had 0.022 at most, one with the mistake about 1. The tests plant each mistake in files of
every kind and shape that shows it: each is beyond the bounds under every setting.
"""


def main() -> None:
    for tree in local(sys.argv[1:]) or TREES:
        began = time.monotonic()
        source = port(tree)
        ported_in = time.monotonic() - began
        builds = build(tree, pristine(tree)), build(tree, source)
        seconds = f"port {ported_in:.0f}, build before {_seconds(builds[0])}, after (what the port reaches) {_seconds(builds[1])}"
        keep(tree.name, section(*builds, seconds))
    print(TARGET)


def keep(name: str, text: str) -> None:
    """Replace or add the section of a tree; the trees of the tests come first."""
    known = dict(_known())
    known[name] = text
    first = [tree.name for tree in TREES if tree.name in known]
    order = [*first, *(other for other in known if other not in first)]
    TARGET.write_text(_head() + SECTIONS + "\n".join(f"\n## {each}\n\n{known[each].strip()}\n" for each in order))


def _known() -> Iterator[tuple[str, str]]:
    text = TARGET.read_text() if TARGET.exists() else ""
    for part in text.partition(SECTIONS)[2].split("\n## ")[1:]:
        name, _, rest = part.partition("\n")
        yield name, rest


def _head() -> str:
    return HEAD.format(
        flags="\n    ".join(FLAGS),
        ubatches=", ".join(sorted({str(setting.ubatch) for setting in SETTINGS}, key=int)),
        bounds="\n".join(_bounds()),
        mistakes=len(gemma4.MISTAKES),
        lean=STRICT.lean,
    )


def _bounds() -> Iterator[str]:
    rows: list[tuple[str, str, Bound]] = [
        ("F32, F16 files; KV F32, no flash attention", "all", STRICT),
        ("F32, F16 files; KV F16", "all", HALF),
        ("F32, F16 files; flash attention, KV F32 or F16", "dense", HALF),
        ("F32, F16 files; flash attention, KV F32 or F16", "routed", HALF_ROUTED),
    ]
    names = {
        "q8_0 file": "Q8_0 files",
        "q8_0 cache": "F32, F16 files; KV Q8_0",
    }
    rows += [(names[name], "routed" if routed else "dense", bound) for (name, routed), bound in BOUNDS.items()]
    for what, model, b in rows:
        tie = "-" if b.tie is None else f"{b.tie:g}"
        yield f"| {what} | {model} | {b.nmse:g} | {b.worst:g} | {b.outliers} | {b.agree:.0%} | {tie} |"


def section(before: Build, after: Build, seconds: str) -> str:
    """The figures of one tree. `seconds` says how long it took to come here."""

    def line(*command: str) -> str:
        return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True).stdout.splitlines()[0]

    vocabulary.library()
    began = time.monotonic()
    parts = [
        f"{date.today().isoformat()}, project revision `{line('git', 'describe', '--always')}`, `{line('g++', '--version')}`;",
        f"content `{after.digest}` after the port.\n",
        *_logits(after),
        *_sessions(after),
        *_tokens(after),
        *_others(before, after),
        *_buffer(after),
    ]
    spent = time.monotonic() - began
    parts.append(f"\nSeconds: {seconds}, all runs above {spent:.0f}.\n")
    return "\n".join(parts)


def _seconds(made: Build) -> str:
    return f"{made.seconds:.0f}{' with a compiler cache' if made.cached else ''}"


def _logits(ported: Build) -> Iterator[str]:
    columns = [(flash, cache) for (flash, cache), _ in groupby(SETTINGS, key=lambda s: (s.flash, s.cache))]
    titles = [f"{'flash, ' if flash else ''}KV {cache.upper()}" for flash, cache in columns]
    yield f"| model | {' | '.join(titles)} |"
    yield "|---" * (len(titles) + 1) + "|"
    leaning: list[Figure] = []
    for subject, model in PAIRS:
        got = list(zip(SETTINGS, figures(ported, subject, model, SETTINGS), strict=True))
        cells = [_worst(f for s, f in got if (s.flash, s.cache) == column) for column in columns]
        yield f"| {subject.arch} {model.name} | {' | '.join(cells)} |"
        leaning += [figure for _, figure in got]
    most = max(leaning, key=lambda figure: figure.lean)
    yield ""
    yield f"The furthest that any leans towards a known mistake: {most.lean:.1e} ({most.model}, {most.setting}: {most.towards})."
    yield ""


def _worst(found: Iterable[Figure]) -> str:
    found = list(found)
    return _cell(max(f.nmse for f in found), max(f.worst for f in found), min(f.top1 for f in found), found)


def _cell(nmse: float, worst: float, top1: float, found: Sequence[Figure]) -> str:
    bad = "" if all(figure.good for figure in found) else " **out of bounds**"
    return f"{nmse:.1e} · {worst:.1e} · {100 * top1:.1f} %{bad}"


def _sessions(ported: Build) -> Iterator[str]:
    rows: dict[str, list[str]] = {}
    for model in sessions.SHAPES:
        found = [sessions.shift(ported, model, cache) for cache in sessions.CACHES]
        found += [sessions.state(ported, model, cache) for cache in sessions.CACHES]
        found += [*sessions.parallel(ported, model), *sessions.adapters(ported, model)]
        for number, figure in enumerate(found):
            rows.setdefault(f"{number} {figure.setting}", []).append(_worst([figure]))
    yield f"| F32 files | {' | '.join(model.layout.name for model in sessions.SHAPES)} |"
    yield "|---" * (len(sessions.SHAPES) + 1) + "|"
    for name, cells in rows.items():
        yield f"| {name.split(' ', 1)[1]} | {' | '.join(cells)} |"
    yield ""


def _tokens(ported: Build) -> Iterator[str]:
    cases, random = vocabulary.count_cases(ported), vocabulary.count_random(ported)
    facts = vocabulary.ask(ported, vocabulary.path(), ["x"]).facts
    yield "Tokenizer, the real vocabulary of 262,144 tokens:"
    yield ""
    yield f"- its own cases: {cases.right} of {cases.texts} as recorded, {cases.back} of {cases.texts} come back;"
    yield f"- random Unicode texts: {random.right} of {random.texts} as in `tokenizers`, {random.back} come back;"
    begins = "yes" if facts["add_bos"] == ["1"] else "no"
    yield f"- ends of generation: {', '.join(facts['eog'])}; a begin token is added: {begins}."
    yield ""


def _others(pristine: Build, ported: Build) -> Iterator[str]:
    same, other = [], []
    for architecture in others.ARCHITECTURES:
        before, after = others.compare(architecture, pristine, ported)
        (same if np.array_equal(before, after) else other).append(architecture)
    yield f"Bit-identical before and after the port: {', '.join(same)}; changed: {', '.join(other) or 'none'}."


@dataclass(frozen=True)
class Loaded:
    """Logits of one model, loaded in two ways."""

    file: np.ndarray
    buffer: np.ndarray


def loaded(ported: Build, model: models.Model) -> Loaded:
    """For a fork that loads a model from memory: its logits, and those of the same model in a file."""
    with tempfile.TemporaryDirectory() as folder:
        ids, out = Path(folder) / "ids", Path(folder) / "out"
        ids.write_bytes(np.concatenate(model.layout.variant.prompt()).astype("<i4").tobytes())
        call(ported.program("buffer"), models.checked(model, FOLDER), ids, out, "ubatch=64")
        return Loaded(*np.split(np.fromfile(out, dtype="<f4"), 2))


def _buffer(ported: Build) -> Iterator[str]:
    header = ported.folder / "include" / "llama-cpp.h"
    if header.exists() and "llama_model_load_from_buffer" in header.read_text():
        both = [loaded(ported, model) for model in MODELS]
        same = sum(bool(np.isfinite(each.file).all()) and np.array_equal(each.file, each.buffer) for each in both)
        yield f"\nLoaded from a buffer: {same} of {len(both)} models give the logits of the file, bit for bit."


if __name__ == "__main__":
    main()
