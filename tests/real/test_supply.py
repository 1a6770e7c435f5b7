"""The lock installs, the wheel is the same however often it is built, and its bill of materials is whole."""

import hashlib
import json
import os
import shutil
import subprocess
import sys

import pytest
from command import PROJECT
from test_supply import canonicalize_name, locked

pytestmark = pytest.mark.real

LEFT = shutil.ignore_patterns(".*", "dist", "build", "demo")


@pytest.fixture(scope="module")
def tools(tmp_path_factory):
    """The environment of the locked tools."""
    folder = tmp_path_factory.mktemp("tools")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    wanted = ["--require-hashes", "-r", PROJECT / "requirements" / "tools.txt"]
    subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "-q", *wanted], check=True)
    kept = {name: value for name, value in os.environ.items() if name not in ("SOURCE_DATE_EPOCH", "PYTHONPATH")}
    return {**kept, "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}


def test_a_wheel_is_the_same_twice(tmp_path, tools):
    """Another folder, another day, other rights, and rubbish of a first use in between."""
    digests = set()
    for name in ("one", "two"):
        sources = shutil.copytree(PROJECT, tmp_path / name, ignore=LEFT)
        if name == "two":
            for path in sorted(sources.rglob("*")):
                os.utime(path, (86_400 * 365 * 20,) * 2)
                path.chmod(path.stat().st_mode & 0o700)
            for folder in (sources / "rules" / "llama", sources / "transformer"):
                (folder / "__pycache__").mkdir(exist_ok=True)
                (folder / "__pycache__" / "left.pyc").write_bytes(b"left")
        subprocess.run([sources / "requirements" / "wheel", tmp_path / f"{name}.d"], check=True, env=tools)
        (wheel,) = (tmp_path / f"{name}.d").glob("*.whl")
        digests.add((wheel.name, hashlib.sha256(wheel.read_bytes()).hexdigest()))
    assert len(digests) == 1


def test_the_bill_of_materials_is_whole(tmp_path, tools):
    subprocess.run([PROJECT / "requirements" / "sbom", tmp_path / "sbom.json"], check=True, env=tools)
    bill = json.loads((tmp_path / "sbom.json").read_text())
    assert bill["bomFormat"] == "CycloneDX"
    assert bill["metadata"]["component"]["name"] == "llama-fork-transformer"
    listed = {canonicalize_name(each["name"]): each["version"] for each in bill["components"]}
    assert listed.items() <= {(name, pin) for name, pins in locked("run.txt").items() for pin in pins}
    assert {"click", "jinja2", "libclang", "rich", "tree-sitter-cpp"} <= set(listed)
    assert [each["name"] for each in bill["components"] if not each.get("licenses")] == []
    (root,) = (each for each in bill["dependencies"] if each["ref"] == bill["metadata"]["component"]["bom-ref"])
    assert len(root["dependsOn"]) == 9
