"""How a GGUF file stores tensors: in 32 or 16 bits, or in blocks of 8 bits; and the plumbing of writing one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import gguf
import numpy as np
from gguf.quants import dequantize, quantize

Tensors = dict[str, np.ndarray]
Kind = Literal["f32", "f16", "q8_0"]
KINDS: tuple[Kind, ...] = ("f32", "f16", "q8_0")
FILE_TYPE = {
    "f32": gguf.LlamaFileType.ALL_F32,
    "f16": gguf.LlamaFileType.MOSTLY_F16,
    "q8_0": gguf.LlamaFileType.MOSTLY_Q8_0,
}
Q8_0 = gguf.GGMLQuantizationType.Q8_0
Value = int | float | str | list[bool]
Chosen = Callable[[str, np.ndarray, Kind], bool]
"""Whether a file of a kind, if it is not F32, stores a tensor in its own type; the others stay F32."""


def is_matrix(name: str, tensor: np.ndarray, _kind: Kind) -> bool:
    """The choice of most architectures: every matrix but those of norms."""
    return tensor.ndim > 1 and name.endswith(".weight") and not name.endswith("_norm.weight")


def rounded(tensors: Mapping[str, np.ndarray], kind: Kind, chosen: Chosen = is_matrix) -> Tensors:
    """The numbers that a file of this kind holds, back as 32-bit floats."""
    return {name: _rounded(tensor, kind) if chosen(name, tensor, kind) else tensor for name, tensor in tensors.items()}


def _rounded(tensor: np.ndarray, kind: Kind) -> np.ndarray:
    if kind == "f16":
        return tensor.astype(np.float16).astype(np.float32)
    return dequantize(quantize(tensor, Q8_0), Q8_0) if kind == "q8_0" else tensor


def begin(path: Path, architecture: str, name: str, kind: Kind) -> gguf.GGUFWriter:
    """A file with the keys that say what it is."""
    writer = gguf.GGUFWriter(str(path), architecture)
    writer.add_string("general.type", "model")
    writer.add_string("general.name", name)
    writer.add_uint32("general.file_type", int(FILE_TYPE[kind]))
    writer.add_uint32("general.quantization_version", 2)
    return writer


def add_keys(writer: gguf.GGUFWriter, architecture: str, values: Mapping[str, Value]) -> None:
    """The keys of an architecture, each in the type of its value."""
    for key, value in values.items():
        name = f"{architecture}.{key}"
        if isinstance(value, list):
            writer.add_array(name, value)
        elif isinstance(value, str):
            writer.add_string(name, value)
        elif isinstance(value, float):
            writer.add_float32(name, value)
        else:
            writer.add_uint32(name, value)


def add_tensors(
    writer: gguf.GGUFWriter, tensors: Mapping[str, np.ndarray], kind: Kind, chosen: Chosen = is_matrix
) -> None:
    """The tensors as a file of this kind stores them: those of the model first, then layer by layer."""
    for name in sorted(tensors, key=_order):
        tensor = tensors[name]
        if kind == "f32" or not chosen(name, tensor, kind):
            writer.add_tensor(name, tensor)
        elif kind == "f16":
            writer.add_tensor(name, tensor.astype(np.float16))
        else:
            writer.add_tensor(name, quantize(tensor, Q8_0), raw_dtype=Q8_0)


def finish(writer: gguf.GGUFWriter) -> None:
    """Write what was added, in the one order that works."""
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def copy_key(writer: gguf.GGUFWriter, field: gguf.ReaderField) -> None:
    """A key of another file, with its type, and for an array that of its items."""
    kinds = (field.types[0], field.types[-1]) if field.types[0] == gguf.GGUFValueType.ARRAY else (field.types[0],)
    writer.add_key_value(field.name, field.contents(), *kinds)


def digest(path: Path) -> str:
    """The sha256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _order(name: str) -> tuple[int, int, str]:
    return (1, int(name.split(".")[1]), name) if name.startswith("blk.") else (0, 0, name)
