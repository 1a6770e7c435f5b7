"""Templates: one configured environment, and calls written from the signatures in the fork."""

from __future__ import annotations

from collections.abc import Sized
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from transformer.errors import TemplateError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jinja2.runtime import Context

    from transformer.cpp import Parameter

_BREAK = "\x1f"
_WIDTH = 110
_MOST = 100_000  # characters, or items, that an expression may make
_PADDING = ("center", "expandtabs", "format", "format_map", "ljust", "rjust", "zfill")
# What a template can be at fault for, beside what it does not know: numbers, types and places that do not fit.
_OWN = (jinja2.TemplateError, ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, SyntaxError,
        TypeError, ValueError)  # fmt: skip


class _Environment(ImmutableSandboxedEnvironment):
    """A sandbox in which no expression makes much out of little."""

    intercepted_binops = frozenset(("*", "**", "%"))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """The value of an expression. Raises `SecurityError` where it would be large."""
        sizes = [len(each) if isinstance(each, Sized) else each for each in (left, right)]
        large = operator == "*" and sizes[0] * sizes[1] > _MOST
        if large or operator == "**" or (operator == "%" and isinstance(left, str)):
            raise SecurityError(f"{operator} is not done here")
        return super().call_binop(context, operator, left, right)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """What a template asks for. Raises `SecurityError` for methods that pad a text to any width."""
        return super().getattr(obj, _allowed(obj, attribute))

    def getitem(self, obj: Any, argument: Any) -> Any:
        """The same, in brackets."""
        return super().getitem(obj, _allowed(obj, argument))


def _allowed(obj: object, name: Any) -> Any:
    if isinstance(obj, str) and name in _PADDING:
        raise SecurityError(f"{name} is not done here")
    return name


@cache
def environment(folder: Path) -> jinja2.Environment:
    """Jinja with delimiters that do not occur in C++; an unknown name is an error.

    Templates are data, also those of packs that only a tree names: they reach nothing but their words.
    """
    made = _Environment(
        loader=jinja2.FileSystemLoader(folder),
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<%=",
        variable_end_string="%>",
        comment_start_string="<%#",
        comment_end_string="%>",
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,
    )
    for name in ("attr", "center", "format", "indent", "wordwrap"):
        del made.filters[name]
    return made


def render(folder: Path, template: str, names: Mapping[str, Any]) -> str:
    """The text of a template. Raises `TemplateError` with the line of the template."""
    try:
        text = _plain(folder / template)
        if text is None:
            text = environment(folder).get_template(template).render(names)
    except jinja2.TemplateNotFound as error:
        raise TemplateError(f"there is no template {error}", where=str(folder)) from error
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(str(error), where=f"{template}:{error.lineno}") from error
    except jinja2.UndefinedError as error:
        there = f"words of templates are: {', '.join(sorted(names))}"
        raise TemplateError(str(error), where=f"{template}:{_line(error, template)}", help=there) from error
    except TemplateError as error:
        where = f"{template}:{_line(error, template)}"
        raise TemplateError(error.message, where=error.where or where, help=error.help) from error
    except _OWN as error:
        raise TemplateError(_fault(error), where=f"{template}:{_line(error, template)}") from error
    return _lay_out(text)


def _fault(error: Exception) -> str:
    """What a template is at fault for, in words."""
    return str(error) if isinstance(error, jinja2.TemplateError) else f"{type(error).__name__}: {error}"


def page(folder: Path, template: str, names: Mapping[str, Any]) -> str:
    """A page of HTML: what is filled in is text, and never markup."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=True,
    )
    return made.get_template(template).render(names)


def value(expression: str, names: Mapping[str, Any]) -> str:
    """What an expression of templates gives, on one line. Raises `TemplateError`."""
    try:
        found = environment(Path()).from_string(f"<%= {expression} %>").render(names)
    except _OWN as error:
        raise TemplateError(_fault(error), help=f"words of templates are: {', '.join(sorted(names))}") from error
    return found.replace(_BREAK, " ")


def render_text(text: str, names: Mapping[str, Any]) -> str:
    """A template that is given as text. Raises `TemplateError`."""
    try:
        return _lay_out(environment(Path()).from_string(text).render(names)) if "<%" in text else text
    except _OWN as error:
        raise TemplateError(_fault(error)) from error


def _plain(path: Path) -> str | None:
    """The text of a template that has nothing to fill in."""
    text = path.read_text(encoding="utf-8") if path.is_file() else "<%"
    return None if "<%" in text else text


def _lay_out(text: str) -> str:
    """Calls that were written from signatures, broken into lines where they are too long for one."""
    lines = []
    for line in text.split("\n"):
        whole = line.replace(_BREAK, " ")
        if _BREAK not in line or len(whole) <= _WIDTH:
            lines.append(whole)
            continue
        indent = " " * (len(line) - len(line.lstrip()) + 8)
        current, *rest = line.split(_BREAK)
        for part in rest:
            if len(current) + len(part) + 1 > _WIDTH:
                lines.append(current)
                current = indent + part
            else:
                current += " " + part
        lines.append(current)
    return "\n".join(lines)


def _line(error: BaseException, template: str) -> int:
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename.endswith(template):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def call(
    name: str,
    overloads: Sequence[Sequence[Parameter]],
    arguments: Mapping[str, str],
    if_accepted: Mapping[str, str] | None = None,
) -> str:
    """The argument list of a call, in the order of the fork's own signature.

    `if_accepted` are arguments that are left out where no parameter takes them. Of several overloads that fit, the
    shortest call is taken. Raises `TemplateError` where none has a parameter for each of `arguments`, or where one
    without a default is not given.
    """
    written = [_arguments(each, arguments, if_accepted or {}) for each in overloads]
    fitting = sorted((each for each in written if isinstance(each, list)), key=len)
    if fitting:
        return f"{name}({f',{_BREAK}'.join(fitting[0])})"
    reasons = "; ".join(dict.fromkeys(str(each) for each in written)) or "it is not declared"
    raise TemplateError(f"{name} cannot be called here: {reasons}", help="a rule may add the parameter")


def _arguments(
    parameters: Sequence[Parameter], wanted: Mapping[str, str], optional: Mapping[str, str]
) -> list[str] | str:
    names = [each.name for each in parameters]
    unknown = [name for name in wanted if name not in names]
    if unknown:
        return f"no parameter {', '.join(unknown)}"
    given = {**{k: v for k, v in optional.items() if k in names}, **wanted}
    last = max((names.index(name) for name in given), default=-1)
    result = []
    for index, each in enumerate(parameters):
        if each.name in given:
            result.append(given[each.name])
        elif not each.default:
            return f"parameter {each.name} has no value"
        elif index <= last:
            result.append(each.default)
    return result
