"""Bad input: what is said, with which exit code, and that the tree stays as it was."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import venv
import zipfile
from pathlib import Path

import pytest
from command import PROJECT, call, fork, git, replace, repository, shell, started, state

from transformer import reader, write
from transformer.write import back, lock

ROOT = os.geteuid() == 0


pytestmark = pytest.mark.usefixtures("settled")


def refused(code, words, root, *arguments, run=call):
    """Run a command: it fails with this code, says these words, has no traceback, and leaves the tree alone."""
    before = state(root)
    result = run(*arguments)
    assert result.code == code, result.said
    for word in [words] if isinstance(words, str) else words:
        assert word in result.said, result.said
    assert "Traceback" not in result.said
    assert "internal error" not in result.said
    assert state(root) == before
    return result


# What is no tree.


def test_not_a_folder(tree):
    refused(2, ["CMakeLists.txt is not a folder", "try: give the folder"], tree, "run", tree / "CMakeLists.txt")


@pytest.mark.parametrize("command", ["run", "status", "undo"])
def test_does_not_exist(tmp_path, command):
    refused(2, ["nowhere does not exist", "try:"], tmp_path, command, tmp_path / "nowhere")


@pytest.mark.parametrize("files", [[], ["src/main.cpp", "README.md"]], ids=["empty", "other"])
def test_not_a_tree(tmp_path, files):
    for file in files:
        path = tmp_path / "other" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("int main() {}\n")
    (tmp_path / "other").mkdir(exist_ok=True)
    refused(2, ["not a llama.cpp tree", "src/llama-arch.h", "try:"], tmp_path, "run", tmp_path / "other")


def test_no_rights_to_list_the_folder(tree, monkeypatch):
    def iterdir(path):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", iterdir)
    result = call("run", tree)
    assert (result.code, "cannot be read: Permission denied" in result.err) == (2, True)


def test_undo_of_nothing(tree):
    refused(2, "nothing to undo", tree, "undo", tree)


def test_unknown_command_and_option(tree):
    refused(2, "No such command", tree, "port", tree)
    refused(2, "No such option", tree, "run", tree, "--force")
    refused(2, "exclude each other", tree, "run", tree, "--dry-run", "--check")


def test_unknown_architecture_lists_the_packs(tree):
    refused(2, ["no pack 'gemma5'", "there are: gemma4"], tree, "run", tree, "--arch", "gemma5")


# What cannot be read.


def test_unreadable_file(tree, monkeypatch):
    target = tree / "src/llama-model.h"
    target.chmod(0)
    if ROOT:
        real = reader._bytes

        def read(*asked):
            if "src/llama-model.h" in asked:
                raise PermissionError(errno.EACCES, "Permission denied")
            return real(*asked)

        monkeypatch.setattr(reader, "_bytes", read)
    result = call("run", tree)
    assert result.code == 2
    assert "src/llama-model.h: cannot read src/llama-model.h: Permission denied" in result.err
    assert "Traceback" not in result.said


def test_a_folder_in_place_of_a_file(tree):
    (tree / "src/llama-model.h").unlink()
    (tree / "src/llama-model.h").mkdir()
    refused(2, "src/llama-model.h", tree, "run", tree)


def test_not_utf8(tree):
    target = tree / "src/llama-model.h"
    lines = target.read_bytes().split(b"\n")
    lines[4] += b" // caf\xe9"
    target.write_bytes(b"\n".join(lines))
    refused(2, ["src/llama-model.h:5:", "is not UTF-8 (byte 0xe9)", "convert it"], tree, "run", tree)


# Anchors.


def test_syntax_error_at_an_anchor(tree):
    replace(tree / "src/llama-arch.h", "    LLM_ARCH_GEMMA3N,\n", "    LLM_ARCH_GEMMA3N = = 3 +,\n")
    refused(4, "src/llama-arch.h:", tree, "run", tree)


def test_anchor_missing(tree):
    replace(tree / "src/llama-arch.cpp", "LLM_KV_NAMES", "SOME_OTHER_NAMES")
    refused(4, ["src/llama-arch.cpp", "LLM_KV_NAMES was not found", "arch.keys"], tree, "run", tree)


def test_anchor_file_missing(tree):
    (tree / "src/llama-hparams.cpp").unlink()
    refused(4, "src/llama-hparams.cpp", tree, "run", tree)


def test_anchor_found_twice(tree):
    path = tree / "src/llama-model.cpp"
    text = path.read_text()
    start = text.index("ggml_cgraph * llama_model::build_graph")
    body = text[start : text.index("\n}\n", start) + 3]
    path.write_text(text + "\n" + body)
    result = refused(4, ["function llama_model::build_graph", "src/llama-model.cpp:"], tree, "run", tree)
    assert "2 " in result.err or "twice" in result.err


# git.


def test_dirty_tree(tree):
    repository(tree)
    replace(tree / "README.md", "minifork", "my fork")
    words = ["changes that are not committed: README.md", "try: commit or stash them, or say --allow-dirty"]
    refused(2, words, tree, "run", tree)
    assert call("run", tree, "--dry-run").code == 0
    assert call("run", tree, "--allow-dirty").code == 0
    assert "gemma4" in (tree / "src/llama-arch.cpp").read_text()


def test_clean_tree(tree):
    repository(tree)
    assert call("run", tree).code == 0
    changed = git(tree, "status", "--porcelain", "-uall").split("\n")
    assert " M src/llama-arch.h" in changed
    assert "?? src/models/gemma4-iswa.cpp" in changed
    assert call("undo", tree).code == 0
    assert git(tree, "status", "--porcelain", "-uall") == ""


def test_git_knows_no_file_of_the_tree(tmp_path):
    (tmp_path / "outer").mkdir()
    (tmp_path / "outer" / "readme").touch()
    inside = fork(repository(tmp_path / "outer") / "tree")
    result = call("run", inside)
    assert (result.code, "not checked for uncommitted changes: git knows no file of this tree" in result.err) == (0, True)


def test_no_git(tree, monkeypatch):
    monkeypatch.setenv("PATH", "")
    result = call("run", tree)
    assert result.code == 0
    assert "not checked for uncommitted changes: git is not installed" in result.err


# What may not be written.


def test_symlink_out_of_the_tree(tree, tmp_path):
    outside = tmp_path / "outside.h"
    (tree / "src/llama-arch.h").rename(outside)
    (tree / "src/llama-arch.h").symlink_to(outside)
    words = "src/llama-arch.h leads out of the tree through a symlink"
    before = outside.read_bytes()
    for extra in ([], ["--dry-run"], ["--check"]):
        refused(2, words, tree, "run", tree, *extra)
    assert outside.read_bytes() == before


def test_symlink_within_the_tree(tree):
    (tree / "src/llama-arch.h").rename(tree / "arch.h")
    (tree / "src/llama-arch.h").symlink_to("../arch.h")
    assert call("run", tree).code == 0
    assert (tree / "src/llama-arch.h").is_symlink()
    assert "LLM_ARCH_GEMMA4" in (tree / "arch.h").read_text()


def test_symlink_to_itself(tree):
    (tree / "src/llama-hparams.h").unlink()
    (tree / "src/llama-hparams.h").symlink_to("llama-hparams.h")
    refused(2, "src/llama-hparams.h", tree, "run", tree)


def test_read_only_file(tree):
    (tree / "src/llama-arch.h").chmod(0o444)
    refused(2, ["src/llama-arch.h is read-only", "chmod u+w"], tree, "run", tree)
    assert call("run", tree, "--dry-run").code == 0


def test_read_only_folder(tree):
    (tree / "src/models").chmod(0o555)
    refused(2, ["its folder src/models is read-only", "chmod u+w"], tree, "run", tree)
    (tree / "src/models").chmod(0o755)


@pytest.mark.parametrize("after", [0, 40_000, 200_000])
def test_full_disk(tree, monkeypatch, after):
    real, written = os.write, [0]

    def full(handle, data):
        if written[0] >= after:
            raise OSError(errno.ENOSPC, "No space left on device")
        written[0] += len(data)
        return real(handle, data)

    monkeypatch.setattr(os, "write", full)
    refused(70, ["no space left on the disk", "nothing was changed"], tree, "run", tree)
    monkeypatch.undo()
    assert not list(tree.rglob("*.tmp"))


def test_two_runs_at_once(tree):
    with lock.locked(write.state_folder(tree)):
        refused(2, ["another run is working on this tree", "try: wait"], tree, "run", tree)
        assert call("run", tree, "--dry-run").code == 0
    assert call("run", tree).code == 0


def test_a_run_that_was_cut_off(tree, monkeypatch):
    pristine = state(tree)
    real = os.replace

    def die(source, target):
        if str(target).endswith("models.h"):
            raise MemoryError
        real(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", die)
        patch.setattr(back, "put_back", lambda *_, **__: (_ for _ in ()).throw(MemoryError()))
        assert call("run", tree).code == 70
    assert state(tree) != pristine
    refused(2, "an earlier run was cut off", tree, "run", tree, "--dry-run")
    refused(2, "an earlier run was cut off", tree, "status", tree)
    result = call("undo", tree)
    assert (result.code, "files put back" in result.err) == (0, True), result.said
    assert {path: facts[:2] for path, facts in state(tree).items()} == {p: facts[:2] for p, facts in pristine.items()}


# Ctrl-C.


@pytest.mark.parametrize("index", [0, 7])
def test_interrupted_while_writing(tree, monkeypatch, index):
    real, seen = os.replace, []

    def replace_(source, target):
        if Path(target).is_relative_to(tree):
            seen.append(target)
            if len(seen) == index + 1:
                raise KeyboardInterrupt
        real(source, target)

    monkeypatch.setattr(os, "replace", replace_)
    before = {path: facts[:2] for path, facts in state(tree).items()}
    result = call("run", tree)
    assert (result.code, "interrupted; nothing was changed" in result.err) == (70, True), result.said
    assert {path: facts[:2] for path, facts in state(tree).items()} == before


def test_interrupted_while_types_are_checked(tree, tmp_path):
    before = state(tree)
    with started("run", tree, env={"XDG_CACHE_HOME": str(tmp_path / "empty")}) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        if not children.exists():
            pytest.skip("needs /proc")
        workers = []
        while not workers and process.poll() is None:
            time.sleep(0.02)
            workers = _workers(children)
        assert workers
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 70, out + err
    assert "interrupted; nothing was written" in err
    assert "Traceback" not in err
    assert state(tree) == before
    time.sleep(2)  # whoever adopts them has to notice that they ended
    assert not any(Path(f"/proc/{each}").exists() for each in workers)


def _workers(children):
    try:
        found = children.read_text().split()
        return [each for each in found if b"worker.py" in Path(f"/proc/{each}/cmdline").read_bytes()]
    except OSError:
        return []


# No compiler.


def test_no_compiler(tree, monkeypatch):
    monkeypatch.setenv("PATH", "")
    words = ["no C++ compiler found, so types cannot be verified", "--verify syntax"]
    refused(5, words, tree, "run", tree, "--verify", "types")
    result = call("run", tree, "--verify", "syntax")
    assert (result.code, "types were not verified" in result.out) == (0, True)


# Outputs.


@pytest.mark.parametrize("option", ["--patch", "--json"])
def test_output_that_cannot_be_written(tree, tmp_path, option):
    refused(2, ["cannot be written", "there is no folder"], tree, "run", tree, option, tmp_path / "no" / "file")
    refused(2, ["cannot be written", "is a folder"], tree, "run", tree, option, tmp_path)
    refused(2, "is a file of the tree already", tree, "run", tree, option, tree / "src/llama-arch.h")
    refused(2, "is not a regular file", tree, "run", tree, option, "/dev/full")


@pytest.mark.parametrize("option", ["--patch", "--json", "--out"])
def test_output_without_permission(tree, tmp_path, monkeypatch, option):
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != tmp_path)
    refused(2, ["cannot be written", "permission denied"], tree, "run", tree, option, tmp_path / "new")


def test_one_file_for_two_outputs(tree, tmp_path):
    one = tmp_path / "one"
    refused(2, "is named twice", tree, "run", tree, "--patch", one, "--json", tmp_path / "." / "one")
    assert not one.exists()


@pytest.mark.parametrize("place", [".", "ported", "src/../deep/er"])
def test_out_inside_the_tree(tree, place):
    refused(2, ["is inside the tree", "outside of it"], tree, "run", tree, "--out", tree / place)


def test_out_that_leads_into_the_tree(tree, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "src").symlink_to(tree / "src")
    refused(2, "leads into the tree", tree, "run", tree, "--out", tmp_path / "out")


def test_out_is_a_file(tree, tmp_path):
    (tmp_path / "out").write_text("")
    refused(2, "is not a folder", tree, "run", tree, "--out", tmp_path / "out")


# The tree is the working folder.


def test_nothing_of_the_target_is_imported(tree, tmp_path):
    trap = f"open({str(tmp_path / 'trap')!r}, 'a').write(__file__ + '\\n')\n"
    for name in ("transformer", "click", "jinja2", "clang", "rich", "pathlib", "site", "runpy", "tree_sitter"):
        (tree / f"{name}.py").write_text(trap)
    for name in ("rules", "templates"):
        (tree / name).mkdir()
        (tree / name / "__init__.py").write_text(trap)
    before = state(tree)
    for first in (["-P", "-m", "transformer"], [str(PROJECT / "transformer/__main__.py")]):
        words = [sys.executable, *first, "run", ".", "--arch", "gemma4", "--check", "--verify", "syntax"]
        done = subprocess.run(words, cwd=tree, capture_output=True, text=True, check=False)
        assert done.returncode == 1, done.stdout + done.stderr
    assert not (tmp_path / "trap").exists()
    assert state(tree) == before


def test_the_module_is_found_before_the_target_is_asked(tree, tmp_path, monkeypatch):
    """As in a wheel: `first.pth` lies among the packages."""
    monkeypatch.delenv("PYTHONPATH")
    trap = f"open({str(tmp_path / 'trap')!r}, 'a').write(__file__ + '\\n')\n"
    for name in ("transformer", "runpy", "contextlib", "pathlib", "os", "click"):
        (tree / f"{name}.py").write_text(trap)
    venv.create(tmp_path / "venv", symlinks=True)
    packages = next((tmp_path / "venv").glob("lib/python*/site-packages"))
    (packages / "a.pth").write_text(f"{PROJECT}\n{sysconfig.get_path('purelib')}\n")
    python = tmp_path / "venv" / "bin" / "python"
    for name, trapped in (("without", True), ("llama_fork_transformer.pth", False)):
        shutil.copy(PROJECT / "transformer" / "first.pth", packages / name)
        words = [python, "-m", "transformer", "run", ".", "--arch", "gemma4", "--check", "--verify", "syntax"]
        done = subprocess.run(words, cwd=tree, capture_output=True, text=True, check=False)
        assert (tmp_path / "trap").exists() == trapped, done.stdout + done.stderr
        assert trapped or done.returncode == 1
        (tmp_path / "trap").unlink(missing_ok=True)


@pytest.mark.real
def test_wheel(tree, tmp_path, monkeypatch):
    """Carries its rules and templates, puts no package `rules` anywhere, and runs inside a tree full of traps."""
    monkeypatch.delenv("PYTHONPATH")
    source = tmp_path / "source"
    ignore = shutil.ignore_patterns(".*", "__pycache__", "tests")
    shutil.copytree(PROJECT, source, ignore=ignore)
    pip = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(tmp_path), str(source)]
    subprocess.run(pip, check=True)
    venv.create(tmp_path / "venv", symlinks=True)
    packages = next((tmp_path / "venv").glob("lib/python*/site-packages"))
    (packages / "a.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        wheel.extractall(packages)
        tops = {name.split("/")[0] for name in wheel.namelist()}
        suffixes = {Path(name).suffix for name in wheel.namelist() if name.startswith("transformer/packs/rules/")}
    assert {top for top in tops if ".dist-info" not in top} == {"transformer", "llama_fork_transformer.pth"}
    assert suffixes == {".py", ".toml", ".json", ".npz", ".cmake", ".cpp", ".h", ".txt"}
    for name in ("transformer", "click", "runpy"):
        (tree / f"{name}.py").write_text("raise SystemExit(99)\n")
    words = [tmp_path / "venv" / "bin" / "python", "-m", "transformer", "run", ".", "--arch", "gemma4", "--check", "--verify", "types"]
    assert subprocess.run(words, cwd=tree, check=False).returncode == 1


def test_terminated_while_writing(tree):
    """SIGTERM, as CI sends it, is as good as Ctrl-C."""
    before = {path: facts[:2] for path, facts in state(tree).items()}
    code = (
        "import os, signal; from transformer.__main__ import main; real = os.replace; seen = []\n"
        "def replace(a, b):\n"
        "    real(a, b); seen.append(b)\n"
        "    if len(seen) == 6: os.kill(os.getpid(), signal.SIGTERM)\n"
        "os.replace = replace; main()"
    )
    words = [sys.executable, "-c", code, "run", str(tree), "--arch", "gemma4", "--verify", "syntax"]
    done = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (done.returncode, "interrupted; nothing was changed" in done.stderr) == (70, True), done.stderr
    assert {path: facts[:2] for path, facts in state(tree).items()} == before


def test_the_subprocess_says_the_same(tree):
    refused(2, "does not exist", tree, "run", tree / "nowhere", run=shell)
    refused(2, ["no pack 'x'", "gemma4"], tree, "run", tree, "--arch", "x", run=shell)
