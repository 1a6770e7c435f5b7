"""The spec of an architecture as data: what `pack.toml` may say besides its `[pack]` head."""

from __future__ import annotations

from typing import Any

import msgspec

from transformer.errors import PackError


class Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A metadata key that the loader reads: its enumerator, used where the fork has none for the name yet."""

    enumerator: str
    name: str
    near: list[str] = []


class Tensor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tensor of the architecture. `layer` and `op` say where its buffer goes; the fork's own infos win."""

    enumerator: str
    name: str
    near: list[str] = []
    layer: str = "REPEATING"
    op: str = "MUL"
    moves: bool = False


class Size(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A published size: shown as `text` for a model of so many layers."""

    layers: int
    enumerator: str
    text: str
    near: list[str] = []


class Members(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Data members to be added behind the first of `near`."""

    declare: list[str]
    near: list[str] = []


class Builder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The graph builder: class, file below `src/models/`, the relative behind which both are listed."""

    name: str
    file: str
    near: str
    near_file: str


class Spec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An architecture. `near` names its relatives, the closest first; `options` are for its templates."""

    enumerator: str
    name: str
    rope: str
    near: list[str]
    builder: Builder
    keys: list[Key]
    tensors: list[Tensor]
    layer: list[Members]
    hparams: list[Members]
    sizes: list[Size] = []
    needs: dict[str, list[str]] = {}
    defaults: dict[str, str] = {}
    options: dict[str, bool] = {}


def read(raw: dict[str, Any], where: str) -> Spec:
    """The spec. Raises `PackError` that names the field."""
    try:
        return msgspec.convert(raw, Spec)
    except msgspec.ValidationError as error:
        raise PackError(str(error), where=where, help="see CONTRIBUTING, 'A new pack'") from error
