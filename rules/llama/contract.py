"""What a loader asks of a model file, and what of it a file lacks. An architecture brings its own `Contract`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from .header import TYPES, Header

INTEGERS = ("u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64")
LAYERS = 512  # as many as a loader has room for


@dataclass(frozen=True, slots=True)
class Key:
    """A key that the loader reads. `per_layer`: one value, or one for each layer."""

    name: str
    kinds: tuple[str, ...]
    required: bool = True
    array: bool = False
    per_layer: bool = False
    low: float = float("-inf")
    high: float = float("inf")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A tensor that the loader asks for."""

    name: str
    shape: tuple[int, ...]
    required: bool = True


@dataclass(frozen=True, slots=True)
class Contract:
    """Keys, the tensors that follow from them, values that do not fit together, known totals by count of layers."""

    architecture: str
    keys: Callable[[Header], Sequence[Key]]
    tensors: Callable[[Header], Iterator[Wanted]]
    quarrels: Callable[[Header], Iterator[str]]
    totals: dict[int, tuple[str, tuple[int, ...]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What keeps a file from loading (`faults`), what is only worth knowing (`notes`), and the counts."""

    faults: tuple[str, ...]
    notes: tuple[str, ...] = ()
    asked: int = 0
    there: int = 0


def judge(header: Header, contract: Contract) -> Judgement:
    """Compare a file with what the loader asks for."""
    architecture = header.keys.get("general.architecture")
    if architecture is None or architecture.data != contract.architecture:
        said = "none" if architecture is None else repr(architecture.data)
        return Judgement((f"general.architecture is {said}, not {contract.architecture!r}: it is another model",))
    keys = contract.keys(header)
    faults = [fault for key in keys for fault in _key(header, key)]
    if not header.tensors:
        faults.append("it holds no tensors: a vocabulary alone is no model")
    faults += () if faults else contract.quarrels(header)
    if faults:  # no shapes follow from such values
        return Judgement(tuple(faults), tuple(_absent(header, keys)), 0, len(header.tensors))
    wanted = {each.name: each for each in contract.tensors(header)}
    faults += [fault for each in wanted.values() for fault in _tensor(header, each)]
    faults += [f"tensor {name} is not asked for: loading fails on it" for name in header.tensors if name not in wanted]
    faults += [f"tensor {name} is cut off: the file ends before its data" for name in header.cut()]
    unknown = sorted({t.type for t in header.tensors.values()} - TYPES.keys())
    notes = [*_absent(header, keys), *_total(header, contract)]
    notes += [f"tensor type {each} is not known here: its data were not measured" for each in unknown]
    return Judgement(tuple(faults), tuple(notes), len(wanted), len(header.tensors))


def _key(header: Header, key: Key) -> Iterator[str]:
    value = header.keys.get(key.name)
    if value is None:
        if key.required:
            yield f"key {key.name} is missing: convert the model with a converter that writes it"
        return
    is_array = value.count is not None
    if value.kind not in key.kinds or (is_array != key.array and not (key.per_layer and is_array)):
        wanted = f"{' or '.join(key.kinds)}{'[]' if key.array else ''}"
        yield f"key {key.name} is {value.text}, wanted {wanted}"
        return
    layers = header.keys.get(f"{header.keys['general.architecture'].data}.block_count")
    if key.per_layer and is_array and layers is not None and value.count != layers.data:
        yield f"key {key.name} has {value.count} values for {layers.data} layers"
    if value.data is None or isinstance(value.data, str):
        return
    for number in value.data if is_array else (value.data,):
        if not key.low <= number <= key.high:  # NaN fails as well
            yield f"key {key.name} is {number}, outside {key.low:g} to {key.high:g}"
            return


def _absent(header: Header, keys: Sequence[Key]) -> Iterator[str]:
    names = [key.name for key in keys if not key.required and key.name not in header.keys]
    if names:
        yield f"optional keys that are not there: {', '.join(names)}"


def _tensor(header: Header, wanted: Wanted) -> Iterator[str]:
    tensor = header.tensors.get(wanted.name)
    if tensor is None:
        if wanted.required:
            yield f"tensor {wanted.name} {list(wanted.shape)} is missing: convert the model again"
        return
    # ones at the end do not count
    shape = tensor.shape + (1,) * (4 - len(tensor.shape))
    if shape != wanted.shape + (1,) * (4 - len(wanted.shape)):
        yield f"tensor {wanted.name} is {list(tensor.shape)}, wanted {list(wanted.shape)}"


def _total(header: Header, contract: Contract) -> Iterator[str]:
    layers = header.keys[f"{contract.architecture}.block_count"].data
    known, count = contract.totals.get(layers), len(header.tensors)
    if known is None:
        return
    name, totals = known
    expected = " or ".join(map(str, totals))
    yield f"{count} tensors, {'as' if count in totals else 'unlike'} {name} as it is published ({expected})"
