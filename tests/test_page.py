"""The page: everything in it, nothing fetched, text of the tree stays text. `real/test_page.py` opens it in a browser."""

import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser

import pytest
from command import call, replace, state

pytestmark = pytest.mark.usefixtures("settled")
EVIL = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'&\u202e"


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.texts = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)

    def attributes(self, tag, name):
        return [attrs[name] for kind, attrs in self.tags if kind == tag and name in attrs]


@pytest.fixture
def page(tree, tmp_path):
    before = state(tree)
    assert call("run", tree, "--dry-run", "--diff", "stat", "--html", tmp_path / "page.html").code == 0
    assert state(tree) == before
    return tmp_path / "page.html"


def test_nothing_is_fetched_and_only_its_own_script_runs(page):
    text = page.read_text()
    found = Page(text)
    policy = found.attributes("meta", "content")[0]
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        inside = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.S)
        assert len(inside) == 1
        assert f"'sha256-{b64encode(sha256(inside[0].encode()).digest()).decode()}'" in policy
    assert not [attrs for _, attrs in found.tags if {"src", "href", "style", "onclick"} & set(attrs)]


def test_it_shows_every_hunk_rule_and_reason(page, tree):
    found = Page(page.read_text())
    shown = "".join(found.texts)
    hunks = [line for line in call("run", tree, "--dry-run").out.splitlines() if line.startswith("@@ ")]
    assert len(found.attributes("article", "data-file")) == len(hunks)
    assert "architectures that load the same tensors: gemma3n" in shown
    assert "src/llama-hparams.h:" in shown
    assert "types were not verified" in shown
    assert found.attributes("textarea", "data-words") == ["gemma4 --option drop_rows=on --option train=off"]
    boxes = {attrs["data-rule"]: attrs["data-needs"].split() for tag, attrs in found.tags if "data-rule" in attrs}
    assert boxes["heads.cache-width"] == ["heads.values"]


def test_hostile_text_stays_text(tree, tmp_path):
    replace(tree / "src" / "llama-hparams.cpp", "uint32_t llama_hparams::n_embd_k_gqa", f"// {EVIL}\nuint32_t llama_hparams::n_embd_k_gqa")
    assert call("run", tree, "--dry-run", "--html", tmp_path / "page.html").code == 0
    text = (tmp_path / "page.html").read_text()
    found = Page(text)
    assert [tag for tag, _ in found.tags].count("script") == 1
    assert "img" not in [tag for tag, _ in found.tags]
    assert "\u202e" not in text
    assert "alert(1)" in "".join(found.texts)


def test_nothing_to_do(tree, tmp_path):
    call("run", tree)
    assert call("run", tree, "--html", tmp_path / "page.html").code == 0
    assert "There is nothing to do." in (tmp_path / "page.html").read_text()
