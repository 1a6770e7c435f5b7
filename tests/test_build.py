"""`verify --build`: what is built and where, what is said where that fails, and how logits are judged. No compiler runs."""

import os
import shutil
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command import call, contents, fork, settle, started
from command import replace as change

from rules.gemma4.oracle.models import MODELS
from rules.gemma4.oracle.samples import samples
from rules.llama import logits, tokens
from rules.llama.proof import Sample, Texts
from rules.llama.running import built
from transformer import pack as packs
from transformer import prove
from transformer.build import _told, builder
from transformer.errors import VerifyError
from transformer.family import Evidence, Recipe

RECIPE = Recipe(("-DSHARED=ON",), ("library",), ("numpy",), "distribution[verify]")
CMAKE = """#!/bin/sh
echo "$@" >> "$0.log"
if [ "$1" = -S ]; then /bin/mkdir -p "$4" && : > "$4/configured"; exit 0; fi
echo '[1/2] Building CXX object src/one.o'
{last}
"""
FINE = "echo '[2/2] Linking CXX shared library lib.so'"
BROKEN = "echo 'one.cpp:3:1: error: no such thing'; echo 'ninja: build stopped'; exit 1"


pytestmark = pytest.mark.usefixtures("settled")


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """A folder of tools in front of the path: they say what they were asked, and do nothing."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name, text in (("cmake", CMAKE.format(last=FINE)), ("ninja", "#!/bin/sh\n"), ("c++", "#!/bin/sh\n")):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


@pytest.fixture
def computed(monkeypatch):
    """The pack with a build and models of our own; what they are asked, and what they say."""
    asked, said = [], [Evidence("numbers", True, "1 of 1")]

    def compute(pack, folder, progress):
        progress(1, 1, "a model")
        asked.append(folder)
        return said

    known = packs.load("gemma4", packs.home())
    family = replace(known.family, recipe=RECIPE, compute=compute)
    monkeypatch.setattr(prove, "choose", lambda *_, **__: replace(known, family=family))
    monkeypatch.setattr(prove, "_types", lambda *_: Evidence("types", True, "judged elsewhere"))  # takes seconds
    return asked, said


@pytest.fixture(scope="module")
def _ported(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        settle(tmp_path_factory.mktemp("settings"), patch)
        tree = fork(tmp_path_factory.mktemp("ported") / "fork")
        assert call("run", tree).code == 0
    return tree


@pytest.fixture
def ported(_ported, tmp_path):
    return shutil.copytree(_ported, tmp_path / "fork")


def commands(tools):
    log = tools / "cmake.log"
    return log.read_text().splitlines() if log.exists() else []


def test_a_tree_is_built_outside_of_it_and_judged(ported, tools, computed, tmp_path):
    before = contents(ported)
    said = call("verify", ported, "--build")
    assert said.code == 0, said.said
    assert [line.split(":")[0] for line in said.out.splitlines()] == ["plan", "syntax", "types", "build", "numbers"]
    (folder,) = computed[0]
    assert folder.is_relative_to(os.environ["XDG_CACHE_HOME"])
    assert (folder / "build" / "configured").exists()
    configured, built = commands(tools)
    assert configured.startswith(f"-S {ported} -B {folder}/build -G Ninja -DCMAKE_BUILD_TYPE=Release")
    assert configured.endswith(" -DSHARED=ON")
    assert f" -DCMAKE_MAKE_PROGRAM={tools / 'ninja'} " in configured
    assert built == f"--build {folder}/build --parallel {os.cpu_count()} --target library"
    assert contents(ported) == before


def test_logits_that_are_wrong_fail_it(ported, tools, computed):
    rows = (("model", "verdict"), ("tiny", "wrong"))
    computed[1][0] = Evidence("numbers", False, "0 of 1", rows, ("tiny: what it said",))
    said = call("verify", ported, "--build")
    assert said.code == 5
    assert said.out.splitlines()[-4:] == ["numbers: 0 of 1", "  model  verdict", "  tiny   wrong", "  tiny: what it said"]


def test_a_build_that_fails_shows_what_the_compiler_said(ported, tools, computed):
    (tools / "cmake").write_text(CMAKE.format(last=BROKEN))
    said = call("verify", ported, "--build")
    assert said.code == 5
    assert "  one.cpp:3:1: error: no such thing\n  ninja: build stopped\n" in said.out
    assert "exited with 1" in said.out
    assert computed[0] == []


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("cmake", "cmake was not found"),
        ("ninja", "neither ninja nor make was found"),
        ("c++", "no C++ compiler was found"),
    ],
)
def test_tools_that_are_missing(ported, tools, computed, monkeypatch, missing, words):
    (tools / missing).unlink()
    monkeypatch.setenv("PATH", str(tools))
    said = call("verify", ported, "--build")
    assert (said.code, said.out) == (5, "")  # before anything that takes time
    assert words in said.err
    assert "try: install " in said.err


def test_a_compiler_that_is_named_and_missing(ported, tools, computed, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler -m64")
    said = call("verify", ported, "--build")
    assert said.code == 5
    assert "no-such-compiler, named by CXX, was not found" in said.err


def test_modules_that_are_missing(tools, tmp_path):
    recipe = replace(RECIPE, modules=("no_such_module",))
    with pytest.raises(VerifyError) as raised:
        builder(tmp_path, recipe, None)
    assert (raised.value.exit_code, raised.value.help) == (5, "pip install 'distribution[verify]'")


def test_make_where_there_is_no_ninja(ported, tools, computed, monkeypatch):
    (tools / "ninja").rename(tools / "make")
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setenv("CMAKE_BUILD_PARALLEL_LEVEL", "3")
    made = builder(ported, RECIPE, None)
    assert made.run(lambda *_: None).good
    assert " -G Unix Makefiles " in commands(tools)[0]
    assert " --parallel 3 " in commands(tools)[1]


@pytest.mark.parametrize("inside", [".", "build"])
def test_not_inside_the_tree(ported, tools, computed, inside):
    before = contents(ported)
    said = call("verify", ported, "--build", "--build-dir", ported / inside)
    assert said.code == 2
    assert "is inside the tree" in said.err
    assert contents(ported) == before


def test_a_folder_that_cannot_be_made(ported, tools, computed, tmp_path):
    (tmp_path / "file").write_text("")
    said = call("verify", ported, "--build", "--build-dir", tmp_path / "file")
    assert said.code == 2
    assert "say another --build-dir" in said.err


def test_a_folder_without_a_build(ported, tmp_path):
    said = call("verify", ported, "--build-dir", tmp_path)
    assert said.code == 2
    assert "say both" in said.err


def test_a_family_without_a_build(ported, computed, monkeypatch):
    known = packs.load("gemma4", packs.home())
    monkeypatch.setattr(prove, "choose", lambda *_, **__: replace(known, family=replace(known.family, recipe=None)))
    said = call("verify", ported, "--build")
    assert said.code == 2
    assert "run it again without --build" in said.err


def test_a_port_that_is_not_complete_is_built_all_the_same(ported, tools, computed):
    change(ported / "src/llama-model.cpp", "GEMMA3N || arch == LLM_ARCH_GEMMA4)", "GEMMA3N)")
    said = call("verify", ported, "--build")
    assert said.code == 5, said.said
    assert "rules do not hold" in said.out.splitlines()[0]
    assert "  cache.reuse: " in said.out
    assert "numbers: 1 of 1" in said.out


def test_a_tree_without_the_port_is_not_built(tree, tools, computed):
    said = call("verify", tree, "--build")
    assert said.code == 6
    assert commands(tools) == []


# what is built again


@pytest.mark.parametrize(("seconds", "kept"), [(1000, True), (500, False), (2000, False), (2**32, True)])
def test_a_file_older_than_the_build_that_is_another_one_makes_it_begin_anew(tools, tree, tmp_path, seconds, kept):
    file = tree / "src" / "llama-arch.cpp"
    os.utime(file, (1000, 1000))
    made = builder(tree, RECIPE, tmp_path / "b")
    assert made.run(lambda *_: None).good
    (made.folder / "build" / "object").write_text("")
    os.utime(file, (seconds, seconds))
    assert made.run(lambda *_: None).good
    assert (made.folder / "build" / "object").exists() == kept


def test_trees_do_not_share_a_folder(tools, tree, tmp_path):
    other = tmp_path / "other" / "tree"
    other.mkdir(parents=True)
    assert builder(tree, RECIPE, tmp_path / "b").folder != builder(other, RECIPE, tmp_path / "b").folder


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("[7/218] Building CXX object src/CMakeFiles/a.dir/one.cpp.o", (7, 218, "one.cpp.o")),
        ("[  3%] Building CXX object src/CMakeFiles/a.dir/one.cpp.o", (3, 100, "one.cpp.o")),
        ("[100%] Built target a", (100, 100, "Built target a")),
    ],
)
def test_steps_are_told(line, step):
    seen, lines = [], []
    _told(line, lines, lambda *told: seen.append(told))
    assert (seen, lines) == ([step], [])


def test_a_build_that_is_stopped_leaves_nothing_running(ported, tools):
    (tools / "cmake").write_text(CMAKE.format(last='echo $$ > "$0.pid"; while :; do /bin/sleep 0.1; done'))
    with started("verify", ported, "--build") as process:
        deadline = time.monotonic() + 60
        while not (tools / "cmake.pid").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 70, err
    assert "interrupted" in err
    child = int((tools / "cmake.pid").read_text())
    deadline = time.monotonic() + 10
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(child)


def alive(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


# how logits are judged


PROGRAM = """#!{python}
import os, sys, numpy
model, given, out, steps, *settings = sys.argv[1:]
rows = numpy.load(model)
if len(rows) == 0: os.abort()
if len(rows) != len(numpy.fromfile(given, "<i4")): sys.exit("missing tensor 'a'\\nit does not load")
numpy.concatenate([rows] * len(settings)).astype("<f4").tofile(out)
"""


@pytest.fixture
def judged(tmp_path):
    """What is said of one model whose program gives these rows where `want` was expected."""
    want = np.random.RandomState(1).standard_normal((8, 16))
    program = built(tmp_path, "logits")
    program.parent.mkdir(parents=True)
    program.write_text(PROGRAM.format(python=sys.executable))
    program.chmod(0o755)

    def judge(change):
        def write(folder):
            folder.mkdir(exist_ok=True)
            np.save(folder / "m.npy", change(want.copy()))
            return folder / "m.npy"

        sample = Sample("tiny", "F32", write, np.arange(8), 2, lambda: want)
        found = logits.judge([sample], tmp_path, lambda *_: None)
        assert found.rows[0] == logits.HEAD
        return found

    return judge


def test_the_logits_of_the_reference_are_right(judged):
    found = judged(lambda rows: rows)
    assert (found.good, found.bad) == (True, frozenset())
    assert found.rows[1][:2] == ("tiny", "F32")
    assert found.rows[1][-2:] == ("100.0%", "right")
    assert found.text.startswith("1 of 1 models")


@pytest.mark.parametrize("position", [0, 7])
def test_one_position_that_is_off_is_wrong(judged, position):
    def off(rows):
        rows[position] *= 1.02
        return rows

    found = judged(off)
    assert not found.good
    assert found.rows[1][4] == str(position)
    assert found.rows[1][-1] == "wrong"
    assert found.bad == {1}


def test_what_is_no_number_is_wrong(judged):
    assert judged(lambda rows: rows * np.nan).rows[1][-1] == "wrong"


@pytest.mark.parametrize(("rows", "words"), [(3, "missing tensor 'a'"), (0, "proof-logits was ended by signal 6")])
def test_a_model_that_does_not_load_fails_and_says_why(judged, rows, words):
    found = judged(lambda wanted: wanted[:rows])
    assert not found.good
    assert found.rows[1][-1] == "fails"
    assert found.notes == (f"tiny F32: {words}",)


def test_every_layout_is_run_in_both_exact_types():
    found = samples()
    assert {(each.name, each.kind.lower()) for each in found} == {
        (model.layout.name, model.kind) for model in MODELS if model.kind != "q8_0"
    }
    assert [each.want().shape for each in found] == [(len(each.ids), 512) for each in found]


# how tokens are judged


READS = """#!{python}
import sys
model, given, special, parse = sys.argv[1:]
data, at = open(given, "rb").read(), 0
while at < len(data):
    size = int.from_bytes(data[at:at + 4], "little")
    text, at = data[at + 4:at + 4 + size], at + 4 + size
    whole = (b"<bos>" + text).hex()
    print(2, *text, "." + whole, "." + whole{change})
print("eog {ends}")
"""


def read(tmp_path, *, change="", ends="1 9", said="a\nb"):
    program = built(tmp_path, "tokens")
    program.parent.mkdir(parents=True)
    program.write_text(READS.format(python=sys.executable, change=change, ends=ends))
    program.chmod(0o755)
    texts = Texts(lambda folder: folder / "model", {said: [2, 97, 10, 98], "": [2]}, "<bos>", [9, 1])
    return tokens.judge(texts, tmp_path)


def test_texts_that_are_read_and_given_back(tmp_path):
    found = read(tmp_path)
    assert (found.good, found.notes) == (True, ())
    assert "2 of 2 texts" in found.text


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"said": "a b"}, "'a b' becomes [2, 97, 32, 98], wanted [2, 97, 10, 98]"),
        ({"change": '.replace("0a", "")'}, "'a\\nb' comes back as '<bos>ab'"),
        ({"ends": "1 9 12"}, "generation ends at the tokens [1, 9, 12], wanted [1, 9]"),
    ],
)
def test_texts_that_are_read_wrongly(tmp_path, wrong, words):
    found = read(tmp_path, **wrong)
    assert not found.good
    assert words in found.notes


def test_a_tokenizer_that_does_not_load(tmp_path):
    found = read(tmp_path, ends='"); sys.exit("unknown tokenizer")  # "')
    assert not found.good
    assert found.text == "unknown tokenizer"
