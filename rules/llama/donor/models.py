"""Tiny models of an architecture, made of what the donor's own loader asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..logits import LONGEST, run
from ..running import Failed, built, call
from .keys import Keys, embeds, keys, whole

if TYPE_CHECKING:
    import numpy as np

BATCHES = {"one batch": 512, "batches of 24": 24}
"""How tokens are fed; behind the batches the last tokens are decoded one by one."""
SHIFTED = "shifted by 16"
"""In one batch, of which the first tokens are then forgotten, where the donor's memory can do that."""
TOKENS, STEPS = 128, 24
EXPERTS = "_exps."

# No model has the scales of NVFP4 weights; loaders create them where no file says what there is.
SCALES = ("scale", "input_scale")

# What loaders can do without in some architectures, and real models of these often have not.
BARE = (
    ("attn_q.bias", "attn_k.bias", "attn_v.bias", "attn_qkv.bias"),
    ("bias",),
    ("output.weight",),
    ("rope_freqs.weight", "rope_factors_long.weight", "rope_factors_short.weight"),
)


@dataclass(frozen=True, slots=True)
class Model:
    """A model file, what is in it, and what the donor computes for it, by how it is fed: [position, logit]."""

    arch: str
    name: str
    kind: str
    path: Path
    tensors: tuple[str, ...]
    ids: np.ndarray
    steps: int
    want: Mapping[str, np.ndarray]
    lacks: int = 0
    """How many tensors fewer it has than the model that has them all."""


@dataclass(slots=True)
class Maker:
    """Makes the models of an architecture with the donor's build; `notes`: which it could not make, and why."""

    arch: str
    build: Path
    folder: Path
    told: Callable[[str], None] = lambda name: None
    notes: list[str] = field(default_factory=list)

    def models(self) -> Iterator[Model]:
        """Dense and with experts, whichever the donor has: with all tensors in both types, and with fewer."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for experts in (False, True):
            yield from self._of(keys(self.arch, experts=experts), experts)

    def _of(self, said: Keys, experts: bool) -> Iterator[Model]:
        name = "experts" if experts else "dense"
        drop = (*SCALES, *(f"+{each}" for each in said.keep))
        try:
            full = self._model(said, name, "F32", drop)
        except Failed as error:
            self.notes.append(f"no {name} model: {_reason(error)}")
            return
        if experts and not any(EXPERTS in each for each in full.tensors):
            return  # the dense one once more
        yield full
        yield from self._tried(said, name, "F16", drop)
        bare: Model | None = None
        for group in BARE:
            for fewer in self._tried(said, f"{name}, bare", "F32", (*drop, *group), quiet=True):
                if len(fewer.tensors) < len((bare or full).tensors):
                    bare, drop = fewer, (*drop, *group)
        if bare is not None:
            yield from self._tried(said, bare.name, "F32", drop, lacks=len(full.tensors) - len(bare.tensors))

    def _tried(self, said: Keys, name: str, kind: str, drop: tuple[str, ...], *, quiet: bool = False, lacks: int = 0
               ) -> Iterator[Model]:  # fmt: skip
        try:
            yield self._model(said, name, kind, drop, lacks)
        except Failed as error:
            if not quiet:
                self.notes.append(f"no {name} model as {kind}: {_reason(error)}")

    def _model(self, said: Keys, name: str, kind: str, drop: tuple[str, ...], lacks: int = 0) -> Model:
        """Written, and computed by the donor. Raises `Failed` where it does not make, load or compute it."""
        self.told(f"{name} {kind}")
        stem = f"{self.arch}-{name.replace(', ', '-')}-{kind}"
        file, path = said.write(self.folder / f"{stem}.keys"), self.folder / f"{stem}.gguf"
        made = call(built(self.build, "models"), file, path, kind.lower(), *drop, longest=LONGEST)
        alone = whole(self.arch)
        ids, steps = _ids(said.tokens), 0 if alone else STEPS
        want = {
            each: computed(self.build, path, ids, steps, feeding(self.arch, each))
            for each in list(BATCHES)[: 1 if alone else None]
        }
        if not alone:
            with suppress(Failed):
                want[SHIFTED] = computed(self.build, path, ids, steps, feeding(self.arch, SHIFTED))
        return Model(self.arch, name, kind, path, tuple(made.splitlines()), ids, steps, want, lacks)


def feeding(arch: str, setting: str) -> str:
    """A setting as the programs take it, without flash attention."""
    if setting == SHIFTED:
        return f"{feeding(arch, next(iter(BATCHES)))} shift={SHIFTED.split()[-1]}"
    return f"ubatch={BATCHES[setting]} threads=2 fa=0 k=f32 v=f32{' emb=1' if embeds(arch) else ''}"


def computed(build: Path, model: Path, ids: np.ndarray, steps: int, fed: str) -> np.ndarray:
    """What a build computes: [position, logit or part of an embedding]. Raises `Failed`."""
    rows: np.ndarray = run(built(build, "logits"), model, ids, steps, [fed], longest=LONGEST)[0]
    return rows


def _reason(error: Failed) -> str:
    """What the donor's loader said, without the names of those through whom it said it."""
    return re.sub(r"^.*error loading model( \w+)?: ", "", error.cause)


def _ids(tokens: int) -> np.ndarray:
    import numpy as np

    return np.random.default_rng(1).integers(0, tokens, TOKENS)
