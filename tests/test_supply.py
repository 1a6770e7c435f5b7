"""What comes from elsewhere: locked with hashes, under licences that are allowed, and pinned."""

import re
import tomllib
from importlib import metadata

import pytest
from command import PROJECT
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ABOUT = tomllib.loads((PROJECT / "pyproject.toml").read_text())
EXTRAS = ABOUT["project"]["optional-dependencies"]
RUN = ABOUT["project"]["dependencies"]
LOCKS = {
    "run.txt": RUN,
    "test.txt": [*RUN, *(each for extra in ("verify", "test", "dev", "dask", "drift", "e2e", "browser") for each in EXTRAS[extra])],
    "tools.txt": ABOUT["dependency-groups"]["supply"],
}
PIN = re.compile(r"^([\w.-]+)==([^ ;\\]+)(?: ; ([^\\]+?))?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n", re.M)


def locked(name):
    """Of each package the versions; those for other Pythons or systems among them."""
    pins = {}
    for package, version, _, _ in PIN.findall((PROJECT / "requirements" / name).read_text()):
        pins.setdefault(canonicalize_name(package), []).append(version)
    return pins


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_is_locked_with_hashes(name):
    """`requirements/lock` makes the files anew."""
    pins = locked(name)
    wanted = [Requirement(each) for each in LOCKS[name]]
    for each in wanted:
        if each.name != "llama-fork-transformer":  # the extras of its own
            assert pins[canonicalize_name(each.name)], each
            assert all(each.specifier.contains(version) for version in pins[canonicalize_name(each.name)]), each
    rest = PIN.sub("", (PROJECT / "requirements" / name).read_text())
    assert [line for line in rest.splitlines() if not line.lstrip().startswith("#")] == []
    assert "://" not in rest


@pytest.mark.parametrize("name", ["run.txt", "tools.txt"])
def test_the_locks_agree(name):
    here, all_of_it = locked(name), locked("test.txt")
    assert {package: pins for package, pins in here.items() if pins != all_of_it.get(package, pins)} == {}
    assert name == "tools.txt" or set(here) <= set(all_of_it)


TABLE = {
    "MIT License": "MIT",
    "BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}  # what classifiers say
FREE = {"MIT", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "PSF-2.0", "0BSD", "Zlib", "CC0-1.0", "ISC"}
FOR_TESTS = FREE | {"MPL-2.0"}  # its source comes with it; nothing of it is passed on


def licence(package):
    """As an SPDX expression, or as near to one as the package comes."""
    about = metadata.metadata(package)
    classifiers = [each.rpartition(":: ")[2] for each in about.get_all("Classifier", []) if each.startswith("License ::")]
    said = about.get("License-Expression") or " AND ".join(TABLE.get(each, each) for each in classifiers)
    return said or about.get("License") or "not said"


def allowed(expression, among):
    return all(any(one.strip(" ()") in among for one in part.split(" OR ")) for part in expression.split(" AND "))


def needed(package, extras, found):
    """The installed packages that one needs, and what those need."""
    for each in map(Requirement, metadata.requires(package) or []):
        asked = [each.marker.evaluate({"extra": extra}) if each.marker else True for extra in ("", *extras)]
        if any(asked) and (key := (canonicalize_name(each.name), frozenset(each.extras))) not in found:
            found.add(key)
            needed(each.name, each.extras, found)
    return {name for name, _ in found} - {"llama-fork-transformer"}


@pytest.mark.parametrize(("extras", "among", "known"), [((), FREE, "msgspec"), (("test",), FOR_TESTS, "hypothesis")])
def test_licences_are_allowed(extras, among, known):
    licences = {name: licence(name) for name in needed("llama-fork-transformer", extras, set())}
    assert known in licences
    assert {name: said for name, said in licences.items() if not allowed(said, among)} == {}


@pytest.mark.parametrize(
    ("said", "fits"), [("MIT", True), ("GPL-3.0-only", False), ("MIT AND GPL-3.0-only", False), ("GPL-2.0 OR MIT", True), ("not said", False)]
)
def test_what_is_allowed(said, fits):
    assert allowed(said, FREE) == fits


def test_the_page_lists_what_a_user_gets():
    page = (PROJECT / "docs" / "supply-chain.md").read_text()
    listed = dict(re.findall(r"^\| ([\w-]+) \| ([\w. -]+) \|", page.partition("## Licences")[2], re.M))
    assert set(listed) - {"package"} == set(locked("run.txt"))
    assert {name: licence(name) for name in listed if name != "package"} == {n: s for n, s in listed.items() if n != "package"}


USES = re.compile(r"^[ -]*uses: *(\S+)|^ *image: *(\S+)", re.M)


def loose(workflow):
    """What a workflow runs by a name that somebody else can move: neither of this repository nor pinned by digest."""
    found = [action or image for action, image in USES.findall(workflow)]
    return [each for each in found if not each.startswith("./") and not re.search(r"@(sha256:[0-9a-f]{64}|[0-9a-f]{40})$", each)]


def test_workflows_are_pinned_by_digest():
    pinned = f"  - uses: a/b@{'0' * 40} # v4\n    image: c@sha256:{'0' * 64}\n  - uses: ./here\n"
    assert loose(pinned) == []
    assert loose("  - uses: a/b@v4\n    image: c:1\n") == ["a/b@v4", "c:1"]
    assert {path.name: found for path in PROJECT.glob(".github/**/*.y*ml") if (found := loose(path.read_text()))} == {}
