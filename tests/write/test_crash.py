"""A process that was killed: what the next command makes of it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from writing import CHANGES, NEW, OLD, apply, child_env, crash, files_of, fill, recover, runs, snapshot, undo

from transformer.errors import UsageError
from transformer.write import FileChange, last_applied, state_folder


@pytest.mark.parametrize(
    ("when", "message"),
    [(0, "before its first file: nothing to put back"), (1, "1 of its files put back"), (3, "3 of its files put back")],
)
def test_crash_is_rolled_back_by_the_next_run(tree: Path, when: int, message: str) -> None:
    (tree / "a.cpp").chmod(0o755)
    before = snapshot(tree)
    crash(tree, when)
    assert snapshot(tree) != before  # temporary files at least
    assert last_applied(tree) is None
    assert recover(tree) == f"an earlier run (port) was cut off{': ' if when else ' '}{message}"
    assert snapshot(tree) == before
    assert runs(tree) == []
    assert recover(tree) is None


def test_crash_after_the_last_file_is_finished(tree: Path) -> None:
    crash(tree, "end")
    message = recover(tree)
    assert message == "an earlier run (port) was cut off after its last file: it is complete now"
    assert files_of(tree) == NEW
    last = last_applied(tree)
    assert last is not None
    assert last.label == "port"
    undo(tree)
    assert files_of(tree) == OLD


def test_crash_then_edit_is_refused(tree: Path) -> None:
    crash(tree, 2)
    (tree / "a.cpp").write_bytes(b"mine")
    before = snapshot(tree)
    with pytest.raises(UsageError, match=r"neither as before it nor as it wrote them: a\.cpp$") as caught:
        recover(tree)
    assert snapshot(tree) == before
    assert str(runs(tree)[0]) in caught.value.help
    with pytest.raises(UsageError, match=r"a\.cpp$"):
        apply(tree, CHANGES, label="x")
    assert snapshot(tree) == before


def test_apply_after_a_crash_recovers_by_itself(tree: Path) -> None:
    crash(tree, 2)
    apply(tree, CHANGES, label="again")
    assert files_of(tree) == NEW
    undo(tree)
    assert files_of(tree) == OLD


@pytest.mark.parametrize(("when", "files"), [(0, NEW), (2, NEW), ("end", OLD), ("done", OLD)])
def test_crash_in_undo(tree: Path, when: int | str, files: dict[str, bytes]) -> None:
    """Before its last file an undo is taken back, after it it is finished, and can be tried again."""
    before = snapshot(tree)
    apply(tree, CHANGES, label="port")
    crash(tree, when, "undo")
    message = recover(tree)
    assert message is not None
    assert "undo of port" in message
    assert files_of(tree) == files
    if files == NEW:
        undo(tree)
    assert snapshot(tree) == before
    assert last_applied(tree) is None
    assert runs(tree) == []


def test_crash_after_undo_was_complete_does_not_hold_the_tree(tree: Path) -> None:
    apply(tree, CHANGES, label="port")
    crash(tree, "done", "undo")
    (tree / "a.cpp").write_bytes(b"mine")
    assert recover(tree) == "an earlier run (undo of port) was cut off after its last file: it is complete now"
    assert files_of(tree) == {**OLD, "a.cpp": b"mine"}
    assert last_applied(tree) is None


def test_crash_before_the_journal_leaves_only_rubbish(tree: Path) -> None:
    rubbish = state_folder(tree) / "runs" / "000001-0123abcd"
    rubbish.mkdir(parents=True)
    (rubbish / "0000").write_bytes(b"x")
    assert recover(tree) is None
    apply(tree, CHANGES, label="x")
    assert not rubbish.exists()


def test_damaged_journal_is_an_error(tree: Path) -> None:
    apply(tree, CHANGES, label="x")
    (journal,) = state_folder(tree).glob("runs/*/journal.json")
    journal.write_text("{")
    with pytest.raises(UsageError, match="journal of an earlier run cannot be read") as caught:
        last_applied(tree)
    assert caught.value.where == str(journal)


def test_damaged_backup_is_an_error(tree: Path) -> None:
    apply(tree, CHANGES, label="x")
    (copy,) = state_folder(tree).glob("runs/*/0000")
    copy.write_bytes(b"x")
    with pytest.raises(UsageError, match=r"saved copy of a.cpp is damaged"):
        undo(tree)
    assert files_of(tree) == NEW


def test_second_run_is_refused_at_once(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.replace
    answers: list[subprocess.CompletedProcess[str]] = []
    script = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from transformer.errors import TransformerError
        from transformer.write import FileChange
        from writing import apply, recover, undo
        root = Path(sys.argv[1])
        for verb in (recover, undo, lambda root: apply(root, [FileChange("n", None, b"x")], label="second")):
            try:
                verb(root)
            except TransformerError as error:
                print(error.exit_code, error.message)
        """
    )

    def replace(source: Path, target: Path) -> None:
        if Path(target) == tree / "b.cpp":
            command = [sys.executable, "-c", script, str(tree)]
            answers.append(subprocess.run(command, capture_output=True, text=True, env=child_env(), timeout=10))
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    apply(tree, CHANGES, label="first")
    (answer,) = answers
    assert answer.stdout.splitlines() == ["2 another run is working on this tree"] * 3, answer.stderr
    assert files_of(tree) == NEW


def test_two_trees_do_not_wait_for_each_other(tmp_path: Path, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = fill(tmp_path / "other")
    real = os.replace

    def replace(source: Path, target: Path) -> None:
        if Path(target) == tree / "b.cpp":
            apply(other, CHANGES, label="other")
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    apply(tree, CHANGES, label="x")
    assert files_of(tree) == files_of(other) == NEW


def test_lock_is_free_after_a_failure(tree: Path) -> None:
    with pytest.raises(UsageError):
        apply(tree, [FileChange("a.cpp", b"wrong", b"x")], label="x")
    apply(tree, CHANGES, label="x")
    assert files_of(tree) == NEW


def test_journals_that_cannot_be_listed_stop_everything(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Among them may be a run that was cut off: a tree that is half-written is not taken for a whole one."""
    crash(tree, 2)
    before, real = snapshot(tree), os.scandir

    def scandir(path: Path) -> object:
        if Path(path).name == "runs":
            raise OSError(errno.EIO, "Input/output error")
        return real(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", scandir)
        for verb in (recover, undo, lambda root: apply(root, CHANGES, label="second")):
            with pytest.raises(UsageError, match="cannot be looked at: Input/output error"):
                verb(tree)
    assert snapshot(tree) == before
    assert recover(tree) is not None
    assert files_of(tree) == OLD


def test_a_run_is_complete_though_old_journals_cannot_be_dropped(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.replace

    def no_more(state: Path) -> list[Path]:
        raise UsageError("the folder of the journals is a link")

    def replace(source: Path, target: Path) -> None:
        real(source, target)
        if Path(target) == tree / "c.bin":  # behind the last of its reads
            monkeypatch.setattr("transformer.write.journal._folders", no_more)

    monkeypatch.setattr(os, "replace", replace)
    apply(tree, CHANGES, label="port")
    assert files_of(tree) == NEW
