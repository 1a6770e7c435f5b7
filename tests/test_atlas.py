"""Several architectures over the same revisions: one row for each pair, whoever does the work, and one page of them."""

import json
import os
import re
import shutil
import subprocess
from collections import Counter

import pytest
from casefile import HERE
from click.testing import CliRunner
from command import fork, git, replace, repository, settle

from rules.llama import FAMILY
from transformer import pack as packs
from transformer.draft import Undrafted, drafts
from transformer.errors import UsageError
from transformer.show.view import View
from transformer.survey import spread, tree
from transformer.survey.atlas import LETTERS, as_json, summary, table
from transformer.survey.cache import fingerprint
from transformer.survey.command import survey as command
from transformer.survey.heatmap import as_html
from transformer.survey.judge import Judge
from transformer.survey.row import STATES
from transformer.survey.run import Request, survey

EXAMPLES = HERE.parent / "examples"
CHROMIUM = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)

pytestmark = pytest.mark.usefixtures("settled")


def renamed(text):
    return re.sub("gemma3(?!n)", "novel", re.sub("GEMMA3(?!N)", "NOVEL", text))


@pytest.fixture(scope="module")
def donor(tmp_path_factory):
    """`examples/miniclasses` with one architecture under another name, so that the fork lacks it."""
    root = tmp_path_factory.mktemp("donor") / "tree"
    shutil.copytree(EXAMPLES / "miniclasses", root)
    for path in [each for each in root.rglob("*") if each.suffix in (".cpp", ".h")]:
        text = renamed(path.read_text())
        path.unlink()
        path.with_name(renamed(path.name)).write_text(text)
    return root


@pytest.fixture(scope="module")
def past(tmp_path_factory):
    """A fork with a history: an enum breaks, and is mended."""
    with pytest.MonkeyPatch.context() as patch:
        settle(tmp_path_factory.mktemp("home"), patch)
        root = repository(fork(tmp_path_factory.mktemp("past") / "fork"))
        header = root / "src/llama-arch.h"
        for old, new, subject in (
            ("enum llm_arch {", "enum llm_arch_of_old {", "break </script><b>the enum</b>"),
            ("enum llm_arch_of_old {", "enum llm_arch {", "mend it"),
        ):
            replace(header, old, new)
            git(root, "commit", "-qam", subject)
        return root


@pytest.fixture(scope="module")
def made(donor):
    """Two drafts, and an architecture that the donor lacks."""
    with drafts(FAMILY, str(donor), ("novel", "qwen2", "no-such"), lambda *_: None) as found:
        yield found


def wish(past, made, **more):
    homes = (*packs.homes(()), *packs.homes([made.folder], data=True)[1:])
    given = {"span": "HEAD~2..HEAD", "homes": homes, "donor": made.donor, "undrafted": made.undrafted, **more}
    return Request(past, made.packs, **given)


def look(past, made, **more):
    return survey(wish(past, made, **more), lambda *_: None)


def states(found):
    return {each.arch: [row.verdict.state for row in each.rows] for each in found.surveys}


def text(lines):
    return ["".join(part if isinstance(part, str) else part[0] for part in line) for line in lines]


def invoke(*words):
    return CliRunner().invoke(command, [str(word) for word in words], obj=View(), standalone_mode=False)


def test_a_row_for_each_pair(past, made):
    said = []
    found = survey(wish(past, made, span="HEAD~1..HEAD"), lambda *step: said.append(step))
    assert states(found) == {"novel": ["ports"], "qwen2": states(found)["qwen2"]}
    assert set(states(found)["qwen2"]) <= {"native", "partial"}
    assert said[0][:2] == (0, 2)
    assert said[-1][:2] == (2, 2)
    (left,) = found.undrafted
    assert (left.name, left.why) == ("no-such", "the donor has no architecture 'no-such'")
    assert states(look(past, made))["novel"] == ["blocked", "ports"]


def test_a_judge_says_the_same_beside_others(past, made):
    """What one has parsed and the other takes over changes nothing: neither state nor reason nor any note."""
    homes = wish(past, made).homes
    for each in look(past, made).surveys:
        alone = Judge(str(past / ".git"), packs.load(each.arch, homes), "syntax")
        assert [alone.row(row.revision).verdict for row in each.rows] == [row.verdict for row in each.rows]
        alone.close()


def test_each_file_is_parsed_once_for_all_architectures(past, made, monkeypatch):
    parsed = Counter()
    parse = tree.CppFile
    monkeypatch.setattr(tree, "CppFile", lambda source: parsed.update([(source.path, source.data)]) or parse(source))
    look(past, made)
    assert len(parsed) > 5
    assert set(parsed.values()) == {1}


def test_everything_of_a_donor(past, donor, tmp_path):
    """One of them is called as the family is, whose templates stay where they are."""
    out = tmp_path / "all.json"
    done = invoke(past, "--range", "HEAD~1..HEAD", "--from", donor, "--arch", "all", "--jobs", 1, "--json", out)
    assert (done.exception, done.return_value) == (None, 0)
    said = json.loads(out.read_text())
    assert (said["version"], said["donor"], said["undrafted"]) == (2, "tree", [])
    assert [each["arch"] for each in said["architectures"]] == ["gemma3n", "llama", "llama-embed", "novel", "qwen2"]
    assert said["summary"]["pairs"] == 5
    assert sum(each["pairs"] for each in said["summary"]["states"]) == 5
    assert "there is no template" not in out.read_text()
    assert str(tmp_path.parent) not in out.read_text()
    novel = said["architectures"][3]
    verdict = novel["verdicts"][novel["revisions"][0]]
    assert verdict["state"] == "ports"
    assert len(verdict["rules"]) == len(novel["rules"])


def test_all_that_is_installed(past, tmp_path):
    done = invoke(past, "--range", "HEAD~1..HEAD", "--arch", "all", "--jobs", 1, "--json", tmp_path / "j")
    assert done.exception is None
    said = json.loads((tmp_path / "j").read_text())
    assert [each["arch"] for each in said["architectures"]] == [each.arch for each in packs.every(packs.homes(()))]
    assert said["donor"] is None


def test_one_draft_alone_is_told_as_one_pack_is(past, donor, tmp_path):
    done = invoke(
        past, "--range", "HEAD~1..HEAD", "--from", donor, "--arch", "novel", "--jobs", 1, "--json", tmp_path / "j"
    )
    assert done.exception is None
    said = json.loads((tmp_path / "j").read_text())
    assert (said["version"], said["summary"]["states"][0]["state"]) == (1, "ports")


def test_what_cannot_begin(past, donor, tmp_path):
    span = (past, "--range", "HEAD~1..HEAD", "--from")
    for words in ((*span, donor), (*span, donor, "--arch", "no-such"), (*span, tmp_path, "--arch", "all"),
                  (past, "--range", "HEAD", "--arch", "all", "--packs", donor, "--dask", "tcp://x:1")):  # fmt: skip
        assert isinstance(invoke(*words).exception, UsageError)


# What is kept, and how the work is spread.


def test_resume_keeps_what_the_same_draft_said(past, made, donor, tmp_path):
    first = look(past, made, cache=tmp_path)
    again = look(past, made, cache=tmp_path)
    assert all(row.cached for each in again.surveys for row in each.rows)
    assert (as_json(again), as_html(again)) == (as_json(first), as_html(first))
    other = tmp_path / "other"
    shutil.copytree(made.folder, other)
    path = next((other / "novel/templates").rglob("builder.cpp.j2"))
    path.write_text(path.read_text() + "\n// one line more\n")
    changed = type(made)(made.donor, other, made.packs, made.undrafted)
    mixed = look(past, changed, cache=tmp_path)
    assert {each.arch: {row.cached for row in each.rows} for each in mixed.surveys} == {
        "novel": {False},
        "qwen2": {True},
    }


def test_processes_say_the_same(past, made):
    assert as_json(look(past, made, jobs=2)) == as_json(look(past, made))


def test_a_worker_elsewhere_is_given_the_drafts(past, made):
    """In it neither the folder nor the donor is there: the texts travel with the piece."""
    files = {
        path.relative_to(made.folder).as_posix(): path.read_text()
        for path in (made.folder / "novel").rglob("*")
        if path.is_file()
    }
    bench = spread.Bench(spread.Setup(str(past / ".git"), "syntax", fingerprint(packs.home())))
    judge = bench.judge("novel", {"novel": files})
    assert judge.row("HEAD").verdict == look(past, made).surveys[0].rows[-1].verdict
    assert bench.judge("novel", {}) is judge
    given = bench._given.name
    bench.close()
    assert not os.path.exists(given)


@pytest.mark.slow
def test_dask(past, made):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        spreaded = look(past, made, dask=cluster.scheduler_address)
    assert as_json(spreaded) == as_json(look(past, made))


def test_pieces_have_few_packs_and_all_pairs():
    revisions, names = [str(number) for number in range(30)], [f"a{number}" for number in range(40)]
    for jobs in (1, 2, 64):
        parts = spread.pieces(revisions, names, jobs, "syntax")
        assert Counter(pair for part in parts for pair in part) == Counter((r, n) for r in revisions for n in names)
        assert max(len({name for _, name in part}) for part in parts) <= 16
        first = [part[0][0] for part in parts]
        assert first == sorted(first, key=int)  # all packs at some revisions before the next ones


# What is shown.


def test_table_and_summary(past, made):
    found = look(past, made)
    lines = text(table(found))
    assert lines[1].startswith(f"novel    {LETTERS['blocked']}{LETTERS['ports']}  ports 1, blocked 1")
    assert lines[3].startswith("no-such  not drafted  the donor has no architecture")
    said = text(summary(found))
    assert said[0] == "3 architectures of tree over 2 revisions of fork, verified: syntax"
    assert any("2 architectures, 2 pairs: " in line and "enum llm_arch was not found" in line for line in said)
    assert said[-1].endswith("pairs that were looked at; 0 were known")


def test_every_state_has_a_letter_of_its_own():
    assert list(LETTERS) == list(STATES)
    assert len(set(LETTERS.values())) == len(STATES)


def test_html_is_self_contained_and_inert(past, made):
    hostile = Undrafted("</script><i>x", "<img src=x onerror=alert(1)>")
    page = as_html(look(past, made, undrafted=(hostile,)))
    assert not re.search(r"https?://|<link|<img|src=x on|@import|url\(", page.replace("\\u003cimg src=x on", ""))
    assert "default-src 'none'" in page
    assert page.count("</script>") == 2
    held = json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', page, re.S)[1])
    assert held["revisions"][0]["subject"] == "break </script><b>the enum</b>"
    assert held["undrafted"][0]["arch"] == hostile.name


def browse(page, at, script=""):
    """The document of the page after its script, and one of ours, have run."""
    place = page.with_name(f"p{abs(hash(script))}.html")
    place.write_text(page.read_text() + f"<script>{script}</script>")
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=4000", "--window-size=1280,1400",
               "--dump-dom", f"{place.as_uri()}#{at}"]  # fmt: skip
    home = {**os.environ, "HOME": str(page.parent), "XDG_CONFIG_HOME": str(page.parent / "config")}
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120, env=home).stdout


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_html_in_a_browser(past, made, tmp_path):
    page = tmp_path / "map.html"
    page.write_text(as_html(look(past, made)), encoding="utf-8")
    dom = browse(page, "theme=light")
    assert 'data-ready="3"' in dom  # two architectures, and one that says why it is none
    assert "not drafted: the donor has no architecture 'no-such'" in dom
    cells = re.findall(r'<div class="c [^>]*role="gridcell"[^>]*aria-label="([^"]*)"[^>]*>([^<]*)</div>', dom)
    assert [(label.partition(",")[0], shown) for label, shown in cells[:2]] == [
        ("novel", "blocked"),
        ("novel", "ports"),
    ]
    assert "enum llm_arch was not found" in cells[0][0]

    dom = browse(page, "q=no%20such%20thing")
    assert 'data-ready="0"' in dom

    dom = browse(page, "arch=novel")
    assert 'data-ready="2"' in dom
    assert "break &lt;/script&gt;&lt;b&gt;the enum&lt;/b&gt;" in dom
    rows = re.findall(r'<div class="row[^>]*role="row"', dom)
    assert len(rows) == 1 + len(look(past, made).surveys[0].rules)

    keys = """
const press = key => (document.activeElement || document.body).dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
document.querySelector('.c[tabindex="0"]').focus(); press("ArrowRight"); press("ArrowDown"); press("ArrowLeft");
document.body.dataset.at = document.activeElement.getAttribute("aria-label").slice(0, 5);
press("Enter"); setTimeout(() => { document.body.dataset.opened = document.activeElement.textContent; }, 500);"""
    dom = browse(page, "", keys)
    assert 'data-at="qwen2"' in dom
    assert re.search(r'data-opened="qwen2 over 2 revisions', dom)
