"""Every rule case, under LF and CRLF, planned twice."""

import pytest
from casefile import CASES, ask, edits, read, tree

from transformer import pack
from transformer.outcome import Blocked, Changes

FILES = sorted(CASES.glob("*/*.txt"))


def name(path):
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("crlf", [False, True], ids=["lf", "crlf"])
@pytest.mark.parametrize("path", FILES, ids=name)
def test_case(path, crlf):
    case = read(path)
    workspace = tree(case.before, crlf)
    outcome = ask(case.rule, workspace, case.arch)
    if case.blocked:
        assert isinstance(outcome, Blocked), outcome
        assert case.blocked in f"{outcome.where} {outcome.why}"
        return
    assert not isinstance(outcome, Blocked), outcome
    if case.changed:
        assert isinstance(outcome, Changes), f"expected a change but {case.rule} made none: {outcome}"
    planned = workspace.overlay(edits(outcome))
    for path_, text in case.after.items():
        got = planned.source(path_).data.decode() if planned.exists(path_) else ""
        assert got == (text.replace("\n", "\r\n") if crlf else text)
    again = ask(case.rule, planned, case.arch)
    assert not isinstance(again, Changes | Blocked), f"not quiet the second time: {again}"


@pytest.mark.parametrize("arch", pack.names(pack.home()))
def test_every_rule_has_a_case_that_changes_and_one_that_does_not(arch):
    seen = {}
    for path in FILES:
        seen.setdefault(path.parent.name, set()).add(bool(read(path).changed))
    advises = {"arch.switches"}
    for rule in pack.load(arch, pack.home()).rules:
        assert seen.get(rule.name) == ({False} if rule.name in advises else {True, False}), rule.name
