"""C++ as text with structure: the only package that knows tree-sitter."""

from transformer.cpp.blocks import Block, If
from transformer.cpp.construct import Construct
from transformer.cpp.declarations import Enum, Struct, Table, declared
from transformer.cpp.file import CppFile
from transformer.cpp.functions import Function, Parameter
from transformer.cpp.parts import add_to_list, argument, called, callee, is_exactly, target, without_comment
from transformer.cpp.search import first
from transformer.cpp.source import Source, aligned
from transformer.cpp.switches import Switch

__all__ = [
    "Block",
    "Construct",
    "CppFile",
    "Enum",
    "Function",
    "If",
    "Parameter",
    "Source",
    "Struct",
    "Switch",
    "Table",
    "add_to_list",
    "aligned",
    "argument",
    "called",
    "callee",
    "declared",
    "first",
    "is_exactly",
    "target",
    "without_comment",
]
