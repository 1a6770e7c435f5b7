"""The header of a GGUF file: keys and the names, shapes and places of its tensors. No tensor data is read."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

from transformer.errors import UsageError

SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
NAMES = {0: "u8", 1: "i8", 2: "u16", 3: "i16", 4: "u32", 5: "i32", 6: "f32", 7: "bool", 8: "str", 10: "u64", 11: "i64"}
NAMES |= {12: "f64"}
STRING, ARRAY = 8, 9
KEPT = 65536  # longer arrays are only counted
# Type of a tensor: its name, how many values a block holds, how many bytes it takes.
TYPES = {
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20), 6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 9: ("Q8_1", 32, 36), 10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176), 14: ("Q6_K", 256, 210), 15: ("Q8_K", 256, 292),
    16: ("IQ2_XXS", 256, 66), 17: ("IQ2_XS", 256, 74), 18: ("IQ3_XXS", 256, 98), 19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18), 21: ("IQ3_S", 256, 110), 22: ("IQ2_S", 256, 82), 23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1), 25: ("I16", 1, 2), 26: ("I32", 1, 4), 27: ("I64", 1, 8), 28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56), 30: ("BF16", 1, 2), 34: ("TQ1_0", 256, 54), 35: ("TQ2_0", 256, 66), 39: ("MXFP4", 32, 17),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Value:
    """The value of a key: its type, and the length of an array; long arrays and those of text are `None`."""

    kind: str
    data: Any
    count: int | None = None

    @property
    def text(self) -> str:
        """The type as people write it."""
        return self.kind if self.count is None else f"{self.kind}[{self.count}]"


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of the file: its shape with the fastest dimension first, its type, its bytes behind the header."""

    shape: tuple[int, ...]
    type: int
    offset: int

    @property
    def size(self) -> int | None:
        """How many bytes it takes; `None` where the type is not known here."""
        if self.type not in TYPES:
            return None
        _, block, size = TYPES[self.type]
        return prod(self.shape) // block * size


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the data. `start` is where the data begin, `length` how long the file is."""

    path: Path
    keys: dict[str, Value]
    tensors: dict[str, Tensor]
    start: int
    length: int

    def cut(self) -> list[str]:
        """The tensors whose data lie beyond the end of the file."""
        return [name for name, t in self.tensors.items() if self.start + t.offset + (t.size or 0) > self.length]


def read(path: Path) -> Header:
    """The header of a file. Raises `UsageError` where it is no sound GGUF file."""
    try:
        with path.open("rb") as file:
            return _Reader(path, file).header()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", help="check the path") from error


class _Reader:
    """Reads on, and never asks for more than there is."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path, self.file = path, file
        self.length = file.seek(0, 2)
        self.at = 0
        file.seek(0)

    def header(self) -> Header:
        if (magic := self.take(min(4, self.length), "the magic number")) != b"GGUF":
            raise self.fault(f"it starts with {magic!r} and not with b'GGUF'", "give a GGUF file")
        version = self.number("I", "the version")
        if version not in (2, 3):
            swapped = version.to_bytes(4, "little") in (b"\0\0\0\2", b"\0\0\0\3")
            what = "it is big-endian" if swapped else f"version {version} is neither 2 nor 3"
            raise self.fault(what, "convert it anew")
        tensors, keys = self.number("Q", "the count of tensors"), self.number("Q", "the count of keys")
        self.fits(keys, 13, "keys")
        found = dict(self.unique([self.key() for _ in range(keys)], "key"))
        self.fits(tensors, 24, "tensors")
        known = dict(self.unique([self.tensor() for _ in range(tensors)], "tensor"))
        step = found["general.alignment"].data if "general.alignment" in found else 32
        if not isinstance(step, int) or step < 1 or step & (step - 1):
            raise self.fault(f"general.alignment is {step!r}, which is no power of two")
        return Header(self.path, found, known, -(-self.at // step) * step, self.length)

    def unique(self, items: list[tuple[str, Any]], what: str) -> list[tuple[str, Any]]:
        seen: set[str] = set()
        for name, _ in items:
            if name in seen:
                raise self.fault(f"the {what} {name} is there twice")
            seen.add(name)
        return items

    def key(self) -> tuple[str, Value]:
        name = self.string("the name of a key")
        kind = self.number("I", name)
        if kind == ARRAY:
            return name, self.array(name)
        return name, Value(self.kind(kind, name), self.scalar(kind, name))

    def array(self, name: str) -> Value:
        kind, count = self.number("I", name), self.number("Q", name)
        label = self.kind(kind, name)
        if kind == STRING:
            self.fits(count, 8, f"strings in {name}")
            for _ in range(count):
                self.take(self.number("Q", name), name)
            return Value(label, None, count)
        size = struct.calcsize("<" + SCALARS[kind])
        self.fits(count, size, f"values in {name}")
        raw = self.take(count * size, name)
        return Value(label, struct.unpack(f"<{count}{SCALARS[kind]}", raw) if count <= KEPT else None, count)

    def kind(self, kind: int, name: str) -> str:
        if kind not in NAMES:
            raise self.fault(f"{name} has the unknown type {kind}")
        return NAMES[kind]

    def scalar(self, kind: int, name: str) -> Any:
        return self.string(name) if kind == STRING else self.number(SCALARS[kind], name)

    def tensor(self) -> tuple[str, Tensor]:
        name = self.string("the name of a tensor")
        dimensions = self.number("I", name)
        if not 0 < dimensions <= 4:
            raise self.fault(f"{name} has {dimensions} dimensions")
        shape = tuple(self.number("Q", name) for _ in range(dimensions))
        if not all(0 < each < 2**40 for each in shape):
            raise self.fault(f"{name} has the shape {shape}")
        return name, Tensor(shape, self.number("I", name), self.number("Q", name))

    def string(self, what: str) -> str:
        return self.take(self.number("Q", what), what).decode(errors="replace")

    def number(self, form: str, what: str) -> Any:
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form), what))[0]

    def fits(self, count: int, least: int, what: str) -> None:
        if count * least > self.length - self.at:
            raise self.fault(f"it claims {count} {what}, more than its {self.length} bytes can hold")

    def take(self, count: int, what: str) -> bytes:
        if count > self.length - self.at:
            raise self.fault(f"it ends in the middle of {what}", "it is cut off or damaged: fetch or convert it again")
        self.at += count
        return self.file.read(count)

    def fault(self, what: str, help: str = "it is damaged: fetch or convert it again") -> UsageError:
        return UsageError(f"not a sound GGUF file: {what} (byte {self.at})", where=str(self.path), help=help)
