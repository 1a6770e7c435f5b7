"""The command line."""

from __future__ import annotations

import os
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING

import click

from transformer import __version__, app
from transformer import pack as packs
from transformer.app import Action, Request
from transformer.arguments import ARCH, FILE, PACKS, PRE_TYPES, REPO
from transformer.deliver.request import Delivery
from transformer.errors import TransformerError
from transformer.project import remembered
from transformer.show.files import Files
from transformer.show.terminal import program
from transformer.show.view import Diff, View

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from transformer.show.pieces import By
    from transformer.show.terminal import Colour
    from transformer.verify import Level


def _colours(context: click.Context, _parameter: click.Parameter, value: Colour) -> None:
    """Tell the view, before it says anything."""
    if isinstance(context.obj, View):
        context.obj.colours(value)


COLOUR = click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True,
                      expose_value=False, is_eager=True, callback=_colours,
                      help="Colours; FORCE_COLOR and NO_COLOR are heeded.")  # fmt: skip


def chosen(_context: click.Context, _parameter: click.Parameter, values: Sequence[str]) -> dict[str, bool]:
    """The options of the pack that were set: `NAME=on` or `NAME=off`."""
    try:
        return dict(map(packs.option, values))
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


EXAMPLES = """\b
Examples:
  {0} status ../my-fork
  {0} run ../my-fork --arch NAME --dry-run
  {0} run ../my-fork --arch NAME --check --verify syntax
  {0} explain ../my-fork src/file.cpp:94
"""


SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


class Late(click.Group):
    """A group of which some commands are imported when they are called, or listed: a port does without them."""

    elsewhere: Mapping[str, str] = {"rules": "transformer.kit.command", "survey": "transformer.survey.command"}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return sorted([*super().list_commands(ctx), *self.elsewhere])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command by its name; `None` where there is none."""
        module = self.elsewhere.get(cmd_name)
        if module is None:
            return super().get_command(ctx, cmd_name)
        found: click.Command = getattr(import_module(module), cmd_name)
        return found


@click.group(cls=Late, epilog=EXAMPLES.format(program()), context_settings=SETTINGS)
@click.version_option(__version__, prog_name="transformer")
def commands() -> None:
    """Port an architecture into a C++ fork: find by meaning, plan, verify, write.

    Exit codes: 0 applied or nothing to do; 1 --check: changes would be made; 2 bad usage, not such a tree, dirty tree;
    3 a part does not fit, the rest is done; 4 an anchor is missing or ambiguous, or a conflict; 5 verification failed;
    6 verify: nothing to prove, the port is not there; 70 interrupted, or an internal error. With 2, 4, 5 and 70
    nothing is written, or it was put back.
    """


@commands.command(short_help="Port an architecture into a fork.")
@REPO
@ARCH
@PACKS
@click.option("--from", "donor", metavar="DONOR[@REV]", help="Draft the pack from a donor first; see `rules new`.")
@PRE_TYPES
@click.option("--dry-run", is_flag=True, help="Show the diff; write nothing to the tree.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 where changes would be made.")
@click.option("--diff", type=click.Choice(["unified", "side", "stat"]),
              help="How to show changes (dry run: unified).")  # fmt: skip
@click.option("--by", type=click.Choice(["file", "rule", "effect"]), default="file", show_default=True,
              help="Group what is shown; effect: whom a change affects.")  # fmt: skip
@click.option("--only", multiple=True, metavar="RULE|FEATURE", help="Take only this, and what it needs; also vocab.*.")
@click.option("--skip", multiple=True, metavar="RULE|FEATURE", help="Leave this out, and what needs it.")
@click.option("-i", "--interactive", is_flag=True, help="Ask rule by rule; stopping writes nothing.")
@click.option("--commit", is_flag=True, help="Commit what was written.")
@click.option("--split", is_flag=True, help="As a series of commits, what reaches other models apart; with --commit.")
@click.option("--branch", metavar="NAME", help="On a new branch, which is checked out; with --commit.")
@click.option("--signoff", is_flag=True, help="With a Signed-off-by line; with --commit or --series.")
@click.option("--series", type=FILE, metavar="DIR", help="Write the series as mails for `git am` as well.")
@COLOUR
@click.option("--patch", type=FILE, metavar="FILE", help="Write a patch for `git apply` as well; - is standard output.")
@click.option("--html", type=FILE, metavar="FILE", help="Write the changes as one page to read in a browser as well.")
@click.option("--json", type=FILE, metavar="FILE", help="Write the plan as JSON as well; - is standard output.")
@click.option("--sarif", type=FILE, metavar="FILE", help="Write what does not hold, with its fixes, as SARIF as well.")
@click.option("--annotate/--no-annotate", default=lambda: os.environ.get("GITHUB_ACTIONS") == "true",
              help="Say what does not hold as annotations of GitHub; on where GITHUB_ACTIONS says so.")  # fmt: skip
@click.option("--out", type=FILE, metavar="DIR", help="Write the changed files there, and not to the tree.")
@click.option("--allow-dirty", is_flag=True, help="Write though git knows of uncommitted changes.")
@click.option("--verify", type=click.Choice(["syntax", "types", "none"]), default="types", show_default=True,
              help="How far to judge the plan before it is written.")  # fmt: skip
@click.option("--option", "options", multiple=True, callback=chosen, metavar="NAME=on|off",
              help="Set an option of the architecture; `rules options` lists them.")  # fmt: skip
@click.pass_obj
def run(view: View, repo: Path, arch: str | None, folders: tuple[Path, ...], donor: str | None,
        pre_types: tuple[str, ...], dry_run: bool, check: bool, diff: Diff | None, by: By,
        only: tuple[str, ...], skip: tuple[str, ...], interactive: bool, commit: bool,
        split: bool, branch: str | None, signoff: bool, series: Path | None,
        patch: Path | None, html: Path | None, json: Path | None, sarif: Path | None, annotate: bool,
        out: Path | None, allow_dirty: bool,
        verify: Level, options: dict[str, bool]) -> int:  # fmt: skip
    """Port an architecture into the fork at REPO."""
    if dry_run and check:
        raise click.UsageError("--dry-run and --check exclude each other")
    if not commit and (split or branch):
        raise click.UsageError("--split and --branch say how --commit commits: say both")
    if signoff and not commit and series is None:
        raise click.UsageError("--signoff is for --commit and --series: say one of them")
    if commit and (dry_run or check or out or allow_dirty):
        raise click.UsageError("--commit excludes --dry-run, --check, --out and --allow-dirty")
    action: Action = "check" if check else "dry-run" if dry_run else "run"
    delivery = Delivery(commit, split, branch, signoff, series)
    files, project = Files(patch, json, out, html, sarif), remembered(repo, arch, folders, options)
    view.note(project.note)
    shown: Diff = diff or ("unified" if dry_run and not files.piped else "stat")
    wanted = Request(repo, project.arch, action, verify, allow_dirty, shown, by, only, skip, interactive, delivery,
                     files, annotate, project.options, project.homes)  # fmt: skip
    if donor is None:
        if pre_types:
            raise click.UsageError("--pre-type names a pre-tokenizer of a donor: say --from DONOR as well")
        return app.run(wanted, view)
    if arch is None:
        raise click.UsageError("--from needs --arch: the name of the architecture in model files")
    from transformer.draft import drafted

    with drafted(next(packs.every(project.homes)).family, donor, arch, pre_types, repo, view.note) as folder:
        return app.run(replace(wanted, homes=(*project.homes, *packs.homes([folder])[1:])), view)


@commands.command(short_help="What a fork is, and how far each rule has come.")
@REPO
@ARCH
@PACKS
@click.option("--json", type=FILE, metavar="FILE", help="As data, to a file, or with - to standard output.")
@click.pass_obj
def status(view: View, repo: Path, arch: str | None, folders: tuple[Path, ...], json: Path | None) -> int:
    """What the fork at REPO is, and how far each rule has come in it: native, ported, partial or absent."""
    return app.run(_looking(view, repo, arch, folders, json), view)


def _looking(view: View, repo: Path, arch: str | None, folders: tuple[Path, ...], json: Path | None) -> Request:
    """A request of a command that only looks."""
    project = remembered(repo, arch, folders)
    view.note(project.note)
    return Request(repo, project.arch, "status", files=Files(json=json), options=project.options, homes=project.homes)


@commands.command(short_help="Prove a port: syntax, types, what it computes.")
@REPO
@ARCH
@PACKS
@click.option("--build", is_flag=True, help="Build the tree outside of it, and compare what tiny models compute there.")
@click.option("--build-dir", type=FILE, metavar="DIR", help="Build below this folder, not in the cache; with --build.")
@click.option("--against", metavar="DONOR",
              help="Build and run the tree it comes from, and compare what both compute; with --build.")  # fmt: skip
@click.option("--model", type=FILE, metavar="FILE", help="Check that a model file has all that the port asks for.")
@click.pass_obj
def verify(view: View, repo: Path, arch: str | None, folders: tuple[Path, ...], build: bool, build_dir: Path | None,
           against: str | None, model: Path | None) -> int:  # fmt: skip
    """Prove the port in the tree at REPO: its syntax, its types, and on demand what it computes.

    With --build the tree's own CMake files and code are run; the tree itself is not written to. A second build
    compiles only what has changed. Where the port is not complete the models are run all the same. With --against the
    donor's CMake files and code are run too: it makes tiny models of the architecture, and computes what is right.
    """
    from transformer.against import judging
    from transformer.prove import Wanted, prove

    if build_dir is not None and not build:
        raise click.UsageError("--build-dir says where --build builds: say both")
    project, wanted = remembered(repo, arch, folders), Wanted(model, build, build_dir)
    view.note(project.note)
    if against is None:
        return prove(repo, project.arch, project.homes, view, wanted)
    if not build or project.arch is None:
        raise click.UsageError("--against compares two builds of one architecture: say --build and --arch NAME as well")
    with judging(against, repo, project.arch, project.homes) as (donor, places):
        return prove(repo, project.arch, places, view, replace(wanted, against=donor))


@commands.command(short_help="Take back the last run, or one architecture.")
@REPO
@click.option("--arch", help="Take back this architecture, whatever was ported after it; else the last run.")
@click.pass_obj
def undo(view: View, repo: Path, arch: str | None) -> int:
    """Take back what the last run changed in REPO, or what the last run of an architecture did."""
    return app.undo(repo, view, arch)


@commands.command(short_help="Take a port out once upstream has it itself.")
@REPO
@ARCH
@PACKS
@click.option("--port", metavar="REV|A..B", help="The commits of the port; else found by their message or the journal.")
@click.option("--upstream", metavar="REV|DIR",
              help="A tree with upstream's own support; else the newest one that was merged.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Show the diff; write nothing to the tree.")
@click.option("--diff", type=click.Choice(["unified", "side", "stat"]),
              help="How to show changes (dry run: unified).")  # fmt: skip
@COLOUR
@click.option("--patch", type=FILE, metavar="FILE", help="Write a patch for `git apply` as well; - is standard output.")
@click.option("--allow-dirty", is_flag=True, help="Write though git knows of uncommitted changes.")
@click.option("--verify", type=click.Choice(["syntax", "types", "none"]), default="types", show_default=True,
              help="How far to judge the tree before it is written.")  # fmt: skip
@click.pass_obj
def retire(view: View, repo: Path, arch: str | None, folders: tuple[Path, ...], port: str | None,
           upstream: str | None, dry_run: bool, diff: Diff | None, patch: Path | None, allow_dirty: bool,
           verify: Level) -> int:  # fmt: skip
    """Take a port out of REPO after upstream's own support for the architecture has arrived.

    Each place that the port wrote becomes what upstream has there. What is neither the port's any more nor upstream's
    stays, and is listed: then the exit code is 3.
    """
    from transformer.retire.take import Wanted
    from transformer.retire.take import retire as taken_out

    project, files = remembered(repo, arch, folders), Files(patch)
    view.note(project.note)
    shown: Diff = diff or ("unified" if dry_run and not files.piped else "stat")
    wanted = Wanted(repo, project.arch, project.homes, port, upstream, dry_run, verify, allow_dirty, shown, files=files)
    return taken_out(wanted, view)


@commands.command(short_help="Why a line of a fork is as it is.")
@REPO
@click.argument("place", metavar="FILE:LINE")
@ARCH
@PACKS
@COLOUR
@click.option("--json", type=FILE, metavar="FILE", help="As data, to a file, or with - to standard output.")
@click.pass_obj
def explain(view: View, repo: Path, place: str, arch: str | None, folders: tuple[Path, ...], json: Path | None) -> int:
    """Why a line of the fork at REPO is as it is: the rule, its reason and facts, and who else is affected."""
    return app.explain(_looking(view, repo, arch, folders, json), place, view)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit code. No error of the user, and none of ours, ends in a traceback."""
    view = View()
    try:
        return commands.main(arguments, program(), standalone_mode=False, obj=view) or 0
    except TransformerError as error:
        view.error(error)
        return view.ended(error.exit_code)
    except click.ClickException as error:
        error.show()
        return 2
    except (KeyboardInterrupt, click.Abort):
        view.interrupted()
        return view.ended(70)
    except Exception as error:
        if os.environ.get("TRANSFORMER_DEBUG"):
            raise
        view.internal(error)
        return view.ended(70)
    except SystemExit:  # so click ends where the reader of its help has left
        view.out.end()
        return view.ended(0)
    finally:
        view.leave()
