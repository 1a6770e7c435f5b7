"""`rules`: what packs are made of, and how one is made, tried and proved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from transformer import pack as packs
from transformer.arguments import ARCH, FILE, PACKS, PRE_TYPES
from transformer.draft import Wish, draft
from transformer.errors import TransformerError, UsageError
from transformer.kit import attempt as trying
from transformer.kit import describe
from transformer.kit.new import make, skeleton
from transformer.prove import Wanted, prove
from transformer.workspace import DiskStore, Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from transformer.pack import Pack
    from transformer.show.view import View
    from transformer.verify import Level

Folders = tuple[Path, ...]

EXAMPLES = {
    "rules": (
        "\b\nExamples:\n"
        "  rules new my-arch --packs packs            a pack that runs, to be changed\n"
        "  rules try my-arch fork1 fork2 --watch --packs packs\n"
        "  rules show RULE fork1                      where a rule looks, and what decides\n"
    ),
    "list": ("\b\nExamples:\n  rules list --arch NAME\n"),
    "options": ("\b\nExamples:\n  rules options --arch NAME\n"),
    "show": (
        "\b\nExamples:\n"
        "  rules show my-arch                         its features, rules and options\n"
        "  rules show RULE                            what the rule makes true, and its cases\n"
        "  rules show RULE ../my-fork                 the places, and the facts that decide\n"
    ),
    "new": (
        "\b\nExamples:\n"
        "  rules new my-arch --packs ~/packs\n"
        "  rules new my-arch --like other-arch        in a checkout\n"
        "  rules new ARCH --from ../newer-fork        drafted from a tree that has it\n"
    ),
    "try": (
        "\b\nExamples:\n"
        "  rules try my-arch ../fork1 ../fork2 --verify syntax\n"
        "  rules try my-arch ../fork1 --watch --packs ~/packs\n"
    ),
    "prove": ("\b\nExamples:\n  rules prove my-arch ../my-fork --packs ~/packs\n"),
    "words": (
        "\b\nExamples:\n"
        "  rules words\n"
        "  rules words --markdown > docs/words.md\n"
        "  rules words --markdown --tree ../my-fork   what each word gives there\n"
    ),
}
"""What stands below the help of each command; `\\b` keeps its lines as they are."""


@click.group(epilog=EXAMPLES["rules"], short_help="Packs and their rules: list, show, write, prove.")
def rules() -> None:
    """Packs and their rules: list and show them, start a pack, try and prove it."""


@rules.command("list", epilog=EXAMPLES["list"], short_help="The rules of a pack by feature.")
@ARCH
@PACKS
@click.pass_obj
def list_(view: View, arch: str | None, folders: Folders) -> int:
    """The rules of a pack by feature, in order, and what each makes true; without --arch, of every pack."""
    homes = packs.homes(folders)
    for each in list(packs.every(homes)) if arch is None else [packs.load(arch, homes)]:
        view.say((each.title, "bold magenta"), f" (--arch {each.arch})")
        view.say_all(describe.rules(each))
        view.foreign(each)
    return 0


@rules.command("options", epilog=EXAMPLES["options"], short_help="What can be chosen with `run --option NAME=on|off`.")
@ARCH
@PACKS
@click.pass_obj
def options(view: View, arch: str | None, folders: Folders) -> int:
    """What can be chosen with `run --option NAME=on|off`, what it does, and what is taken without."""
    homes = packs.homes(folders)
    for each in list(packs.every(homes)) if arch is None else [packs.load(arch, homes)]:
        view.say((each.title, "bold magenta"), "" if each.options else ": no options")
        view.say_all(describe.options(each))
        view.foreign(each)
    return 0


@rules.command("show", epilog=EXAMPLES["show"], short_help="What a pack, or a rule, makes true and needs.")
@click.argument("name")
@click.argument("repo", type=click.Path(path_type=Path), required=False)
@ARCH
@PACKS
@click.pass_obj
def show(view: View, name: str, repo: Path | None, arch: str | None, folders: Folders) -> int:
    """What a pack, or a rule, makes true and needs, and its cases; in the tree at REPO, where a rule looks."""
    found = describe.find(name, arch, packs.homes(folders))
    if found.rule is not None:
        view.say_all(describe.rule(found, repo))
    elif repo is not None:
        raise UsageError(f"{name} is a pack: a tree is of use with a rule", help="`status` shows a pack in a tree")
    else:
        view.say_all(describe.pack(found.pack))
    view.foreign(found.pack)
    return 0


@rules.command("new", epilog=EXAMPLES["new"], short_help="Write a pack for an architecture.")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--like", metavar="PACK", help="Start from this pack; by default from a small plain one.")
@click.option("--from", "donor", metavar="DONOR[@REV]", help="Draft from a tree that has it, or a git repository.")
@click.option("--into", type=FILE, default=Path("packs"), show_default=True, metavar="DIR", help="Where drafts go.")
@click.option("--all", "every", is_flag=True, help="Draft every architecture of the donor.")
@click.option("--missing-in", type=FILE, metavar="REPO", help="Draft those of the donor that this fork lacks.")
@PRE_TYPES
@PACKS
@click.pass_obj
def new(view: View, names: tuple[str, ...], like: str | None, donor: str | None, into: Path, every: bool,
        missing_in: Path | None, pre_types: tuple[str, ...], folders: Folders) -> int:  # fmt: skip
    """Write a pack for the architecture NAME, as model files call it: it runs as it comes out, and is to be changed.

    With --from it is drafted out of a donor, which is read and never run; several names are several packs.
    """
    if donor is not None:
        if not names and not every and missing_in is None:
            raise click.UsageError("name an architecture, or say --all or --missing-in REPO")
        family = next(packs.every(packs.homes(()))).family
        return draft(family, Wish(donor, names, into, every, missing_in, pre_types), view)
    if pre_types:
        raise click.UsageError("--pre-type names a pre-tokenizer of a donor: say --from DONOR as well")
    if len(names) != 1:
        raise click.UsageError("one NAME is needed; several can be drafted with --from DONOR")
    return _started(view, names[0], like, folders)


def _started(view: View, name: str, like: str | None, folders: Folders) -> int:
    """Start a pack from another one.

    It lies in the folder that --packs names, which is made where it is not there; in a checkout without --packs, in
    `rules/` and `templates/`. Nothing is overwritten.
    """
    if len(folders) > 1:
        raise UsageError("one pack lies in one folder", help="say --packs once")
    there = [folder for folder in folders if folder.is_dir()]
    made = make(name, like, folders[0] if folders else None, packs.homes(there))
    view.say((f"{name}: ", "bold green"), f"{len(made.files)} files, started from {made.like.title}")
    cases = [path for path in made.files if path.suffix == ".txt"]
    for path in made.files if len(cases) < 4 else [each for each in made.files if each not in cases]:
        view.say(f"  {describe.shown(path)}")
    if len(cases) >= 4:
        view.say(f"  {describe.shown(made.folder / 'cases')}: {len(cases)} cases")
    more = f" --packs {folders[0]}" if folders else ""
    view.say((f"  next: rules try {name} TREE --watch{more}", "cyan"))
    if made.like.proof is not None:
        view.note(f"what {made.like.title} is proved with holds for it alone: the new pack records nothing yet")
    return 0


@rules.command("try", epilog=EXAMPLES["try"], short_help="What a pack makes of trees, a row for each.")
@click.argument("name")
@click.argument("trees", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="TREE...")
@click.option("--watch", is_flag=True, help="Try again whenever a file of the pack changes, until Ctrl-C.")
@click.option("--verify", "level", type=click.Choice(["syntax", "types"]), default="types", show_default=True,
              help="How far to judge; syntax comes first in any case.")  # fmt: skip
@PACKS
@click.pass_obj
def try_(view: View, name: str, trees: tuple[Path, ...], watch: bool, level: Level, folders: Folders) -> int:
    """What the pack NAME makes of trees, a row for each; nothing is written.

    First all plans with their syntax; then the types of the units that hold text of the pack, and of no others:
    `run` judges all that the plan can break. Below a row stands the first obstacle, with its line of a template.

    Exit codes: 0 it ports into all trees, or is there; else the highest of 2 not such a tree, 3 a part does not fit,
    4 a rule is blocked, or a conflict, 5 syntax or types are not sound.
    """
    homes = packs.homes(folders)
    pack = packs.load(name, homes)
    view.foreign(pack)
    last: dict[Path, trying.Attempt] = {}
    known = trying.stamps(pack)
    code = _tried(view, pack, trees, level, last)
    while watch:
        try:
            known = trying.wait(pack, known)
            packs.forget()
            pack = packs.load(name, homes)
            view.say("")
            code = _tried(view, pack, trees, level, last)
        except KeyboardInterrupt:
            break
        except TransformerError as error:
            view.error(error)
            code = error.exit_code
    return code


def _tried(view: View, pack: Pack, trees: Sequence[Path], level: Level, last: dict[Path, trying.Attempt]) -> int:
    """The matrix, once; the exit code."""
    width = max(len(str(each)) for each in trees)
    view.say_all([trying.head(width)])
    found: dict[Path, trying.Attempt] = {}
    for each in trying.attempts(pack, trees, level, view.progress):
        view.close()
        view.say_all(trying.lines(each, width))
        if each.repo not in found and (changed := trying.difference(last.get(each.repo), each)):
            view.say((f"  since the last look: {changed}", "yellow"))
        found[each.repo] = each
    last.update(found)
    return max(each.exit_code for each in found.values())


@rules.command("prove", epilog=EXAMPLES["prove"], short_help="Build a tree, and compare what it computes.")
@click.argument("name")
@click.argument("tree", type=click.Path(path_type=Path))
@PACKS
@click.option("--build-dir", type=FILE, metavar="DIR", help="Build below this folder, not in the cache.")
@click.option("--model", type=FILE, metavar="FILE", help="Check that a model file has all that the port asks for.")
@click.pass_obj
def prove_(view: View, name: str, tree: Path, folders: Folders, build_dir: Path | None, model: Path | None) -> int:
    """Build TREE, which has the architecture NAME, outside of itself, and compare what tiny models compute there.

    The same as `verify TREE --arch NAME --build`, with its exit codes. What the pack records nothing for is not
    proved, and is said to be so.
    """
    return prove(tree, name, packs.homes(folders), view, Wanted(model, True, build_dir))


@rules.command("words", epilog=EXAMPLES["words"])
@click.option("--markdown", is_flag=True, help="The whole reference page: words, facts, locals, features, labels.")
@click.option("--tree", "trees", multiple=True, type=click.Path(path_type=Path, exists=True), metavar="DIR",
              help="A tree in which to ask what each word gives; by default the examples of a checkout.")  # fmt: skip
@click.pass_obj
def words(view: View, markdown: bool, trees: tuple[Path, ...]) -> int:
    """What templates can say."""
    pack = skeleton(packs.home())
    if not markdown:
        for name, means in pack.family.words.items():
            view.say((name.ljust(10), "bold"), means)
        view.say(("  --markdown: what each gives, and facts, locals, features and labels", "cyan"))
        return 0
    if pack.family.reference is None:
        raise UsageError(f"{pack.family.name} has no reference page", help="leave --markdown away")
    page = pack.family.reference(pack, _opened(trees or _examples()))
    view.say_all(((line,) for line in page.rstrip("\n").split("\n")), fold=False)
    return 0


def _examples() -> tuple[Path, ...]:
    """The example forks of a checkout. Raises `UsageError` where there are none."""
    folder = packs.home().rules.parent / "examples"
    found = tuple(sorted(path.parent for path in folder.glob("*/CMakeLists.txt")))
    if not found:
        raise UsageError("there are no example forks here", help="name trees with --tree DIR")
    return found


def _opened(trees: Sequence[Path]) -> Mapping[str, Workspace]:
    return {path.resolve().name: Workspace(DiskStore(path)) for path in trees}
