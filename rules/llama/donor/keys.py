"""What the tiny models of an architecture say of themselves: `keys.toml`, read and written into a file of keys."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("keys.toml")
Value = bool | int | float | str | Sequence[bool | int | float]


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of one model, by their whole names, and the tensors called `scale` that are its own."""

    arch: str
    values: Mapping[str, Value]
    keep: tuple[str, ...] = ()

    @property
    def tokens(self) -> int:
        """How many tokens its vocabulary has."""
        size = self.values[f"{self.arch}.vocab_size"]
        assert isinstance(size, int)
        return size

    def write(self, path: Path) -> Path:
        """A GGUF file that holds the keys, and no tensor."""
        import gguf

        writer = gguf.GGUFWriter(path, self.arch)
        for name, value in self.values.items():
            kind = _kind(value)
            if kind is gguf.GGUFValueType.ARRAY:
                assert isinstance(value, Sequence)
                writer.add_key_value(name, list(value), kind, _kind(value[0]))
            else:
                writer.add_key_value(name, value, kind)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        return path


def _kind(value: Value) -> Any:
    """The type of a value in a file."""
    from gguf import GGUFValueType as Type

    kinds = {bool: Type.BOOL, int: Type.UINT32, float: Type.FLOAT32, str: Type.STRING}
    return kinds.get(type(value), Type.ARRAY)


@cache
def table() -> Mapping[str, Any]:
    """The table of facts, as it stands."""
    return tomllib.loads(TABLE.read_text(encoding="utf-8"))


def keys(arch: str, *, experts: bool) -> Keys:
    """The keys of a model of an architecture, with or without experts."""
    own = [each for each in table()["special"] if arch in each["archs"]]
    special = {name: value for each in own for name, value in each.get("keys", {}).items()}
    values = {**table()["every"], **(table()["experts"] if experts else {}), **special}
    named = {f"{arch}.{name}": value for name, value in values.items()}
    return Keys(arch, {**table()["file"], **named}, tuple(each for one in own for each in one.get("keep", ())))


def embeds(arch: str) -> bool:
    """Whether a model gives embeddings of tokens, and no logits."""
    return arch in table()["embeddings"]["archs"]


def whole(arch: str) -> bool:
    """Whether all tokens of a text see each other, so that it can only be fed in one batch."""
    return embeds(arch) or arch in table()["whole"]["archs"]


def without_result(arch: str) -> bool:
    """Whether a model gives neither logits nor embeddings for a text alone."""
    return arch in table()["without_result"]["archs"]
