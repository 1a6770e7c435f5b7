"""`PYTHONPATH=tests python -m matrix.anew DONOR WORK TREE ARCHITECTURE...`: what trees have already, drafted anew.

Each architecture goes under another name into a copy of the tree, which has it of its own; both trees are built, and the
donor's models, whose files then say that name, must be computed as the donor computes them. So a draft is held against
every architecture that a donor can make models of, not only against those that some tree lacks.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import gguf
import msgspec

from rules.llama import FAMILY
from rules.llama.donor.against import BOUNDS
from rules.llama.donor.draft import Draft
from rules.llama.donor.models import Maker, Model, computed, feeding
from rules.llama.figures import measure
from rules.llama.running import Failed
from transformer.build import builder

from .numbers import copied, transformer
from .pair import drafted, kept


def renamed(draft: Draft) -> Draft:
    """The same architecture under a name that no tree has, beside the one that it is."""
    own, new = re.compile(rf"\b{draft.enumerator}\b"), f"{draft.enumerator}_ANEW"
    stem, dot, suffix = draft.file.rpartition(".")
    return replace(
        draft, name=f"{draft.name}-anew", enumerator=new, builder=f"{draft.builder}_anew", file=f"{stem}-anew{dot}{suffix}",
        near=(draft.enumerator, *draft.near),
        sites=tuple(replace(each, code=own.sub(new, each.code)) for each in draft.sites),
        reads=tuple(msgspec.structs.replace(each, code=own.sub(new, each.code)) for each in draft.reads),
        templates=tuple((name, own.sub(new, text)) for name, text in draft.templates),
    )  # fmt: skip


def told(file: Path, arch: str, name: str) -> Path:
    """A copy of a model file that says another name of its architecture."""
    reader, path = gguf.GGUFReader(file), file.with_suffix(".anew.gguf")
    writer = gguf.GGUFWriter(path, name)
    for field in reader.fields.values():
        if not field.name.startswith(("GGUF.", "general.architecture")):
            kind, *inner = field.types
            key = f"{name}.{field.name.removeprefix(arch + '.')}" if field.name.startswith(f"{arch}.") else field.name
            writer.add_key_value(key, field.contents(), kind, inner[-1] if inner else None)
    for each in reader.tensors:
        writer.add_tensor(each.name, each.data, raw_dtype=each.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def judged(model: Model, arch: str, fork: Path) -> Iterator[tuple[str, bool]]:
    """How a model is fed, and whether the fork computes what the donor does."""
    file = told(model.path, arch, f"{arch}-anew")
    for setting, want in model.want.items():
        try:
            got = computed(fork, file, model.ids, model.steps, feeding(arch, setting))
        except Failed as error:
            yield f"{setting}: {error.cause}", False
            continue
        figure = measure(model.name, setting, got, want, model.steps, BOUNDS[model.kind])
        yield f"{setting}: {figure.nmse:.1e}", figure.good


def built(tree: Path, work: Path) -> Path:
    """The build of a tree, with the family's programs."""
    assert FAMILY.recipe is not None
    made = builder(tree, FAMILY.recipe, work / "builds")
    said = made.run(lambda *_: None)
    if not said.good:
        raise SystemExit("\n".join((said.text, *said.notes)))
    return made.folder


def main() -> None:
    """Draft, port, build and judge; a line for each architecture, and for each run that is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("donor", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("tree", type=Path)
    parser.add_argument("architectures", nargs="+")
    given = parser.parse_args()
    packs, fork = given.work / "packs", given.work / f"{given.tree.name}-anew"
    copied(given.tree, fork)
    ported = []
    for arch in given.architectures:
        kept(renamed(drafted(given.donor, arch)), packs)
        said = transformer("run", fork, "--arch", f"{arch}-anew", "--packs", packs, "--verify", "syntax", "--allow-dirty")
        done = " is ported: " in said or "nothing to do" in said
        ported += [arch] if done else []
        print(f"{arch}: {'ported' if done else said.strip()}", flush=True)
    ours, theirs = built(fork, given.work), built(given.donor, given.work)
    for arch in ported:
        with tempfile.TemporaryDirectory(prefix="anew-") as folder:
            maker = Maker(arch, theirs, Path(folder))
            runs = [(f"{model.name} {model.kind}", *run) for model in maker.models() for run in judged(model, arch, ours)]
        print(f"{arch}: {sum(good for *_, good in runs)} of {len(runs)} runs", flush=True)
        for name, said, good in runs:
            if not good:
                print(f"  {name}, {said}", flush=True)


if __name__ == "__main__":
    main()
