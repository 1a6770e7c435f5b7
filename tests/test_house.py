"""The house rules that a machine can check."""

import ast
import re
from graphlib import TopologicalSorter

import pytest
from casefile import HERE

from transformer import pack

PROJECT = HERE.parent
ENGINE = PROJECT / "transformer"
PYTHON = sorted(ENGINE.rglob("*.py"))
TESTS = sorted((PROJECT / "tests").rglob("*.py"))
RULES = sorted((PROJECT / "rules").rglob("*.py"))
TEMPLATES = sorted((PROJECT / "templates").rglob("*.j2"))
NODE = r"""["'][a-z_]+_(statement|declaration|expression|declarator|specifier|definition|clause|list)["']"""


def below(folder):
    return lambda path: path.is_relative_to(ENGINE / folder)


def users(pattern, files):
    return [str(path.relative_to(PROJECT)) for path in files if re.search(pattern, path.read_text(), re.M)]


@pytest.mark.parametrize(
    ("pattern", "folder"),
    [
        (r"^\s*(import|from) tree_sitter", "cpp"),
        (r"^\s*(import|from) clang", "types"),
        (r"^\s*(import|from) rich", "show"),
        (r"^\s*(import|from) pygments", "show"),
        (r"(?<![\w.])print\(", "show"),
        (r"^\s*(import|from) jinja2", "render.py"),
    ],
)
def test_one_place_knows(pattern, folder):
    assert users(pattern, [path for path in PYTHON if not below(folder)(path)]) == []
    assert users(pattern, RULES) == []


def test_the_engine_knows_no_fork():
    files = [path for path in ENGINE.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert users(r"(?i)llama|qvac", files) == []
    assert users(r"(?i)gemma|glimmer", files) == []


def test_the_engine_imports_no_rules():
    assert users(r"^\s*(import|from) rules", PYTHON) == []


def test_the_family_knows_no_architecture():
    family = [path for path in RULES if path.parent.name == "llama"]
    assert users(r"(?i)gemma-?4|glimmer", family) == []


def test_the_family_names_no_rule_of_an_architecture():
    """What its rules need are rules of the family; a pack adds needs of its own."""
    offered = pack.load("gemma4", pack.home())
    family = offered.family.known
    own = {rule.name for rule in offered.rules} - family
    assert own
    named = {name for path in RULES if path.parent.name == "llama" for name in own if f'"{name}"' in path.read_text()}
    assert named == set()


def test_rules_know_no_syntax_tree():
    assert users(NODE, RULES) == []


def test_what_is_generated_is_ascii():
    assert TEMPLATES
    assert [path.name for path in TEMPLATES if not path.read_bytes().isascii()] == []


MOST = 310  # lines
MOST_OF_TESTS = 450


@pytest.mark.parametrize("path", PYTHON + RULES + TESTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_a_module_fits_in_a_head(path):
    usual = MOST_OF_TESTS if path in TESTS else MOST
    assert len(path.read_text().splitlines()) <= usual


WORKER = "only in the process that parses: everybody else does without libclang"
TYPES = "a run that checks syntax alone does without the machinery of the type check"
RICH = "only for a terminal: rich is slow to import"
LATE = {
    ("__main__", "transformer.write.signals"): "the path is put in order before anything else is imported",
    ("__main__", "transformer.cli"): "the path is put in order before anything else is imported",
    ("app", "transformer.explain"): "only `explain` explains",
    ("cli", "transformer.against"): "only `verify` compares two builds",
    ("cli", "transformer.draft"): "only with `--from`",
    ("cli", "transformer.prove"): "only `verify` proves",
    ("cli", "transformer.retire.take"): "only `retire` retires",
    ("deliver.request", "transformer.deliver.mail"): "only where mails are written: email is slow to import",
    ("prove", "transformer.build"): "only a proof that builds needs the builder",
    ("prove", "transformer.types.check"): TYPES,
    ("verify", "transformer.types.check"): TYPES,
    ("verify", "transformer.types.names"): TYPES,
    ("survey.command", "transformer.draft"): "only with `--from`",
    ("survey.command", "transformer.survey"): "other commands do without the survey",
    ("survey.command", "transformer.survey.cache"): "other commands do without the survey",
    ("survey.command", "transformer.survey.heatmap"): "other commands do without the survey",
    ("survey.command", "transformer.survey.run"): "other commands do without the survey",
    ("show.colours", "pygments.lexers.c_cpp"): "only where code is shown, and not where it is a summary",
    ("show.files", "transformer.show.page"): "only where a page is asked for",
    ("show.terminal", "rich.console"): RICH,
    ("show.terminal", "transformer.show.pager"): "only where there is a terminal to page on",
    ("show.terminal", "rich.progress"): RICH,
    ("show.terminal", "rich.segment"): RICH,
    ("show.view", "traceback"): "only for a fault of the program itself",
    ("types.worker", "resource"): "not there on every system",
    ("types.worker", "transformer.types.clang"): WORKER,
    ("write.git", "urllib.parse"): "only for a tree below the top of its work tree",
    ("write.lock", "filelock"): "not needed to look at a tree",
}


def modules_imported(node):
    return [node.module] if isinstance(node, ast.ImportFrom) else [each.name for each in node.names]


def test_no_module_imports_inside_a_function():
    found = set()
    for path in PYTHON:
        module = ".".join(path.relative_to(ENGINE).with_suffix("").parts)
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
                inside = [node for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)]
                found |= {(module, name) for node in inside for name in modules_imported(node)}
    assert found == set(LATE)


def imported_at_once(path):
    """The modules of `transformer.cpp` that one of them imports when it is imported itself."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("transformer.cpp"):
            names = [f"{node.module}.{each.name}" for each in node.names] if node.module == "transformer.cpp" else [node.module]
            yield from (name.rpartition(".")[2] for name in names)


def test_the_rooms_of_cpp_have_no_circle():
    needs = {path.stem: set(imported_at_once(path)) for path in (ENGINE / "cpp").glob("*.py") if path.stem != "__init__"}
    assert len(list(TopologicalSorter(needs).static_order())) == len(needs)


SUFFIX = r"""["']\.(c|cc|cxx|cpp|h|hh|hpp|hxx|inc|inl|ipp|def|cu|cuh)["']"""


def test_one_table_of_suffixes():
    assert users(SUFFIX, PYTHON) == ["transformer/cpp/suffixes.py", "transformer/types/includes.py"]  # ".c" is C there
