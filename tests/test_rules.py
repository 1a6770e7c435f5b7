"""Every case of every pack, on each example fork that it fits, under LF and CRLF, planned twice."""

import pytest
from casefile import FOLDERS, FORKS, ask, chosen, edits, packs, paths, read, tree

from transformer.outcome import Blocked, Changes

ADVICE = {"arch.switches"}
"""Rules that say something and never change a file."""


def cases():
    """Each case once, with the architecture that it is about: the first pack that has its rule, unless it names one."""
    seen = set()
    for pack in chosen():
        own = [path for path in paths(pack) if path.is_relative_to(pack.path.parent)]
        for path in own if FOLDERS else paths(pack):
            if path not in seen:
                seen.add(path)
                case = read(path)
                yield from ((case, case.arch or pack.arch, fork) for fork in FORKS if case.fork in ("", fork))


CASES = [pytest.param(*each, id=f"{each[0].rule}/{each[0].path.stem}-{each[2]}") for each in cases()]


@pytest.mark.parametrize("crlf", [False, True], ids=["lf", "crlf"])
@pytest.mark.parametrize(("case", "arch", "fork"), CASES)
def test_case(case, arch, fork, crlf):
    workspace = tree(case.before, crlf, fork)
    outcome = ask(case.rule, workspace, arch, case.options)
    if case.blocked:
        assert isinstance(outcome, Blocked), outcome
        assert case.blocked in f"{outcome.where} {outcome.why}"
        return
    assert not isinstance(outcome, Blocked), outcome
    if case.changed:
        assert isinstance(outcome, Changes), f"expected a change but {case.rule} made none: {outcome}"
    planned = workspace.overlay(edits(outcome))
    for path, text in case.after.items():
        got = planned.source(path).data.decode() if planned.exists(path) else ""
        assert got == (text.replace("\n", "\r\n") if crlf else text)
    again = ask(case.rule, planned, arch, case.options)
    assert not isinstance(again, Changes | Blocked), f"not quiet the second time: {again}"


@pytest.mark.parametrize("pack", chosen(), ids=lambda pack: pack.name)
def test_every_rule_has_a_case_that_changes_and_one_that_does_not(pack):
    seen = {}
    for path in (path for each in packs() for path in paths(each)):
        seen.setdefault(path.parent.name, set()).add(bool(read(path).changed))
    for rule in pack.rules:
        assert seen.get(rule.name) == ({False} if rule.name in ADVICE else {True, False}), rule.name
