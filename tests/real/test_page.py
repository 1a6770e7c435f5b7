"""The page in a browser: what it looks like, what its keys do, what axe-core says, and the pictures in docs/."""

import re
import shutil
import subprocess
import tarfile
from base64 import b64encode

import pytest
from command import PROJECT, call, fork, settle

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("settled")]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
LOOKS = {"phone": (390, 700, "light", ""), "side": (1280, 640, "light", "#by=effect&view=side"), "dark": (1920, 800, "dark", "#by=rule")}
"""Of each picture the size in pixels, the theme that the user's system has, and how the page is opened."""
ALIKE = 0.01
"""The share of cells that may differ: a browser gives its own picture at 0, one whose header is 4 pixels taller at 0.08 or more."""
COMPARE = """async pictures => {
  const cells = await Promise.all(pictures.map(async data => {
    const image = new Image();
    image.src = "data:image/png;base64," + data;
    await image.decode();
    const [width, height] = [Math.ceil(image.width / 8), Math.ceil(image.height / 8)];
    const pen = Object.assign(document.createElement("canvas"), {width, height}).getContext("2d");
    pen.imageSmoothingQuality = "high";
    pen.drawImage(image, 0, 0, width, height);
    return {size: [image.width, image.height], bytes: pen.getImageData(0, 0, width, height).data};
  }));
  const [one, other] = cells.map(each => each.bytes);
  let apart = 0;
  for (let at = 0; at < one.length; at += 4)
    apart += Math.max(...[0, 1, 2].map(n => Math.abs(one[at + n] - other[at + n]))) > 24;
  return {sizes: cells.map(each => each.size), apart: apart / (one.length / 4)};
}"""


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("no chromium")
    with pytest.importorskip("playwright.sync_api", reason="the extra `browser`").sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--hide-scrollbars"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return fork(tmp_path_factory.mktemp("tree") / "minifork")


@pytest.fixture(scope="module")
def page(tree, tmp_path_factory):
    """The file."""
    with pytest.MonkeyPatch.context() as patch:
        settle(tmp_path_factory.mktemp("home"), patch)
        path = tmp_path_factory.mktemp("page") / "page.html"
        assert call("run", tree, "--dry-run", "--diff", "stat", "--html", path).code == 0
    return path


@pytest.fixture
def opened(browser, page):
    """Opens the page; whatever it asks the network for, and whatever its policy or its script complains of, fails the test."""
    contexts, faults = [], []

    def look(width=1280, height=900, theme="light", at="", **more):
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme, **more)
        contexts.append(context)
        shown = context.new_page()
        shown.on("request", lambda each: faults.append(each.url) if each.url.partition("#")[0] != page.as_uri() else None)
        shown.on("console", lambda each: faults.append(each.text))
        shown.on("pageerror", lambda each: faults.append(str(each)))
        shown.goto(page.as_uri() + at)
        return shown

    yield look
    for each in contexts:
        each.close()
    assert faults == []


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    folder = tmp_path_factory.mktemp("axe")
    subprocess.run(["npm", "pack", "--silent", "axe-core@4"], cwd=folder, check=True, capture_output=True)
    with tarfile.open(next(folder.glob("axe-core-*.tgz"))) as tar:
        return tar.extractfile("package/axe.min.js").read().decode()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("width", "at"), [(390, ""), (768, ""), (1280, "#by=rule&view=side"), (1920, "#by=effect")])
def test_axe_finds_nothing(opened, axe, width, at, theme):
    """With everything opened and a hunk left out; the policy lets no other script in, and is set aside for it."""
    shown = opened(width, theme=theme, at=at, bypass_csp=True)
    shown.locator("article", has=shown.locator(".add")).first.focus()
    shown.keyboard.press("x")
    assert shown.locator("article.left").count() > 0
    shown.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
    shown.keyboard.press("?")
    shown.evaluate(axe)
    found = shown.evaluate("axe.run({resultTypes: ['violations']})")
    assert [(each["impact"], each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []
    assert len(found["passes"]) > 20
    assert shown.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0


def test_keys_walk_from_hunk_to_hunk(opened):
    shown = opened()
    hunks = shown.locator("article")
    last = hunks.count() - 1
    at = "[...document.querySelectorAll('article')].indexOf(document.activeElement)"
    for key, place in (("j", 0), ("j", 1), ("j", 2), ("k", 1), ("k", 0), ("k", 0)):
        shown.keyboard.press(key)
        assert shown.evaluate(at) == place
    assert shown.evaluate("document.activeElement.getBoundingClientRect().top") < 200
    evidence = hunks.nth(0).locator("details")
    for there in (True, False):
        shown.keyboard.press("o")
        assert evidence.evaluate("each => each.open") is there
        assert evidence.get_by_text("found at").first.is_visible() is there
    for _ in range(last + 3):
        shown.keyboard.press("j")
    assert shown.evaluate(at) == last


def test_keys_group_and_show(opened):
    shown = opened()
    heads = shown.locator("main h2")
    by_file = heads.all_inner_texts()
    assert "src/llama-arch.cpp" in by_file
    shown.keyboard.press("r")
    assert (shown.locator("[name=by][value=rule]").is_checked(), "arch.name" in heads.all_inner_texts()) == (True, True)
    shown.keyboard.press("e")
    assert heads.all_inner_texts()[-1] == "this architecture only"
    shown.keyboard.press("f")
    assert heads.all_inner_texts() == by_file
    two, one = shown.locator("article .code.s").first, shown.locator("article .code.u").first
    for key, seen in (("s", True), ("u", False)):
        shown.keyboard.press(key)
        assert (two.is_visible(), one.is_visible()) == (seen, not seen)
    shown.keyboard.press("?")
    assert shown.get_by_text("next hunk, the one before").is_visible()
    assert shown.locator("#keys").get_attribute("aria-expanded") == "true"
    shown.keyboard.press("Control+e")  # the browser's own
    assert shown.locator("[name=by][value=file]").is_checked()


def test_every_control_is_reached_by_the_tabulator(opened):
    shown = opened()
    reached = []
    for _ in range(7):
        shown.keyboard.press("Tab")
        reached.append(shown.evaluate("document.activeElement.id || document.activeElement.name || document.activeElement.tagName"))
        assert shown.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert reached == ["by", "view", "filter", "theme", "keys", "SUMMARY", "command"]


def test_the_filter(opened):
    shown = opened()
    said, hunks = shown.locator("#shown"), shown.locator("article")
    everything = hunks.count()
    shown.keyboard.press("/")
    shown.keyboard.type("LLAMA-VOCAB.CPP")  # letters that are keys elsewhere are text here
    seen = [each.get_attribute("data-file") for each in hunks.all() if each.is_visible()]
    assert 0 < len(seen) < everything
    assert set(seen) == {"src/llama-vocab.cpp"}
    assert said.inner_text() == f"{len(seen)} of {everything} hunks"
    assert [each.inner_text() for each in shown.locator("main h2").all() if each.is_visible()] == ["src/llama-vocab.cpp"]
    shown.keyboard.press("Escape")
    assert said.inner_text() == f"{everything} of {everything} hunks"
    shown.keyboard.press("/")
    shown.keyboard.type("no such thing")
    assert said.inner_text() == f"0 of {everything} hunks"
    shown.keyboard.press("Escape")
    shown.keyboard.press("j")
    assert shown.evaluate("document.activeElement.tagName") == "ARTICLE"


def test_what_is_left_out_is_a_command_that_does_it(opened, tree):
    """`x` leaves out all the rules of a hunk, some of which need others of them, and a second one takes all of them again."""
    shown = opened()
    command = shown.locator("#command")
    whole = command.input_value()
    hunk = shown.locator("article[data-rules='heads.values heads.cache-width']").first
    hunk.focus()
    shown.keyboard.press("x")
    off = [each.get_attribute("data-rule") for each in shown.locator("input[data-rule]").all() if not each.is_checked()]
    assert {"heads.values", "heads.cache-width"} <= set(off)
    assert "left" in hunk.get_attribute("class")
    words = command.input_value().split()[3:]
    assert words[:4] == ["run", "REPO", "--arch", "gemma4"]
    assert ("--skip", "heads.values") in zip(words, words[1:], strict=False)
    shown_by_rule = call("run", tree, *words[2:], "--dry-run", "--by", "rule").out
    assert [name for name in off if re.search(rf"^# {re.escape(name)}:", shown_by_rule, re.M)] == []
    assert re.search(r"^# arch\.name:", shown_by_rule, re.M)
    shown.keyboard.press("x")
    assert hunk.get_attribute("class") == ""
    assert command.input_value() == whole
    assert all(each.is_checked() for each in shown.locator("input[data-rule]").all())


def test_a_tick_takes_what_the_rule_needs(opened):
    shown = opened()
    values, width = (shown.locator(f"input[data-rule='{name}']") for name in ("heads.values", "heads.cache-width"))
    values.uncheck()
    assert not width.is_checked()
    width.check()
    assert values.is_checked()
    assert shown.locator("#command").input_value().count("--skip") == 0


def test_light_and_dark(opened):
    paper = "getComputedStyle(document.body).backgroundColor"
    dark = opened(theme="dark").evaluate(paper)
    shown = opened()
    light = shown.evaluate(paper)
    assert light != dark
    for colour in (dark, light):
        shown.get_by_role("button", name="Light or dark").click()
        assert shown.evaluate(paper) == colour
    assert opened(at="#theme=dark").evaluate(paper) == dark


def alike(browser, one, other):
    """The share of cells of eight by eight pixels in which two pictures differ; `None` where their sizes do."""
    context = browser.new_context()
    found = context.new_page().evaluate(COMPARE, [b64encode(each).decode() for each in (one, other)])
    context.close()
    return found["apart"] if found["sizes"][0] == found["sizes"][1] else None


@pytest.mark.parametrize("name", LOOKS)
def test_the_pictures_in_the_docs_show_the_page(opened, browser, request, name):
    """`--screenshots` makes them anew."""
    width, height, theme, at = LOOKS[name]
    drawn = opened(width, height, theme, at).screenshot()
    path = PROJECT / "docs" / f"review-{name}.png"
    if request.config.getoption("--screenshots"):
        path.write_bytes(drawn)
    apart = alike(browser, path.read_bytes(), drawn)
    assert apart is not None, f"{path} has another size"
    assert apart < ALIKE, f"{path} shows another page: make it anew with --screenshots, and look at it"


@pytest.mark.parametrize("change", ["header { padding-top: 2rem }", "aside { display: none }", ":root { --panel: #88a }"])
@pytest.mark.parametrize("name", LOOKS)
def test_a_page_that_looks_otherwise_is_told_from_its_picture(opened, browser, name, change):
    width, height, theme, at = LOOKS[name]
    shown = opened(width, height, theme, at, bypass_csp=True)
    shown.add_style_tag(content=change)
    assert alike(browser, (PROJECT / "docs" / f"review-{name}.png").read_bytes(), shown.screenshot()) > ALIKE
