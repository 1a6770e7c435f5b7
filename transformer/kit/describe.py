"""What packs and rules say of themselves, in lines for people."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformer import case as cases
from transformer import pack as packs
from transformer import plan as planning
from transformer.errors import PackError
from transformer.outcome import Blocked, Changes, NotNeeded, Satisfied
from transformer.tree import open_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from transformer.pack import Home, Pack
    from transformer.rule import Rule
    from transformer.show.lines import Line


@dataclass(frozen=True, slots=True)
class Described:
    """What a name means: a pack, or one rule of it."""

    pack: Pack
    rule: Rule[Any] | None = None


def find(name: str, arch: str | None, homes: Sequence[Home]) -> Described:
    """A pack or a rule by its name. Raises `PackError` with the closest names where it is neither."""
    known = list(packs.every(homes)) if arch is None else [packs.load(arch, homes)]
    for each in known:
        if name in (each.name, each.arch):
            return Described(each)
    for each in known:
        for rule in each.rules:
            if rule.name == name:
                return Described(each, rule)
    there = sorted({each.arch for each in known} | {rule.name for each in known for rule in each.rules})
    close = get_close_matches(name, there, 3, 0.5) or [each.arch for each in known]
    raise PackError(f"there is no pack and no rule {name!r}", help=f"close to it: {', '.join(close)}; see `rules list`")


# a pack


def pack(found: Pack) -> Iterator[Line]:
    """What a pack is, what it needs of a fork, and its rules."""
    yield (f"{found.title} ", "bold"), f"(--arch {found.arch})", (f"  {shown(found.path)}", "dim")
    yield (f"  templates: {shown(found.templates)}",)
    if found.foreign:
        yield (("  Python of it is run: it lies outside of this installation, in a folder that you named", "yellow"),)
    proof = "what `verify --build` and `verify --model` compare with is recorded" if found.proof else "none is recorded"
    yield (f"  proof: {proof}",)
    if found.options:
        yield (("options", "bold"),)
        yield from options(found)
    yield from rules(found)


def rules(found: Pack) -> Iterator[Line]:
    """The rules by feature, in the order in which features plan; then the pack's own."""
    offered = {rule.name for feature in found.features for rule in feature.rules}
    own = [rule.name for rule in found.rules if rule.name not in offered]
    groups = [(each.name, each.means, [rule.name for rule in each.rules]) for each in found.features]
    by_name = {rule.name: rule for rule in found.rules}
    for name, means, names in [*groups, *([("of its own", f"only {found.title} needs them", own)] if own else [])]:
        yield (name, "bold"), (f"  {means}", "dim")
        for each in (by_name[name] for name in names):
            yield f"  {each.name.ljust(22)}  {each.makes}{'' if each.required else ' (optional)'}", ""


def options(found: Pack) -> Iterator[Line]:
    """The options of a pack as they are without a word, each with what `pack.toml` says of it."""
    means = meanings(found)
    for name, on in sorted(found.options.items()):
        what = means.get(name, "pack.toml does not say what it does")
        yield (f"  {name}={'on' if on else 'off'}", "bold"), f"  {what}"


def meanings(found: Pack) -> dict[str, str]:
    """What the comments of `pack.toml` say of each option: behind it, else above it."""
    section = re.search(r"^\[options\][^\n]*\n(.*?)(?=^\[|\Z)", found.path.read_text(encoding="utf-8"), re.M | re.S)
    told: dict[str, str] = {}
    above: list[str] = []
    for line in section[1].splitlines() if section else ():
        if option := re.match(r"(\w+)\s*=\s*(?:true|false)\s*(?:#\s*(.*))?$", line):
            told[option[1]] = option[2] or " ".join(above)
            above = []
        elif line.startswith("#"):
            above.append(line.lstrip("# "))
        else:
            above = []
    return {name: text for name, text in told.items() if text}


# a rule


def rule(found: Described, repo: Path | None) -> Iterator[Line]:
    """What a rule makes true, its guide, its needs; in a tree, where it looks and what decides; its cases."""
    rule, pack = found.rule, found.pack
    assert rule is not None
    feature = next((each for each in pack.features if any(one.name == rule.name for one in each.rules)), None)
    whose = f"feature {feature.name}: {feature.means}" if feature else f"a rule of {pack.title} alone"
    yield (rule.name, "bold"), f"  {rule.makes}{'' if rule.required else ' (optional)'}"
    yield ((f"  {whose}", "dim"),)
    for line in rule.guide.splitlines():
        yield (f"  {line.strip()}",)
    if rule.needs:
        yield (f"  needs, in a tree that has the architecture: {', '.join(sorted(set(rule.needs) - {rule.name}))}",)
    if repo is not None:
        yield from _in_tree(pack, rule, repo)
    examples = [path for path in cases.paths(pack) if path.parent.name == rule.name]
    yield (("cases" if examples else "no cases", "bold"),)
    for path in examples:
        yield f"  {cases.read(path).why}", (f"  {shown(path)}", "dim")


def _in_tree(pack: Pack, rule: Rule[Any], repo: Path) -> Iterator[Line]:
    """What a rule says of a tree, asked by itself: so the facts and files are those that it looked at."""
    tree = open_tree(repo)
    pack.family.recognise(tree)
    context = pack.family.open(tree, pack)
    outcome = planning.ask(rule, context)
    yield (f"in {repo}", "bold"), ""
    match outcome:
        case Changes(edits):
            yield "  changes: ", f"{len(edits)} places"
            yield from ((f"    {edit.where}  {edit.anchor}",) for edit in edits)
        case Satisfied(where):
            yield "  holds: ", where
        case NotNeeded(why):
            yield "  not needed: ", why
        case Blocked(why, where, help):
            yield ("  blocked: ", "red"), f"{where}: {why}" if where else why
            yield (f"    {help}",)
    facts = pack.family.facts(context)
    yield ("  facts that decide: " if facts else "  no facts decide",)
    yield from ((f"    {fact.name}: {fact.value}", (f"  {fact.where}", "dim")) for fact in facts)
    yield (f"  files it looked at: {', '.join(source.path for source in tree.seen())}",)


def shown(path: Path) -> str:
    """A path, shorter where it lies below the working folder."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
