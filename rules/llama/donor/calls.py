"""Calls of graph helpers in a donor: which overload is meant, and what other trees want beside its arguments."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from transformer.cpp.functions import Parameter
from transformer.cpp.lift import Part

from .. import spelling


def biases(overloads: Sequence[tuple[Parameter, ...]], meant: tuple[Parameter, ...]) -> list[str]:
    """The biases that only another overload takes: some trees have the rest of this one nowhere else."""
    own = {each.name for each in meant}
    others = [each for overload in overloads for each in overload if each.name not in own and not each.default]
    return list(dict.fromkeys(each.name for each in others if each.name.endswith("_b")))


def is_scaled(scale: str) -> str:
    """What older helpers want beside a scale: whether there is one."""
    number = re.fullmatch(r'"(\d+\.?\d*)f?"', scale)
    if number:
        return '"false"' if float(number.group(1)) == 0 else '"true"'
    return f'{scale} ~ " != 0.0f"'


Arguments = list[tuple[str, str]]
"""Arguments by the names of parameters, each as an expression of the template language."""


def older(
    helper: str, parameters: Sequence[str], needed: Arguments, applied: Collection[str]
) -> tuple[Arguments, Arguments]:
    """The arguments of a call in an older tree as newer ones want them, and those that only some trees want.

    A factor that is switched off by an argument of its own is 0 where there is no such argument. The scale of a weight
    that has a parameter only later is a member beside the weight; none where the builder itself has it `applied`.
    """
    given, optional = dict(needed), []
    if "scale_w" in given and "w_scale" in given:
        switch, factor = given.pop("scale_w"), given["w_scale"]
        optional.append(("scale_w", switch))
        off = {'"true"': factor, '"false"': '"0.0f"'}
        given["w_scale"] = off.get(switch, f'"(" ~ {switch} ~ " ? " ~ {factor} ~ " : 0.0f)"')
    for name, weight in spelling.LATER.get(helper, {}).items():
        if name not in parameters:
            text = given.get(weight, "")
            member = re.fullmatch(r'"[^"~]*(?:\.|->)(\w+)"', text)
            known = member is not None and f"{member[1]}_s" not in applied
            optional.append((name, f'scale({text[:-1]}_s")' if known else '"nullptr"'))
    return list(given.items()), optional


def fitting(overloads: Sequence[tuple[Parameter, ...]], given: Sequence[Part]) -> tuple[Parameter, ...] | None:
    """The overload that a call means: by the number of arguments, then by what they look like."""
    found = [each for each in overloads if len(given) <= len(each) and all(p.default for p in each[len(given) :])]
    return max(found, key=lambda each: sum(map(_likeness, each, given)), default=None)


def _likeness(parameter: Parameter, argument: Part) -> int:
    text, pointer = argument.text, "*" in parameter.type
    if text == parameter.name:
        return 2
    if text in ("nullptr", "NULL"):
        return 1 if pointer else -3
    if text in ("true", "false"):
        return 1 if "bool" in parameter.type else -3
    if text.startswith("LLM_FFN_"):
        return 1 if "ffn" in parameter.type else -3
    if "GATING_FUNC" in text or "gating_func" in text:
        return 1 if "gating" in parameter.type else -3
    return 0
