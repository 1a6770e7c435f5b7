"""No name and no text of a tree steers the terminal, forges a line, or turns text round."""

import io
import json
import sys

import pytest
from command import call, fork
from hypothesis import given
from hypothesis import strategies as st

from transformer.show.terminal import Terminal, inert, visible
from transformer.show.view import View

HOSTILE = {
    "a title": "\x1b]0;owned\x07",
    "a link": "\x1b]8;;http://x\x1b\\y",
    "clear screen": "\x1b[2J",
    "8 bit": "\x9b2J",
    "a line": "a\ntypes verified: 0 new diagnostics",
    "another line": "a\u2028b\x85c\rd\x0be\x0cf",
    "turned round": "\u202egpj.exe\u2066\u2069\u200f\u061c",
    "no Unicode": "\udcff",
}
MARKUP = ("[bold]x[/]", "[/dim]", "[link=http://x]y[/link]", "[")

pytestmark = pytest.mark.usefixtures("settled")


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        raise OSError


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_said_is_one_line(name):
    shown = visible(HOSTILE[name])
    assert shown.isascii()
    assert shown.isprintable()


@given(st.text())
def test_visible_is_one_line_for_anything(text):
    assert len(visible(text).splitlines()) <= 1
    visible(text).encode()


def test_tabs_and_letters_stay():
    assert visible("\té\u4e16 [x]") == "\té\u4e16 [x]"


@pytest.mark.parametrize("text", [*HOSTILE.values(), *MARKUP])
def test_the_bar(monkeypatch, text):
    err = Tty()
    monkeypatch.setattr(sys, "stderr", err)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    terminal = Terminal()
    terminal.progress(1, 2, text)
    assert terminal._progress is not None
    terminal._progress.refresh()
    terminal.close()
    for bad in ("\x1b]", "\x1b[2J", "\x07", "\x9b", "\u202e", "\u2066", "types verified: 0 new diagnostics\n"):
        assert bad not in err.getvalue()
    if text in MARKUP[:1]:
        assert text in err.getvalue()


@pytest.mark.parametrize("text", HOSTILE.values())
def test_json(text):
    document = json.dumps({text: [text]}, indent=1, ensure_ascii=False)
    assert json.loads(inert(document)) == {text: [text]}
    assert inert(document).isascii()
    inert(document).encode()
    assert inert('{\n "\u4e16": "é"\n}\n') == '{\n "\u4e16": "é"\n}\n'


def test_a_name_forges_no_line(tmp_path):
    root = fork(tmp_path / "fork")
    (root / "src" / "a\ntypes verified: 0 new\x1b]0;x\x07.cpp").write_text('#include "llama-arch.h"\nint x = LLM_ARCH_LLAMA;\nswitch (arch) {')
    said = call("run", root, "--dry-run", verify="types")
    assert "\x1b" not in said.said
    assert [line for line in said.out.splitlines() if line.startswith("types verified: 0")] == []
    status = call("status", root)
    assert "\x1b" not in status.said


def test_a_message_is_one_line(capsys):
    View().tell("a\nb")
    assert capsys.readouterr().err == "a\\nb\n"
