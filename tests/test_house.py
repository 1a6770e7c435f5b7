"""The house rules that a machine can check."""

import re

import pytest
from casefile import HERE

PROJECT = HERE.parent
ENGINE = PROJECT / "transformer"
PYTHON = sorted(ENGINE.rglob("*.py"))
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
    assert users(r"(?i)gemma", files) == ["transformer/cli.py"]  # the default of --arch


def test_the_engine_imports_no_rules():
    assert users(r"^\s*(import|from) rules", PYTHON) == []


def test_the_family_knows_no_architecture():
    assert users(r"(?i)gemma-?4", [path for path in RULES if path.parent.name == "llama"]) == []


def test_rules_know_no_syntax_tree():
    assert users(NODE, RULES) == []


def test_what_is_generated_is_ascii():
    assert TEMPLATES
    assert [path.name for path in TEMPLATES if not path.read_bytes().isascii()] == []


@pytest.mark.parametrize("path", PYTHON + RULES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_a_module_fits_in_a_head(path):
    assert len(path.read_text().splitlines()) <= 310
