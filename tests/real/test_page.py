"""The page as axe-core judges it, and whether anything is wider than the window, in a browser without a head."""

import json
import re
import shutil
import subprocess
import tarfile

import pytest
from command import call, fork

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("settled")]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
JUDGE = """
addEventListener("load", async () => {
  document.querySelectorAll("details").forEach(each => { each.open = true; });
  const found = await axe.run();
  const told = found.violations.map(each => [each.impact, each.id, each.nodes.length, each.nodes[0].html]);
  const root = document.documentElement;
  const out = document.createElement("pre");
  out.id = "verdict";
  out.textContent = JSON.stringify({told, rules: found.passes.length, wide: root.scrollWidth - root.clientWidth});
  document.body.append(out);
});
"""


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    folder = tmp_path_factory.mktemp("axe")
    subprocess.run(["npm", "pack", "--silent", "axe-core@4"], cwd=folder, check=True, capture_output=True)
    with tarfile.open(next(folder.glob("axe-core-*.tgz"))) as tar:
        return tar.extractfile("package/axe.min.js").read().decode()


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium")
@pytest.mark.parametrize("width", [390, 1280, 1920])
@pytest.mark.parametrize("hash", ["", "#by=rule&view=side", "#by=effect&theme=dark"])
def test_axe_finds_nothing(tmp_path, axe, width, hash):
    """In a copy without its policy, which lets no other script in."""
    tree = fork(tmp_path / "tree")
    assert call("run", tree, "--dry-run", "--diff", "stat", "--html", tmp_path / "page.html").code == 0
    text = (tmp_path / "page.html").read_text()
    judged = re.sub(r"<meta http-equiv=.?Content-Security-Policy[^>]*>", "", text, count=1)
    assert judged != text
    (tmp_path / "judged.html").write_text(judged.replace("</body>", f"<script>{axe}</script><script>{JUDGE}</script></body>"))
    words = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"]
    words += ["--virtual-time-budget=60000", f"--window-size={width},900", f"file://{tmp_path}/judged.html{hash}"]
    said = subprocess.run(words, check=True, capture_output=True, text=True, timeout=180).stdout
    verdict = json.loads(re.search(r'<pre id="verdict">(.*?)</pre>', said, re.S)[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    assert verdict["told"] == []
    assert verdict["rules"] > 20
    assert verdict["wide"] <= 0
