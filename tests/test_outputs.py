"""Files beside the tree, and the terminal: they never damage a tree, and never hide what was done to it."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys

import pytest
from command import PROJECT, call, contents, state
from sampling import sampled

from transformer import write

pytestmark = pytest.mark.usefixtures("settled")


def untouched(tree, *arguments):
    before = state(tree)
    result = call("run", tree, *arguments)
    assert state(tree) == before
    assert "Traceback" not in result.said
    return result


# Files.


def test_out_into_a_copy_of_hard_links(tree, tmp_path):
    shutil.copytree(tree, tmp_path / "out", copy_function=os.link)
    before = contents(tree)
    result = call("run", tree, "--out", tmp_path / "out")
    assert result.code == 0, result.said
    assert contents(tree) == before
    assert b"GEMMA4" in (tmp_path / "out/src/llama-arch.h").read_bytes()


@pytest.mark.parametrize("option", ["--patch", "--json"])
def test_an_output_that_is_a_file_of_the_tree_by_another_name(tree, tmp_path, option):
    os.link(tree / "src/llama-arch.h", tmp_path / "one")
    (tmp_path / "two").symlink_to(tree / "src/llama-arch.h")
    assert "by another name (a hard link)" in untouched(tree, option, tmp_path / "one").err
    assert "is a file of the tree already" in untouched(tree, option, tmp_path / "two").err


@pytest.mark.parametrize("option", ["--patch", "--json"])
def test_an_output_in_place_of_a_file_that_the_plan_makes(tree, option):
    result = untouched(tree, option, tree / "src/models/gemma4-iswa.cpp")
    assert (result.code, "is a file that the plan writes" in result.err) == (2, True), result.said


@pytest.mark.parametrize("option", ["--patch", "--json"])
def test_a_pipe_is_refused_and_not_waited_for(tree, tmp_path, option):
    os.mkfifo(tmp_path / "pipe")
    result = untouched(tree, option, tmp_path / "pipe")
    assert (result.code, "is not a regular file" in result.err) == (2, True)


def test_a_pipe_in_the_folder_for_the_changed_files(tree, tmp_path):
    (tmp_path / "out/src").mkdir(parents=True)
    os.mkfifo(tmp_path / "out/src/llama-arch.h")
    result = untouched(tree, "--out", tmp_path / "out")
    assert (result.code, "is not a regular file" in result.err) == (2, True)
    assert [path.name for path in (tmp_path / "out/src").iterdir()] == ["llama-arch.h"]


def test_an_output_in_the_tree_is_said(tree):
    result = call("run", tree, "--dry-run", "--json", tree / "plan.json")
    assert (result.code, "nothing but the file below was written to the tree" in result.out) == (0, True)
    assert json.loads((tree / "plan.json").read_text())["pack"] == "gemma4"
    assert "nothing was written to the tree" in call("run", tree, "--dry-run").out


def test_nothing_to_do_makes_no_patch(tree, tmp_path):
    call("run", tree)
    result = untouched(tree, "--patch", tmp_path / "p")
    assert (result.code, "nothing to do, no patch written" in result.err) == (0, True)
    assert "written: " not in result.out
    assert not (tmp_path / "p").exists()


def test_outputs_are_all_there_or_none(tree, tmp_path, monkeypatch):
    real, seen = os.replace, []

    def replace(source, target):
        seen.append(target)
        if len(seen) == 1:
            raise OSError(errno.EIO, "Input/output error")
        real(source, target)

    (tmp_path / "p").write_bytes(b"older")
    monkeypatch.setattr(os, "replace", replace)
    result = untouched(tree, "--patch", tmp_path / "p", "--json", tmp_path / "j")
    assert (result.code, "Input/output error; the tree was not touched" in result.err) == (2, True)
    assert (tmp_path / "p").read_bytes() == b"older"
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".tmp") or path.name == "j"]


@pytest.mark.parametrize("option", ["--html", "--json"])
def test_a_survey_does_not_write_over_a_source(tree, option):
    before = state(tree)
    for place in (tree, tree / ".git"):
        result = call("survey", place, option, tree / "src/llama-arch.h")
        assert (result.code, "is a file of the tree already" in result.err) == (2, True), result.said
    assert state(tree) == before


# The terminal.


class Full:
    """A terminal that takes nothing any more once the tree is written."""

    encoding = "utf-8"

    def __init__(self, tree):
        self.tree, self.said = tree, ""

    def write(self, text):
        if (self.tree / "src/models/gemma4-iswa.cpp").exists():
            raise OSError(errno.ENOSPC, "No space left on device")
        self.said += text

    def flush(self):
        pass

    def isatty(self):
        return False

    def fileno(self):
        raise OSError(errno.EBADF, "no file")


def test_output_that_fails_after_the_write_keeps_the_exit_code(tree, monkeypatch, capsys):
    from transformer import cli

    monkeypatch.setattr(sys, "stdout", Full(tree))
    assert cli.main(["run", str(tree), "--arch", "gemma4", "--verify", "syntax"]) == 0
    err = capsys.readouterr().err
    assert "the output cannot be written: No space left on device" in err
    assert "what was asked for had been done before that, and the exit code says so" in err
    assert write.last_applied(tree) is not None


def shell(line, cwd=PROJECT, **more):
    words = ["bash", "-c", line, "bash", sys.executable]
    return subprocess.run(words, capture_output=True, text=True, check=False, cwd=cwd, **more)


def test_standard_output_that_is_full_before_the_write(tree):
    before = state(tree)
    done = shell(f'"$1" -m transformer run {tree} --arch gemma4 --verify syntax >/dev/full')
    assert (done.returncode, "the output cannot be written" in done.stderr) == (2, True)
    assert state(tree) == before


@pytest.mark.parametrize("command", ["run {} --arch gemma4 --check --verify syntax", "run {} --arch gemma4 --verify syntax", "undo {}", "--help"])
def test_standard_output_that_is_closed(tree, command):
    before = state(tree)
    done = shell(f'"$1" -m transformer {command.format(tree)} >&-')
    assert (done.returncode, "standard output is closed; nothing was done" in done.stderr) == (2, True), done.stderr
    assert "Traceback" not in done.stderr
    assert state(tree) == before


def test_nobody_to_be_told(tree):
    assert shell(f'"$1" -m transformer run {tree} --arch gemma4 --check --verify syntax 2>&-').returncode == 1
    assert shell(f'"$1" -m transformer run {tree}/nowhere --check 2>/dev/full').returncode == 2
    assert shell('"$1" -m transformer --help | true; exit ${PIPESTATUS[0]}').returncode == 0


def test_a_working_folder_that_is_gone(tree, tmp_path):
    (tmp_path / "gone").mkdir()
    line = f'rmdir "$PWD"; "$1" -m transformer run {tree} --arch gemma4 --check --verify syntax'
    done = shell(line, cwd=tmp_path / "gone")
    assert (done.returncode, "the working folder is not there any more" in done.stderr) == (2, True), done.stderr
    assert "Traceback" not in done.stderr


# Being asked to stop.

KILLING = """
import os, signal, sys
from transformer.__main__ import main
number, last = int(sys.argv.pop(1)), int(sys.argv.pop(1))
seen = []
def watched(name):
    real = getattr(os, name)
    def call(*arguments, **more):
        result = real(*arguments, **more)
        seen.append(name)
        if len(seen) == last:
            os.kill(os.getpid(), number)
        return result
    setattr(os, name, call)
os.fsync = lambda handle: None
for name in ("replace", "unlink", "rename"):
    watched(name)
main()
"""


def asked_to_stop(number, last, *arguments):
    words = [sys.executable, "-c", KILLING, str(int(number)), str(last), *map(str, arguments)]
    return subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, check=False)


def shape(tree):
    return {path: facts[:2] for path, facts in state(tree).items()}


@pytest.mark.parametrize("number", sampled([signal.SIGINT, signal.SIGTERM, signal.SIGHUP], 1), ids=lambda number: number.name)
@pytest.mark.parametrize("last", sampled([2, 12, 48], 2))
@pytest.mark.parametrize("command", ["run", "undo"])
def test_a_request_to_stop_leaves_one_tree_and_says_which(tree, number, last, command):
    pristine = shape(tree)
    call("run", tree)
    ported = shape(tree)
    old, new = (pristine, ported) if command == "run" else (ported, pristine)
    if command == "run":
        call("undo", tree)
    extra = ["--arch", "gemma4", "--verify", "syntax"] if command == "run" else []
    done = asked_to_stop(number, last, command, tree, *extra)
    assert done.returncode in (0, 70), done.stderr
    assert shape(tree) == (new if done.returncode == 0 else old), done.stderr
    assert ("interrupted; nothing was changed" in done.stderr) == (done.returncode == 70), done.stderr
    assert "Traceback" not in done.stderr
    assert "cut off" not in call("status", tree).said
