"""The negative side: a place that is gone, has another name, is there twice or cannot be parsed.

The rule that needs it is blocked and named, and a plan with a blocked rule is never written.
"""

from __future__ import annotations

import pytest
from command import call, contents, settle
from command import fork as copied

from drift import broken
from drift.machine import FORK, original
from transformer.outcome import Changes

ALL = list(broken.breaks(FORK))

def _texts(plan, rule):
    return [edit.text for edit in plan.edits if edit.rule == rule]


@pytest.mark.drift
def test_every_rule_that_changes_something_is_broken():
    rules = {step.rule.name for step in original(FORK).steps if isinstance(step.outcome, Changes)}
    no_place = {"graph.sources", "graph.builder", "graph.declaration"}  # beside other things, or files of their own
    assert {one.rule for one in ALL} == rules - no_place


@pytest.mark.drift
def test_a_broken_place_blocks_its_rule():
    wrong = []
    for one in ALL:
        made = broken.plan_of(FORK, one)
        named = {step.rule.name for step in (*made.blocked, *made.skipped)}
        if one.rule in named:
            continue
        same = _texts(made, one.rule) == _texts(original(FORK), one.rule)
        if one.what.endswith("broken") and (same or made.blocked):
            continue  # the place itself is sound, what is broken stands beside it; or nothing is written anyway
        wrong.append(f"{one}: blocked are {sorted(named)}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.drift
@pytest.mark.parametrize("one", ALL[:: max(len(ALL) // 6, 1)], ids=str)
def test_nothing_is_written(one, tmp_path, monkeypatch):
    settle(tmp_path, monkeypatch)
    fork = copied(tmp_path / "fork")
    (fork / one.path).write_bytes(one.data)
    before = contents(fork)
    blocked = broken.plan_of(FORK, one).blocked
    done = call("run", fork, "--allow-dirty")
    assert (done.code == 4) == bool(blocked), done.said
    if blocked:
        assert blocked[0].rule.name in done.said
        assert contents(fork) == before
