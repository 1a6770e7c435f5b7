"""Whom an edit reaches: what the syntax shows, and what rules say of it."""

import pytest
from casefile import FORKS, ask, edits, example, load, packs, paths, read, tree

from transformer import pack, plan
from transformer.cpp import Source
from transformer.effect import ALONE, effects, is_own
from transformer.workspace import MemoryStore, Workspace

CASES = [(case, each) for each in packs() for case in map(read, paths(each)) if case.changed]


def rule_of(each, name):
    return next((rule for rule in each.rules if rule.name == name), None)


@pytest.mark.parametrize(("case", "each"), CASES, ids=lambda it: f"{it.rule}/{it.path.stem}" if hasattr(it, "rule") else it.name)
def test_a_rule_that_reaches_others_says_so(case, each):
    rule = rule_of(each, case.rule)
    if rule is None or rule.affects:
        return
    workspace = tree(case.before, False, case.fork or "minifork")
    for edit in edits(ask(case.rule, workspace, case.arch or each.arch)):
        source = workspace.source(edit.path) if workspace.exists(edit.path) else None
        own = load(case.arch or each.arch).own_names
        assert is_own(edit, source, own), f"{edit.where}: {edit.text!r} reaches others: say whom the rule affects, and why that is safe"


@pytest.mark.parametrize("each", packs(), ids=lambda each: each.name)
def test_who_affects_others_says_why_that_is_safe_and_what_shows_it(each):
    known = {f"{path.parent.name}/{path.stem}" for other in packs() for path in paths(other)}
    for rule in each.rules:
        assert bool(rule.affects) == bool(rule.safe) == bool(rule.shown), rule.name
        assert set(rule.shown) <= known, rule.name


@pytest.mark.parametrize("fork", FORKS)
@pytest.mark.parametrize("each", packs(), ids=lambda each: each.name)
def test_nothing_is_left_unsaid(each, fork):
    made = plan.make(each, Workspace(MemoryStore(example(fork))))
    reached = effects(made)
    reaches = {edit.rule: reached[id(edit)] for edit in made.edits}
    assert not any("not said" in each.text for each in reaches.values())
    assert reaches["arch.name"].text == reaches["graph.dispatch"].text == ALONE


def test_who_is_named_is_found_in_the_tree():
    made = plan.make(pack.load("gemma4", pack.home()), Workspace(MemoryStore(example())))
    reached = effects(made)
    moved = [reached[id(edit)].text for edit in made.edits if edit.rule == "arch.tensor-infos"]
    assert "architectures that load the same tensors: gemma3n" in moved
    assert ALONE in moved


CODE = """enum kind { A, B };
static const std::map<int, int> TABLE = { { A, 1 }, { B, 2 } };
int f(int x) {
    switch (x) {
        case A: return 1;
        case OWN: {
            g(x);
        } break;
    }
    int y = g(x);
    return y;
}
void own_thing::h() { f(1); }
"""


@pytest.mark.parametrize(
    ("at", "old", "new", "own"),
    [
        ("B };", "", "C, ", True),
        ("{ B, 2", "", "{ C, 3 }, ", True),
        ("int f(", "", "int e();\n", True),
        (") {\n    switch", "", ", int z = 0", False),
        ("int y", "", "if (x) ", False),
        ("int y", "", "if (x == OWN) ", True),
        ("g(x);\n    return", "g(x)", "g2(x)", False),
        ("g(x);\n        }", "g(x)", "g2(x)", True),
        ("f(1)", "f(1)", "f(2)", True),
        ("return y", "", "case C: ", True),
    ],
)  # fmt: skip
def test_what_the_syntax_shows(at, old, new, own):
    source = Source("f.cpp", CODE.encode())
    start = CODE.index(at)
    assert is_own(source.edit(start, start + len(old), new, "a"), source, ("OWN", "own")) == own
