"""Code that the preprocessor never hands to the compiler: under `#if 0`, or any other condition that is constant."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass, field
from itertools import accumulate

from transformer.cpp.tokens import SEP, tokens

# A line that begins a branch by a constant; a file without one is not looked at any further.
_CONSTANT = re.compile(
    rb"^[ \t]*#[ \t]*(?:el)?if\b(?:[^\n]*(?:[(!]|&&|\|\||\*/))?(?:[ \t(]|\\\r?\n)*(?:\d|true\b|false\b)", re.MULTILINE
)
_LEXEME = re.compile(
    rb"^[ \t]*#[ \t]*(if|ifdef|ifndef|elif|elifdef|elifndef|else|endif)\b"  # a directive that opens or ends a branch
    rb"((?://(?:\\\r?\n|[^\n])*+|/\*.*?(?:\*/|\Z)|\\\r?\n|[^\n])*+)"  # and the rest of its line
    rb"|//(?:\\\r?\n|[^\n])*|/\*.*?(?:\*/|\Z)|\\[\"']"
    rb"|R\"([^()\\\s]{0,16})\(.*?(?:\)\3\"|\Z)|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|(?<!\w)\d(?:'?[\w.])*",
    re.MULTILINE | re.DOTALL,
)
_NUMBER = re.compile(r"(?:0[xX](?=[\da-fA-F])|0[bB](?=[01]))?([\da-fA-F]+?)[uUlLzZ]*")
_PLAIN = r"(0[xX][\da-fA-F]{1,16}|0[bB][01]{1,64}|0[0-7]{0,22}|[1-9]\d{0,18})[uUlLzZ]{0,3}"
_COMPARED = re.compile(rf"{_PLAIN}(==|!=|<=|>=|<|>){_PLAIN}")
_COMPARISONS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}

Span = tuple[int, int]


@dataclass(slots=True)
class _Chain:
    """An `#if` with its other branches, read up to one of its directives."""

    compiled: bool  # whether the code around the chain is compiled
    live: bool = True  # whether the branch that is being read may be compiled
    taken: bool = False  # whether some branch so far is compiled in any case
    constant: bool = True  # whether all conditions so far are constant
    begin: int = 0  # where the branch that is being read begins
    directives: list[Span] = field(default_factory=list)
    dead: list[Span] = field(default_factory=list)

    def branch(self, directive: Span, verdict: bool | None) -> None:
        """The end of one branch and the begin of the next, whose condition is true, false or unknown."""
        self.end(directive)
        self.live = self.compiled and not self.taken and verdict is not False
        self.constant = self.constant and (self.taken or verdict is not None)
        self.taken = self.taken or verdict is True

    def end(self, directive: Span) -> None:
        """The end of a branch at the directive below it."""
        if self.directives and not self.live:
            self.dead.append((self.begin, directive[0]))
        self.directives.append(directive)
        self.begin = directive[1]

    @property
    def spans(self) -> list[Span]:
        """What is not compiled; with the directives themselves where they decide nothing."""
        return self.dead + self.directives if self.constant else self.dead


def without_dead(data: bytes) -> bytes:
    """`data` with blanks in place of the bytes that are never compiled: every other byte stays where it is.

    Of an `#if` whose conditions are all constant the directives are blank as well: what is left is unconditional.
    """
    if not _CONSTANT.search(data):
        return data
    live = bytearray(data)
    for start, end in _dead(data):
        live[start:end] = re.sub(rb"[^\r\n]", b" ", data[start:end])
    return bytes(live)


def _dead(data: bytes) -> list[Span]:
    """The spans that are never compiled; a chain without `#endif` has none."""
    found: list[Span] = []
    stack: list[_Chain] = []
    for match in _LEXEME.finditer(data):
        word = (match[1] or b"").decode()
        if word.startswith("if"):
            stack.append(_Chain(not stack or stack[-1].live))
        if not word or not stack:
            continue
        if word == "endif":
            stack[-1].end(match.span())
            found += stack.pop().spans
        else:
            stack[-1].branch(match.span(), _verdict(word, match[2].decode(errors="replace")))
    return found


def _verdict(word: str, condition: str) -> bool | None:
    """Whether the branch of a directive is compiled, if none before it was; `None` where a macro decides."""
    if word == "else":
        return True
    one_line = re.sub(r"\\\r?\n", " ", condition)
    return _truth(tokens(one_line).split(SEP)) if word in ("if", "elif") else None


def _truth(condition: list[str]) -> bool | None:
    """The value of a condition of the preprocessor; `None` where it is not constant."""
    if "?" in condition:
        return None
    for joint, deciding in (("||", True), ("&&", False)):
        operands = _operands(condition, joint)
        if len(operands) > 1:
            values = [_truth(each) for each in operands]
            if deciding in values:
                return deciding
            return None if None in values else not deciding
    return _operand(condition)


def _operand(condition: list[str]) -> bool | None:
    if condition[0] == "!" and (len(condition) == 2 or _is_group(condition[1:])):
        value = _operand(condition[1:])
        return None if value is None else not value
    if _is_group(condition):
        return _truth(condition[1:-1])
    if condition in (["true"], ["false"]):
        return condition == ["true"]
    compared = _COMPARED.fullmatch("".join(condition).replace("'", ""))
    if compared:
        return bool(_COMPARISONS[compared[2]](_value(compared[1]), _value(compared[3])))
    number = _NUMBER.fullmatch(condition[0].replace("'", "")) if len(condition) == 1 else None
    return number[1].strip("0") != "" if number else None


def _value(number: str) -> int:
    """A number of C++; one that begins with a zero is octal."""
    return int(number, 8 if number[:1] == "0" and number[1:].isdigit() else 0)


def _is_group(condition: list[str]) -> bool:
    """Whether one pair of parentheses holds the whole condition."""
    depths = list(accumulate((token == "(") - (token == ")") for token in condition))
    return len(condition) > 2 and condition[0] == "(" and 0 in depths and depths.index(0) == len(condition) - 1


def _operands(condition: list[str], operator: str) -> list[list[str]]:
    """The operands of an operator of two equal signs that stands outside parentheses."""
    found: list[list[str]] = [[]]
    depth, position = 0, 0
    while position < len(condition):
        token = condition[position]
        depth += (token == "(") - (token == ")")
        if depth == 0 and condition[position : position + 2] == list(operator):
            found.append([])
            position += 2
            continue
        found[-1].append(token)
        position += 1
    return found if all(found) else [condition]
