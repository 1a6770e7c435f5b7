"""A draft as the files of a pack."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

import msgspec

from ..spec import PreTokenizer
from .draft import Draft, Member, Tensor

_WIDTH = 118


def files(draft: Draft) -> dict[str, str]:
    """Path below the folder of packs to text: `pack.toml` and its templates."""
    folder = folder_of(draft.name)
    head = "\n".join(f"<%# {line} %>" for line in _origin(draft))
    found = {f"{folder}/pack.toml": "\n".join(_pack(draft)) + "\n"}
    for name, text in draft.templates:
        found[f"{folder}/templates/{name}"] = f"{head}\n{folded(text)}"
    return found


def folder_of(name: str) -> str:
    """The folder of a pack: the name of the architecture with only letters, numbers and underscores."""
    return re.sub(r"\W", "_", name)


def _origin(draft: Draft) -> Iterator[str]:
    origin = draft.origin
    place = f"{origin.repository} at {origin.revision}" if origin.revision else f"the tree {origin.repository}"
    yield f"{draft.title}, drafted from {place}."
    yield f"Code from {', '.join(origin.files)}; licence: {origin.licence}."


def _pack(draft: Draft) -> Iterator[str]:
    for line in _origin(draft):
        yield f"# {line}"
    if draft.dropped:
        yield "# Left out, since only drafts of a larger model need it:"
        yield from (f"#   {each}" for each in draft.dropped)
    if draft.mended:
        yield "# Mended, where the donor never runs it:"
        yield from (f"#   {each}" for each in draft.mended)
    yield ""
    yield f'enumerator = "{draft.enumerator}"'
    yield f'name = "{draft.name}"'
    yield f'rope = "{draft.rope}"'
    yield f"near = {_list(draft.near)}"
    if draft.labels:
        yield f"labels = {_list(draft.labels)}"
    if draft.long_graph:
        yield "long_graph = true"
    if draft.shares_cache_like:
        yield f'shares_cache_like = "{draft.shares_cache_like}"'
    yield f"helpers = {_list(draft.helpers)}"
    yield f"results = {_list(draft.results)}"
    yield f"names = {_list(draft.names)}"
    if draft.shared:
        yield f"shared = {_list(draft.shared)}"
    yield from _table("keys", [_row(enumerator=e, name=n, near=[b]) for e, n, b in draft.keys])
    yield from _table("tensors", [_tensor(each) for each in draft.tensors])
    yield from _table("ops", [_row(name=name, arguments=count, where=where) for name, count, where in draft.ops])
    yield from _members("layer", draft.layer)
    yield from _members("model", draft.model)
    yield from _members("result", draft.result)
    yield from _table("structs", [_row(name=name, define=text) for name, text in dict(draft.structs).items()])
    yield from _members("hparams", draft.hparams)
    yield from _table("methods", [_row(name=m.name, declare=m.declare, define=m.define) for m in draft.methods])
    asked = [_row(function=b.function, member=b.member, code=b.code) for b in draft.branches]
    yield from _table("branches", asked)
    yield from _table("pretokenizers", [_pretokenizer(each) for each in draft.pretokenizers])
    yield from _table("kinds", [_row(**msgspec.structs.asdict(each)) for each in draft.kinds])
    yield from _table("reads", [_row(**msgspec.structs.asdict(each)) for each in draft.reads])
    places = [_row(file=s.file, function=s.function, kind=s.kind, beside=list(s.beside), where=s.where, code=s.code,
                   around=list(s.around), others=s.others, behind=s.behind)
              for s in draft.sites]  # fmt: skip
    yield from _table("sites", places)
    sizes = [_row(layers=s.layers, enumerator=s.enumerator, text=s.text, near=[s.near]) for s in draft.sizes]
    yield from _table("sizes", sizes)
    yield ""
    yield "[builder]"
    yield f'name = "{draft.builder}"'
    yield f'file = "{draft.file}"'
    yield 'near = ""'
    yield 'near_file = ""'
    yield ""
    yield "[pack]"
    yield f'title = "{draft.title}"'
    yield 'family = "llama"'


def _tensor(each: Tensor) -> str:
    """A tensor. One that belongs to the layers, or to the input, though its name has no layer moves there."""
    moves = True if "%d" not in each.name and each.layer != "OUTPUT" else None
    near = [each.near]
    return _row(enumerator=each.enumerator, name=each.name, layer=each.layer, op=each.op, moves=moves, near=near)


def _pretokenizer(each: PreTokenizer) -> str:
    """A pre-tokenizer, each expression on a line of its own."""
    row = _row(**msgspec.structs.asdict(msgspec.structs.replace(each, expressions=[])))
    lines = "".join(f"\n    {_value(one)}," for one in each.expressions)
    return f"{row[:-2]}, expressions = [{lines}\n  ] }}" if lines else row


def _members(name: str, members: Sequence[Member]) -> Iterator[str]:
    yield from _table(name, [_row(declare=[m.declare], near=list(m.near), other=list(m.other)) for m in members])


def _table(name: str, rows: Sequence[str]) -> Iterator[str]:
    if rows:
        yield ""
        yield f"{name} = ["
        yield from (f"  {row}," for row in rows)
        yield "]"


def _row(**fields: object) -> str:
    given = {key: [e for e in value if e] if isinstance(value, list) else value for key, value in fields.items()}
    texts = [f"{key} = {_value(value)}" for key, value in given.items() if value not in ("", [], None)]
    return "{ " + ", ".join(texts) + " }"


def _value(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(r"[ -~]+(\n[ -~]*)+", value) and "'''" not in value:
        return f"'''\n{value}'''"
    return _list(value) if isinstance(value, list) else json.dumps(value, ensure_ascii=False)


def _list(values: Sequence[object]) -> str:
    return "[" + ", ".join(json.dumps(each, ensure_ascii=False) for each in values) + "]"


def folded(text: str) -> str:
    """A template whose calls by name are broken into lines where they are too long for one."""
    return "\n".join(part for line in text.split("\n") for part in _folded(line))


def _folded(line: str) -> Iterator[str]:
    match = re.search(r"<%= graph\.\w+\(", line)
    if len(line) <= _WIDTH or match is None:
        yield line
        return
    indent = " " * (len(line) - len(line.lstrip()) + 8)
    current = line[: match.end()]
    for index, part in enumerate(_apart(line[match.end() :])):
        if index and len(current) + len(part) + 1 > _WIDTH:
            yield current
            current = indent + part.lstrip()
        else:
            current += part
    yield current


def _apart(text: str) -> list[str]:
    """The arguments of a call, each with its comma, those in braces each by itself as well."""
    found, depth, quoted, start = [], 0, False, 0
    for index, letter in enumerate(text):
        if letter == '"' and text[index - 1 : index] != "\\":
            quoted = not quoted
        elif not quoted:
            depth += (letter in "([") - (letter in ")]")
            if letter == "," and depth <= 0:
                found.append(text[start : index + 1])
                start = index + 1
    return [*found, text[start:]]
