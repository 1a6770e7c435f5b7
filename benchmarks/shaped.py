"""Models in the shape of the published E2B and E4B, with random Q4_0 weights and a vocabulary of 512 tokens.

The published vocabulary is 512 times as large; its tables and the output matrix are what is missing. So that the file
fits in 2 GB (1.9 GiB), the feed-forward part of E4B is 8704 wide in place of 10240.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np

HOME = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(HOME), str(HOME / "tests")]

from rules.gemma4.oracle import files, weights  # noqa: E402
from rules.gemma4.oracle.variants import Variant  # noqa: E402
from rules.gemma4.oracle.vocabulary import tiny  # noqa: E402

BLOCK, BYTES = 32, 18
Q4_0 = gguf.GGMLQuantizationType.Q4_0
COMMON = {"heads": 8, "head": 256, "full_head": 512, "window": 512, "per_layer": 256, "context": 32768}
SHAPES = {
    "E2B": Variant("E2B", hidden=1536, width=6144, layers=35, period=5, kv_heads=1, tail=20, wide_tail=True, **COMMON),
    "E4B": Variant("E4B", hidden=2560, width=8704, layers=42, period=6, kv_heads=2, tail=18, **COMMON),
}


def shapes(variant: Variant) -> Iterator[tuple[str, weights.Shape]]:
    """Every tensor of the file, as [out, in]; like the published files with the K and V that nothing reads."""
    for name, shape in weights.shapes(variant).items():
        yield weights.gguf_name(name), shape
    for layer in range(variant.owners, variant.layers):
        rows = variant.head_size(layer) * variant.kv_heads_of(layer)
        yield from ((f"blk.{layer}.attn_{stem}.weight", (rows, variant.hidden)) for stem in "kv")
        yield f"blk.{layer}.attn_k_norm.weight", (variant.head_size(layer),)
    yield "rope_freqs.weight", (variant.full_head // 2,)


@dataclass(frozen=True)
class Products:
    """Multiply-adds of one token in the matrices, attention itself not counted.

    `always` is what every token of a prompt needs: all up to K and V of the last layer that owns them, and the
    per-layer inputs of the layers before it. `outputs` is what only tokens with outputs need.
    """

    always: int
    outputs: int

    @property
    def ratio(self) -> float:
        """How much faster a long prompt with one output can get."""
        return (self.always + self.outputs) / self.always


def products(variant: Variant) -> Products:
    always = outputs = 0
    last = variant.owners - 1
    for name, shape in shapes(variant):
        size, kind = int(np.prod(shape)), name.removesuffix(".weight").split(".")[-1]
        layer = int(name.split(".")[1]) if name.startswith("blk.") else None
        if len(shape) < 2 or kind == "per_layer_token_embd" or (kind in ("attn_k", "attn_v") and (layer or 0) > last):
            continue
        if kind == "per_layer_model_proj":
            share = size * last // variant.layers
            always, outputs = always + share, outputs + size - share
        elif layer is not None and (layer < last or (layer == last and kind in ("attn_k", "attn_v"))):
            always += size
        else:
            outputs += size
    return Products(always, outputs)


def write(variant: Variant, path: Path) -> Path:
    """The model file; written where it is absent."""
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(str(path), "gemma4")
    writer.add_uint32("general.file_type", int(gguf.LlamaFileType.MOSTLY_Q4_0))
    writer.add_uint32("general.quantization_version", 2)
    files._metadata(writer, variant)
    files._tokenizer(writer, tiny())
    rng = np.random.default_rng(1)
    for name, shape in shapes(variant):
        if len(shape) == 1:
            writer.add_tensor(name, np.ones(shape, dtype=np.float32))
        elif name == files.NEVER_QUANTIZED:
            deviation = np.float32(shape[1] ** -0.5)
            writer.add_tensor(name, (rng.standard_normal(shape, dtype=np.float32) * deviation).astype(np.float16))
        else:
            writer.add_tensor(name, _random(rng, shape), raw_dtype=Q4_0)
    half = path.with_suffix(".part")
    writer.write_header_to_file(half)
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    half.rename(path)
    return path


def _random(rng: np.random.Generator, shape: weights.Shape) -> np.ndarray:
    """Blocks of Q4_0: a half float that scales, and 32 values of 4 bits around zero."""
    blocks = rng.integers(0, 256, (shape[0], shape[1] // BLOCK, BYTES), dtype=np.uint8)
    scale = np.float16(shape[1] ** -0.5 / 4.6)
    blocks[:, :, :2] = np.frombuffer(scale.tobytes(), dtype=np.uint8)
    return blocks.reshape(shape[0], -1)
