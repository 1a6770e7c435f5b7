"""The survey: history without a checkout, exact reuse, one row for each revision whatever is wrong with it."""

import json
import os
import re
import shutil
import subprocess
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from click.testing import CliRunner
from command import contents, fork, git, replace, repository, settle

from transformer import pack, plan
from transformer.errors import TransformerError, UsageError
from transformer.outcome import Blocked, Changes, NotNeeded, Satisfied
from transformer.show.view import View
from transformer.survey import history, judge, spread
from transformer.survey.cache import fingerprint
from transformer.survey.command import survey as command
from transformer.survey.heatmap import as_html
from transformer.survey.judge import Judge
from transformer.survey.result import as_json, summary, table
from transformer.survey.run import Request, survey
from transformer.workspace import DiskStore, Workspace

CHROMIUM = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)


@pytest.fixture(scope="module")
def past(tmp_path_factory):
    """A fork with a history: an anchor breaks and is mended, a file turns to Latin-1, the tree goes and comes back."""
    with pytest.MonkeyPatch.context() as patch:
        settle(tmp_path_factory.mktemp("home"), patch)
        root = repository(fork(tmp_path_factory.mktemp("past") / "fork"))

        def commit(subject):
            git(root, "add", "-A")
            git(root, "commit", "-q", "--allow-empty", "-m", subject)

        (root / "NOTES").write_text("nothing that a rule looks at\n")
        commit("notes")
        replace(root / "src/llama-arch.h", "enum llm_arch {", "enum llm_arch_of_old {")
        commit("break </script><b>the enum</b>")
        replace(root / "src/llama-arch.h", "enum llm_arch_of_old {", "enum llm_arch {")
        commit("mend it")
        vocab = root / "src/llama-vocab.cpp"
        vocab.write_bytes(b"// one line more\n" + vocab.read_bytes())
        commit("a line in one file")
        arch = root / "src/llama-arch.h"
        kept = arch.read_bytes()
        arch.write_bytes(b"// \xe9t\xe9\n" + kept)
        commit("Latin-1")
        arch.unlink()
        commit("no tree")
        arch.write_bytes(kept)
        commit("back again")
        return root


pytestmark = pytest.mark.usefixtures("settled")


STATES = ["ports", "blocked", "ports", "ports", "broken", "foreign", "ports"]


def made(past, **more):
    said = []
    request = Request(past, ("gemma4",), **{"span": "HEAD~7..HEAD", **more})
    return survey(request, lambda *step: said.append(step)).surveys[0], said


def states(found):
    return [row.verdict.state for row in found.rows]


def test_a_row_for_each_revision(past):
    before = contents(past)
    refs = git(past, "for-each-ref"), git(past, "count-objects", "-v")
    found, said = made(past)
    assert states(found) == STATES
    assert [row.revision for row in found.rows] == git(past, "rev-list", "--reverse", "HEAD~7..HEAD").split()
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", row.date) for row in found.rows)
    _, broken, _, _, latin, foreign, _ = (row.verdict for row in found.rows)
    assert "enum llm_arch was not found" in broken.why
    assert (latin.why, latin.where) == ("src/llama-arch.h is not UTF-8 (byte 0xe9)", "src/llama-arch.h:1")
    assert "no src/llama-arch.h" in foreign.why
    assert [*latin.cells, *foreign.cells] == []
    assert said[0][0] == 0
    assert said[-1][:2] == (7, 7)
    assert (contents(past), (git(past, "for-each-ref"), git(past, "count-objects", "-v"))) == (before, refs)


def plain(root):
    """What a rule says, and the plan as a whole, without any memory."""
    said = plan.make(pack.load("gemma4", pack.home()), Workspace(DiskStore(root)))
    words = {Changes: "changed", Satisfied: "satisfied", NotNeeded: "not needed", Blocked: "blocked"}
    return [words[type(step.outcome)] for step in said.steps], [getattr(s.outcome, "why", None) for s in said.steps]


def test_reuse_is_exact(past, tmp_path):
    """Row by row, what one judge says with all that it remembers is what a plan of the checked out tree says."""
    one = Judge(str(past / ".git"), pack.load("gemma4", pack.home()), "syntax")
    names = git(past, "rev-list", "--reverse", "HEAD").split()
    for name in [*names, *reversed(names)]:
        row = one.row(name)
        if row.verdict.cells:
            tree = tmp_path / name
            if not tree.exists():
                git(past, "worktree", "add", "-q", "--detach", str(tree), name)
            words, why = plain(tree)
            assert [cell.word for cell in row.verdict.cells] == words
            for cell, reason in zip(row.verdict.cells, why, strict=True):
                assert reason is None or cell.note.endswith(reason)
    one.close()
    git(past, "worktree", "prune")


def test_what_did_not_change_is_not_asked_again(past, monkeypatch):
    asked = []
    ask = plan.ask
    monkeypatch.setattr(judge.planning, "ask", lambda rule, context: asked.append(rule.name) or ask(rule, context))
    one = Judge(str(past / ".git"), pack.load("gemma4", pack.home()), "syntax")
    every = {rule.name for rule in pack.load("gemma4", pack.home()).rules}

    def anew(name):
        """The rules that had to look at the tree. `plan.make` asks each; the memory asks those once more."""
        asked.clear()
        one.row(name)
        return {rule for rule in asked if asked.count(rule) > 1}

    assert anew("HEAD~7") == every
    assert anew("HEAD~6") == set()  # notes
    assert not asked
    assert "vocab.end" not in anew("HEAD~5")  # the enum broke
    assert anew("HEAD~4") == set()  # and is as it was
    line = anew("HEAD~3")
    assert {"vocab.end", "arch.switches"} <= line
    assert "load.tensors" not in line
    assert one.counts.plans_known == 2
    one.close()


def test_every(past):
    everything = git(past, "rev-list", "--reverse", "HEAD~7..HEAD").split()
    assert history.in_range(past, "HEAD~7..HEAD", 3) == everything[::3]
    assert history.in_range(past, "HEAD~7..HEAD", 4) == [everything[0], everything[4], everything[6]]
    assert history.in_range(past, "HEAD~7..HEAD", 100) == [everything[0], everything[6]]
    assert history.thinned(["a"], 9) == ["a"]


def test_only_first_parents(tmp_path):
    root = repository(fork(tmp_path / "fork"))
    git(root, "checkout", "-q", "-b", "side")
    git(root, "commit", "-q", "--allow-empty", "-m", "side")
    git(root, "checkout", "-q", "-")
    git(root, "commit", "-q", "--allow-empty", "-m", "main")
    git(root, "merge", "-q", "--no-ff", "-m", "merge", "side")
    found, _ = made(root, span="HEAD~2..HEAD")
    assert [row.subject for row in found.rows] == ["main", "merge"]


@pytest.mark.parametrize("span", ["HEAD..HEAD", "no-such..HEAD", "--all", "--output=x"])
def test_bad_ranges(past, span):
    with pytest.raises(UsageError):
        made(past, span=span)


def test_not_a_repository(tmp_path, past):
    inside = fork(past / "inside")  # in the work tree of another repository
    try:
        for folder in (tmp_path, inside, tmp_path / "none"):
            with pytest.raises(UsageError):
                made(folder)
    finally:
        shutil.rmtree(inside)


def test_revisions_from_a_file(past, tmp_path):
    git(past, "tag", "-f", "old", "HEAD~7")
    names = tmp_path / "names"
    names.write_text("# what to look at\nold   # a tag\nHEAD~5\n\nno-such-thing\nHEAD~7\nHEAD:src\n")
    found, _ = made(past, span="", revisions=names)
    assert states(found) == ["ports", "blocked", "broken", "broken"]
    assert found.rows[2].revision == "no-such-thing"
    assert found.rows[2].verdict.why == "the repository does not hold no-such-thing"
    names.write_text("# none\n")
    with pytest.raises(UsageError):
        made(past, span="", revisions=names)
    with pytest.raises(UsageError):
        made(past, span="", revisions=tmp_path / "missing")


def test_bare_and_packed(past, tmp_path):
    bare = tmp_path / "mirror.git"
    git(past, "clone", "-q", "--bare", str(past), str(bare))
    git(bare, "repack", "-adq")
    found, _ = made(bare, span="HEAD~7..HEAD")
    assert states(found) == STATES
    assert found.repository == "mirror"


def test_a_partial_clone_is_left_as_it_is(past, tmp_path):
    git(past, "config", "uploadpack.allowFilter", "true")
    part = tmp_path / "part.git"
    git(past, "clone", "-q", "--bare", "--filter=blob:none", past.as_uri(), str(part))
    before = git(part, "count-objects", "-v")
    found, _ = made(part, cache=tmp_path / "kept")
    assert set(states(found)) == {"broken", "foreign"}
    assert "the repository does not hold" in found.rows[0].verdict.why
    assert git(part, "count-objects", "-v") == before
    assert [path.name for path in (tmp_path / "kept").glob("*/*")] != []  # `foreign` is known, what lacks is not
    assert len([*(tmp_path / "kept").glob("*/*")]) == states(found).count("foreign")


def test_symlinks_inside_the_tree(tmp_path):
    root = fork(tmp_path / "fork")
    (root / "src").rename(root / "source")
    (root / "src").symlink_to("source")
    (root / "source/llama-arch.h").rename(root / "arch.h")
    (root / "source/llama-arch.h").symlink_to("../arch.h")
    found, _ = made(repository(root), span="HEAD")
    assert states(found) == ["ports"]
    (root / "source/llama-arch.h").unlink()
    (root / "source/llama-arch.h").symlink_to("../../../etc/hostname")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "out")
    assert states(made(root, span="HEAD~1..HEAD")[0]) == ["foreign"]


# What is kept between runs.


def test_resume(past, tmp_path, monkeypatch):
    first, _ = made(past, cache=tmp_path / "kept", every=2)
    assert not any(row.cached for row in first.rows)
    seen = []
    rows = spread.rows
    monkeypatch.setattr(spread, "rows", lambda setup, piece: seen.extend(piece.pairs) or rows(setup, piece))
    second, _ = made(past, cache=tmp_path / "kept")
    assert seen == [(row.revision, "gemma4") for row in second.rows[1::2]]
    assert [row.cached for row in second.rows] == [True, False] * 3 + [True]
    seen.clear()
    third, _ = made(past, cache=tmp_path / "kept")
    assert not seen
    fresh, _ = made(past)
    assert as_json(third) == as_json(second) == as_json(fresh)
    assert as_html(third) == as_html(fresh)


def test_what_makes_rows_stale(past, tmp_path, monkeypatch):
    kept = tmp_path / "kept"
    made(past, cache=kept, span="HEAD~1..HEAD")
    assert made(past, cache=kept, span="HEAD~1..HEAD", level="none")[0].rows[0].cached is False
    assert made(past, cache=kept, span="HEAD~1..HEAD")[0].rows[0].cached is True
    for damage in ("", "[]", '{"revision": 3}', "\0"):
        for path in kept.glob("*/*.json"):
            path.write_text(damage)
        assert made(past, cache=kept, span="HEAD~1..HEAD")[0].rows[0].cached is False
    assert any(path.read_text() not in ("", "\0") for path in kept.glob("*/*.json"))
    home = pack.home()
    shutil.copytree(home.rules, tmp_path / "rules")
    other = pack.Home(tmp_path / "rules", home.templates)
    fingerprint.cache_clear()
    assert fingerprint(other) == fingerprint(home)
    fingerprint.cache_clear()
    (tmp_path / "rules/gemma4/extra.py").write_text("")
    assert fingerprint(other) != fingerprint(home)
    assert made(past, cache=kept, span="HEAD~1..HEAD", homes=(other,))[0].rows[0].cached is False


def test_nothing_is_kept_unless_asked_for(past, tmp_path):
    made(past, span="HEAD~1..HEAD")
    assert not (tmp_path / "cache").exists()


# How the work is spread.


def test_processes_say_the_same(past):
    alone, _ = made(past)
    both, _ = made(past, jobs=2)
    assert as_json(alone) == as_json(both)


def test_any_executor(past):
    setup = spread.Setup(str(past / ".git"), "syntax", fingerprint(pack.home()))
    names = git(past, "rev-list", "--reverse", "HEAD~7..HEAD").split()
    rows, work = {}, [spread.Piece(((name, "gemma4"),)) for name in names]
    with ThreadPoolExecutor(3) as executor:  # a bench for each thread
        spread.spread(executor, setup, work, lambda _, row: rows.setdefault(row.revision, row))
    assert [rows[name].verdict.state for name in names] == STATES


def test_pieces_are_neighbours():
    names = [str(number) for number in range(1730)]
    for jobs in (1, 2, 64):
        parts = spread.pieces(names, ["a"], jobs, "syntax")
        assert [pair for part in parts for pair in part] == [(name, "a") for name in names]
        assert max(map(len, parts)) <= 24
        assert len(parts) >= jobs
    assert {len(part) for part in spread.pieces(names, ["a"], 1, "types")} == {1}
    assert spread.pieces(["r"], ["a", "b"], 8, "none") == [[("r", "a"), ("r", "b")]]


def test_a_worker_of_another_version(past):
    setup = spread.Setup(str(past / ".git"), "syntax", "another")
    with ThreadPoolExecutor(1) as executor, pytest.raises(UsageError, match="another version"):
        spread.spread(executor, setup, [spread.Piece((("HEAD", "gemma4"),))], print)


def test_a_worker_that_dies(past):
    class Dying(ThreadPoolExecutor):
        def submit(self, *arguments):
            future = Future()
            future.set_exception(spread.BrokenProcessPool())
            return future

    setup = spread.Setup(str(past / ".git"), "syntax", fingerprint(pack.home()))
    with Dying(1) as executor, pytest.raises(TransformerError, match="a worker process died"):
        spread.spread(executor, setup, [spread.Piece((("HEAD", "gemma4"),))], print)


def test_dask(past):
    distributed = pytest.importorskip("distributed")
    alone, _ = made(past)
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        spreaded, _ = made(past, dask=cluster.scheduler_address)
    assert as_json(spreaded) == as_json(alone)


def test_no_dask_there(past, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(spread, "PATIENCE", 1)
    with pytest.raises(UsageError, match="no Dask scheduler"):
        made(past, dask="tcp://127.0.0.1:9")


def test_an_internal_error_is_a_row(past, monkeypatch):
    def fail(*arguments):
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(judge, "verify", fail)
    found, _ = made(past)
    assert states(found)[:2] == ["broken", "blocked"]
    assert re.fullmatch(r"internal error: test_survey.py:\d+: ZeroDivisionError: oops", found.rows[0].verdict.why)


# What is shown.


def test_json(past):
    found, _ = made(past)
    text = as_json(found)
    assert as_json(made(past, jobs=1)[0]) == text
    said = json.loads(text)
    assert said["summary"]["revisions"] == 7
    assert {each["state"]: each["revisions"] for each in said["summary"]["states"]} == {
        "ports": 4, "blocked": 1, "foreign": 1, "broken": 1}  # fmt: skip
    assert said["summary"]["states"][0]["percent"] == 57.14
    numbers = [each["verdict"] for each in said["revisions"]]
    assert numbers[0] == numbers[2]  # as it was before it broke
    assert len(said["verdicts"][0]["rules"]) == len(said["rules"]) == len(pack.load("gemma4", pack.home()).rules)
    assert any("enum llm_arch" in each["why"] for each in said["obstacles"])


def test_table_and_summary(past):
    found, _ = made(past)
    lines = ["".join(part if isinstance(part, str) else part[0] for part in line) for line in table(found)]
    assert " ".join(lines[0].split()) == "revision date state changed satisfied not needed blocked seconds"
    assert len(lines) == 8
    assert [line.split()[2] for line in lines[1:]] == STATES
    counts = [int(number) for number in lines[1].split()[3:7]]
    assert sum(counts) == len(found.rules)
    text = ["".join(part if isinstance(part, str) else part[0] for part in line) for line in summary(found)]
    assert text[0] == "Gemma 4 over 7 revisions of fork, verified: syntax"
    assert text[1].split()[:4] == ["57.14", "%", "4", "ports"]


def invoke(*words):
    return CliRunner().invoke(command, [str(word) for word in words], obj=View(), standalone_mode=False)


def test_the_command(past, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    done = invoke(past, "--arch", "gemma4", "--range", "HEAD~7..HEAD", "--every", 6, "--jobs", 1, "--resume", "--json", tmp_path / "j")
    assert done.exception is None
    assert done.return_value == 0
    assert len(json.loads((tmp_path / "j").read_text())["revisions"]) == 2
    assert [*(tmp_path / "cache/transformer/survey").glob("*/*.json")]
    for wrong in (["--range", "a..b", "--html", tmp_path / "no/such/h"], [], ["--range", "HEAD", "--revisions", "x"]):
        assert isinstance(invoke(past, "--arch", "gemma4", *wrong).exception, UsageError)


@pytest.mark.slow
def test_types(past):
    found, _ = made(past, span="HEAD~1..HEAD", level="types")
    assert states(found) == ["ports"]
    assert found.level == "types"


def test_html_is_self_contained_and_inert(past):
    text = as_html(made(past)[0])
    assert text.isascii() or '<meta charset="utf-8">' in text
    assert not re.search(r"https?://|<link|src=|@import|url\(", text)
    assert text.count("</script>") == 2
    assert "<b>the enum" not in text
    held = json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', text, re.S)[1])
    assert held["revisions"][1]["subject"] == "break </script><b>the enum</b>"


def browse(page, at, *more):
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=4000",
               "--window-size=1280,1400", *more, f"{page.as_uri()}#{at}"]  # fmt: skip
    home = {**os.environ, "HOME": str(page.parent), "XDG_CONFIG_HOME": str(page.parent / "config")}
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120, env=home)
    return done.stdout


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_html_in_a_browser(past, tmp_path):
    found, _ = made(past)
    page = tmp_path / "map.html"
    page.write_text(as_html(found), encoding="utf-8")
    broken = found.rows[1]

    dom = browse(page, f"theme=dark&at={broken.revision[:12]}/arch.name", "--dump-dom")
    assert 'data-ready="7"' in dom
    assert 'data-theme="dark"' in dom
    body = re.search(r'<tbody id="rows">(.*?)</tbody>', dom, re.S)[1]
    assert body.count("<tr") == 7
    assert "break &lt;/script&gt;&lt;b&gt;the enum&lt;/b&gt;" in dom
    tip = re.search(r'<div id="tip"[^>]*>(.*?)</main>', dom, re.S)[1]
    assert "enum llm_arch was not found" in tip
    assert broken.revision[:12] in tip

    for at, count in (("state=ports", 4), ("q=latin-1", 1), ("q=no%20such%20thing", 0), ("sort=blocked&down=1", 7)):
        dom = browse(page, at, "--dump-dom")
        assert f'data-ready="{count}"' in dom
        body = re.search(r'<tbody id="rows">(.*?)</tbody>', dom, re.S)[1]
        assert body.count("<tr") == count
    assert body.index(broken.revision[:12]) < body.index(found.rows[0].revision[:12])

    browse(page, "theme=light", f"--screenshot={tmp_path / 'map.png'}")
    assert (tmp_path / "map.png").stat().st_size > 10_000
