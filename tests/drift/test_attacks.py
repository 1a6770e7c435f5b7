"""Trees with dead copies, macros around anchors, rows that are gone and neighbours in each other's place.

The port is the same, has the row again, or is refused: `attacked` is the long run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import pytest
from casefile import EXAMPLES

from drift import remembered
from drift.attacks import Attack, judge, some
from drift.chosen import FIRST, roots
from drift.kinds import KINDS, Strike, tree
from drift.machine import DriftedTree, original
from transformer import plan

EACH = 6
FORKS = (EXAMPLES / "minifork", EXAMPLES / "miniclasses")


def _said(attack: Attack) -> str:
    return "".join(f"\n    {each}" for each in judge(attack).complaints[:5])


def _all() -> Iterator[Attack]:
    for root in sorted({*FORKS, *roots()}):
        for name in KINDS:
            yield from some(root, name, EACH, FIRST)


@pytest.mark.drift
def test_no_wrong_port():
    found = list(_all())
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        wrong = [f"{attack}{said}" for attack, said in zip(found, pool.map(_said, found), strict=True) if said]
    assert not wrong, "\n".join(wrong[:20])


@pytest.mark.parametrize("name", KINDS)
def test_an_attack_does_the_same_each_time(name):
    found = [attack for attack in some(FORKS[0], name, 6, 5) if attack.strike() is not None]
    assert found
    assert found[0].strike() == replace(found[0]).strike()
    assert judge(found[0]).complaints == []


# the judge itself


def _judged(monkeypatch, kind: str, path: str, old: bytes, new: bytes):
    """What is said of a tree with other code in one file, as if a kind had put it there."""
    root = FORKS[0]
    data = tree(root).text(path).data
    assert data.count(old) == 1
    at = data.index(old)
    monkeypatch.setattr(Attack, "strike", lambda self: Strike({path: [(at, at + len(old), new)]}))
    return judge(Attack(root, kind, path, 0, 0))


def test_a_row_that_is_needed_is_restored(monkeypatch):
    row = b'    { LLM_TENSOR_ATTN_Q,               "blk.%d.attn_q" },\n'
    assert _judged(monkeypatch, "row_deleted", "src/llama-arch.cpp", row, b"").verdict == "restored"


def test_a_row_of_another_architecture_stays_away(monkeypatch):
    row = b'    { LLM_ARCH_STARCODER2,      "starcoder2"      },\n'
    assert _judged(monkeypatch, "row_deleted", "src/llama-arch.cpp", row, b"").verdict == "same"


def test_another_port_is_noticed(monkeypatch):
    """Statements that the port does not write come with it: a tree that was changed behind the machine's back."""
    found = _judged(monkeypatch, "operands_swapped", "src/llama-arch.cpp", b'"blk.%d.attn_q" },', b'"blk.%d.attn_query" },')
    assert found.verdict == "wrong"
    assert any("attn_q" in each for each in found.complaints)


def test_rules_that_read_nothing_else_are_remembered():
    """They say the same, and what they say is what all rules say when each is asked."""
    root, path = FORKS[0], "src/llama-vocab.cpp"
    files = {path: tree(root).text(path).data + b"\n// one more line\n"}
    quick = remembered.make(original(root), remembered.before(root), DriftedTree(root, files), files)
    assert quick.fingerprint == plan.make(original(root).pack, DriftedTree(root, files)).fingerprint
    asked = {rule.name for rule in original(root).pack.rules} & {rule.name for rule in quick.pack.rules}
    kept = [rule for rule in quick.pack.rules if rule not in original(root).pack.rules]
    assert 0 < len(kept) < len(asked)
