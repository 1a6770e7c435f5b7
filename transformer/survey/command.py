"""`survey`: the command."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from transformer import pack as packs
from transformer.arguments import PACKS
from transformer.errors import UsageError
from transformer.show.files import check_file
from transformer.show.output import write_all

if TYPE_CHECKING:
    from transformer.show.view import View
    from transformer.verify import Level

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.argument("repository", type=click.Path(path_type=Path), metavar="GIT_DIR")
@click.option("--range", "span", default="", metavar="A..B", help="The first-parent commits of this range.")
@click.option("--every", type=click.IntRange(min=1), default=1, show_default=True, metavar="N",
              help="Each Nth of them, and the last.")  # fmt: skip
@click.option("--revisions", type=FILE, metavar="FILE", help="These revisions instead: one a line.")
@click.option("--arch", metavar="NAME", help="The architecture to port; not needed where there is one.")
@PACKS
@click.option("--verify", "level", type=click.Choice(["syntax", "types", "none"]), default="syntax", show_default=True,
              help="How far to judge each plan.")  # fmt: skip
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Processes; as many as cores (types: one).")
@click.option("--dask", default="", metavar="ADDRESS", help="Have the workers of this Dask scheduler do it.")
@click.option("--json", type=FILE, metavar="FILE", help="Write all that was found as JSON.")
@click.option("--html", type=FILE, metavar="FILE", help="Write a heat map, revisions by rules, as one page.")
@click.option("--resume", is_flag=True, help="Keep results in the user's cache folder; go on where a run ended.")
@click.option("--cache", type=FOLDER, metavar="DIR", help="The same, in this folder.")
@click.pass_obj
def survey(view: View, repository: Path, span: str, every: int, revisions: Path | None, arch: str | None,
           folders: tuple[Path, ...], level: Level, jobs: int | None, dask: str, json: Path | None, html: Path | None,
           resume: bool, cache: Path | None) -> int:  # fmt: skip
    """Plan and verify over the history of the repository at GIT_DIR, without a checkout; nothing is written to it."""
    from transformer.survey import result
    from transformer.survey.cache import default_folder
    from transformer.survey.heatmap import as_html
    from transformer.survey.run import Request
    from transformer.survey.run import survey as run

    for file in (json, html):
        if file is not None:
            top = repository.resolve()
            check_file(file, top.parent if top.name == ".git" else top)
    cores = 1 if level == "types" else len(os.sched_getaffinity(0))
    kept = cache or (default_folder() if resume else None)
    pack = packs.only(arch, packs.homes(folders))
    home = None if pack.home.base is None else pack.home
    if dask and home is not None:
        raise UsageError("other workers do not have the packs of --packs", help="leave --dask or --packs away")
    view.foreign(pack)
    request = Request(repository, pack.arch, span, every, revisions, level, jobs or cores, dask, kept, home)
    found = run(request, lambda done, total, unit: view.progress(done, total, unit, what="surveying"))
    view.close()
    view.say_all(result.table(found))
    view.say_all(result.summary(found))
    for file, text in ((json, result.as_json), (html, as_html)):
        if file is not None:
            write_all({file: text(found).encode("utf-8", "backslashreplace")})
            view.asked_for([file])
    return 0
