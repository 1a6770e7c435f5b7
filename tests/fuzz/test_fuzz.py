"""A bounded share of the fuzzing; `python -m fuzz N` is the long run."""

import pytest

from fuzz.every import ALL
from fuzz.run import HangError, fuzz, limited


@pytest.mark.parametrize("target", ALL, ids=lambda target: target.name)
def test_no_traceback_and_no_hang(target):
    inputs = max(target.share // 2, 5)
    assert fuzz(target, inputs, 1).inputs >= inputs // 2


def test_a_hang_is_noticed(monkeypatch):
    monkeypatch.setattr("fuzz.run.SECONDS", 0.1)
    with pytest.raises(HangError), limited():
        all(iter(lambda: True, False))
