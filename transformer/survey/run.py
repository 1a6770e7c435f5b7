"""The survey itself: choose the revisions, take what is known, have the rest judged, in order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from transformer import pack as packs
from transformer.errors import UsageError
from transformer.survey import history
from transformer.survey.cache import Cache, fingerprint
from transformer.survey.objects import MissingObjectError, Objects, TooLargeError, git_dir
from transformer.survey.result import Rule, Survey
from transformer.survey.spread import Setup, cluster, processes, spread

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from transformer.family import Progress
    from transformer.survey.row import Row
    from transformer.verify import Level


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for."""

    repository: Path
    arch: str
    span: str = ""
    every: int = 1
    revisions: Path | None = None
    level: Level = "syntax"
    jobs: int = 1
    dask: str = ""
    cache: Path | None = None
    home: packs.Home | None = None


def survey(request: Request, progress: Progress) -> Survey:
    """Survey a repository. Raises `TransformerError` where it cannot begin; a bad revision is a row."""
    home = request.home or packs.home()
    pack = packs.load(request.arch, home)
    folder = git_dir(request.repository)
    wanted = _wanted(request, folder)
    setup = Setup(folder, request.arch, request.level, fingerprint(home), None if request.dask else request.home)
    cache = Cache(request.cache, folder, setup.fingerprint, f"{request.arch} {request.level}")

    rows = {revision: row for revision in wanted if (row := cache.find(revision))}
    missing = [revision for revision in wanted if revision not in rows]

    def done(row: Row) -> None:
        rows[row.revision] = row
        cache.keep(row)
        progress(len(rows), len(wanted), row.revision[:12])

    if missing:
        progress(len(rows), len(wanted), "")
        with _workers(request) as (executor, jobs):
            spread(executor, setup, missing, jobs, done)
    rules = tuple(Rule(each.name, each.makes, each.required) for each in pack.rules)
    span = request.span or f"{len(wanted)} revisions of a list"
    found = tuple(rows[each] for each in wanted)
    foreign = str(pack.path.parent) if pack.foreign else ""
    return Survey(pack.title, _name(folder), span, request.level, rules, found, foreign)


def _wanted(request: Request, folder: str) -> list[str]:
    """Ids of commits; what git does not know keeps its name."""
    if bool(request.span) == (request.revisions is not None):
        raise UsageError("say which revisions: --range A..B or --revisions FILE", help="one of the two")
    if request.revisions is None:
        return history.in_range(request.repository, request.span, request.every)
    objects, found = Objects(folder), []
    for name in history.thinned(history.listed(request.revisions), request.every):
        try:
            found.append(objects.commit(name).id)
        except (MissingObjectError, TooLargeError, ValueError, KeyError, IndexError):
            found.append(name)
    objects.close()
    return list(dict.fromkeys(found))


@contextmanager
def _workers(request: Request) -> Iterator[tuple[Executor, int]]:
    if request.dask:
        with cluster(request.dask) as (executor, workers):
            yield executor, workers
    else:
        with processes(request.jobs) as executor:
            yield executor, request.jobs


def _name(folder: str) -> str:
    path = Path(folder)
    return path.parent.name if path.name == ".git" else path.name.removesuffix(".git")
