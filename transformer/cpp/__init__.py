"""C++ as text with structure: the only package that knows tree-sitter."""

from transformer.cpp.blocks import Block, If
from transformer.cpp.call import Call
from transformer.cpp.construct import Construct
from transformer.cpp.declarations import Enum, Struct, Table, declared
from transformer.cpp.enclosing import enclosing_lists
from transformer.cpp.excerpt import Excerpt
from transformer.cpp.expression import Condition, Expression
from transformer.cpp.file import CppFile
from transformer.cpp.functions import Function, Parameter
from transformer.cpp.outcomes import Follower, Outcomes
from transformer.cpp.scope import Scope
from transformer.cpp.search import first
from transformer.cpp.source import Source, aligned
from transformer.cpp.statement import Place, Statement
from transformer.cpp.switches import Switch

__all__ = [
    "Block",
    "Call",
    "Condition",
    "Construct",
    "CppFile",
    "Enum",
    "Excerpt",
    "Expression",
    "Follower",
    "Function",
    "If",
    "Outcomes",
    "Parameter",
    "Place",
    "Scope",
    "Source",
    "Statement",
    "Struct",
    "Switch",
    "Table",
    "aligned",
    "declared",
    "enclosing_lists",
    "first",
]
