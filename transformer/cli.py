"""The command line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from transformer import __version__, app
from transformer import pack as packs
from transformer.app import Action, Request
from transformer.errors import TransformerError
from transformer.show.view import Diff, View
from transformer.verify import Level

REPO = click.argument("repo", type=click.Path(path_type=Path))
ARCH = click.option("--arch", default="gemma4", show_default=True, help="The architecture to port.")
FILE = click.Path(dir_okay=False, path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="transformer")
def main() -> None:
    """Port an architecture into a C++ fork: find by meaning, plan, verify, write.

    Exit codes: 0 applied or nothing to do; 1 --check: changes would be made; 2 bad usage, not such a tree, dirty tree;
    3 an optional rule does not fit; 4 an anchor is missing or ambiguous, or a conflict; 5 verification failed;
    70 internal error. With 2, 4, 5 and 70 nothing is written.
    """


@main.command()
@REPO
@ARCH
@click.option("--dry-run", is_flag=True, help="Show the diff; write nothing to the tree.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 where changes would be made.")
@click.option("--diff", type=click.Choice(["unified", "stat"]), help="How to show changes (dry run: unified).")
@click.option("--patch", type=FILE, metavar="FILE", help="Write a patch for `git apply` as well.")
@click.option("--json", "json_", type=FILE, metavar="FILE", help="Write the plan as JSON as well.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
              help="Write the changed files there, and not to the tree.")  # fmt: skip
@click.option("--allow-dirty", is_flag=True, help="Write though git knows of uncommitted changes.")
@click.option("--verify", type=click.Choice(["syntax", "types", "none"]), default="types", show_default=True,
              help="How far to judge the plan before it is written.")  # fmt: skip
def run(repo: Path, arch: str, dry_run: bool, check: bool, diff: Diff | None, patch: Path | None, json_: Path | None,
        out: Path | None, allow_dirty: bool, verify: Level) -> int:  # fmt: skip
    """Port an architecture into the fork at REPO."""
    if dry_run and check:
        raise click.UsageError("--dry-run and --check exclude each other")
    action: Action = "check" if check else "dry-run" if dry_run else "run"
    request = Request(repo, arch, action, verify, allow_dirty, patch, out, json_)
    view = View(diff or ("unified" if dry_run else "stat"))
    return _guarded(view, lambda: app.run(request, view))


@main.command()
@REPO
@ARCH
def status(repo: Path, arch: str) -> int:
    """What the fork at REPO is, and how far each rule has come in it."""
    view = View()
    return _guarded(view, lambda: app.run(Request(repo, arch, "status"), view))


@main.command()
@REPO
def undo(repo: Path) -> int:
    """Take back what the last run changed in REPO."""
    view = View()
    return _guarded(view, lambda: app.undo(repo, view))


@main.group()
def rules() -> None:
    """The rules of a pack."""


@rules.command("list")
@ARCH
def rules_list(arch: str) -> int:
    """Every rule, in order, and what it makes true."""
    view = View()

    def show() -> int:
        for rule in packs.load(arch, packs.home()).rules:
            view.say(f"{rule.name.ljust(22)} {rule.makes}{'' if rule.required else ' (optional)'}")
        return 0

    return _guarded(view, show)


def _guarded(view: View, command: Callable[[], int]) -> int:
    """The exit code of a command; errors of the user without a traceback."""
    try:
        return command()
    except TransformerError as error:
        view.error(error)
        return error.exit_code
    except KeyboardInterrupt:
        view.close()
        view.note("interrupted; nothing was written")
        return 70


def entry() -> None:
    """The console script: what a command returns is the exit code of the process."""
    try:
        code = main.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = 2
    raise SystemExit(code or 0)
