"""A bounded share of the calls; `EVERY_CALL=1` is all of them (half an hour), `python -m faults` prints the table."""

import os

import pytest

from faults.calls import KINDS, attempt
from faults.commands import COMMANDS, Place, every, some, tried

SHARE = every if os.environ.get("EVERY_CALL") else some


@pytest.fixture(autouse=True)
def _own_settings(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda handle: None)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("PATH", os.environ["PATH"])


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_one_call_goes_wrong(tmp_path, command):
    rows = list(tried(Place(tmp_path, command), command, SHARE))
    assert {row.kind for row in rows} == set(KINDS)
    assert None in {row.code for row in rows}
    assert {row.code for row in rows} & {0, 2, 70}
    assert [row for row in rows if row.faults] == []


def test_what_goes_wrong_does(tmp_path):
    """The harness itself: each way, at the one call of a command."""

    def make():
        os.mkdir(tmp_path / "made")
        return 0

    assert attempt(make, "kill", 0).code is None
    assert not (tmp_path / "made").exists()
    refused = attempt(make, "ENOSPC", 0)
    assert (refused.code, "No space left on device" in refused.said, refused.calls[0]) == (70, True, "mkdir")
    assert attempt(make, "hang-up", 0).said == "interrupted"
    assert (attempt(make).code, (tmp_path / "made").is_dir()) == (0, True)
