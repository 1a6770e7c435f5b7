"""`survey`: the command."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from transformer import pack as packs
from transformer.arguments import PACKS
from transformer.errors import PackError, UsageError
from transformer.show.files import check_file
from transformer.show.output import write_all

if TYPE_CHECKING:
    from transformer.show.view import View
    from transformer.survey.run import Request
    from transformer.verify import Level

FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)
ALL = "all"


@click.command(short_help="Plan and verify over the history of a repository.")
@click.argument("repository", type=click.Path(path_type=Path), metavar="GIT_DIR")
@click.option("--range", "span", default="", metavar="A..B", help="The first-parent commits of this range.")
@click.option("--every", type=click.IntRange(min=1), default=1, show_default=True, metavar="N",
              help="Each Nth of them, and the last.")  # fmt: skip
@click.option("--revisions", type=FILE, metavar="FILE", help="These revisions instead: one a line.")
@click.option("--arch", "archs", multiple=True, metavar="NAME",
              help="An architecture, once for each, or `all`; not needed where there is one.")  # fmt: skip
@click.option("--from", "donor", metavar="DONOR[@REV]", help="Draft the packs from a donor first; see `rules new`.")
@PACKS
@click.option("--verify", "level", type=click.Choice(["syntax", "types", "none"]), default="syntax", show_default=True,
              help="How far to judge each plan.")  # fmt: skip
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Processes; as many as cores (types: one).")
@click.option("--dask", default="", metavar="ADDRESS", help="Have the workers of this Dask scheduler do it.")
@click.option("--json", type=FILE, metavar="FILE", help="Write all that was found as JSON.")
@click.option("--html", type=FILE, metavar="FILE", help="Write a heat map as one page.")
@click.option("--resume", is_flag=True, help="Keep results in the user's cache folder; go on where a run ended.")
@click.option("--cache", type=FOLDER, metavar="DIR", help="The same, in this folder.")
@click.pass_obj
def survey(view: View, repository: Path, span: str, every: int, revisions: Path | None, archs: tuple[str, ...],
           donor: str | None, folders: tuple[Path, ...], level: Level, jobs: int | None, dask: str, json: Path | None,
           html: Path | None, resume: bool, cache: Path | None) -> int:  # fmt: skip
    """Plan and verify over the history of the repository at GIT_DIR, without a checkout; nothing is written to it.

    Several architectures, or all of them, give one map of architectures by revisions. With --from they are drafted out
    of a donor; one that cannot be drafted is a row that says why.
    """
    from transformer.survey import atlas, result
    from transformer.survey.cache import default_folder
    from transformer.survey.heatmap import as_html
    from transformer.survey.run import Request
    from transformer.survey.run import survey as run

    for file in (json, html):
        if file is not None:
            top = repository.resolve()
            check_file(file, top.parent if top.name == ".git" else top)
    if donor and not archs:
        raise UsageError("--from needs --arch: names of architectures, or all", help="say --arch all")
    if dask and folders:
        raise UsageError("other workers do not have the packs of --packs", help="leave --dask or --packs away")
    cores = 1 if level == "types" else len(os.sched_getaffinity(0))
    kept = cache or (default_folder() if resume else None)
    wish = Request(repository, (), span, every, revisions, level, jobs or cores, dask, kept)
    with _chosen(view, wish, archs, donor, folders) as request:
        found = run(request, lambda done, total, unit: view.progress(done, total, unit, what="surveying"))
    view.close()
    one = found.surveys[0] if len(archs) < 2 and ALL not in archs else None
    view.say_all(result.table(one) if one else atlas.table(found))
    view.say_all(result.summary(one) if one else atlas.summary(found))
    if json is not None:
        text = result.as_json(one) if one else atlas.as_json(found)
        write_all({json: text.encode("utf-8", "backslashreplace")})
    if html is not None:
        write_all({html: as_html(one or found).encode("utf-8", "backslashreplace")})
    view.asked_for([each for each in (json, html) if each is not None])
    return 0


@contextmanager
def _chosen(
    view: View, wish: Request, archs: Sequence[str], donor: str | None, folders: Sequence[Path]
) -> Iterator[Request]:
    """The request with its packs, as long as they are there. Raises `UsageError`."""
    homes = packs.homes(folders)
    if donor:
        with _drafted(view, wish, archs, donor, homes) as request:
            yield request
        return
    if ALL in archs:
        found = [*packs.every(homes)]
    else:
        found = [packs.load(each, homes) for each in archs] or [packs.only(None, homes)]
    for pack in found:
        view.foreign(pack)
    names = tuple(dict.fromkeys(each.name for each in found))
    yield replace(wish, names=names, homes=homes if folders else ())


@contextmanager
def _drafted(
    view: View, wish: Request, archs: Sequence[str], donor: str, homes: tuple[packs.Home, ...]
) -> Iterator[Request]:
    """The request for packs that are drafted now, and gone afterwards."""
    from transformer.draft import Undrafted, drafts

    names = () if ALL in archs else archs
    family = next(packs.every(homes)).family
    with drafts(family, donor, names, lambda *step: view.progress(*step, what="drafting")) as made:
        home = packs.homes([made.folder], data=True)[-1]
        known, failed = [], list(made.undrafted)
        for name in made.packs:
            try:
                packs.load(name, home)
            except PackError as error:
                where = error.where.removeprefix(f"{home.rules}/")
                failed.append(Undrafted(name, error.message, where))
            else:
                known.append(name)
        if not known:
            raise UsageError(f"no draft can be used: {failed[0].why}", where=failed[0].where)
        yield replace(wish, names=tuple(known), homes=(*homes, home), donor=made.donor, undrafted=tuple(failed))
