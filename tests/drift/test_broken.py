"""The negative side: a place that is gone, has another name, is there twice or cannot be parsed.

The rule that needs it is blocked and named, and a plan with a blocked rule is never written. Where the rule is
optional, the others are carried out without it.
"""

from __future__ import annotations

import pytest
from command import call, contents, settle
from command import fork as copied

from drift import broken
from drift.machine import FORK, original
from transformer.outcome import Blocked, Changes

ALL = list(broken.breaks(FORK))
REQUIRED = {step.rule.name for step in original(FORK).steps if step.rule.required}
WRITTEN = [one for one in ALL if one.rule in REQUIRED][:: max(len(ALL) // 8, 1)]


@pytest.mark.drift
def test_every_rule_that_changes_something_is_broken():
    rules = {step.rule.name for step in original(FORK).steps if isinstance(step.outcome, Changes)}
    assert {one.rule for one in ALL} == rules


@pytest.mark.drift
def test_a_broken_place_blocks_its_rule():
    wrong = []
    for one in ALL:
        made = broken.plan_of(FORK, one)
        said = {step.rule.name: step.outcome for step in made.steps}
        if not isinstance(said[one.rule], Blocked) or not said[one.rule].where.strip():
            wrong.append(f"{one}: {said[one.rule]}"[:300])
        if one.rule in REQUIRED and not made.blocked:
            wrong.append(f"{one}: the rest would be written")
    assert not wrong, "\n".join(wrong)


@pytest.mark.drift
@pytest.mark.parametrize("one", WRITTEN, ids=str)
def test_nothing_is_written(one, tmp_path, monkeypatch):
    settle(tmp_path, monkeypatch)
    fork = copied(tmp_path / "fork")
    (fork / one.path).write_bytes(one.data)
    before = contents(fork)
    done = call("run", fork, "--allow-dirty")
    assert done.code == 4, done.said
    assert one.rule in done.said
    assert contents(fork) == before


@pytest.mark.drift
def test_a_broken_place_of_an_optional_rule_is_listed(tmp_path, monkeypatch):
    settle(tmp_path, monkeypatch)
    fork = copied(tmp_path / "fork")
    one = next(each for each in ALL if each.rule == "cache.one-kind" and each.what.endswith("renamed"))
    (fork / one.path).write_bytes(one.data)
    done = call("run", fork, "--allow-dirty", "--verify", "syntax")
    assert (done.code, one.rule in done.said) == (3, True), done.said
