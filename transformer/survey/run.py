"""The survey itself: choose the revisions, take what is known, have the rest judged, in order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from transformer import pack as packs
from transformer.errors import UsageError
from transformer.survey import history
from transformer.survey.atlas import Atlas
from transformer.survey.cache import Cache, content, fingerprint
from transformer.survey.objects import MissingObjectError, Objects, TooLargeError, git_dir
from transformer.survey.result import Rule, Survey
from transformer.survey.spread import Piece, Setup, cluster, pieces, processes, spread

if TYPE_CHECKING:
    from collections.abc import Sequence
    from concurrent.futures import Executor

    from transformer.draft import Undrafted
    from transformer.family import Progress
    from transformer.pack import Home, Pack
    from transformer.survey.row import Row
    from transformer.verify import Level


@dataclass(frozen=True, slots=True)
class Request:
    """What the user asked for. The packs are all of the installation, or of `homes` where some are given."""

    repository: Path
    names: tuple[str, ...]
    span: str = ""
    every: int = 1
    revisions: Path | None = None
    level: Level = "syntax"
    jobs: int = 1
    dask: str = ""
    cache: Path | None = None
    homes: tuple[Home, ...] = ()
    donor: str = ""
    undrafted: tuple[Undrafted, ...] = ()


def survey(request: Request, progress: Progress) -> Atlas:
    """Survey a repository. Raises `TransformerError` where it cannot begin; a bad revision is a row."""
    homes = request.homes or (packs.home(),)
    chosen = {pack.name: pack for pack in (packs.load(name, homes) for name in request.names)}
    folder = git_dir(request.repository)
    wanted = _wanted(request, folder)
    mark = fingerprint(*(each for each in homes if not each.data))
    caches = {name: _cache(request, folder, mark, pack) for name, pack in chosen.items()}
    known = {(rev, name): row for name, kept in caches.items() for rev in wanted if (row := kept.find(rev))}
    total = len(wanted) * len(chosen)

    def done(name: str, row: Row) -> None:
        known[row.revision, name] = row
        caches[name].keep(row)
        unit = row.revision[:12] if len(chosen) == 1 else f"{row.revision[:12]} {name}"
        progress(len(known), total, unit)

    if len(known) < total:
        progress(len(known), total, "")
        setup = Setup(folder, request.level, mark, () if request.dask else request.homes)
        with _workers(request) as (executor, jobs):
            spread(executor, setup, _work(request, chosen, wanted, known, jobs), done)
    span = request.span or f"{len(wanted)} revisions of a list"
    found = tuple(
        Survey(pack.arch, pack.title, _name(folder), span, request.level,
               tuple(Rule(each.name, each.makes, each.required) for each in pack.rules),
               tuple(known[revision, name] for revision in wanted),
               str(pack.path.parent) if pack.foreign else "")
        for name, pack in chosen.items()
    )  # fmt: skip
    return Atlas(_name(folder), span, request.level, found, request.donor, request.undrafted)


def _cache(request: Request, folder: str, mark: str, pack: Pack) -> Cache:
    """The cache of one pack: rows are known while rules, program and, where it was drafted, the pack are the same."""
    whole = f"{mark} {content(pack.path.parent)}" if pack.home.data else mark
    return Cache(request.cache, folder, whole, f"{pack.arch} {request.level}")


def _work(
    request: Request, chosen: Mapping[str, Pack], wanted: Sequence[str], known: Mapping[tuple[str, str], Row], jobs: int
) -> list[Piece]:
    """What is not known yet, in pieces. Workers elsewhere are given the packs that were drafted here."""
    missing = [each for each in wanted if any((each, name) not in known for name in chosen)]
    found = []
    for block in pieces(missing, list(chosen), jobs, request.level):
        pairs = tuple(each for each in block if each not in known)
        names = dict.fromkeys(name for _, name in pairs) if request.dask else {}
        brought = tuple((name, _texts(chosen[name])) for name in names if chosen[name].home.data)
        if pairs:
            found.append(Piece(pairs, brought))
    return found


def _texts(pack: Pack) -> dict[str, str]:
    """The files of a drafted pack: path below the folder of packs to text."""
    top = pack.path.parent
    files = sorted(each for each in top.rglob("*") if each.is_file())
    return {each.relative_to(top.parent).as_posix(): each.read_text(encoding="utf-8") for each in files}


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
