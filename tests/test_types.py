"""Types: what the planned tree breaks is reported, with its place; what was there before is not."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from transformer.errors import NoCompiler, VerifyError
from transformer.types import check
from transformer.types.check import TypeReport, check_types

TREE = {
    "src/kind.h": """\
        #pragma once
        #include "base.h"
        enum kind { KIND_A, KIND_B };
        int area(int width, int height = 1);
        """,
    "src/base.h": "#pragma once\nint base();\n",
    "src/area.cpp": '#include "kind.h"\nint area(int width, int height) { return width * height; }\n',
    "src/parts/user.cpp": '#include "all.h"\nint user() { return area(2); }\n',
    "src/parts/other.cpp": '#include "all.h"\nint other() { return base(); }\n',
    "src/parts/all.h": '#pragma once\n#include "../kind.h"\n',
    "src/switch.cpp": """\
        #include "kind.h"
        const char * name(kind k) {
            switch (k) {
                case KIND_A: return "a";
                case KIND_B: return "b";
            }
            return "";
        }
        """,
    "src/sick.cpp": '#include "kind.h"\nint sick() { int unused; return missing; }\n',
    "CMakeLists.txt": "add_library(x src/area.cpp)\n",
}


def write(root: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    return root


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))  # nothing is known from another test
    return write(tmp_path / "tree", TREE)


def run(
    root: Path, planned: Mapping[str, str], names: Mapping[str, set[str]] | None = None, created: tuple[str, ...] = ()
) -> TypeReport:
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    report = check_types(
        root,
        {path: text.encode() for path, text in planned.items()},
        created=created,
        names={path: frozenset(found) for path, found in (names or {}).items()},
        include_dirs=["src", "nowhere"],
        jobs=2,
    )
    assert before == {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    return report


def text(path: str, old: str = "", new: str = "") -> str:
    plain = textwrap.dedent(TREE[path])
    assert old in plain
    return plain.replace(old, new)


def said(report: TypeReport) -> list[tuple[str, str]]:
    return [(one.where, one.text) for one in report.new]


def test_nothing_of_cpp_is_planned(tree: Path) -> None:
    report = run(tree, {"CMakeLists.txt": "nonsense("})
    assert (report.units, report.new) == ((), ())


def test_clean_plan(tree: Path) -> None:
    report = run(tree, {"src/area.cpp": text("src/area.cpp", "width *", "2 * width *")})
    assert report.units == ("src/area.cpp",)
    assert (report.new, report.planned_count, report.unchecked) == ((), 0, ())
    assert report.seconds > 0
    assert report.peak_rss_mb > 0


def test_a_new_error_has_its_place(tree: Path) -> None:
    report = run(tree, {"src/area.cpp": text("src/area.cpp", "height; }", "\n  hight; }")})
    assert [(one.where, one.severity) for one in report.errors] == [("src/area.cpp:3", "error")]
    assert "undeclared identifier 'hight'" in report.new[0].text


def test_an_old_error_is_not_reported_though_its_line_moved(tree: Path) -> None:
    report = run(tree, {"src/sick.cpp": "// moved\n\n" + text("src/sick.cpp")})
    assert report.new == ()
    assert report.planned_count == report.pristine_count >= 1


def test_of_two_equal_errors_the_new_line_is_named(tree: Path) -> None:
    twice = text("src/sick.cpp", "int sick", "int early() { return missing + 1; }\nint sick")
    report = run(tree, {"src/sick.cpp": twice})
    assert said(report) == [("src/sick.cpp:2", "use of undeclared identifier 'missing'")]


def test_a_changed_header_breaks_a_unit_that_is_not_touched(tree: Path) -> None:
    planned = {
        "src/kind.h": text("src/kind.h", "int height = 1", "int height, int depth"),
        "src/area.cpp": '#include "kind.h"\nint area(int width, int, int depth) { return width * depth; }\n',
    }
    report = run(tree, planned, {"src/kind.h": {"area"}})
    assert report.units == ("src/area.cpp", "src/parts/user.cpp")  # other.cpp sees the header, but not the name
    assert said(report) == [("src/parts/user.cpp:2", "no matching function for call to 'area'")]
    assert any("src/kind.h:4" in note for note in report.new[0].notes)


def test_a_header_that_no_touched_unit_shows_is_still_seen(tree: Path) -> None:
    report = run(tree, {"src/base.h": "#pragma once\nint base()\n"})
    assert len(report.units) == 1
    assert [one.where for one in report.errors] == ["src/base.h:2"]


def test_a_header_that_nothing_includes_is_named(tree: Path) -> None:
    report = run(tree, {"src/lonely.h": "int lonely();\n"}, created=("src/lonely.h",))
    assert report.unchecked == (("src/lonely.h", "no translation unit here includes it"),)


def test_new_files_in_a_new_folder(tree: Path) -> None:
    planned = {
        "src/fresh/new.h": "#pragma once\nstruct fresh { int x; };\n",
        "src/fresh/new.cpp": '#include "new.h"\n#include "parts/all.h"\nint f(fresh v) { return area(v.x) + v.y; }\n',
    }
    report = run(tree, planned, created=tuple(planned))
    assert said(report) == [("src/fresh/new.cpp:3", "no member named 'y' in 'fresh'")]


def test_a_new_file_is_not_blamed_for_old_warnings_of_a_header(tree: Path) -> None:
    write(tree, {"src/noisy.h": "#pragma once\ninline int noisy() { int unused; return 0; }\n"})
    planned = {"src/new.cpp": '#include "noisy.h"\nint f() { int mine; return noisy(); }\n'}
    report = run(tree, planned, created=("src/new.cpp",))
    assert said(report) == [("src/new.cpp:2", "unused variable 'mine'")]


def test_a_forgotten_switch_is_named(tree: Path) -> None:
    planned = {"src/kind.h": text("src/kind.h", "KIND_B }", "KIND_B, KIND_C }")}
    report = run(tree, planned, {"src/kind.h": {"KIND_A", "KIND_B", "KIND_C"}})
    assert [(one.where, one.flag) for one in report.new] == [("src/switch.cpp:3", "-Wswitch")]
    assert "KIND_C" in report.new[0].text
    assert report.errors == ()


def test_units_with_one_first_include_agree_with_each_alone(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bodies = ("area(1);", "area(1, 2);", "area(1, 2, 3);", "area();", "int unused;")
    for index, body in enumerate(bodies):
        write(tree, {f"src/parts/p{index}.cpp": f'#include "all.h"\nvoid use() {{ {body} }} // area\n'})
    changed = text("src/kind.h", "int height = 1", "int height") + "static int noise() { int unused; return 0; }\n"
    planned = {"src/kind.h": changed}
    together = run(tree, planned, {"src/kind.h": {"area"}})
    monkeypatch.setattr(check, "SHARED_FROM", 99)
    alone = run(tree, planned, {"src/kind.h": {"area"}})
    assert together.new == alone.new
    assert sorted({one.path for one in alone.new}) == ["src/kind.h", "src/parts/p0.cpp", "src/parts/user.cpp"]
    assert (together.units, together.planned_count, together.pristine_count) == (
        alone.units,
        alone.planned_count,
        alone.pristine_count,
    )


def test_compile_commands_are_honoured(tree: Path) -> None:
    write(tree, {"hidden/extra.h": "#pragma once\n", "src/cc.cpp": '#include "extra.h"\nint x = VALUE;\n'})
    planned = {
        "src/cc.cpp": '#include "extra.h"\nint x = VALUE + 1;\n',
        "src/cc2.cpp": '#include "extra.h"\nstatic_assert(__cplusplus > 201703L);\nint y = VALUE;\n',
    }
    assert {one.path for one in run(tree, planned, created=("src/cc2.cpp",)).errors} == {"src/cc2.cpp"}
    entry = {
        "directory": str(tree / "build-x"),
        "file": "../src/cc.cpp",
        "command": "c++ -std=c++20 -DVALUE=3 -I ../hidden -fplugin=evil.so -c ../src/cc.cpp",
    }
    write(tree, {"build-x/compile_commands.json": json.dumps([entry])})
    assert run(tree, planned, created=("src/cc2.cpp",)).new == ()


def test_no_compiler(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NoCompiler) as caught:
        run(tree, {"src/area.cpp": "int x;\n"})
    assert "types cannot be verified" in caught.value.message
    assert "--verify syntax" in caught.value.help


def test_nothing_of_the_target_is_imported(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trap = f"open({str(tree.parent / 'trapped')!r}, 'w').write(__name__)\n"
    traps = ("clang.py", "clang/__init__.py", "json.py", "pickle.py", "sitecustomize.py", "transformer/__init__.py")
    write(tree, {f"{folder}{name}": trap for name in traps for folder in ("", "src/")})
    write(tree, {"g++": "#!/bin/sh\n" + f"touch {tree.parent / 'trapped'}\n"})
    (tree / "g++").chmod(0o755)
    monkeypatch.chdir(tree)
    monkeypatch.setenv("PYTHONPATH", str(tree))
    monkeypatch.setenv("PATH", f".{os.pathsep}{tree}{os.pathsep}{os.environ['PATH']}")
    assert run(tree, {"src/area.cpp": text("src/area.cpp")}).units == ("src/area.cpp",)
    assert not (tree.parent / "trapped").exists()


@pytest.mark.parametrize(
    ("ending", "words"),
    [("os.kill(os.getpid(), signal.SIGSEGV)", "signal 11"), ("raise ImportError('no libclang')", "no libclang")],
)
def test_a_dead_worker_names_the_unit(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, words: str
) -> None:
    script = write(tmp_path, {"dies.py": f"import os, signal, sys\nsys.stdin.buffer.read(1)\n{ending}\n"}) / "dies.py"
    monkeypatch.setattr(check, "WORKER", script)
    with pytest.raises(VerifyError) as caught:
        run(tree, {"src/area.cpp": text("src/area.cpp")})
    assert words in caught.value.message
    assert caught.value.exit_code == 5


@pytest.fixture
def heeding() -> Iterator[None]:
    """Interrupts count, also where the tests were started with them ignored, as in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeding")
@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_ctrl_c_ends_the_workers(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hang = "import os, sys, time\nopen(sys.argv[0] + '.pid', 'w').write(str(os.getpid()))\ntime.sleep(60)\n"
    script = write(tmp_path, {"hangs.py": hang}) / "hangs.py"
    monkeypatch.setattr(check, "WORKER", script)
    pid = Path(f"{script}.pid")

    def interrupt() -> None:
        while not (pid.exists() and pid.read_text()):
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        run(tree, {"src/area.cpp": text("src/area.cpp")})
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_the_parent_never_loads_libclang() -> None:
    code = "import sys; import transformer.types.check; sys.exit('clang' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1]).returncode == 0
