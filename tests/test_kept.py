"""Results that are kept between runs: the same as fresh ones, never stale, never more than they may be."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from test_types import TREE, text, write

from transformer.types import check, kept
from transformer.types.check import TypeReport, check_types
from transformer.types.kept import default_folder

PLANNED = {"src/kind.h": text("src/kind.h", "int height = 1", "int height"), "src/sick.cpp": "// moved\n" + text("src/sick.cpp")}
NAMES = {"src/kind.h": frozenset({"area"})}


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = write(tmp_path / "tree", TREE)
    age(root)
    return root


def age(root: Path) -> None:
    """A file that is newer than a run is not trusted by it."""
    for path in root.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[TypeReport, list[str]]]:
    """A report, and the units that were really parsed for it."""
    parsed: list[str] = []
    parse = check._parse_all

    def counted(root, code, batches, jobs):
        parsed.extend(unit.path for batch in batches for unit in batch.units)
        return parse(root, code, batches, jobs)

    monkeypatch.setattr(check, "_parse_all", counted)

    def judge(root: Path, planned: dict[str, str] = PLANNED, created: tuple[str, ...] = ()) -> tuple[TypeReport, list[str]]:
        parsed.clear()
        report = check_types(root, {path: each.encode() for path, each in planned.items()}, created=created,
                             names=NAMES, include_dirs=["src"], jobs=1)  # fmt: skip
        return report, sorted(parsed)

    return judge


UNITS = ["src/area.cpp", "src/parts/user.cpp", "src/sick.cpp"]


def same(one: TypeReport, other: TypeReport) -> bool:
    return (one.units, one.new, one.pristine_count, one.planned_count, one.unchecked) == (
        other.units, other.new, other.pristine_count, other.planned_count, other.unchecked)  # fmt: skip


def test_the_second_time_nothing_is_parsed(tree, judged):
    first, parsed = judged(tree)
    assert parsed == UNITS
    assert first.new
    second, parsed = judged(tree)
    assert parsed == []
    assert same(first, second)


def test_a_copy_of_the_tree_is_known(tree, judged, tmp_path):
    first, _ = judged(tree)
    other = write(tmp_path / "elsewhere" / "copy", TREE)
    age(other)
    second, parsed = judged(other)
    assert parsed == []
    assert same(first, second)


def test_of_another_plan_the_pristine_units_are_known(tree, judged):
    judged(tree)
    report, parsed = judged(tree, {**PLANNED, "src/sick.cpp": "// moved again\n\n" + text("src/sick.cpp")})
    assert parsed == ["src/sick.cpp"]
    assert report.pristine_count >= 1


@pytest.mark.parametrize("path", ["src/base.h", "src/parts/all.h"])
def test_a_header_that_changed_makes_it_stale(tree, judged, path, tmp_path, monkeypatch):
    judged(tree)
    (tree / path).write_text("#pragma once\n" + "static int noise() { int unused; return 0; }\n" + (tree / path).read_text())
    second, parsed = judged(tree)
    assert "src/parts/user.cpp" in parsed
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    fresh, parsed = judged(tree)
    assert parsed == UNITS
    assert same(second, fresh)


def test_a_new_file_that_an_include_finds_first_makes_it_stale(tree, judged):
    judged(tree)
    write(tree, {"src/parts/kind.h": "#pragma once\n"})
    assert judged(tree)[1] == UNITS


def test_a_new_unit_beside_them_leaves_it_as_it_is(tree, judged):
    judged(tree)
    write(tree, {"src/more.cpp": "int more;\n", "src/parts/more.c": ""})
    assert judged(tree)[1] == []


def test_a_new_unit_that_an_include_finds_first_makes_it_stale(tree, judged):
    write(tree, {"src/part.cpp": "static inline int part() { return 1; }\n",
                 "src/parts/user.cpp": '#include "part.cpp"\n' + text("src/parts/user.cpp")})  # fmt: skip
    age(tree)
    judged(tree)
    write(tree, {"src/parts/part.cpp": "#include <no>\n"})
    assert "src/parts/user.cpp" in judged(tree)[1]


def test_a_file_that_is_newer_than_the_run_is_not_trusted(tree, judged):
    later = time.time() + 100
    os.utime(tree / "src/base.h", (later, later))
    judged(tree)
    assert judged(tree)[1] == UNITS


def test_other_flags_are_other_results(tree, judged, monkeypatch):
    judged(tree)
    monkeypatch.setenv("CPLUS_INCLUDE_PATH", str(tree / "none"))
    assert judged(tree)[1] == UNITS


def test_a_new_unit(tree, judged):
    planned = {"src/new.cpp": '#include "kind.h"\nint f() { int mine; return area(1); }\n'}
    first, parsed = judged(tree, planned, ("src/new.cpp",))
    assert parsed == ["src/new.cpp"]
    second, parsed = judged(tree, planned, ("src/new.cpp",))
    assert parsed == []
    assert same(first, second)


@pytest.mark.parametrize("damage", [b"", b"x", b"x\x9c", bytes(range(256)), b"\x78\x01"])
def test_damaged_results_are_unknown(tree, judged, damage):
    first, _ = judged(tree)
    folder = default_folder()
    assert folder is not None
    for path in folder.rglob("*.kept"):
        path.write_bytes(damage + path.read_bytes()[len(damage) :][: 40 if damage else 0])
    second, parsed = judged(tree)
    assert parsed == UNITS
    assert same(first, second)


def test_there_is_a_limit(tree, judged, monkeypatch):
    judged(tree)
    folder = default_folder()
    assert folder is not None
    for index in range(50):
        path = folder / "00" / f"{index}.kept"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x" * 1000)
        os.utime(path, (index, index))
    monkeypatch.setattr(kept, "LIMIT", 20_000)
    write(tree, {"src/base.h": "#pragma once\nint base();\nint more();\n"})
    age(tree)
    judged(tree)
    assert sum(path.stat().st_size for path in folder.rglob("*.kept")) <= 15_000
    assert judged(tree)[1] == []


def test_a_cache_that_cannot_be_written(tree, judged, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    first, _ = judged(tree)
    second, parsed = judged(tree)
    assert parsed == UNITS
    assert same(first, second)


def test_without_a_home(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError))
    assert default_folder() is None
