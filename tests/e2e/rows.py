"""Prompts of which only some logits are asked for: what is computed, and for how many rows."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from e2e import others
from e2e.build import Build
from e2e.gemma4 import SUBJECT
from e2e.run import MODELS
from e2e.settings import Setting
from rules.gemma4.oracle import models
from rules.gemma4.oracle.models import LAYOUTS, Model
from rules.gemma4.oracle.variants import STEPS, Variant
from rules.llama.running import Failed, call

SHAPES = tuple(Model(layout, kind) for layout in LAYOUTS if layout.name in ("e2b", "e4b") for kind in ("f32", "f16"))
SETTINGS = (Setting(512, False, "f32"), Setting(64, False, "f32"), Setting(64, True, "f16"), Setting(100, True, "q8_0"))
LENGTH = 90
"""Tokens of a prompt that shares its batch with others; a single one is the oracle's."""


@dataclass(frozen=True)
class Sequences:
    """How many take turns in the batch, and whether they share one stream of the cache."""

    count: int
    unified: bool = False

    @property
    def name(self) -> str:
        return f"{self.count}-{'unified' if self.unified else 'streams'}"

    @property
    def drops(self) -> bool:
        """Whether rows can be dropped before the last layer."""
        return self.count == 1 or self.unified

    def ids(self, variant: Variant) -> np.ndarray:
        """[sequence, position]"""
        first = np.concatenate(variant.prompt())
        if self.count == 1:
            return first[None]
        rng = np.random.RandomState(self.count)
        others = rng.randint(5, variant.vocabulary, (self.count - 1, LENGTH + STEPS)).astype(np.int32)
        return np.concatenate([first[None, : LENGTH + STEPS], others])


SEQUENCES = (Sequences(1), Sequences(2, unified=True), Sequences(3, unified=True), Sequences(2))


def wanted(what: str, tokens: int) -> np.ndarray:
    """Which tokens of a batch have outputs."""
    flags = np.zeros(tokens, dtype=np.int32)
    rng = np.random.RandomState(tokens)
    places = {
        "end": [tokens - 1],
        "middle": [tokens // 2],
        "several": rng.choice(tokens, 9, replace=False),
        "everywhere": range(tokens),
        "nowhere": [],
    }
    flags[list(places[what])] = 1
    return flags


PLACES = ("end", "middle", "several", "everywhere", "nowhere")


@dataclass(frozen=True)
class Outputs:
    """The logits of each setting, [setting, output, token], and how many rows left each layer."""

    logits: np.ndarray
    rows: list[list[int]]


def run(
    build: Build, model: Model, sequences: Sequences, places: str, kind: str = "tokens", offloaded: int = 0
) -> Outputs:
    """Under all settings: the prompt's outputs in the order of the batch, then the steps'."""
    ids = sequences.ids(model.layout.variant)
    words = f" batch=512 ctx=1024 seqs={sequences.count} unified={int(sequences.unified)}"
    flags = wanted(places, sequences.count * (ids.shape[1] - STEPS))
    with tempfile.TemporaryDirectory() as folder:
        given, asked, out = (Path(folder) / name for name in ("ids", "asked", "out"))
        given.write_bytes(ids.astype("<i4").tobytes())
        asked.write_bytes(flags.astype("<i4").tobytes())
        path, settings = models.checked(model, MODELS), [setting.words + words for setting in SETTINGS]
        counts = (str(sequences.count), str(STEPS), kind, str(offloaded))
        said = call(build.program("rows"), path, given, asked, out, *counts, *settings)
        logits = np.fromfile(out, dtype="<f4").reshape(len(settings), -1, model.layout.variant.vocabulary)
    return Outputs(logits.astype(np.float64), [[int(word) for word in line.split()] for line in said.splitlines()])


def runs_in_parts(build: Build) -> bool:
    """Whether the tree's own Gemma 3n, which has views of what the CPU computes, runs with layers on another device.

    The RPC server of some days of March 2026 refuses every graph with such a view.
    """
    with tempfile.TemporaryDirectory() as folder:
        path, given, asked, out = (Path(folder) / name for name in ("model.gguf", "ids", "asked", "out"))
        others.write("gemma3n", path)
        given.write_bytes(np.arange(5, 15, dtype="<i4").tobytes())
        asked.write_bytes(np.ones(8, dtype="<i4").tobytes())
        try:
            call(build.program("rows"), path, given, asked, out, "1", "2", "tokens", "3", "ubatch=64")
        except Failed as error:
            if "invalid tensor: null buffer" not in str(error):
                raise
            return False
    return True


@cache
def _reference(model: Model, sequences: Sequences, setting: Setting) -> np.ndarray:
    """[position, sequence, token]"""
    variant, how = model.layout.variant, (model.layout.shape, model.kind, setting.flash, setting.cache)
    if sequences.count == 1:
        return SUBJECT.reference(*how)[:, None]
    computing = SUBJECT.imitation(*how if setting.cache == "q8_0" else how[:2])
    return np.stack([computing.logits(ids) for ids in sequences.ids(variant)], axis=1)


def reference(model: Model, sequences: Sequences, places: str, setting: Setting) -> tuple[np.ndarray, int]:
    """What `run` should give, and how many of the rows are of the prompt."""
    every = _reference(model, sequences, setting)
    every = every.reshape(-1, every.shape[-1])
    steps = STEPS * sequences.count
    prompt, rest = every[: len(every) - steps], every[len(every) - steps :]
    asked = prompt[wanted(places, len(prompt)) == 1]
    return np.concatenate([asked, rest]), len(asked)


def expected_rows(model: Model, sequences: Sequences, places: str, dropped: bool) -> list[int]:
    """How many rows should leave each layer."""
    variant = model.layout.variant
    tokens = sequences.count * (sequences.ids(variant).shape[1] - STEPS)
    steps, outputs = sequences.count * STEPS, int(wanted(places, tokens).sum())
    first = variant.owners - 1 if dropped and sequences.drops else variant.layers - 1
    return [(tokens if layer < first else outputs) + steps for layer in range(variant.layers)]
