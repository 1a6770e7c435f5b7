"""Dead copies: a function, table, row or case a second time, where no compiler sees it. The port stays the same."""

from __future__ import annotations

import re
from random import Random

from drift.kinds import Site, Strike, Tree, items, kind, parts, whole_lines
from drift.machine import loaded
from drift.syntax import number

NEVER = ("0", "false", "!1", "(0)", "0 && DRIFT", "!true", "0x0", "0L", "(0 || 0)", "1 == 2", "2 < 1")
ALWAYS = ("1", "true", "!0", "(1)", "1 || DRIFT", "1 == 1", "2 > 1")


@kind(items, "same")
def dead_items(random: Random, tree: Tree, path: str, site: Site) -> Strike | None:
    return _copied(random, tree, path, site)


@kind(parts, "same")
def dead_parts(random: Random, tree: Tree, path: str, site: Site) -> Strike | None:
    return _copied(random, tree, path, site)


@kind(items, "same")
def macro_copies(random: Random, tree: Tree, path: str, site: Site) -> Strike | None:
    """The copy is the text of a macro that nobody uses."""
    file = tree.text(path)
    lines = whole_lines(file, site)
    copy = _stale(random, tree, file.data[slice(*lines)].decode()) if lines else ""
    if lines is None or "//" in copy or "#" in copy or "\\\n" in copy or 'R"' in copy or copy.count("/*") != copy.count("*/"):
        return None
    at = random.choice(lines)
    macro = f"#define DRIFT_{number(random)}({'' if random.random() < 0.5 else 'x'}) \\\n" + " \\\n".join(copy.splitlines()) + "\n"
    return Strike({path: [(at, at, macro.encode())]})


def _copied(random: Random, tree: Tree, path: str, site: Site) -> Strike | None:
    file = tree.text(path)
    lines = whole_lines(file, site)
    if lines is None:
        return None
    first, last = lines
    copy, live = _stale(random, tree, file.data[first:last].decode()), file.data[first:last].decode()
    never, always = random.choice(NEVER), random.choice(ALWAYS)
    if random.random() < 0.2:
        copy = f"#ifdef DRIFT_{number(random)}\n{copy}#else\n{copy}#endif\n"
    forms = [
        f"#if {never}\n{copy}#endif\n{live}",
        f"{live}#if {never}\n{copy}#endif\n",
        f"#if {never}\n{copy}#else\n{live}#endif\n",
        f"#if {always}\n{live}#else\n{copy}#endif\n",
        f"#if {always}\n{live}#elif DRIFT\n{copy}#endif\n",
        f"#if {never}\n{copy}#elif {always}\n{live}#else\n{copy}#endif\n",
        f"#if {never} // kept for later\n{copy}#endif // {never}\n{live}#  if {never}\n{copy}#  endif\n",
    ]
    if "*/" not in copy and "#" not in live:
        forms += [f"/*\n{copy}*/\n{live}", f"{live}/*\n{copy}*/\n"]
    if "#" in live:  # the site has directives of its own: they stay as they are
        forms = forms[:2]
    return Strike({path: [(first, last, random.choice(forms).encode())]})


def _stale(random: Random, tree: Tree, text: str) -> str:
    """The text as it is, an older state of it, or one that has the architecture already."""
    lines = text.splitlines(keepends=True)
    match random.choice(("same", "shorter", "other", "ported")):
        case "shorter" if len(lines) > 3:
            del lines[random.randrange(1, len(lines) - 1)]
            return "".join(lines)
        case "other":
            return re.sub(r"\b(LLM_\w+|llama_\w+|\d+)\b", lambda m: m[0] if random.random() < 0.8 else f"{m[0]}0", text)
        case "ported":
            spec = loaded(tree.root).spec
            return re.sub(r"\bLLM_ARCH_(?!UNKNOWN)\w+", lambda m: spec["enumerator"] if random.random() < 0.7 else m[0], text)
        case _:
            return text
