"""Shapes of Gemma 4 that no published model has, small: what a port must get right, and what its loader refuses."""

from __future__ import annotations

from dataclasses import dataclass, replace

from rules.gemma4.oracle.variants import VARIANTS, Variant


@dataclass(frozen=True)
class Patterned(Variant):
    """A shape with a pattern of its own: `s` slides, `f` is full."""

    pattern: str = ""

    def slides(self, layer: int) -> bool:
        return self.pattern[layer] == "s"


def patterned(shape: str, pattern: str, **changes: object) -> Patterned:
    base = VARIANTS[shape]
    known = {name: getattr(base, name) for name in Variant.__dataclass_fields__}
    return Patterned(**{**known, "layers": len(pattern), "prompt_length": 120, **changes}, pattern=pattern)  # type: ignore[arg-type]


RIGHT = {
    "a window of one": replace(VARIANTS["31b"], window=1, prompt_length=120),
    "a window of one and a tail": replace(VARIANTS["e4b"], window=1, prompt_length=120),
    "sliding layers only": patterned("31b", "ssss"),
    "a full tail behind full layers": patterned("e4b", "ssffff", tail=2),
    "a full tail behind one full layer": patterned("e4b", "ssfff", tail=2),
    "a sliding tail": patterned("e4b", "fsfss", tail=2),
    "a tail behind one layer of each kind": patterned("e4b", "sfsf", tail=2),
    "one expert used": replace(VARIANTS["a4b"], experts_used=1),
}
REFUSED = {
    "full layers only": (patterned("31b", "ffff"), "attention.sliding_window_pattern"),
    "a tail behind sliding layers": (patterned("e4b", "fsssf", tail=2), "attention.shared_kv_layers"),
    "a sliding tail behind full layers": (patterned("e4b", "sfffs", tail=2), "attention.shared_kv_layers"),
    "a sliding tail behind one layer": (patterned("e4b", "fss", tail=2), "attention.shared_kv_layers"),
}
